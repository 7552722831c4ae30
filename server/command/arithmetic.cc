// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/arithmetic.h"

#include <utility>

#include "base/check.h"
#include "base/numbers.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using storage::Counted;
using storage::Draft;
using storage::Outcome;

Number number_of(const Counted& counted) {
  debug_check(counted.outcome != Outcome::stored || counted.item != nullptr,
              "a number that was stored has an item");
  const UnixSeconds expiry = counted.item != nullptr ? counted.item->exptime() : 0;
  return {.outcome = counted.outcome,
          .value = counted.value,
          .cas = counted.written.cas,
          .expiry = expiry,
          .created = false};
}

Number create(const Context& context, const storage::ItemName& name,
              const ArithmeticRequest& request) {
  debug_check(request.vivify.has_value(), "only N, or an expiry, makes a missing number");
  Number made{.value = request.initial, .expiry = *request.vivify};
  const bool watched = is_watched(context);
  if (watched) [[unlikely]] {
    look_before(context, name);
  }
  char digits[kMaxDecimalSize];
  const std::string_view text(digits, static_cast<size_t>(write_u64(digits, made.value) - digits));
  Draft draft =
      context.store.draft(context.thread, {.key = name.key,
                                           .hash = name.hash,
                                           .exptime = made.expiry,
                                           .value_size = static_cast<uint32_t>(text.size()),
                                           .sequenced = request.rule.cas_new.has_value()});
  made.outcome = draft.outcome();
  if (made.outcome != Outcome::stored) {
    ++context.counters.store_no_memory;
    return made;
  }
  draft.fill(text);
  storage::WriteRule rule;
  rule.mode = storage::WriteRule::Mode::add;
  rule.cas_new = request.rule.cas_new;
  const storage::Written written = context.store.publish(context.thread, std::move(draft), rule);
  if (watched) [[unlikely]] {
    report_created(context, name.key, written, made.expiry, text.size());
  }
  made.outcome = written.outcome;
  made.cas = written.cas;
  made.created = true;
  return made;
}

void count(const Context& context, bool decrement, const Counted& counted) {
  debug_check(counted.outcome != Outcome::stored || counted.written.class_id != 0,
              "an item has a class");
  Counters& counters = context.counters;
  if (counted.outcome == Outcome::stored) {
    storage::UseCounters& use = context.thread.use(counted.written.class_id);
    ++(decrement ? counters.decr_hits : counters.incr_hits);
    ++(decrement ? use.decr_hits : use.incr_hits);
  } else if (counted.outcome == Outcome::not_found) {
    ++(decrement ? counters.decr_misses : counters.incr_misses);
  }
}

Number change(const Context& context, const storage::ItemName& name,
              const ArithmeticRequest& request) {
  if (context.log.watched(kFetchers)) [[unlikely]] {
    look_before(context, name);
  }
  Counted counted = context.store.arithmetic(context.thread, name.key, name.hash, request.rule);
  if (counted.outcome == Outcome::not_found && request.vivify) {
    const Number made = create(context, name, request);
    if (made.outcome != Outcome::not_stored) {
      return made;
    }
    // Another client made the item in between.
    counted = context.store.arithmetic(context.thread, name.key, name.hash, request.rule);
  }
  count(context, request.rule.decrement, counted);
  return number_of(counted);
}

}  // namespace

void calculate(const Context& context, const Dialect& dialect, const protocol::Command& command,
               storage::Hash hash, protocol::ReplyBuffer& reply) {
  debug_check([&] { return hash == storage::hash_key(command.key); }, "the hash is the key's");
  const ArithmeticRequest request = dialect.arithmetic_request(context, command);
  const Number number = change(context, {.key = command.key, .hash = hash}, request);
  dialect.answer_arithmetic(context, command, number, reply);
}

}  // namespace ember::server::command
