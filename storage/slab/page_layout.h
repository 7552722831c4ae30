// SPDX-License-Identifier: BSD-3-Clause
// page_layout: the bytes of a page: a header by which the page describes itself on media, then
// chunks of one size. Arithmetic and format only; which pages there are and whose they are is the
// PageTable's.
//
//   page | PageHeader 64 | chunk | chunk | ... | rest, less than a chunk
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/bytes.h"

namespace ember::storage {

/// Pages are a power of two, 64 KiB to 1 MiB: an arena should have some hundreds of them, so that
/// each size in use gets its share.
inline constexpr size_t kLargestPage = kMiB;
inline constexpr size_t kSmallestPage = 64 * kKiB;

/// Returns the page size of a new arena of this many bytes.
size_t page_size_for(size_t arena_size);

/// Returns whether pages can have this size.
constexpr bool is_page_size(size_t size) {
  return std::has_single_bit(size) && size >= kSmallestPage && size <= kLargestPage;
}

/// The first bytes of every page that belongs to a class. Part of the media format.
struct PageHeader {
  static constexpr uint64_t kMagic = 0x3130676150626d45;  // "EmbPag01", little endian
  uint64_t magic;
  uint32_t page;        // its number in the arena
  uint32_t generation;  // how often the page was given to a class
  uint32_t chunk_size;
  uint32_t class_id;
  uint64_t file_id;   // SuperblockRecord::file_id; 0 in DRAM
  uint64_t checksum;  // XXH3 of the bytes before
  uint8_t reserved[24];

  /// Enters magic and checksum: the header is complete.
  void seal();
  /// Returns whether seal() left these bytes, for this page of this file. They may be anything.
  bool intact(uint32_t number, uint64_t file) const;
};
static_assert(sizeof(PageHeader) == 64 && std::is_trivially_copyable_v<PageHeader>);

/// Returns the bytes of a page that chunks fill.
constexpr size_t page_payload(size_t page_size) { return page_size - sizeof(PageHeader); }

/// Returns how many chunks of this size a page has. Requires: chunk_size is not 0.
constexpr size_t chunks_in_page(size_t page_size, size_t chunk_size) {
  return page_payload(page_size) / chunk_size;
}

/// Returns where in the arena a page's first chunk is.
constexpr uint64_t first_chunk(uint64_t page, size_t page_size) {
  return page * page_size + sizeof(PageHeader);
}

/// Returns the bytes from an offset in the arena to the end of its page.
constexpr size_t left_in_page(uint64_t offset, size_t page_size) {
  return page_size - (offset & (page_size - 1));
}

}  // namespace ember::storage
