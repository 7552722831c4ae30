// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_walk.h"

namespace ember::property {

using Mode = storage::WriteRule::Mode;

namespace {

constexpr uint32_t kCrashOneIn = 25;
constexpr uint32_t kRestartOneIn = 40;

// Values that grew by appending are not appended to for ever.
constexpr size_t kLongEnough = 120 * kKiB;

}  // namespace

void CrashWalk::run(unsigned steps) {
  // On until it has crashed once, however the dice fall.
  for (unsigned step = 0; (step < steps || crashes_ == 0) && !rig_.faulty(); ++step) {
    act();
    if (one_in(10)) {
      rig_.maintain();
    }
    if (one_in(kRestartOneIn)) {
      rig_.restart();
    }
    if (one_in(kCrashOneIn)) {
      ++crashes_;
      rig_.crash(one_in(2) ? pick(options_.max_advance + 1) : 0);
    }
  }
}

void CrashWalk::act() {
  if (one_in(options_.advance_one_in)) {
    rig_.pass_time(pick(options_.max_advance + 1));
  }
  if (one_in(options_.flush_one_in)) {
    rig_.flush_all(one_in(2) ? 0 : pick(2 * options_.max_advance));
  }
  rearrange();
  const uint32_t kind = pick(16);
  if (kind < 7) {
    write();
  } else {
    modify(choices_.key());
  }
}

void CrashWalk::rearrange() {
  if (one_in(options_.resize_one_in)) {
    rig_.resize(choices_.limit());
  }
  if (one_in(options_.move_one_in)) {
    const auto [from, to] = choices_.classes(rig_.store());
    rig_.move_page(from, to);
  }
}

void CrashWalk::write() {
  const NewItem item{.key = choices_.key(),
                     .value = choices_.value(),
                     .client_flags = one_in(2) ? static_cast<uint32_t>(choices_.number()) : 0,
                     .exptime = choices_.exptime()};
  storage::WriteRule rule;
  const uint32_t kind = pick(8);
  if (kind == 0) {
    rule.mode = Mode::add;
  } else if (kind == 1) {
    rule.mode = Mode::replace;
  } else if (kind == 2) {
    rule.cas_compare = rig_.cas_of(item.key).value_or(1) - (one_in(2) ? 1 : 0);
    rule.accept_older = one_in(2);
  }
  rule.won = one_in(8);
  if (one_in(8)) {
    rule.cas_new = one_in(2) ? choices_.number() >> 1 : 1 + pick(1000);
  }
  rig_.write(item, rule);
}

void CrashWalk::modify(const std::string& key) {
  switch (pick(9)) {
    case 0:
    case 1:
      return rig_.remove(key);
    case 2:
    case 3:
      return rig_.count(key, {.decrement = one_in(2), .delta = choices_.number() >> pick(64)});
    case 4:
      if (rig_.size_of(key) < kLongEnough) {
        one_in(2) ? rig_.append(key, choices_.value()) : rig_.prepend(key, choices_.value());
      }
      return;
    case 5:
      return rig_.win(key);
    case 6: {
      storage::Store::InvalidateRule rule;
      rule.drop_value = one_in(3);
      rule.mark_stale = !one_in(4);
      if (one_in(3)) {
        rule.exptime = choices_.exptime();
      }
      return rig_.invalidate(key, rule);
    }
    default:
      return rig_.touch(key, choices_.exptime());
  }
}

}  // namespace ember::property
