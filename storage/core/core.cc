// SPDX-License-Identifier: BSD-3-Clause
#include "storage/core/core.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "storage/item/hash.h"

namespace ember::storage {
namespace {

size_t smallest_chunk(const StoreOptions& options) {
  return Item::kHeaderSize + std::max<size_t>(options.min_item_space, 8);
}

}  // namespace

StoreCore::StoreCore(const StoreOptions& store_options, MemoryRegion& memory, const Clock& time,
                     Takeover found)
    : options(store_options),
      region(memory),
      clock(time),
      durable(memory.persist()),
      takeover(std::move(found)),
      salt(takeover.record.file_id),
      classes(options.growth_factor, smallest_chunk(options),
              page_payload(takeover.record.page_size)),
      pages(region.bytes(), takeover.record.page_size, classes, region.capacity()),
      slabs(pages, classes),
      flushed(clock, order),
      memory_limit(options.memory_limit) {
  check(classes.count() != 0 && slabs.size() == classes.count() + 1, "each chunk size is a class");
  pages.set_region(region);
}

Result<void> StoreCore::open_index(size_t expected_items) {
  const Index::Options index_options{.max_items = region.capacity() / classes.chunk_size(1),
                                     .initial_power = options.hash_power,
                                     .expected_items = expected_items};
  auto opened =
      Index::open(index_options, [this](std::span<const uint64_t> offsets, std::span<Hash> hashes) {
        debug_check(offsets.size() == hashes.size(), "each item has room for its hash");
        for (const uint64_t offset : offsets) {
          __builtin_prefetch(pages.at(offset));
        }
        for (size_t i = 0; i < offsets.size(); ++i) {
          hashes[i] = hash_key(pages.item(offsets[i])->key());
        }
      });
  if (!opened) {
    return std::unexpected(opened.error());
  }
  index = std::move(*opened);
  return {};
}

}  // namespace ember::storage
