// SPDX-License-Identifier: BSD-3-Clause
#include "storage/item/item_check.h"

#include "base/check.h"
#include "storage/item/chain.h"
#include "storage/item/item_writer.h"

namespace ember::storage {
namespace {

/// True if header, key and body, by the sizes the header gives, lie within the chunk.
bool sizes_fit(const Item& item, const ChunkFrame& frame) {
  const size_t key_size = item.key_size();
  if (key_size == 0 || key_size > kMostKeyBytes) {
    return false;
  }
  const size_t value_size = item.value_size();
  const size_t parts = Chain::count_for(value_size, frame.part_size);
  const size_t body = item.chained() ? Chain::table_size(parts) : value_size;
  const size_t before = Item::kHeaderSize + (item.sequenced() ? Item::kSequenceSize : 0);
  return before + key_size + body <= frame.size && (!item.chained() || parts != 0);
}

}  // namespace

ItemCheck check_item(const Item& item, const ChunkFrame& frame) {
  debug_check(frame.part_size != 0, "the items of a region have parts of one size");
  if (!item.live()) {
    return {};
  }
  if (!sizes_fit(item, frame)) {
    return {.verdict = ItemCheck::damaged};
  }
  if (item.sequence() > frame.last_sequence) {
    return {.verdict = ItemCheck::damaged};
  }
  const Hash hash = hash_key(item.key());
  const ItemWriter::Commit commit{.cas = item.cas(),
                                  .sequence = item.sequence(),
                                  .offset = frame.offset,
                                  .salt = frame.salt,
                                  .part_size = frame.part_size};
  const bool intact = ItemWriter::checksum(item, hash, item.seal(), commit) == item.checksum();
  return {.verdict = intact ? ItemCheck::intact : ItemCheck::damaged, .hash = hash};
}

}  // namespace ember::storage
