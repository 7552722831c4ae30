// SPDX-License-Identifier: BSD-3-Clause
// binary_commands: see the header. Which status an outcome has is memcached's, compared live.
#include "server/command/binary_commands.h"

#include <optional>

#include "protocol/expiry.h"
#include "server/command/arithmetic.h"
#include "server/command/binary_reply.h"
#include "server/command/binary_stats.h"
#include "server/command/meta_delete.h"
#include "server/command/retrieval.h"
#include "server/command/storage_commands.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::ReplyBuffer;
using protocol::Status;
using protocol::Verb;
using storage::Outcome;

/// An incr or decr with this exptime does not make what is missing.
constexpr int64_t kDoNotMake = 0xffffffff;

/// The CAS to compare with, if the request has one.
std::optional<uint64_t> compare_of(const Context& context, const Command& command) {
  return context.compared_cas(command.binary.cas != 0, command.binary.cas);
}

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

Status status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::stored:
      return Status::success;
    case Outcome::not_stored:
      return Status::not_stored;
    case Outcome::exists:
      return Status::exists;
    case Outcome::not_found:
      return Status::not_found;
    case Outcome::non_numeric:
      return Status::non_numeric;
    case Outcome::too_large:
      return Status::too_large;
    case Outcome::no_memory:
      return Status::no_memory;
  }
  return Status::no_memory;
}

Status store_status(const Command& command, const StoreResult& result) {
  const Outcome outcome = result.written.outcome;
  if (outcome == Outcome::not_stored && command.verb == Verb::add) {
    return Status::exists;
  }
  if (outcome == Outcome::not_stored && command.verb == Verb::replace) {
    return Status::not_found;
  }
  // Two values too large together only: memcached does not call that too large.
  if (outcome == Outcome::too_large && !result.refused) {
    return Status::not_stored;
  }
  return status_of(outcome);
}

void delete_item(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  const storage::Written written =
      remove_item(context, command, hash, compare_of(context, command));
  if (written.outcome == Outcome::stored) {
    answer_success(command, 0, reply);
  } else {
    answer_failure(command, status_of(written.outcome), reply);
  }
}

void count_item(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  ArithmeticRequest request;
  request.rule.decrement = command.verb == Verb::decr;
  request.rule.delta = command.number;
  request.rule.cas_compare = compare_of(context, command);
  if (command.exptime != kDoNotMake) {
    request.vivify = protocol::expiry_of(command.exptime, context.clock.now());
    request.initial = command.binary.initial;
  }
  const Number number = calculate(context, {command.key, hash}, request);
  if (number.outcome == Outcome::stored) {
    answer_number(command, number.value, context.visible_cas(number.cas), reply);
  } else {
    answer_failure(command, status_of(number.outcome), reply);
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

void answer_binary_store(const Context& context, const Command& command, const StoreResult& result,
                         ReplyBuffer& reply) {
  const Status status = store_status(command, result);
  if (status == Status::success) {
    answer_success(command, context.visible_cas(result.written.cas), reply);
  } else {
    answer_failure(command, status, reply);
  }
}

Next execute_binary(Context& context, const Command& command, storage::Hash hash,
                    ReplyBuffer& reply) {
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
      store_value(context, command, hash, reply);
      break;
    case Verb::delete_:
      delete_item(context, command, hash, reply);
      break;
    case Verb::incr:
    case Verb::decr:
      count_item(context, command, hash, reply);
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
