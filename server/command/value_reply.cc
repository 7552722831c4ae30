// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/value_reply.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace ember::server::command {
namespace {

void unpin_item(void* context, uint64_t token) {
  auto* const store = static_cast<storage::Store*>(context);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a Release carries a number
  store->unpin(*reinterpret_cast<const storage::Item*>(token));
}

}  // namespace

char* ItemValue::copy_to(char* to) const {
  const storage::Store& store = context_.store;
  const char* const end = to + size();
  const size_t count = store.part_count(item_);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view bytes = store.part(item_, i);
    if (!bytes.empty()) {
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  }
  debug_check(to == end, "the parts of a value are its size together");
  return to;
}

void ItemValue::append_to(protocol::ReplyBuffer& reply) const {
  storage::Store& store = context_.store;
  const size_t count = store.part_count(item_);
  if (size() < kReferenceSize || !store.pin(context_.thread, item_)) {
    for (size_t i = 0; i < count; ++i) {
      reply.append(store.part(item_, i));
    }
    return;
  }
  debug_check(count != 0, "a large value has a part");
  // Replies are sent in order: once the last part is sent, all are.
  for (size_t i = 0; i + 1 < count; ++i) {
    reply.append_reference(store.part(item_, i), {});
  }
  reply.append_reference(store.part(item_, count - 1),
                         {unpin_item, &store, reinterpret_cast<uint64_t>(&item_)});
}

}  // namespace ember::server::command
