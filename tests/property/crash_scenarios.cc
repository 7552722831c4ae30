// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_scenarios.h"

#include <fmt/format.h>

#include <array>
#include <random>

namespace ember::property {

void run_scenario(const CrashScenario& scenario, CrashRig& rig, CrashRegion::Plant plant) {
  if (scenario.prepare != nullptr) {
    rig.quiet(true);
    scenario.prepare(rig);
    rig.quiet(false);
  }
  rig.region().plant(plant);
  scenario.act(rig);
  for (const std::string& key : rig.oracle().keys()) {
    rig.remove(key);
  }
}

void PrintTo(const CrashScenario& scenario, std::ostream* out) { *out << scenario.name; }

std::string distinct_value(size_t size, unsigned salt) {
  std::minstd_rand random(salt + 1);
  std::string value(size, '\0');
  for (char& c : value) {
    c = static_cast<char>('!' + (random() % 90));
  }
  return value;
}

namespace {

constexpr uint64_t kClientsCas = 77;

std::string numbered(const char* what, unsigned number) {
  return fmt::format("{}{}", what, number);
}

void two_items(CrashRig& rig) {
  rig.write({.key = "a", .value = distinct_value(20, 1), .client_flags = 7});
  rig.write({.key = "b", .value = distinct_value(400, 2)});
}

void set(CrashRig& rig) {
  rig.write({.key = "small", .value = "1", .client_flags = 0xfedcba98});
  rig.write({.key = "empty", .value = ""});
  rig.write({.key = std::string(250, 'k'), .value = distinct_value(10, 3)});
  rig.write({.key = "lines", .value = distinct_value(900, 4)});
  rig.write({.key = "large", .value = distinct_value(9000, 5)});
  rig.write({.key = "chosen", .value = "x"}, {.cas_new = kClientsCas});
  rig.write({.key = "won", .value = "y"}, {.won = true});
}

void overwrite(CrashRig& rig) {
  // Chunks come back soon: old items' bytes lie under new ones.
  for (const unsigned turn : {1U, 2U, 3U, 4U}) {
    rig.write({.key = "a", .value = distinct_value(20, 10 + turn), .client_flags = turn});
    rig.write({.key = "b", .value = distinct_value(200 * turn, 20 + turn)});
    rig.thread().quiesce();
  }
}

// So that the classes have their pages.
void pages_for_essentials(CrashRig& rig) {
  for (const size_t size : {150U, 160U, 158U}) {
    rig.write({.key = "a", .value = distinct_value(size, 99)});
  }
  rig.remove("a");
}

// Items of several lines, each version followed by the next, and that by its end: no flush and no
// fence can be spared.
void essentials(CrashRig& rig) {
  for (unsigned turn = 1; turn <= 3; ++turn) {
    rig.write({.key = "a", .value = distinct_value(150, turn)});
    rig.touch("a", rig.clock().now() + 100 + turn);
    rig.write({.key = "a", .value = distinct_value(160, 10 + turn), .client_flags = turn});
    rig.remove("a");
    rig.write({.key = "a", .value = distinct_value(150, 20 + turn)});
    rig.append("a", "and more");
    rig.remove("a");
    rig.thread().quiesce();
  }
}

void conditional(CrashRig& rig) {
  using Mode = storage::WriteRule::Mode;
  rig.write({.key = "a", .value = "no"}, {.mode = Mode::add});
  rig.write({.key = "c", .value = "yes"}, {.mode = Mode::add});
  rig.write({.key = "b", .value = "replaced"}, {.mode = Mode::replace});
  rig.write({.key = "c", .value = "compared"}, {.cas_compare = rig.cas_of("c")});
  rig.write({.key = "c", .value = "no"}, {.cas_compare = 1});
  rig.write({.key = "c", .value = "older"}, {.cas_compare = 1, .accept_older = true});
}

void remove(CrashRig& rig) {
  rig.remove("a");
  rig.write({.key = "c", .value = distinct_value(20, 5)});
  rig.remove("c");
  rig.thread().quiesce();
  rig.write({.key = "a", .value = distinct_value(20, 6)});
  rig.remove("b");
  rig.remove("a");
  rig.remove("never there");
}

void numbers(CrashRig& rig) { rig.write({.key = "n", .value = "98"}); }

void count(CrashRig& rig) {
  for (int i = 0; i < 4; ++i) {
    rig.count("n");
  }
  rig.count("n", {.decrement = true, .delta = 95});
  rig.count("n", {.delta = 5, .exptime = rig.clock().now() + 100});
}

void concatenate(CrashRig& rig) {
  rig.append("a", "after");
  rig.prepend("a", "before");
  rig.append("b", distinct_value(300, 9));
  rig.append("nobody", "x");
}

void touch(CrashRig& rig) {
  const UnixSeconds now = rig.clock().now();
  rig.touch("a", now + 10);
  rig.touch("b", now + 20);
  rig.touch("a", now + 1000);
  rig.pass_time(15);
  rig.touch("a", now + 16);
  rig.pass_time(1);
  rig.touch("a", now + 1000);  // too late
  rig.pass_time(10);
  rig.write({.key = "b", .value = "again"});
}

void expire(CrashRig& rig) {
  const UnixSeconds now = rig.clock().now();
  rig.write({.key = "a", .value = "short", .exptime = now + 2});
  rig.write({.key = "c", .value = "longer", .exptime = now + 5});
  rig.pass_time(2);
  rig.maintain();
  rig.write({.key = "d", .value = "later", .exptime = now + 6});
  rig.pass_time(3);
  rig.maintain();
  rig.write({.key = "e", .value = "in its chunk"});
  rig.pass_time(100);
}

void marks(CrashRig& rig) {
  rig.invalidate("a");
  rig.win("a");
  rig.win("a");
  rig.invalidate("b", {.exptime = rig.clock().now() + 50, .drop_value = true});
  rig.win("b");
  rig.invalidate("a", {.cas_new = kClientsCas, .mark_stale = false});
  rig.write({.key = "a", .value = "fresh"});
  rig.win("a");
}

void chained(CrashRig& rig) {
  rig.write({.key = "big", .value = distinct_value(200 * kKiB, 1)});
  rig.write({.key = "big", .value = distinct_value(150 * kKiB, 2)});
  rig.thread().quiesce();
  rig.append("big", distinct_value(3000, 3));
  rig.touch("big", rig.clock().now() + 100);
  rig.write({.key = "other", .value = distinct_value(90 * kKiB, 4)});
  rig.remove("big");
  rig.write({.key = "other", .value = "small now"});
}

void flush(CrashRig& rig) {
  rig.flush_all(0);
  rig.write({.key = "a", .value = "after"});
  rig.write({.key = "c", .value = "chosen"}, {.cas_new = kClientsCas});
  rig.flush_all(0);
  rig.flush_all(0);
  rig.maintain();
  rig.write({.key = "b", .value = "once more"});
}

void flush_later(CrashRig& rig) {
  rig.flush_all(10);
  rig.write({.key = "c", .value = "before it is due"});
  rig.pass_time(5);
  rig.flush_all(8);
  rig.pass_time(5);
  rig.write({.key = "d", .value = "before it is due, too"});
  rig.pass_time(3);
  rig.write({.key = "a", .value = "after"});
  rig.maintain();
  rig.pass_time(5);
  rig.flush_all(100);
  rig.pass_time(200);
}

void reserve(CrashRig& rig) {
  for (unsigned i = 0; i < 14; ++i) {
    rig.write({.key = numbered("k", i % 3), .value = distinct_value(10, i)});
    if (i % 5 == 4) {
      rig.remove(numbered("k", i % 3));
    }
  }
}

void restart(CrashRig& rig) {
  rig.restart();
  rig.write({.key = "a", .value = "after the start"});
  rig.remove("b");
  rig.restart();
  rig.restart();
  rig.write({.key = "c", .value = distinct_value(100, 5)});
  rig.flush_all(0);
  rig.restart();
}

void evict(CrashRig& rig) {
  for (unsigned i = 0; i < 140; ++i) {
    rig.write({.key = numbered("e", i % 110), .value = distinct_value(14 * kKiB, i)});
    if (i % 3 == 0) {
      rig.touch(numbered("e", i), rig.clock().now() + 1000);
    }
    if (i % 20 == 0) {
      rig.remove(numbered("e", i / 2));
      rig.maintain();
    }
  }
}

void move_pages(CrashRig& rig) {
  for (unsigned i = 0; i < 260; ++i) {
    rig.write({.key = numbered("s", i), .value = distinct_value(4000, i)});
  }
  // Room for what stands in the pages that go.
  for (unsigned i = 0; i < 260; i += 3) {
    rig.remove(numbered("s", i));
  }
  for (unsigned i = 0; i < 60; ++i) {
    rig.write({.key = numbered("l", i), .value = distinct_value(20 * kKiB, i)});
    rig.maintain();
  }
}

// Two pages of one class, of some 16 chunks: one full but for some room, one with a few items.
void two_pages(CrashRig& rig) {
  constexpr unsigned kMoreThanAPage = 20;
  for (unsigned i = 0; i < kMoreThanAPage; ++i) {
    rig.write({.key = numbered("m", i), .value = distinct_value(4000, i), .client_flags = i});
  }
  for (unsigned i = 0; i < kMoreThanAPage; i += 3) {
    rig.remove(numbered("m", i));
  }
  rig.touch("m1", rig.clock().now() + 100);
  rig.win("m2");
  rig.touch("m17", rig.clock().now() + 100);
  rig.win("m19");
}

int class_of(CrashRig& rig, const std::string& key) {
  const auto found =
      rig.store().find(rig.thread(), key, storage::hash_key(key), storage::Access::peek);
  return found ? rig.store().class_of(*found.item) : 0;
}

void move_on_command(CrashRig& rig) {
  const int from = class_of(rig, "m1");
  rig.move_page(from, from + 1);
  rig.settle();
  // Its chunks are of another size now: what lies in it must not look like items.
  rig.write({.key = "larger", .value = distinct_value(4300, 1)});
  rig.remove("m1");
  rig.write({.key = "m2", .value = "elsewhere"});
  rig.move_page(0, from);
  rig.settle();
  rig.write({.key = "m3", .value = distinct_value(4000, 50)});
}

// Pages that were used and are empty, others with a little: they go to the system and come back.
void empty_pages(CrashRig& rig) {
  constexpr unsigned kPages = 4;
  for (unsigned i = 0; i < 60 * kPages; ++i) {
    rig.write({.key = numbered("p", i % 130), .value = distinct_value(1000, i)});
  }
  for (unsigned i = 5; i < 130; ++i) {
    rig.remove(numbered("p", i));
  }
}

void give_back_and_take_again(CrashRig& rig) {
  rig.resize(kMiB);
  rig.settle();
  rig.write({.key = "p1", .value = distinct_value(1000, 500)});
  rig.remove("p2");
  rig.resize(2 * kMiB);
  for (unsigned i = 0; i < 4; ++i) {
    rig.write({.key = numbered("q", i), .value = distinct_value(3000, i)});
  }
  rig.resize(kMiB);
  rig.settle();
}

void less_memory(CrashRig& rig) {
  const auto write = [&](unsigned i) {
    rig.write({.key = numbered("r", i), .value = distinct_value(14 * kKiB, i)});
  };
  for (unsigned i = 0; i < 110; ++i) {
    write(i);
  }
  rig.resize(kMiB);
  rig.settle();
  for (unsigned i = 100; i < 130; ++i) {
    write(i);
  }
  rig.resize(2 * kMiB);
  for (unsigned i = 120; i < 160; ++i) {
    write(i);
  }
}

constexpr unsigned kSmallReserve = 4;

std::vector<CrashScenario> make_scenarios() {
  CrashRigOptions usual;
  usual.store.cas_reserve = 1000;
  CrashRigOptions small_reserve = usual;
  small_reserve.store.cas_reserve = kSmallReserve;
  CrashRigOptions tight = usual;
  tight.may_vanish = true;
  tight.images = 6;
  tight.moment_one_in = 12;
  CrashRigOptions resized = usual;
  resized.store.memory_limit = 2 * kMiB;
  CrashRigOptions tight_resized = tight;
  tight_resized.store.memory_limit = 2 * kMiB;
  CrashRigOptions large = usual;
  large.images = 12;
  return {
      {"set", usual, nullptr, set},
      {"overwrite", usual, two_items, overwrite},
      {"essentials", usual, pages_for_essentials, essentials, true, 100},
      {"conditional", usual, two_items, conditional},
      {"remove", usual, two_items, remove},
      {"count", usual, numbers, count},
      {"concatenate", usual, two_items, concatenate},
      {"touch", usual, two_items, touch},
      {"expire", usual, two_items, expire},
      {"marks", usual, two_items, marks},
      {"chained", large, two_items, chained},
      {"flush_all", usual, two_items, flush},
      {"flush_all_later", usual, two_items, flush_later},
      {"cas_reservation", small_reserve, nullptr, reserve},
      {"restart", small_reserve, two_items, restart},
      {"eviction", tight, nullptr, evict, false},
      {"page_move", tight, nullptr, move_pages, false},
      {"page_move_on_command", usual, two_pages, move_on_command},
      {"pages_given_back", resized, empty_pages, give_back_and_take_again, false},
      {"less_memory", tight_resized, nullptr, less_memory, false},
  };
}

}  // namespace

const std::vector<CrashScenario>& crash_scenarios() {
  static const std::vector<CrashScenario> kAll = make_scenarios();
  return kAll;
}

std::vector<CrashScenario> plantable_scenarios() {
  std::vector<CrashScenario> chosen = crash_scenarios();
  std::erase_if(chosen, [](const CrashScenario& scenario) { return !scenario.plantable; });
  return chosen;
}

}  // namespace ember::property
