// SPDX-License-Identifier: BSD-3-Clause
// value_reply: see the header.
#include "server/command/value_reply.h"

#include <cstdint>
#include <cstring>

namespace ember::server::command {
namespace {

void unpin_item(void* context, uint64_t token) {
  auto* const store = static_cast<storage::Store*>(context);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a Release carries a number
  store->unpin(*reinterpret_cast<const storage::Item*>(token));
}

}  // namespace

char* copy_value(const storage::Store& store, const storage::Item& item, char* to) {
  const size_t count = store.part_count(item);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view bytes = store.part(item, i);
    if (!bytes.empty()) {
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  }
  return to;
}

void append_value(const Context& context, const storage::Item& item, protocol::ReplyBuffer& reply) {
  storage::Store& store = context.store;
  const size_t count = store.part_count(item);
  if (item.value_size() < kReferenceSize || !store.pin(context.thread, item)) {
    for (size_t i = 0; i < count; ++i) {
      reply.append(store.part(item, i));
    }
    return;
  }
  // Replies are sent in order: once the last piece is sent, all are.
  for (size_t i = 0; i + 1 < count; ++i) {
    reply.append_reference(store.part(item, i), {});
  }
  reply.append_reference(store.part(item, count - 1),
                         {unpin_item, &store, reinterpret_cast<uint64_t>(&item)});
}

}  // namespace ember::server::command
