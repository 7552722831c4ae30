// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/binary_reply.h"

#include "server/command/value_reply.h"

namespace ember::server::command {
namespace {

protocol::BinaryItem told_of(const Context& context, const storage::Item& item) {
  return {.client_flags = item.client_flags(), .cas = context.visible_cas(item.cas())};
}

}  // namespace

void answer_item(const Context& context, const protocol::Command& command,
                 const storage::Item& item, protocol::ReplyBuffer& reply) {
  protocol::answer_item(command, told_of(context, item), ItemValue(context, item), reply);
}

void answer_touched(const Context& context, const protocol::Command& command,
                    const storage::Item& item, protocol::ReplyBuffer& reply) {
  protocol::answer_touched(command, told_of(context, item), reply);
}

}  // namespace ember::server::command
