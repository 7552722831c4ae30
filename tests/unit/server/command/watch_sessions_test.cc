// SPDX-License-Identifier: BSD-3-Clause
// The `watch` command and its connections (server/watch/watch_sessions.cc), seen through the
// handler.
#include "server/watch/watch_sessions.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

using protocol::Next;

class WatchSessionsTest : public testing::Test {
 protected:
  /// What `line` is answered, and whether the client only listens from now on.
  std::string answer_of(const std::string& line) {
    const protocol::Progress progress = talk_.execute(line);
    listens_ = progress.next == Next::listen;
    return with_bars(talk_.take_reply());
  }

  Conversation talk_;
  bool listens_ = false;
};

TEST_F(WatchSessionsTest, FetchersAreTheDefault) {
  EXPECT_EQ("OK|", answer_of("watch"));
  EXPECT_TRUE(listens_);
  EXPECT_EQ("OK|", answer_of("watch fetchers"));
  EXPECT_EQ((std::vector<uint32_t>{kFetchers, kFetchers}), talk_.watch.admitted);
}

TEST_F(WatchSessionsTest, StreamsAddUp) {
  EXPECT_EQ("OK|", answer_of("watch mutations  evictions connevents deletions sysevents rawcmds "
                             "proxyreqs proxyevents proxyuser mutations"));
  EXPECT_EQ(std::vector<uint32_t>{(kProxyUser << 1) - 1 - kFetchers}, talk_.watch.admitted);
}

TEST_F(WatchSessionsTest, AnUnknownStreamIsAnError) {
  EXPECT_EQ("ERROR|", answer_of("watch nonsense"));
  EXPECT_EQ("ERROR|", answer_of("watch fetchers nonsense mutations"));
  EXPECT_EQ("", answer_of("watch noreply"));
  EXPECT_EQ("", answer_of("watch fetchers noreply"));
  EXPECT_FALSE(listens_);
  EXPECT_TRUE(talk_.watch.admitted.empty());
}

TEST_F(WatchSessionsTest, TooMany) {
  talk_.watch.full = true;
  EXPECT_EQ("WATCHER_TOO_MANY log watcher limit reached|", answer_of("watch"));
  EXPECT_FALSE(listens_);
  talk_.handler().forget(talk_.client);
  EXPECT_TRUE(talk_.watch.left.empty());
}

TEST_F(WatchSessionsTest, AClientThatCannotListen) {
  talk_.client.listens = false;
  EXPECT_EQ("WATCHER_FAILED failed to add log watcher|", answer_of("watch"));
  EXPECT_TRUE(talk_.watch.admitted.empty());
}

TEST_F(WatchSessionsTest, SwitchedOff) {
  Conversation talk({.handler = {.watch_enabled = false}});
  EXPECT_EQ("CLIENT_ERROR watch commands not allowed|", talk("watch"));
  EXPECT_EQ("CLIENT_ERROR watch commands not allowed|", talk("watch nonsense"));
  EXPECT_EQ("", talk("watch fetchers noreply"));
  EXPECT_TRUE(talk.watch.admitted.empty());
}

TEST_F(WatchSessionsTest, WhatFollowsInTheBatchIsNotDone) {
  const protocol::Progress progress = talk_.execute("get a|watch|get b");
  EXPECT_EQ(Next::listen, progress.next);
  EXPECT_EQ("END|OK|", with_bars(talk_.take_reply()));
}

TEST_F(WatchSessionsTest, LinesGoToTheirWatcher) {
  answer_of("watch");
  talk_.handler().reported(talk_.client);  // has got the OK
  EXPECT_TRUE(talk_.watch.has_taken.empty());
  talk_.handler().report(1, "line\n");
  talk_.handler().report(2, "somebody else's\n");
  EXPECT_EQ("line\n", talk_.client.reported);
  talk_.handler().reported(talk_.client);
  talk_.handler().reported(talk_.client);
  EXPECT_EQ(std::vector<uint64_t>{1}, talk_.watch.has_taken);
}

TEST_F(WatchSessionsTest, WhoIsGoneIsToldNothing) {
  answer_of("watch");
  talk_.handler().forget(talk_.client);
  EXPECT_EQ(std::vector<uint64_t>{1}, talk_.watch.left);
  talk_.handler().report(1, "line\n");
  EXPECT_EQ("", talk_.client.reported);
  talk_.handler().forget(talk_.client);
  EXPECT_EQ(1U, talk_.watch.left.size());
}

}  // namespace
}  // namespace ember::server::command
