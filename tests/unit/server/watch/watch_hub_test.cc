// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_hub.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

namespace ember::server {
namespace {

TEST(WatchText, BoundsWhatWaits) {
  WatchText text(30);
  EXPECT_TRUE(text.add("123456789\n"));
  EXPECT_TRUE(text.add("123456789\n"));
  EXPECT_TRUE(text.add("123456789\n"));
  EXPECT_FALSE(text.add("1\n"));
  EXPECT_FALSE(text.add("2\n"));
  EXPECT_EQ(30U, text.size());
  EXPECT_EQ("123456789\n123456789\n123456789\nskipped=2\n", text.take());
  EXPECT_EQ(0U, text.size());
  EXPECT_TRUE(text.add("3\n"));
  EXPECT_EQ("3\n", text.take());
}

TEST(WatchText, NothingOvertakesWhatWasSkipped) {
  WatchText text(12);
  EXPECT_TRUE(text.add("1234567890\n"));
  EXPECT_FALSE(text.add("12\n"));
  EXPECT_FALSE(text.add("\n"));  // would fit
  EXPECT_EQ("1234567890\nskipped=2\n", text.take());
}

/// A worker's loop that keeps what it is given; whether it has told the hub so is the test's
/// matter.
class Outlet final : public WatchOutlet {
 public:
  void deliver(uint64_t watcher, std::string lines) override {
    const std::lock_guard lock(mutex_);
    blocks_[watcher].push_back(std::move(lines));
    came_.notify_all();
  }

  /// The blocks of `watcher`, once there are `count`.
  std::vector<std::string> blocks(uint64_t watcher, size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(20),
                   [&] { return blocks_[watcher].size() >= count; });
    return blocks_[watcher];
  }

  /// All that `watcher` was given, with `words` in it unless that takes long.
  std::string until(uint64_t watcher, std::string_view words) {
    std::unique_lock lock(mutex_);
    std::string all;
    came_.wait_for(lock, std::chrono::milliseconds(50), [&] {
      all.clear();
      for (const std::string& block : blocks_[watcher]) {
        all += block;
      }
      return all.find(words) != std::string::npos;
    });
    return all;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<uint64_t, std::vector<std::string>> blocks_;
};

class WatchHubTest : public testing::Test {
 protected:
  void SetUp() override {
    logs_ = {&hub_.add_log(), &hub_.add_log()};
    ASSERT_TRUE(hub_.start());
  }

