// SPDX-License-Identifier: BSD-3-Clause
// Cuts between single stores: within a line, the order of stores is all that protects an item.
#include "tests/property/crash_stores.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/property/crash_scenarios.h"
#include "tests/property/seed.h"

namespace ember::property {
namespace {

using storage::hash_key;

constexpr const char* kNotTold =
    "skipped, because a build with sanitizers cannot be told of single stores";

class CrashStores : public testing::TestWithParam<CrashScenario> {};

TEST_P(CrashStores, NoOrderOfStoresLosesWhatWasAcknowledged) {
  if (!stores_are_told()) {
    GTEST_SKIP() << kNotTold;
  }
  CrashRigOptions options = GetParam().options;
  options.images = 5;
  CrashRig rig(options, seed_of_test());
  uint64_t stores = 0;
  const StoreWatch watch(rig.region().bytes(), [&](const CrashStore&) {
    ++stores;
    rig.region().notify(CrashRegion::Moment::store);
  });
  run_scenario(GetParam(), rig);
  std::printf("%llu stores, %llu images\n", static_cast<unsigned long long>(stores),
              static_cast<unsigned long long>(rig.images()));
  EXPECT_FALSE(rig.faulty()) << rig.faults();
  EXPECT_GT(stores, 20);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, CrashStores, testing::ValuesIn(plantable_scenarios()),
                         [](const auto& of) { return of.param.name; });

/// The planted bug: the engine seals an item, and only then its value is written, in the same line.
/// Both are durable by the same flush.
class SealFirst {
 public:
  SealFirst(CrashRig& rig, bool cut) : rig_(rig), cut_(cut) {}

  void write(const std::string& key, const std::string& value) {
    rig_.run({.what = "write, sealed before it is filled",
              .key = key,
              .judge =
                  [&](Model& model, uint64_t cas) {
                    return model.publish({.key = key, .value = value}, {}, cas);
                  },
              .act = [&] { return publish(key, value); }});
  }

 private:
  Operation::Done publish(const std::string& key, const std::string& value) {
    storage::Draft draft = rig_.store().draft(
        rig_.thread(), {.key = key, .hash = hash_key(key), .value_size = value.size()});
    const storage::Item* item = draft.item();
    const std::span<char> place = draft.next();
    draft.advance(place.size());
    const auto line_of = [](const void* at) {
      return reinterpret_cast<uintptr_t>(at) / kCacheLineSize;
    };
    EXPECT_EQ(line_of(item), line_of(&place.back())) << "the bug is one within a line";
    bool filled = false;
    const StoreWatch watch(rig_.region().bytes(), [&](const CrashStore& store) {
      const bool is_seal =
          store.done && store.at == reinterpret_cast<const std::byte*>(item) + 20 && item->live();
      if (!is_seal || filled) {
        return;
      }
      filled = true;
      if (cut_) {
        rig_.region().notify(CrashRegion::Moment::store);
      }
      std::memcpy(place.data(), value.data(), value.size());
    });
    const auto written = rig_.store().publish(rig_.thread(), std::move(draft), {});
    EXPECT_TRUE(filled) << "the seal's store was told of";
    return {written.outcome, written.cas};
  }

  CrashRig& rig_;
  bool cut_;
};

TEST(CrashStoresPlanted, ASealBeforeItsPayloadIsFoundByCutsBetweenStores) {
  if (!stores_are_told()) {
    GTEST_SKIP() << kNotTold;
  }
  CrashRig rig({}, seed_of_test());
  SealFirst(rig, true).write("k", "payload");
  EXPECT_NE(rig.faults().find("k came back as 7 bytes"), std::string::npos) << rig.faults();
}

TEST(CrashStoresPlanted, ASealBeforeItsPayloadIsNotSeenAtFlushesAndFencesAlone) {
  if (!stores_are_told()) {
    GTEST_SKIP() << kNotTold;
  }
  CrashRig rig({}, seed_of_test());
  SealFirst(rig, false).write("k", "payload");
  EXPECT_FALSE(rig.faulty()) << rig.faults();
}

}  // namespace
}  // namespace ember::property
