// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/random_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ember::property {

using storage::Access;
using storage::hash_key;
using storage::Outcome;
using Mode = storage::WriteRule::Mode;

namespace {

constexpr size_t kMaxPinned = 4;
constexpr size_t kSurelyAnItem = 1000 * kKiB;
constexpr size_t kSurelyOneChunk = 64 * kKiB;

std::string name(Outcome outcome) {
  constexpr std::array kNames = {"stored",      "not_stored", "exists",   "not_found",
                                 "non_numeric", "too_large",  "no_memory"};
  return kNames.at(static_cast<size_t>(outcome));
}

}  // namespace

RandomWalk::RandomWalk(OpenedStore& opened, const WalkOptions& options, uint64_t seed)
    : opened_(opened),
      options_(options),
      model_(opened.clock()),
      choices_(options, opened.clock(), seed) {}

void RandomWalk::run(int steps) {
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    act();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "the operation was: " << operation_;
    }
    if (one_in(2)) {
      thread().quiesce();
    }
    if (one_in(20)) {
      opened_.maintain(1);
    }
    if (testing::Test::HasFailure()) {
      return;
    }
  }
  while (!pinned_.empty()) {
    unpin();
  }
  compare_all();
}

void RandomWalk::act() {
  if (one_in(options_.advance_one_in)) {
    pass_time();
  }
  if (one_in(options_.flush_one_in)) {
    flush_all();
  }
  rearrange();
  switch (pick(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return get();
    case 4:
    case 5:
    case 6:
    case 7:
      return write();
    case 8:
      return concatenate();
    case 9:
    case 10:
      return count();
    case 11:
      return touch();
    case 12:
      return remove();
    case 13:
      return invalidate();
    case 14:
      return win();
    default:
      return one_in(2) ? pin() : unpin();
  }
}

void RandomWalk::rearrange() {
  if (one_in(options_.resize_one_in)) {
    resize();
  }
  if (one_in(options_.move_one_in)) {
    move_page();
  }
  if (one_in(options_.dump_one_in)) {
    list();
  }
}

std::optional<uint64_t> RandomWalk::any_compare(const std::string& key, uint32_t off_one_in) {
  const Model::Entry* entry = model_.find(key);
  const uint64_t cas = entry == nullptr ? 1 + pick(1000) : entry->cas;
  if (!one_in(off_one_in)) {
    return cas;
  }
  return one_in(2) ? cas + 1 + pick(5) : cas - std::min<uint64_t>(cas, 1 + pick(5));
}

bool RandomWalk::agree(const char* operation, const std::string& key, Outcome outcome,
                       const Judge& judge) {
  if (outcome == Outcome::no_memory) {
    EXPECT_TRUE(options_.may_be_full) << operation << ' ' << key << ": no_memory";
    ++counts_.full;
    return false;
  }
  Outcome expected = judge();
  if (options_.may_vanish && expected != outcome) {
    // Gone while the operation was under way: its own draft may have evicted it.
    model_.forget(key);
    ++counts_.vanished;
    expected = judge();
  }
  EXPECT_EQ(name(outcome), name(expected)) << operation << ' ' << key;
  return outcome == Outcome::stored && expected == Outcome::stored;
}

void RandomWalk::expect_new_cas(uint64_t cas, bool given_by_client) {
  if (given_by_client) {
    return;
  }
  EXPECT_GT(cas, last_cas_) << "a CAS of the store's is newer than those before it";
  last_cas_ = std::max(last_cas_, cas);
}

void RandomWalk::compare_item(const std::string& key, const Model::Entry& entry,
                              const storage::Item& item) {
  const std::string value = opened_.value_of(item);
  EXPECT_EQ(item.key(), key);
  EXPECT_EQ(value.size(), item.value_size()) << key;
  EXPECT_TRUE(value == entry.value)
      << key << ": " << value.size() << " bytes " << value.substr(0, 60) << "\nexpected "
      << entry.value.size() << " bytes " << entry.value.substr(0, 60);
  EXPECT_EQ(item.client_flags(), entry.client_flags) << key;
  EXPECT_EQ(item.exptime(), entry.exptime) << key;
  EXPECT_EQ(item.cas(), entry.cas) << key;
  EXPECT_EQ(item.stale(), entry.stale) << key;
  EXPECT_EQ(item.won(), entry.won) << key;
}

void RandomWalk::adopt_marks(const std::string& key) {
  Model::Entry* entry = model_.find(key);
  const storage::Found found = store().find(thread(), key, hash_key(key), Access::peek);
  if (entry != nullptr && found) {
    entry->stale = found.item->stale();
    entry->won = found.item->won();
  }
}

void RandomWalk::compare(const std::string& key) {
  const Model::Entry* entry = model_.find(key);
  const storage::Found found = store().find(thread(), key, hash_key(key), Access::peek);
  if (entry != nullptr && found) {
    compare_item(key, *entry, *found.item);
  } else if (entry != nullptr && options_.may_vanish) {
    model_.forget(key);
    ++counts_.vanished;
  } else {
    EXPECT_EQ(static_cast<bool>(found), entry != nullptr) << key << ": found, expected";
  }
}

void RandomWalk::compare_all() {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : model_.entries()) {
    keys.push_back(key);
  }
  for (const std::string& key : keys) {
    compare(key);
    thread().quiesce();
  }
}