  static void get(WatchLog& log, std::string_view key) {
    if (log.watched(kFetchers)) {
      WatchEvent event;
      event.status = "found";
      log.report(event, key);
    }
  }
  static size_t lines_with(std::string_view words, const std::string& text) {
    size_t count = 0;
    for (size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  }
  static size_t lines_in(const std::vector<std::string>& blocks) {
    size_t count = 0;
    for (const std::string& block : blocks) {
      count += static_cast<size_t>(std::ranges::count(block, '\n'));
    }
    return count;
  }

  Outlet outlet_;
  WatchHub hub_{{.ring_size = 4096, .watcher_size = 4096}};
  std::vector<WatchLog*> logs_;
};

TEST_F(WatchHubTest, EveryLogReachesEveryWatcherOfTheStream) {
  const uint64_t first = hub_.admit(outlet_, kFetchers);
  const uint64_t second = hub_.admit(outlet_, kFetchers | kMutations);
  const uint64_t other = hub_.admit(outlet_, kMutations);
  get(*logs_[0], "here");
  for (const uint64_t watcher : {first, second}) {
    EXPECT_NE(std::string::npos, outlet_.blocks(watcher, 1).front().find("key=here status=found"));
    hub_.reported(watcher);
  }
  get(*logs_[1], "there");
  for (const uint64_t watcher : {first, second}) {
    EXPECT_NE(std::string::npos, outlet_.blocks(watcher, 2).back().find("key=there"));
  }
  EXPECT_TRUE(outlet_.blocks(other, 0).empty());
  const WatchHub::Stats stats = hub_.stats();
  EXPECT_EQ(2U, stats.worker_written);
  EXPECT_EQ(4U, stats.watcher_sent);
  EXPECT_EQ(3U, stats.watchers);
}

TEST_F(WatchHubTest, WatchingIsOnFromAdmissionAndOffWithTheLastWatcher) {
  EXPECT_FALSE(logs_[1]->watched(UINT32_MAX));
  const uint64_t fetchers = hub_.admit(outlet_, kFetchers);
  const uint64_t mutations = hub_.admit(outlet_, kMutations);
  EXPECT_TRUE(logs_[0]->watched(kFetchers));
  EXPECT_TRUE(logs_[1]->watched(kMutations));
  hub_.leave(fetchers);
  EXPECT_FALSE(logs_[0]->watched(kFetchers));
  EXPECT_TRUE(logs_[0]->watched(kMutations));
  hub_.leave(mutations);
  EXPECT_FALSE(logs_[0]->watched(UINT32_MAX));
}

TEST_F(WatchHubTest, TwentyWatchers) {
  std::vector<uint64_t> watchers;
  for (size_t i = 0; i < WatchHub::kMostWatchers; ++i) {
    watchers.push_back(hub_.admit(outlet_, kFetchers));
    EXPECT_NE(0U, watchers.back());
  }
  EXPECT_EQ(0U, hub_.admit(outlet_, kFetchers));
  hub_.leave(watchers[7]);
  EXPECT_NE(0U, hub_.admit(outlet_, kFetchers));
  EXPECT_EQ(0U, hub_.admit(outlet_, kFetchers));
  EXPECT_EQ(WatchHub::kMostWatchers, hub_.stats().watchers);
}

TEST_F(WatchHubTest, WhoDoesNotTakeItsLinesGetsABoundedNumberOfThem) {
  const uint64_t slow = hub_.admit(outlet_, kFetchers);
  size_t told = 0;
  // Until its text is full, whatever the rings drop.
  while (hub_.stats().watcher_skipped == 0) {
    get(*logs_[0], "key");
    ++told;
  }
  EXPECT_EQ(1U, outlet_.blocks(slow, 1).size());
  WatchHub::Stats stats = hub_.stats();
  while (stats.watcher_sent + stats.watcher_skipped < stats.worker_written) {
    std::this_thread::yield();  // until the rings are empty
    stats = hub_.stats();
  }
  EXPECT_EQ(told, stats.worker_written + stats.worker_dropped);
  // Reads again: it learns how many were skipped, and what happens from now on.
  std::string all;
  while (all.find("key=last") == std::string::npos) {
    hub_.reported(slow);
    get(*logs_[0], "last");
    all = outlet_.until(slow, "key=last");
  }
  uint64_t skipped = 0;
  for (size_t at = 0; (at = all.find("skipped=", at)) != std::string::npos; ++at) {
    skipped += std::stoull(all.substr(at + 8));
  }
  stats = hub_.stats();
  EXPECT_GT(skipped, 0U);
  EXPECT_LE(skipped, stats.watcher_skipped);
  EXPECT_LE(lines_with("type=item_get", all), stats.watcher_sent);
  for (const std::string& block : outlet_.blocks(slow, 0)) {
    EXPECT_LE(block.size(), 4096U + 30);  // and the number of those skipped
  }
}

TEST_F(WatchHubTest, WhoLeftIsGivenNothing) {
  const uint64_t gone = hub_.admit(outlet_, kFetchers);
  const uint64_t here = hub_.admit(outlet_, kFetchers);
  hub_.leave(gone);
  hub_.leave(gone);
  hub_.reported(gone);
  get(*logs_[0], "key");
  EXPECT_EQ(1U, lines_in(outlet_.blocks(here, 1)));
  EXPECT_TRUE(outlet_.blocks(gone, 0).empty());
  EXPECT_EQ(1U, hub_.stats().watchers);
}

TEST_F(WatchHubTest, LogsWriteWhileWatchersComeAndGo) {
  std::atomic<bool> done{false};
  std::vector<std::jthread> writers;
  for (WatchLog* const log : logs_) {
    writers.emplace_back([&done, log] {
      while (!done) {
        get(*log, "a key of some length");
      }
    });
  }
  for (int round = 0; round < 50; ++round) {
    std::vector<uint64_t> watchers;
    for (size_t i = 0; i < WatchHub::kMostWatchers; ++i) {
      watchers.push_back(hub_.admit(outlet_, kFetchers));
    }
    EXPECT_FALSE(outlet_.blocks(watchers.front(), 1).empty());
    for (const uint64_t watcher : watchers) {
      hub_.reported(watcher);
      hub_.leave(watcher);
    }
  }
  done = true;
  writers.clear();
  EXPECT_EQ(0U, hub_.stats().watchers);
  EXPECT_GT(hub_.stats().watcher_sent, 0U);
}

TEST(WatchHubAlone, StopsWithoutHavingStarted) {
  WatchHub hub({});
  WatchLog& log = hub.add_log();
  EXPECT_FALSE(log.watched(UINT32_MAX));
  hub.stop();
  EXPECT_EQ(0U, hub.stats().watchers);
}

}  // namespace
}  // namespace ember::server
