// SPDX-License-Identifier: BSD-3-Clause
// What the store does by itself, as watchers get it (server/command/store_log.cc).
#include "server/command/store_log.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

class StoreLogTest : public testing::Test {
 protected:
  size_t drain() {
    return log_.ring().drain(log_.ring().produced(), SIZE_MAX,
                             [&](const WatchEvent& event, std::string_view) { last_ = event; });
  }

  std::atomic<uint64_t> gid_{0};
  WatchLog log_{4096, gid_, [] {}};
  WatchEvent last_;
};

TEST_F(StoreLogTest, IsArmedWhileTheStoresEventsAreWatched) {
  log_.watch(kEvictions);
  StoreLog store_log(log_);
  EXPECT_TRUE(store_log.armed()) << "watched before it was made";
  log_.watch(kFetchers | kMutations);
  EXPECT_FALSE(store_log.armed());
  log_.watch(kSystemEvents);
  EXPECT_TRUE(store_log.armed());
}

TEST_F(StoreLogTest, ReportsOnlyWhatIsWatched) {
  StoreLog store_log(log_);
  log_.watch(kSystemEvents);
  store_log.on_page_move(1, 2);
  EXPECT_EQ(1U, drain());
  EXPECT_EQ(EventKind::slab_move, last_.kind);
  EXPECT_EQ(1, last_.class_id);
  EXPECT_EQ(2, last_.other_class_id);
  log_.watch(kEvictions);
  store_log.on_page_move(1, 2);
  EXPECT_EQ(0U, drain());
}

TEST_F(StoreLogTest, TheLogOutlivesIt) {
  {
    StoreLog store_log(log_);
  }
  log_.watch(kEvictions);
  EXPECT_TRUE(log_.watched(kEvictions));
}

TEST(StoreLog, EvictionsOfAStore) {
  Conversation talk;
  StoreLog store_log(talk.log);
  talk.thread().observe(store_log);
  talk.log.watch(kEvictions);
  const std::string value(500'000, 'x');
  for (int i = 0; i < 200; ++i) {
    const std::string line = "set k" + std::to_string(i) + " 0 1000 500000\r\n";
    talk.raw(line + value + "\r\n");
    talk.thread().quiesce();
  }
  const std::string lines = talk.watch_lines();
  EXPECT_TRUE(lines.starts_with("type=eviction key=k")) << lines.substr(0, 200);
  EXPECT_EQ(talk.log.written(), static_cast<size_t>(std::ranges::count(lines, '|')));
  EXPECT_EQ(talk.stat("evictions"), std::to_string(talk.log.written()));
}

}  // namespace
}  // namespace ember::server::command
