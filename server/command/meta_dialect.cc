// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/meta_dialect.h"

#include "base/check.h"
#include "base/numbers.h"
#include "protocol/classic_reply.h"
#include "protocol/expiry.h"
#include "protocol/meta_reply.h"
#include "server/command/classic_dialect.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::LineWriter;
using protocol::MetaFlags;
using protocol::MetaMode;
using protocol::ReplyBuffer;
using protocol::Verb;
using storage::Outcome;
using Mode = storage::WriteRule::Mode;
using End = storage::Store::End;

void apply_mode(MetaMode mode, StoreRequest& request) {
  switch (mode) {
    case MetaMode::add:
      request.rule.mode = Mode::add;
      break;
    case MetaMode::replace:
      request.rule.mode = Mode::replace;
      break;
    case MetaMode::append:
      request.end = End::back;
      break;
    case MetaMode::prepend:
      request.end = End::front;
      break;
    default:
      break;
  }
}

/// E: the CAS that the new item is to have.
std::optional<uint64_t> new_cas(const Context& context, const MetaFlags& flags) {
  return context.options.use_cas && flags.has('E') ? std::optional(flags.cas_new) : std::nullopt;
}

/// C, E and I of ms. As in memcached, adding does not compare; a replace that compares answers
/// like a set that does; no item is older than CAS 0; joining compares with no CAS of 0, and
/// accepts no older one.
void apply_cas(const Context& context, const MetaFlags& flags, StoreRequest& request) {
  storage::WriteRule& rule = request.rule;
  if (rule.mode != Mode::add) {
    rule.cas_compare = context.compared_cas(flags.has('C'), flags.cas_compare);
  }
  if (rule.cas_compare && rule.mode == Mode::replace) {
    rule.mode = Mode::set;
  }
  if (request.end && rule.cas_compare == 0) {
    rule.cas_compare.reset();
  }
  rule.accept_older = context.options.use_cas && rule.cas_compare.has_value() && flags.has('I') &&
                      flags.cas_compare != 0 && !request.end;
  rule.cas_new = new_cas(context, flags);
}

std::string_view code_of_store(Outcome outcome) {
  switch (outcome) {
    case Outcome::stored:
      return "HD";
    case Outcome::exists:
      return "EX";
    case Outcome::not_found:
      return "NF";
    default:
      return "NS";
  }
}

/// The answer to an ma that has a number.
void answer_number(const Context& context, const Command& command, const Number& number,
                   ReplyBuffer& reply) {
  char digits[kMaxDecimalSize];
  const std::string_view text(digits,
                              static_cast<size_t>(write_u64(digits, number.value) - digits));
  debug_check(text.size() <= kMaxDecimalSize, "a number's digits fit where they are written");
  const bool with_value = command.meta.has('v');
  const size_t room = protocol::max_meta_line(command) + text.size() + protocol::kLineEnd.size();
  append_written(reply, room, [&](LineWriter& line) {
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
  });
}

/// With -C all items are at CAS 0.
std::optional<uint64_t> compare_of_delete(const Context& context, const MetaFlags& flags) {
  if (!context.options.use_cas && flags.cas_compare == 0) {
    return std::nullopt;
  }
  return context.compared_cas(flags.has('C'), flags.cas_compare);
}

StoreRequest store_request(const Context& context, const Command& command) {
  debug_check(command.verb == Verb::ms, "ms is the meta command that stores");
  const MetaFlags& flags = command.meta;
  const UnixSeconds now = context.clock.now();
  StoreRequest request;
  apply_mode(flags.mode, request);
  request.client_flags = flags.has('F') ? flags.client_flags : 0;
  request.expiry = flags.has('T') ? protocol::expiry_of(flags.ttl, now) : 0;
  if (flags.has('N')) {
    request.vivify = protocol::expiry_of(flags.vivify_ttl, now);
  }
  apply_cas(context, flags, request);
  request.drops_old = true;
  request.wants_size = flags.has('s');
  return request;
}

ArithmeticRequest arithmetic_request(const Context& context, const Command& command) {
  debug_check(command.verb == Verb::ma, "ma is the meta command that counts");
  const MetaFlags& flags = command.meta;
  ArithmeticRequest request;
  storage::ArithmeticRule& rule = request.rule;
  rule.decrement = flags.mode == MetaMode::decr;
  rule.delta = flags.has('D') ? flags.delta : 1;
  // As in memcached, C0 compares with nothing here.
  rule.cas_compare =
      context.compared_cas(flags.has('C') && flags.cas_compare != 0, flags.cas_compare);
  rule.cas_new = new_cas(context, flags);
  if (flags.has('T')) {
    rule.exptime = protocol::expiry_of(flags.ttl, context.clock.now());
  }
  if (flags.has('N')) {
    request.vivify = protocol::expiry_of(flags.vivify_ttl, context.clock.now());
    request.initial = flags.has('J') ? flags.initial : 0;
  }
  return request;
}

DeleteRequest delete_request(const Context& context, const Command& command) {
  debug_check(command.verb == Verb::md, "md is the meta command that deletes");
  const MetaFlags& flags = command.meta;
  DeleteRequest request{.cas_compare = compare_of_delete(context, flags),
                        .invalidate = std::nullopt};
  if (!flags.has('I') && !flags.has('x')) {
    return request;
  }
  storage::Store::InvalidateRule rule;
  rule.cas_compare = request.cas_compare;
  rule.mark_stale = flags.has('I');
  rule.drop_value = flags.has('x');
  rule.cas_new = new_cas(context, flags);
  if (flags.has('I') && flags.has('T')) {
    rule.exptime = protocol::expiry_of(flags.ttl, context.clock.now());
  }
  request.invalidate = rule;
  return request;
}

void answer_store(const Context& context, const Command& command, const StoreResult& result,
                  ReplyBuffer& reply) {
  if (const std::string_view error = store_error(result); !error.empty()) {
    answer(command, error, reply);
    return;
  }
  const bool stored = result.written.outcome == Outcome::stored;
  if (stored && command.meta.has('q')) {
    return;
  }
  const auto write_flag = [&](char flag, LineWriter& line) {
    if (flag == 'c') {
      line.flag('c').number(stored ? context.visible_cas(result.written.cas) : 0);
    } else if (flag == 's') {
      line.flag('s').number(result.value_size);
    }
  };
  append_meta_line(command, code_of_store(result.written.outcome), write_flag, reply);
}

void answer_arithmetic(const Context& context, const Command& command, const Number& number,
                       ReplyBuffer& reply) {
  const bool quiet = command.meta.has('q');
  switch (number.outcome) {
    case Outcome::stored:
      if (!quiet || number.created) {  // that N made an item is no expected answer
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

void answer_delete(const Command& command, Outcome outcome, ReplyBuffer& reply) {
  const bool quiet = command.meta.has('q');
  switch (outcome) {
    case Outcome::stored:
      if (!quiet) {
        append_meta_line(command, "HD", reply);
      }
      break;
    case Outcome::exists:
      append_meta_line(command, "EX", reply);
      break;
    case Outcome::no_memory:
    case Outcome::too_large:
      append_line(reply, protocol::kNoMemory);
      break;
    default:
      if (!quiet) {
        append_meta_line(command, "NF", reply);
      }
      break;
  }
}

}  // namespace

constexpr Dialect kMetaDialect{.counts_prefixes = false,
                               .store_request = store_request,
                               .arithmetic_request = arithmetic_request,
                               .delete_request = delete_request,
                               .answer_store = answer_store,
                               .answer_arithmetic = answer_arithmetic,
                               .answer_delete = answer_delete};

}  // namespace ember::server::command
