// SPDX-License-Identifier: BSD-3-Clause
// PageScan: goes through a memory file's pages, one after the other, and counts what is in them.
// A page is copied before it is looked at; its bytes are checked as recovery checks them. The file
// may be in use: a page that seems damaged is read again some times.
//
// Ownership: refers to the file and the header, which outlive it. Has a page of scratch.
// Threads: one. Cost: reads page headers only, or the whole file but for its holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/item/item_check.h"
#include "storage/slab/page_layout.h"
#include "tools/inspect/header.h"
#include "tools/inspect/memory_file.h"

namespace ember::inspect {

/// All pages of one chunk size.
struct ClassRow {
  uint64_t pages = 0;
  uint64_t chunks = 0;
  uint64_t items = 0;
  uint64_t parts = 0;  // of chained items
  uint64_t damaged = 0;
  uint64_t item_bytes = 0;  // header, key and what of the value is in these chunks
};

struct ScanResult {
  uint64_t pages = 0;  // the superblock's included
  uint64_t free_pages = 0;
  uint64_t damaged_pages = 0;
  bool chunks_read = false;
  std::map<uint32_t, ClassRow> classes;  // by chunk size
  uint64_t items = 0;
  uint64_t expired = 0;  // of the items: a start drops them
  uint64_t flushed = 0;
  uint64_t damaged = 0;
  std::vector<std::string> problems;  // the first few
  uint64_t problem_count = 0;
};

/// Is shown an item, which can be read until the call returns, and its offset in the arena.
using ItemVisitor = std::function<void(const storage::Item&, uint64_t offset)>;

class PageScan {
 public:
  /// Requires: the header is readable.
  PageScan(const MemoryFile& file, const Header& header, UnixSeconds now);

  /// Reads page headers only. Returns the counts; or why the file cannot be read.
  Result<ScanResult> survey();
  /// Reads chunks too, and shows each intact item to `visit`. Returns as survey().
  Result<ScanResult> look(const ItemVisitor& visit);

 private:
  /// What one page holds; thrown away if the page changed while it was read.
  struct PageCount {
    ClassRow row;
    std::vector<uint64_t> items;
    std::vector<std::string> problems;
  };
  struct Part {
    uint64_t offset = 0;
    uint64_t head = 0;
    size_t needed = 0;
  };

  Result<ScanResult> scan(const ItemVisitor* visit);
  Result<void> scan_page(uint32_t number, const ItemVisitor* visit);
  Result<bool> read_page(uint32_t number, size_t size);
  bool empty_here(uint32_t number, const storage::PageHeader& header);
  PageCount count_page(uint32_t number, uint32_t chunk_size);
  void take(uint32_t chunk_size, const PageCount& counted, const ItemVisitor& visit);
  void add_item(const storage::Item& item, uint64_t offset, const ItemVisitor& visit);
  void resolve_parts();
  std::string why_damaged(const Part& part) const;
  void complain(std::string problem);
  storage::ChunkFrame frame_of(uint64_t offset, uint32_t chunk_size) const;
  const storage::Item& item_at(uint64_t offset) const;

  const MemoryFile& file_;
  const Header& header_;
  const UnixSeconds now_;
  const size_t page_size_;
  const size_t part_size_;
  const bool in_use_;
  ScanResult result_;
  std::vector<uint64_t> page_;                          // one, aligned as items are
  std::unordered_map<uint64_t, uint32_t> chunk_sizes_;  // by page
  std::vector<Part> parts_;
};

}  // namespace ember::inspect
