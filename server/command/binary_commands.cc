// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/binary_commands.h"

#include "base/check.h"
#include "protocol/expiry.h"
#include "server/command/arithmetic.h"
#include "server/command/binary_dialect.h"
#include "server/command/binary_reply.h"
#include "server/command/binary_stats.h"
#include "server/command/delete.h"
#include "server/command/get.h"
#include "server/command/set.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::ReplyBuffer;
using protocol::Status;
using protocol::Verb;

void get(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  const storage::Found found = look_up(context, command, hash);
  if (found) {
    answer_item(context, command, *found.item, reply);
  } else {
    answer_miss(command, reply);
  }
}

void touch_item(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  const storage::Found found = look_up(context, command, hash);
  if (found) {
    answer_touched(context, command, *found.item, reply);
  } else {
    answer_failure(command, Status::not_found, reply);
  }
}

void flush(Context& context, const Command& command, ReplyBuffer& reply) {
  if (!context.options.flush_enabled) {
    answer_failure(command, Status::auth_error, reply);
    return;
  }
  ++context.counters.cmd_flush;
  context.store.flush_all(context.thread,
                          protocol::flush_time(command.exptime, context.clock.now()));
  answer_success(command, 0, reply);
}

void set_verbosity(const Context& context, const Command& command, ReplyBuffer& reply) {
  if (context.options.set_verbosity) {
    context.options.set_verbosity(command.number);
  }
  answer_success(command, 0, reply);
}

}  // namespace

Next execute_binary(Context& context, const Command& command, storage::Hash hash,
                    ReplyBuffer& reply) {
  debug_check(command.is_binary, "text commands are dispatched elsewhere");
  switch (command.verb) {
    case Verb::get:
    case Verb::gat:
      get(context, command, hash, reply);
      break;
    case Verb::touch:
      touch_item(context, command, hash, reply);
      break;
    case Verb::set:
    case Verb::add:
    case Verb::replace:
    case Verb::append:
    case Verb::prepend:
      store_value(context, kBinaryDialect, command, hash, reply);
      break;
    case Verb::delete_:
      delete_item(context, kBinaryDialect, command, hash, reply);
      break;
    case Verb::incr:
    case Verb::decr:
      calculate(context, kBinaryDialect, command, hash, reply);
      break;
    case Verb::flush_all:
      flush(context, command, reply);
      break;
    case Verb::verbosity:
      set_verbosity(context, command, reply);
      break;
    case Verb::version:
      answer_with(command, {}, context.options.version, reply);
      break;
    case Verb::stats:
      report_binary_stats(context, command, reply);
      break;
    case Verb::noop:
      answer_success(command, 0, reply);
      break;
    case Verb::quit:
      answer_success(command, 0, reply);
      return Next::close;
    case Verb::invalid:
      answer_failure(command, static_cast<Status>(command.number), reply);
      break;
    default:  // SASL among them, where there is no authentication
      answer_failure(command, Status::unknown_command, reply);
      break;
  }
  return Next::ready;
}

}  // namespace ember::server::command
