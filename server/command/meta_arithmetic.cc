// SPDX-License-Identifier: BSD-3-Clause
// meta_arithmetic: see the header.
#include "server/command/meta_arithmetic.h"

#include "protocol/classic_reply.h"
#include "protocol/expiry.h"
#include "protocol/meta_reply.h"
#include "server/command/arithmetic.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::MetaFlags;
using protocol::MetaMode;
using protocol::ReplyBuffer;
using storage::ArithmeticRule;
using storage::Counted;
using storage::Outcome;

ArithmeticRequest request_of(const Context& context, const MetaFlags& flags) {
  ArithmeticRequest request;
  ArithmeticRule& rule = request.rule;
  rule.decrement = flags.mode == MetaMode::decr;
  rule.delta = flags.has('D') ? flags.delta : 1;
  // As in memcached, C0 compares with nothing here.
  rule.cas_compare =
      context.compared_cas(flags.has('C') && flags.cas_compare != 0, flags.cas_compare);
  if (context.options.use_cas && flags.has('E')) {
    rule.cas_new = flags.cas_new;
  }
  if (flags.has('T')) {
    rule.exptime = protocol::expiry_of(flags.ttl, context.clock.now());
  }
  if (flags.has('N')) {
    request.vivify = protocol::expiry_of(flags.vivify_ttl, context.clock.now());
    request.initial = flags.has('J') ? flags.initial : 0;
  }
  return request;
}

void answer_number(const Context& context, const Command& command, const Number& number,
                   ReplyBuffer& reply) {
  char digits[kMaxDecimalSize];
  const std::string_view text(digits,
                              static_cast<size_t>(write_u64(digits, number.value) - digits));
  const bool with_value = command.meta.has('v');
  char* const start =
      reply.reserve(protocol::max_meta_line(command) + text.size() + protocol::kLineEnd.size());
  protocol::LineWriter line(start);
  if (with_value) {
    protocol::write_value_code(text.size(), line);
  } else {
    line.text("HD");
  }
  each_flag(command.meta, [&](char flag) {
    if (flag == 't') {
      line.flag('t').signed_number(protocol::remaining_ttl(number.expiry, context.clock.now()));
    } else if (flag == 'c') {
      line.flag('c').number(context.visible_cas(number.cas));
    } else {
      echo_flag(command, flag, line);
    }
  });
  line.end_line();
  if (with_value) {
    line.text(text).end_line();
  }
  reply.commit(static_cast<size_t>(line.at() - start));
}

}  // namespace

void meta_arithmetic(Context& context, const Command& command, storage::Hash hash,
                     ReplyBuffer& reply) {
  const bool quiet = command.meta.has('q');
  const ArithmeticRequest request = request_of(context, command.meta);
  const Number number = calculate(context, {command.key, hash}, request);
  switch (number.outcome) {
    case Outcome::stored:
      if (!quiet || number.created) {  // what N made is no expected answer
        answer_number(context, command, number, reply);
      }
      break;
    case Outcome::not_found:
      if (!quiet) {
        append_meta_line(command, "NF", reply);
      }
      break;
    case Outcome::exists:
      append_meta_line(command, "EX", reply);
      break;
    case Outcome::non_numeric:
      append_line(reply, protocol::kNonNumeric);
      break;
    case Outcome::not_stored:
      append_meta_line(command, "NS", reply);
      break;
    case Outcome::too_large:
    case Outcome::no_memory:
      append_line(reply, "SERVER_ERROR Out of memory allocating new item");
      break;
  }
}

void classic_arithmetic(Context& context, const Command& command, storage::Hash hash,
                        ReplyBuffer& reply) {
  ArithmeticRule rule;
  rule.decrement = command.verb == protocol::Verb::decr;
  rule.delta = command.number;
  const Counted counted = calculate_at(context, {command.key, hash}, rule);
  count_arithmetic(context, rule.decrement, counted);
  switch (counted.outcome) {
    case Outcome::stored:
      protocol::answer_number(command, counted.value, reply);
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

}  // namespace ember::server::command