void RandomWalk::get() {
  operation_ = "get";
  const std::string key = choices_.key();
  compare(key);
  const storage::Found found = store().find(thread(), key, hash_key(key), Access::mark);
  EXPECT_EQ(static_cast<bool>(found), model_.find(key) != nullptr) << key;
  ++(found ? counts_.hits : counts_.misses);
}

void RandomWalk::write() {
  operation_ = "write";
  const NewItem item{.key = choices_.key(),
                     .value = choices_.value(),
                     .client_flags = one_in(2) ? static_cast<uint32_t>(choices_.number()) : 0,
                     .exptime = choices_.exptime()};
  compare(item.key);
  storage::WriteRule rule;
  const uint32_t kind = pick(8);
  if (kind == 0) {
    rule.mode = Mode::add;
  } else if (kind == 1) {
    rule.mode = Mode::replace;
  } else if (kind <= 3) {
    rule.cas_compare = any_compare(item.key, 3);
    rule.accept_older = one_in(3);
  }
  rule.won = one_in(8);
  if (one_in(8)) {
    rule.cas_new = one_in(2) ? choices_.number() >> 1 : 1 + pick(1000);
  }
  const storage::Written written = opened_.write(thread(), item, rule);
  if (agree("write", item.key, written.outcome,
            [&] { return model_.publish(item, rule, written.cas); })) {
    expect_new_cas(written.cas, rule.cas_new.has_value());
  }
  compare(item.key);
}

void RandomWalk::concatenate() {
  operation_ = "concatenate";
  const std::string key = choices_.key();
  compare(key);
  const Model::Entry* entry = model_.find(key);
  const NewItem addition{.key = key, .value = choices_.value()};
  // Values that grew by appending are not appended to for ever, nor beyond what an item may hold.
  const size_t most = std::max(options_.max_large_size, 2 * options_.max_value_size);
  if (entry != nullptr &&
      (entry->value.size() > most || entry->value.size() + addition.value.size() > kSurelyAnItem)) {
    return;
  }
  storage::WriteRule rule;
  if (one_in(4)) {
    rule.cas_compare = any_compare(key, 2);
  }
  const auto end = one_in(2) ? storage::Store::End::back : storage::Store::End::front;
  const storage::Written written =
      store().concatenate(thread(), {key, hash_key(key)}, addition.value, end, rule);
  if (agree("concatenate", key, written.outcome,
            [&] { return model_.concatenate(addition, end, rule, written.cas); })) {
    expect_new_cas(written.cas, false);
    adopt_marks(key);
  }
  compare(key);
}

