// SPDX-License-Identifier: BSD-3-Clause
// arithmetic: see the header.
#include "server/command/arithmetic.h"

#include <utility>

#include "base/numbers.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using storage::Counted;
using storage::Draft;
using storage::Outcome;

Number number_of(const Counted& counted) {
  const UnixSeconds expiry = counted.item != nullptr ? counted.item->exptime() : 0;
  return {counted.outcome, counted.value, counted.written.cas, expiry, false};
}

Number create(const Context& context, const storage::ItemName& name,
              const ArithmeticRequest& request) {
  Number made;
  made.value = request.initial;
  made.expiry = *request.vivify;
  const bool watched = is_watched(context);
  if (watched) [[unlikely]] {
    look_before(context, name.key, name.hash);
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

}  // namespace

void count_arithmetic(const Context& context, bool decrement, const Counted& counted) {
  Counters& counters = context.counters;
  if (counted.outcome == Outcome::stored) {
    storage::ClassUse& use = context.thread.use(counted.written.class_id);
    ++(decrement ? counters.decr_hits : counters.incr_hits);
    ++(decrement ? use.decr_hits : use.incr_hits);
  } else if (counted.outcome == Outcome::not_found) {
    ++(decrement ? counters.decr_misses : counters.incr_misses);
  }
}

Counted calculate_at(const Context& context, const storage::ItemName& name,
                     const storage::ArithmeticRule& rule) {
  if (context.log.watched(kFetchers)) [[unlikely]] {
    look_before(context, name.key, name.hash);
  }
  return context.store.arithmetic(context.thread, name.key, name.hash, rule);
}

Number calculate(const Context& context, const storage::ItemName& name,
                 const ArithmeticRequest& request) {
  Counted counted = calculate_at(context, name, request.rule);
  if (counted.outcome == Outcome::not_found && request.vivify) {
    const Number made = create(context, name, request);
    if (made.outcome != Outcome::not_stored) {
      return made;
    }
    // Somebody else made it in between.
    counted = context.store.arithmetic(context.thread, name.key, name.hash, request.rule);
  }
  count_arithmetic(context, request.rule.decrement, counted);
  return number_of(counted);
}

}  // namespace ember::server::command
