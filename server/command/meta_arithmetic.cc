// SPDX-License-Identifier: BSD-3-Clause
// meta_arithmetic: see the header.
#include "server/command/meta_arithmetic.h"

#include <optional>
#include <utility>

#include "server/command/classic_reply.h"
#include "server/command/expiry.h"
#include "server/command/meta_reply.h"
#include "server/command/watched.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::MetaFlags;
using protocol::MetaMode;
using protocol::ReplyBuffer;
using storage::ArithmeticRule;
using storage::Counted;
using storage::Draft;
using storage::Outcome;

void count(const Context& context, bool decrement, const Counted& counted) {
  Counters& counters = context.counters;
  if (counted.outcome == Outcome::stored) {
    storage::ClassUse& use = context.thread.use(counted.written.class_id);
    ++(decrement ? counters.decr_hits : counters.incr_hits);
    ++(decrement ? use.decr_hits : use.incr_hits);
  } else if (counted.outcome == Outcome::not_found) {
    ++(decrement ? counters.decr_misses : counters.incr_misses);
  }
}

ArithmeticRule rule_of(const Context& context, const MetaFlags& flags) {
  ArithmeticRule rule;
  rule.decrement = flags.mode == MetaMode::decr;
  rule.delta = flags.has('D') ? flags.delta : 1;
  // As in memcached, C0 compares with nothing here.
  rule.cas_compare =
      context.compared_cas(flags.has('C') && flags.cas_compare != 0, flags.cas_compare);
  if (context.options.use_cas && flags.has('E')) {
    rule.cas_new = flags.cas_new;
  }
  if (flags.has('T')) {
    rule.exptime = expiry_of(flags.ttl, context.clock.now());
  }
  return rule;
}

/// What an ma came to: the number and what its item is like.
struct Number {
  Outcome outcome = Outcome::not_found;
  uint64_t value = 0;
  uint64_t cas = 0;
  UnixSeconds expiry = 0;
  /// N made the item: no expected answer, so q does not hide it.
  bool created = false;
};

Number number_of(const Counted& counted) {
  const UnixSeconds expiry = counted.item != nullptr ? counted.item->exptime() : 0;
  return {counted.outcome, counted.value, counted.written.cas, expiry, false};
}

/// N: makes the missing item with the value of J.
Number create(const Context& context, const Command& command, storage::Hash hash) {
  const MetaFlags& flags = command.meta;
  Number made;
  made.value = flags.has('J') ? flags.initial : 0;
  made.expiry = expiry_of(flags.vivify_ttl, context.clock.now());
  char digits[kMaxDecimalSize];
  const std::string_view text(digits, static_cast<size_t>(write_u64(digits, made.value) - digits));
  const bool with_cas = context.options.use_cas && flags.has('E');
  Draft draft =
      context.store.draft(context.thread, {.key = command.key,
                                           .hash = hash,
                                           .exptime = made.expiry,
                                           .value_size = static_cast<uint32_t>(text.size()),
                                           .sequenced = with_cas});
  made.outcome = draft.outcome();
  if (made.outcome != Outcome::stored) {
    ++context.counters.store_no_memory;
    return made;
  }
  draft.fill(text);
  storage::WriteRule rule;
  rule.mode = storage::WriteRule::Mode::add;
  if (with_cas) {
    rule.cas_new = flags.cas_new;
  }
  const bool watched = is_watched(context);
  if (watched) [[unlikely]] {
    look_before(context, command.key, hash);
  }
  const storage::Written written = context.store.publish(context.thread, std::move(draft), rule);
  if (watched) [[unlikely]] {
    tell_created(context, command.key, written, made.expiry, text.size());
  }
  made.outcome = written.outcome;
  made.cas = written.cas;
  made.created = true;
  return made;
}

Counted calculate_at(const Context& context, const Command& command, storage::Hash hash,
                     const ArithmeticRule& rule) {
  if (context.log.watched(kFetchers)) [[unlikely]] {
    look_before(context, command.key, hash);
  }
  return context.store.arithmetic(context.thread, command.key, hash, rule);
}

Number calculate(const Context& context, const Command& command, storage::Hash hash) {
  const ArithmeticRule rule = rule_of(context, command.meta);
  Counted counted = calculate_at(context, command, hash, rule);
  if (counted.outcome == Outcome::not_found && command.meta.has('N')) {
    const Number made = create(context, command, hash);
    if (made.outcome != Outcome::not_stored) {
      return made;
    }
    // Somebody else made it in between.
    counted = context.store.arithmetic(context.thread, command.key, hash, rule);
  }
  count(context, rule.decrement, counted);
  return number_of(counted);
}

void answer_number(const Context& context, const Command& command, const Number& number,
                   ReplyBuffer& reply) {
  char digits[kMaxDecimalSize];
  const std::string_view text(digits,
                              static_cast<size_t>(write_u64(digits, number.value) - digits));
  const bool with_value = command.meta.has('v');
  char* const start = reply.reserve(max_meta_line(command) + text.size() + kLineEnd.size());
  LineWriter line(start);
  if (with_value) {
    line.text("VA ").number(text.size());
  } else {
    line.text("HD");
  }
  each_flag(command.meta, [&](char flag) {
    if (flag == 't') {
      line.flag('t').signed_number(remaining_ttl(number.expiry, context.clock.now()));
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
  const Number number = calculate(context, command, hash);
  switch (number.outcome) {
    case Outcome::stored:
      if (!quiet || number.created) {
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
      append_line(reply, kNonNumeric);
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
  const Counted counted = calculate_at(context, command, hash, rule);
  count(context, rule.decrement, counted);
  switch (counted.outcome) {
    case Outcome::stored: {
      char digits[kMaxDecimalSize];
      answer(command, {digits, static_cast<size_t>(write_u64(digits, counted.value) - digits)},
             reply);
      break;
    }
    case Outcome::non_numeric:
      answer(command, kNonNumeric, reply);
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
