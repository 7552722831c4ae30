// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/get.h"

#include "base/check.h"
#include "protocol/classic_reply.h"
#include "protocol/expiry.h"
#include "server/command/command_log.h"
#include "server/command/value_reply.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::Verb;
using storage::Access;
using storage::Found;

}  // namespace

Found look_up(Context& context, const Command& command, storage::Hash hash) {
  debug_check([&] { return hash == storage::hash_key(command.key); }, "the hash is the key's");
  Counters& counters = context.counters;
  if (command.verb == Verb::get || command.verb == Verb::gets) {
    ++counters.cmd_get;
    const Found found = context.store.find(context.thread, command.key, hash, Access::mark);
    if (found) {
      ++counters.get_hits;
      ++context.use_of(*found.item).get_hits;
    } else {
      ++counters.get_misses;
      count_miss(counters, found);
    }
    if (context.log.watched(kFetchers)) [[unlikely]] {
      report_get(context, command.key, found.item);
    }
    return found;
  }
  ++counters.cmd_touch;
  const UnixSeconds expiry = protocol::expiry_of(command.exptime, context.clock.now());
  const Found found = context.store.touch(context.thread, command.key, hash, expiry, Access::mark);
  if (found) {
    ++counters.touch_hits;
    ++context.use_of(*found.item).touch_hits;
  } else {
    ++counters.touch_misses;
    count_miss(counters, found);
  }
  if (context.log.watched(kFetchers)) [[unlikely]] {
    report_get(context, command.key, found.item);
  }
  return found;
}

void retrieve(Context& context, const Command& command, storage::Hash hash,
              protocol::ReplyBuffer& reply) {
  debug_check(protocol::is_retrieval(command.verb) && !command.is_binary,
              "the command is one key of a retrieval line");
  const Found found = look_up(context, command, hash);
  context.prefixes.get(command.key, static_cast<bool>(found));
  if (!found) {
    return;
  }
  const storage::Item& item = *found.item;
  const bool with_cas = command.verb == Verb::gets || command.verb == Verb::gats;
  const auto write_head = [&](protocol::LineWriter& line) {
    protocol::ValueLine value{
        .key = command.key, .client_flags = item.client_flags(), .value_size = item.value_size()};
    if (with_cas) {
      value.cas = context.visible_cas(item.cas());
    }
    write_value_line(value, line);
  };
  append_line_and_value(context, item, protocol::max_value_line(command.key), write_head, reply);
}

void touch(Context& context, const Command& command, storage::Hash hash,
           protocol::ReplyBuffer& reply) {
  answer(command, look_up(context, command, hash) ? "TOUCHED" : "NOT_FOUND", reply);
}

}  // namespace ember::server::command
