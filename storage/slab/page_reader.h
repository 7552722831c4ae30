// SPDX-License-Identifier: BSD-3-Clause
// PageReader: the chunks of pages, one after the other, for a scan that looks at each chunk once.
// Where the region is mapped page by page (a page-cache file), looking through the mapping costs
// more than copying: a scan of 144-byte chunks took 300 ns a chunk mapped and 25 copied, on a
// virtual machine with shadow page tables. So the reader asks the region for a view, which may be a
// copy. It judges no byte: item_check.h does.
//
// Ownership: refers to the region; has a page of scratch.
// Threads: each has a reader of its own. Nothing may write to the pages read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/item/item.h"
#include "storage/item/item_check.h"
#include "storage/region/memory_region.h"
#include "storage/slab/page_layout.h"

namespace ember::storage {

/// Returns the header of a page, a copy. Its bytes may be anything (PageHeader::intact).
inline PageHeader page_header(MemoryRegion& region, size_t page_size, uint32_t page) {
  std::array<std::byte, sizeof(PageHeader)> room;
  return load_unaligned<PageHeader>(region.view(page * page_size, room).data());
}

/// Room for header, sequence and key of an item.
struct alignas(8) ItemHead {
  static constexpr size_t kSize =
      align_up(Item::kHeaderSize + Item::kSequenceSize + kMostKeyBytes, 8);
  std::byte bytes[kSize];
};

/// Returns header and key of an item, in place or in `room`. Requires: the offset lies in the
/// region.
inline const Item& item_head(MemoryRegion& region, size_t page_size, uint64_t offset,
                             ItemHead& room) {
  const size_t size = std::min(ItemHead::kSize, left_in_page(offset, page_size));
  return *reinterpret_cast<const Item*>(
      region.view(offset, std::span(room.bytes).first(size)).data());
}

class PageReader {
 public:
  /// Requires: the region has whole pages of this size.
  PageReader(MemoryRegion& region, size_t page_size)
      : region_(region),
        page_size_(page_size),
        scratch_(std::make_unique_for_overwrite<Line[]>(page_size_ / sizeof(Line))) {}

  /// Calls `visit(index, item)` for the first `count` chunks of a page. `visit` can read of a chunk
  /// at least what check_item() reads, and only until it returns.
  /// Requires: so many chunks lie within the page; chunk_size is not 0.
  template <typename Visit>
  void read(uint32_t page, uint32_t chunk_size, uint32_t count, Visit&& visit);

 private:
  struct alignas(kCacheLineSize) Line {
    std::byte bytes[kCacheLineSize];
  };
  // What a core's second cache holds beside everything else.
  static constexpr size_t kPieceSize = 256 * kKiB;
  // From larger chunks, only the head is read: a call costs as much as copying some kilobytes.
  static constexpr size_t kWholeChunk = 4 * kKiB;
  // How many chunks ahead of the one looked at the next is fetched, where it is no copy; and where:
  // header and key lie in two lines more often than in one.
  static constexpr size_t kAhead = 12;
  static constexpr size_t kKeyWithin = 48;

  template <typename Visit>
  void read_piece(uint64_t offset, uint32_t chunk_size, uint32_t first, uint32_t end,
                  Visit&& visit);
  template <typename Visit>
  void read_head(uint64_t offset, uint32_t chunk_size, uint32_t index, Visit&& visit);
  /// `size` bytes from `offset` on, or to the end of the page.
  std::span<const std::byte> view(uint64_t offset, size_t size) {
    const std::span<std::byte> room(reinterpret_cast<std::byte*>(scratch_.get()), page_size_);
    return region_.view(offset, room.first(std::min(size, left_in_page(offset, page_size_))));
  }

  MemoryRegion& region_;
  const size_t page_size_;
  std::unique_ptr<Line[]> scratch_;
};

template <typename Visit>
void PageReader::read(uint32_t page, uint32_t chunk_size, uint32_t count, Visit&& visit) {
  check(count <= chunks_in_page(page_size_, chunk_size), "the chunks read lie within their page");
  const uint64_t first = first_chunk(page, page_size_);
  if (chunk_size > kWholeChunk) {
    for (uint32_t index = 0; index < count; ++index) {
      read_head(first + uint64_t{index} * chunk_size, chunk_size, index, visit);
    }
    return;
  }
  const auto step = static_cast<uint32_t>(kPieceSize / chunk_size);
  for (uint32_t index = 0; index < count; index += step) {
    read_piece(first, chunk_size, index, std::min(index + step, count), visit);
  }
}

template <typename Visit>
void PageReader::read_piece(uint64_t offset, uint32_t chunk_size, uint32_t first, uint32_t end,
                            Visit&& visit) {
  debug_check(first < end && size_t{end - first} * chunk_size <= page_size_,
              "the chunks read at a time fit in a page");
  const std::byte* chunk =
      view(offset + uint64_t{first} * chunk_size, size_t{end - first} * chunk_size).data();
  for (uint32_t index = first; index < end; ++index, chunk += chunk_size) {
    // A prefetch never faults, wherever it points.
    __builtin_prefetch(chunk + kAhead * chunk_size);
    __builtin_prefetch(chunk + kAhead * chunk_size + kKeyWithin);
    visit(index, *reinterpret_cast<const Item*>(chunk));
  }
}

template <typename Visit>
void PageReader::read_head(uint64_t offset, uint32_t chunk_size, uint32_t index, Visit&& visit) {
  const auto* head = reinterpret_cast<const Item*>(view(offset, ItemHead::kSize).data());
  if (head->live() && head->chained()) {  // or so it seems; its checksum covers the list of parts
    head = reinterpret_cast<const Item*>(view(offset, chunk_size).data());
  }
  visit(index, *head);
}

}  // namespace ember::storage
