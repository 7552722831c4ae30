// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/classic_dialect.h"

#include "base/check.h"
#include "protocol/classic_reply.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::ReplyBuffer;
using protocol::Verb;
using storage::Outcome;

StoreRequest store_request(const Context& context, const Command& command) {
  StoreRequest request = request_by_verb(command, context.clock.now());
  request.rule.cas_compare = context.compared_cas(command.verb == Verb::cas, command.number);
  return request;
}

ArithmeticRequest arithmetic_request(const Context& /*context*/, const Command& command) {
  debug_check(command.verb == Verb::incr || command.verb == Verb::decr, "the verb counts");
  ArithmeticRequest request;
  request.rule.decrement = command.verb == Verb::decr;
  request.rule.delta = command.number;
  return request;
}

DeleteRequest delete_request(const Context& /*context*/, const Command& /*command*/) { return {}; }

void answer_store(const Context& /*context*/, const Command& command, const StoreResult& result,
                  ReplyBuffer& reply) {
  std::string_view line = store_error(result);
  if (line.empty()) {
    switch (result.written.outcome) {
      case Outcome::stored:
        line = "STORED";
        break;
      case Outcome::exists:
        line = "EXISTS";
        break;
      case Outcome::not_found:
        line = "NOT_FOUND";
        break;
      default:
        line = "NOT_STORED";
        break;
    }
  }
  answer(command, line, reply);
}

void answer_arithmetic(const Context& /*context*/, const Command& command, const Number& number,
                       ReplyBuffer& reply) {
  debug_check(!number.created, "incr and decr make no items");
  switch (number.outcome) {
    case Outcome::stored:
      protocol::answer_number(command, number.value, reply);
      break;
    case Outcome::non_numeric:
      answer(command, protocol::kNonNumeric, reply);
      break;
    case Outcome::too_large:
    case Outcome::no_memory:
      answer(command, "SERVER_ERROR out of memory", reply);
      break;
    default:
      answer(command, "NOT_FOUND", reply);
      break;
  }
}

void answer_delete(const Command& command, Outcome outcome, ReplyBuffer& reply) {
  answer(command, outcome == Outcome::stored ? "DELETED" : "NOT_FOUND", reply);
}

}  // namespace

std::string_view store_error(const StoreResult& result) {
  if (result.written.outcome == Outcome::no_memory) {
    return protocol::kNoMemory;
  }
  // Two values that are too large together only: memcached does not call that an error.
  return result.written.outcome == Outcome::too_large && result.refused ? protocol::kTooLarge : "";
}

constexpr Dialect kClassicDialect{.counts_prefixes = true,
                                  .store_request = store_request,
                                  .arithmetic_request = arithmetic_request,
                                  .delete_request = delete_request,
                                  .answer_store = answer_store,
                                  .answer_arithmetic = answer_arithmetic,
                                  .answer_delete = answer_delete};

}  // namespace ember::server::command
