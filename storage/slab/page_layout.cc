// SPDX-License-Identifier: BSD-3-Clause
#include "storage/slab/page_layout.h"

#include <xxhash.h>

#include <algorithm>

#include "base/check.h"

namespace ember::storage {

size_t page_size_for(size_t arena_size) {
  constexpr size_t kWantedPages = 512;
  const size_t size =
      std::clamp(std::bit_floor(arena_size / kWantedPages), kSmallestPage, kLargestPage);
  check(is_page_size(size), "an arena's pages have a size that pages can have");
  return size;
}

void PageHeader::seal() {
  magic = kMagic;
  checksum = XXH3_64bits(this, offsetof(PageHeader, checksum));
}

bool PageHeader::intact(uint32_t number, uint64_t file) const {
  return magic == kMagic && page == number && file_id == file &&
         checksum == XXH3_64bits(this, offsetof(PageHeader, checksum));
}

}  // namespace ember::storage
