// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_line.h"

#include <gtest/gtest.h>

namespace ember::server {
namespace {

std::string line_of(WatchEvent event, std::string_view text) {
  event.gid = 5;
  event.time_us = 1'795'232'540'082'820;
  event.connection = 24;
  std::string line;
  append_watch_line(event, text, line);
  return line;
}

constexpr std::string_view kHead = "ts=1795232540.082820 gid=5 ";

TEST(WatchLine, Items) {
  EXPECT_EQ(std::string(kHead) + "type=item_get key=a status=found clsid=3 cfd=24 size=12\n",
            line_of({.status = "found", .size = 12, .class_id = 3}, "a"));
  EXPECT_EQ(std::string(kHead) +
                "type=item_store key=a status=stored cmd=set ttl=60 clsid=3 cfd=24 size=12\n",
            line_of({.ttl = 60,
                     .status = "stored",
                     .word = "set",
                     .size = 12,
                     .class_id = 3,
                     .kind = EventKind::item_store},
                    "a"));
  EXPECT_EQ(std::string(kHead) + "type=deleted key=a cmd=md clsid=3 size=12\n",
            line_of({.word = "md", .size = 12, .class_id = 3, .kind = EventKind::deleted}, "a"));
  EXPECT_EQ(std::string(kHead) + "type=rawcmd key=a cmd=gat cfd=24 size=0\n",
            line_of({.word = "gat", .kind = EventKind::raw_command}, "a"));
}

TEST(WatchLine, Evictions) {
  WatchEvent event{
      .ttl = -1, .size = 12, .idle_seconds = 9, .class_id = 3, .kind = EventKind::eviction};
  EXPECT_EQ(std::string(kHead) + "type=eviction key=a fetch=no ttl=-1 la=9 clsid=3 size=12\n",
            line_of(event, "a"));
  event.fetched = true;
  event.ttl = 70;
  EXPECT_EQ(std::string(kHead) + "type=eviction key=a fetch=yes ttl=70 la=9 clsid=3 size=12\n",
            line_of(event, "a"));
}

TEST(WatchLine, Connections) {
  EXPECT_EQ(std::string(kHead) + "type=conn_new rip=::1 rport=4711 transport=tcp cfd=24\n",
            line_of({.word = "tcp", .port = 4711, .kind = EventKind::conn_new}, "::1"));
  EXPECT_EQ(std::string(kHead) +
                "type=conn_close rip=unix rport=0 transport=local reason=normal cfd=24\n",
            line_of({.status = "normal", .word = "local", .kind = EventKind::conn_close}, "unix"));
}

TEST(WatchLine, Pages) {
  EXPECT_EQ(std::string(kHead) + "type=slab_move src=3 dst=17\n",
            line_of({.class_id = 3, .other_class_id = 17, .kind = EventKind::slab_move}, ""));
}

TEST(WatchLine, KeysAreUriEncoded) {
  std::string to = "key=";
  append_uri_encoded("azAZ09-._~", to);
  EXPECT_EQ("key=azAZ09-._~", to);
  to.clear();
  append_uri_encoded(std::string_view("n,foo% /!\x00\xff", 11), to);
  EXPECT_EQ("n%2Cfoo%25%20%2F%21%00%FF", to);
}

TEST(WatchLine, StreamsByName) {
  EXPECT_EQ(kFetchers, stream_named("fetchers"));
  EXPECT_EQ(kDeletions, stream_named("deletions"));
  EXPECT_EQ(kRawCommands, stream_named("rawcmds"));
  EXPECT_EQ(kProxyUser, stream_named("proxyuser"));
  for (const char* unknown : {"", "Fetchers", "fetcher", "fetchers ", "all", "proxycmds"}) {
    EXPECT_EQ(std::nullopt, stream_named(unknown)) << unknown;
  }
}

TEST(WatchLine, EveryKindHasAStream) {
  EXPECT_EQ(kFetchers, stream_of(EventKind::item_get));
  EXPECT_EQ(kMutations, stream_of(EventKind::item_store));
  EXPECT_EQ(kEvictions, stream_of(EventKind::eviction));
  EXPECT_EQ(kDeletions, stream_of(EventKind::deleted));
  EXPECT_EQ(kConnectionEvents, stream_of(EventKind::conn_new));
  EXPECT_EQ(kConnectionEvents, stream_of(EventKind::conn_close));
  EXPECT_EQ(kSystemEvents, stream_of(EventKind::slab_move));
  EXPECT_EQ(kRawCommands, stream_of(EventKind::raw_command));
}

}  // namespace
}  // namespace ember::server