void RandomWalk::count() {
  operation_ = "count";
  const std::string key = choices_.key();
  compare(key);
  storage::ArithmeticRule rule{.decrement = one_in(2), .delta = choices_.number() >> pick(64)};
  const Model::Entry* entry = model_.find(key);
  const bool chained = entry != nullptr && entry->value.size() > kSurelyOneChunk;
  // A chain is no number, whatever its CAS; what is a chain is the store's affair.
  if (!chained && one_in(4)) {
    rule.cas_compare = any_compare(key, 2);
  }
  if (one_in(8)) {
    rule.exptime = choices_.exptime();
  }
  const storage::Counted counted = store().arithmetic(thread(), key, hash_key(key), rule);
  Model::Sum sum;
  if (agree("arithmetic", key, counted.outcome, [&] {
        if (chained && counted.outcome == Outcome::non_numeric) {
          return counted.outcome;  // even if it begins with a number, padded before it grew
        }
        sum = model_.arithmetic(key, rule, counted.written.cas);
        return sum.outcome;
      })) {
    EXPECT_EQ(counted.value, sum.value) << key;
    expect_new_cas(counted.written.cas, false);
    if (counted.item != nullptr) {
      EXPECT_EQ(opened_.value_of(*counted.item).substr(0, std::to_string(sum.value).size()),
                std::to_string(sum.value));
    } else {
      ADD_FAILURE() << key << ": counted, but no item returned";
    }
    adopt_marks(key);
  }
  compare(key);
}

void RandomWalk::touch() {
  operation_ = "touch";
  const std::string key = choices_.key();
  compare(key);
  const UnixSeconds exptime = choices_.exptime();
  const storage::Found found =
      store().touch(thread(), key, hash_key(key), exptime, one_in(2) ? Access::mark : Access::peek);
  EXPECT_EQ(static_cast<bool>(found), model_.touch(key, exptime)) << "touch " << key;
  compare(key);
}

void RandomWalk::remove() {
  operation_ = "remove";
  const std::string key = choices_.key();
  compare(key);
  std::optional<uint64_t> compare_with;
  if (one_in(3)) {
    compare_with = any_compare(key, 2);
  }
  const storage::Written written = store().remove(thread(), key, hash_key(key), compare_with);
  agree("remove", key, written.outcome, [&] { return model_.remove(key, compare_with); });
  compare(key);
}

void RandomWalk::invalidate() {
  operation_ = "invalidate";
  const std::string key = choices_.key();
  compare(key);
  storage::Store::InvalidateRule rule;
  if (one_in(4)) {
    rule.cas_compare = any_compare(key, 2);
  }
  if (one_in(8)) {
    rule.cas_new = choices_.number() >> 1;
  }
  if (one_in(3)) {
    rule.exptime = choices_.exptime();
  }
  rule.drop_value = one_in(3);
  const storage::Written written = store().invalidate(thread(), key, hash_key(key), rule);
  if (agree("invalidate", key, written.outcome,
            [&] { return model_.invalidate(key, rule, written.cas); })) {
    expect_new_cas(written.cas, rule.cas_new.has_value());
  }
  compare(key);
}

void RandomWalk::win() {
  operation_ = "win";
  const std::string key = choices_.key();
  compare(key);
  Model::Entry* entry = model_.find(key);
  if (entry == nullptr) {
    return;
  }
  const storage::Found found = store().find(thread(), key, hash_key(key), Access::peek);
  if (!found) {
    return;
  }
  EXPECT_EQ(store().try_win(*found.item), !entry->won) << key;
  entry->won = true;
  EXPECT_FALSE(store().try_win(*found.item)) << key << ": won twice";
  compare(key);
}

void RandomWalk::pin() {
  operation_ = "pin";
  const std::string key = choices_.key();
  compare(key);
  const storage::Found found = store().find(thread(), key, hash_key(key), Access::peek);
  if (found && pinned_.size() < kMaxPinned && store().pin(thread(), *found.item)) {
    pinned_.push_back({.item = found.item, .value = opened_.value_of(*found.item)});
  }
}

void RandomWalk::unpin() {
  if (pinned_.empty()) {
    return;
  }
  const Pinned pinned = pinned_.back();
  pinned_.pop_back();
  EXPECT_TRUE(opened_.value_of(*pinned.item) == pinned.value) << "a pinned item changed";
  store().unpin(*pinned.item);
}

void RandomWalk::flush_all() {
  const UnixSeconds when = one_in(2) ? 0 : opened_.clock().now() + pick(2 * options_.max_advance);
  store().flush_all(thread(), when);
  model_.flush_all(when);
}

void RandomWalk::pass_time() { opened_.clock().advance(pick(options_.max_advance + 1)); }

}  // namespace ember::property
