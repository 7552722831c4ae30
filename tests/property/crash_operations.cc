// SPDX-License-Identifier: BSD-3-Clause
// The operations of a CrashRig: each told to the model and to the store.
#include <fmt/format.h>

#include "base/check.h"
#include "tests/property/crash_rig.h"

namespace ember::property {

using storage::Access;
using storage::hash_key;
using storage::Outcome;
using End = storage::Store::End;

namespace {

constexpr int kMostRounds = 500;

}  // namespace

void CrashRig::write(const NewItem& item, const storage::WriteRule& rule) {
  run({.what = fmt::format("write {} ({} bytes)", item.key, item.value.size()),
       .key = item.key,
       .judge = [&](Model& model, uint64_t cas) { return model.publish(item, rule, cas); },
       .act =
           [&] {
             storage::Draft draft =
                 store_->draft(*thread_, {.key = item.key,
                                          .hash = hash_key(item.key),
                                          .client_flags = item.client_flags,
                                          .exptime = item.exptime,
                                          .value_size = item.value.size(),
                                          .sequenced = rule.cas_new.has_value()});
             if (draft.outcome() != Outcome::stored) {
               return Operation::Done{draft.outcome()};
             }
             draft.fill(item.value);
             const auto written = store_->publish(*thread_, std::move(draft), rule);
             return Operation::Done{written.outcome, written.cas};
           },
       .chosen_cas = rule.cas_new.has_value()});
}

void CrashRig::append(const std::string& key, const std::string& bytes) {
  concatenate({.key = key, .value = bytes}, End::back);
}

void CrashRig::prepend(const std::string& key, const std::string& bytes) {
  concatenate({.key = key, .value = bytes}, End::front);
}

void CrashRig::concatenate(const NewItem& addition, storage::Store::End end) {
  const std::string& key = addition.key;
  run({.what = fmt::format("append {} ({} bytes)", key, addition.value.size()),
       .key = key,
       .judge = [&](Model& model,
                    uint64_t cas) { return model.concatenate(addition, end, {}, cas); },
       .act =
           [&] {
             const auto written =
                 store_->concatenate(*thread_, {key, hash_key(key)}, addition.value, end, {});
             return Operation::Done{written.outcome, written.cas};
           },
       .marks_are_open = true});
}

void CrashRig::count(const std::string& key, const storage::ArithmeticRule& rule) {
  run({.what = "incr " + key,
       .key = key,
       .judge = [&](Model& model,
                    uint64_t cas) { return model.arithmetic(key, rule, cas).outcome; },
       .act =
           [&] {
             const auto counted = store_->arithmetic(*thread_, key, hash_key(key), rule);
             return Operation::Done{counted.outcome, counted.written.cas};
           },
       .marks_are_open = true});
}

void CrashRig::touch(const std::string& key, UnixSeconds exptime) {
  run({.what = fmt::format("touch {} to {}", key, exptime),
       .key = key,
       .judge =
           [&](Model& model, uint64_t) {
             return model.touch(key, exptime) ? Outcome::stored : Outcome::not_found;
           },
       .act =
           [&] {
             const auto found = store_->touch(*thread_, key, hash_key(key), exptime, Access::mark);
             return Operation::Done{found ? Outcome::stored : Outcome::not_found};
           }});
}

void CrashRig::remove(const std::string& key) {
  run({.what = "delete " + key,
       .key = key,
       .judge = [&](Model& model, uint64_t) { return model.remove(key, std::nullopt); },
       .act =
           [&] {
             return Operation::Done{
                 store_->remove(*thread_, key, hash_key(key), std::nullopt).outcome};
           }});
}

void CrashRig::invalidate(const std::string& key, const storage::Store::InvalidateRule& rule) {
  run({.what = "invalidate " + key,
       .key = key,
       .judge = [&](Model& model, uint64_t cas) { return model.invalidate(key, rule, cas); },
       .act =
           [&] {
             const auto written = store_->invalidate(*thread_, key, hash_key(key), rule);
             return Operation::Done{written.outcome, written.cas};
           },
       .chosen_cas = rule.cas_new.has_value()});
}

void CrashRig::win(const std::string& key) {
  run({.what = "win " + key,
       .key = key,
       .judge =
           [&](Model& model, uint64_t) {
             Model::Entry* entry = model.find(key);
             if (entry == nullptr || entry->won) {
               return Outcome::not_found;
             }
             entry->won = true;
             return Outcome::stored;
           },
       .act =
           [&] {
             const auto found = store_->find(*thread_, key, hash_key(key), Access::mark);
             const bool won = found && store_->try_win(*found.item);
             return Operation::Done{won ? Outcome::stored : Outcome::not_found};
           }});
}

void CrashRig::flush_all(uint32_t seconds_from_now) {
  const UnixSeconds when = seconds_from_now == 0 ? 0 : clock_.now() + seconds_from_now;
  run({.what = fmt::format("flush_all in {} s", seconds_from_now),
       .all_keys = true,
       .judge =
           [&](Model& model, uint64_t) {
             model.flush_all(when);
             return Outcome::stored;
           },
       .act =
           [&] {
             store_->flush_all(*thread_, when);
             return Operation::Done{};
           },
       .deferred = seconds_from_now != 0});
}

void CrashRig::maintain() {
  run({.what = "maintain",
       .judge = [](Model&, uint64_t) { return Outcome::stored; },
       .act =
           [&] {
             store_->maintain(*thread_);
             return Operation::Done{};
           }});
}

void CrashRig::resize(size_t limit) {
  run({.what = fmt::format("resize to {} KiB", limit / kKiB),
       .judge = [](Model&, uint64_t) { return Outcome::stored; },
       .act =
           [&] {
             check(store_->resize(limit).has_value(), "the region has room for the limit");
             return Operation::Done{};
           }});
}

void CrashRig::move_page(int from, int to) {
  run({.what = fmt::format("move a page from class {} to {}", from, to),
       .judge = [](Model&, uint64_t) { return Outcome::stored; },
       .act =
           [&] {
             store_->move_page(from, to);
             return Operation::Done{};
           }});
}

void CrashRig::settle() {
  // Pages go one after the other; whatever is on its way is there in a few rounds.
  for (int round = 0; round < kMostRounds; ++round) {
    const storage::StoreStats stats = store_->stats();
    if (stats.pages_excess == 0 && !stats.move_running) {
      return;
    }
    maintain();
  }
  oracle_.fault("pages are on their way for ever");
}

void CrashRig::pass_time(uint32_t seconds) {
  run({.what = fmt::format("{} s pass", seconds),
       .judge = [](Model&, uint64_t) { return Outcome::stored; },
       .act =
           [&] {
             clock_.advance(seconds);
             return Operation::Done{};
           }});
}

}  // namespace ember::property
