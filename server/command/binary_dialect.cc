// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/binary_dialect.h"

#include <optional>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "protocol/binary_reply.h"
#include "protocol/expiry.h"

namespace ember::server::command {
namespace {

using protocol::Command;
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

Status status_of_store(const Command& command, const StoreResult& result) {
  const Outcome outcome = result.written.outcome;
  if (outcome == Outcome::not_stored && command.verb == Verb::add) {
    return Status::exists;
  }
  if (outcome == Outcome::not_stored && command.verb == Verb::replace) {
    return Status::not_found;
  }
  // Two values that are too large together only: memcached does not call that too large.
  if (outcome == Outcome::too_large && !result.refused) {
    return Status::not_stored;
  }
  return status_of(outcome);
}

StoreRequest store_request(const Context& context, const Command& command) {
  debug_check(command.is_binary, "a binary command has binary fields");
  StoreRequest request = request_by_verb(command, context.clock.now());
  // As in memcached, a command that compares is a set, whichever it is; with -C none compares.
  if (command.binary.cas != 0 && context.options.use_cas) {
    request.rule.mode = storage::WriteRule::Mode::set;
    request.rule.cas_compare = command.binary.cas;
  }
  return request;
}

ArithmeticRequest arithmetic_request(const Context& context, const Command& command) {
  debug_check(command.is_binary, "a binary command has binary fields");
  ArithmeticRequest request;
  request.rule.decrement = command.verb == Verb::decr;
  request.rule.delta = command.number;
  request.rule.cas_compare = compare_of(context, command);
  if (command.exptime != kDoNotMake) {
    request.vivify = protocol::expiry_of(command.exptime, context.clock.now());
    request.initial = command.binary.initial;
  }
  return request;
}

DeleteRequest delete_request(const Context& context, const Command& command) {
  debug_check(command.is_binary, "a binary command has binary fields");
  return {.cas_compare = compare_of(context, command), .invalidate = std::nullopt};
}

void answer_store(const Context& context, const Command& command, const StoreResult& result,
                  ReplyBuffer& reply) {
  const Status status = status_of_store(command, result);
  if (status == Status::success) {
    answer_success(command, context.visible_cas(result.written.cas), reply);
  } else {
    answer_failure(command, status, reply);
  }
}

void answer_arithmetic(const Context& context, const Command& command, const Number& number,
                       ReplyBuffer& reply) {
  if (number.outcome == Outcome::stored) {
    answer_number(command, number.value, context.visible_cas(number.cas), reply);
  } else {
    answer_failure(command, status_of(number.outcome), reply);
  }
}

void answer_delete(const Command& command, Outcome outcome, ReplyBuffer& reply) {
  if (outcome == Outcome::stored) {
    answer_success(command, 0, reply);
  } else {
    answer_failure(command, status_of(outcome), reply);
  }
}

}  // namespace

constexpr Dialect kBinaryDialect{.counts_prefixes = true,
                                 .store_request = store_request,
                                 .arithmetic_request = arithmetic_request,
                                 .delete_request = delete_request,
                                 .answer_store = answer_store,
                                 .answer_arithmetic = answer_arithmetic,
                                 .answer_delete = answer_delete};

}  // namespace ember::server::command
