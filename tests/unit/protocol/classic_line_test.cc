// SPDX-License-Identifier: BSD-3-Clause
// Classic lines: what they mean and which error memcached tells for bad ones.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/request_line.h"
#include "tests/unit/protocol/parser_cases.h"

namespace ember::protocol {
namespace {

using testing::expect_all;
using testing::kBadLine;
using testing::kLongest;
using testing::kTooLong;

TEST(ClassicLineTest, StorageCommands) {
  expect_all({
      {"set a 1 2 3\r\nabc\r\n", "set a=abc f1 t2"},
      {"set a 1 2 0\r\n\r\n", "set a= f1 t2"},
      {"set a 1 2 3 noreply\r\nabc\r\nget a\r\n", "set a=abc f1 t2 noreply|get a|get_end"},
      {"set a 0 0 3 other\r\nabc\r\n", "set a=abc"},
      {"add a 0 0 5\r\n12345\r\n", "add a=12345"},
      {"replace a 0 0 6\r\n123456\r\nmn\r\n", "replace a=123456|mn"},
      {"append a 0 0 40\r\n" + std::string(40, '\n') + "\r\nmn\r\n",
       "append a=" + std::string(40, '\n') + "|mn"},
      {"prepend a 0 -5 2\r\n\r\n\r\n", "prepend a=\r\n t-5"},
      {"cas a 1 2 3 99\r\nabc\r\n", "cas a=abc f1 t2 n99"},
      {"cas a 1 2 3 99 noreply\r\nabc\r\n", "cas a=abc f1 t2 n99 noreply"},
      {"set a 4294967297 +5 +1\r\n1\r\n", "set a=1 f1 t5"},
      {"set " + kLongest + " 0 0 1\r\n1\r\n", "set " + kLongest + "=1"},
      {"set a 0 0 1\n1\r\n", "set a=1"},
  });
}

TEST(ClassicLineTest, BadStorageLines) {
  expect_all({
      {"set\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0\r\nmn\r\n", "!ERROR|mn"},
      {"set a noreply\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 1 noreply extra\r\nmn\r\n", "!ERROR|mn"},
      {"cas a 0 0 1\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 -1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 -1 noreply\r\nmn\r\n", "mn"},
      {"set a 0 0 x\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 2147483646\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 4294967297\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 99999999999999999999\r\nmn\r\n", kBadLine + "|mn"},
      // The length reads: the value is dropped, whatever it says.
      {"set a x 0 4\r\nmn\r\n\r\nme a\r\n", kBadLine + "|me a"},
      {"set a -1 0 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 x 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 9223372036854775808 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 x 1 noreply\r\n1\r\nmn\r\n", "mn"},
      {"cas a 0 0 1 x\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set " + kTooLong + " 0 0 4\r\nmn\r\n\r\nme a\r\n", kBadLine + "|me a"},
      {"set " + kTooLong + " 0 0 0 noreply\r\n\r\nme a\r\n", "me a"},
  });
}

TEST(ClassicLineTest, OtherCommandsWithAKey) {
  const std::string usage = "!CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]";
  const std::string bad_delta = "!CLIENT_ERROR invalid numeric delta argument";
  const std::string bad_exptime = "!CLIENT_ERROR invalid exptime argument";
  expect_all({
      {"delete a\r\n", "delete a"},
      {"delete a 0\r\n", "delete a"},
      {"delete a noreply\r\n", "delete a noreply"},
      {"delete a 0 noreply\r\n", "delete a noreply"},
      {"delete a 1\r\n", usage},
      {"delete a 00\r\n", usage},
      {"delete a 0 0\r\n", usage},
      {"delete a 1 noreply\r\nmn\r\n", "mn"},
      {"delete a 0 noreply x\r\n", "!ERROR"},
      {"delete\r\n", "!ERROR"},
      {"delete " + kTooLong + "\r\n", kBadLine},
      {"delete " + kTooLong + " noreply\r\nmn\r\n", "mn"},
      {"delete " + kTooLong + " x\r\n", usage},
      {"incr a 1\r\n", "incr a n1"},
      {"decr a 18446744073709551615 noreply\r\n", "decr a n18446744073709551615 noreply"},
      {"incr a +1 x\r\n", "incr a n1"},
      {"incr a -1\r\n", bad_delta},
      {"incr a 18446744073709551616\r\n", bad_delta},
      {"incr a x noreply\r\nmn\r\n", "mn"},
      {"incr a\r\n", "!ERROR"},
      {"incr a 1 noreply x\r\n", "!ERROR"},
      {"incr " + kTooLong + " x\r\n", kBadLine},
      {"touch a 5\r\n", "touch a t5"},
      {"touch a -1 noreply\r\n", "touch a t-1 noreply"},
      {"touch a x\r\n", bad_exptime},
      {"touch a\r\n", "!ERROR"},
      {"touch a 0 x y\r\n", "!ERROR"},
      {"touch " + kTooLong + " x\r\n", kBadLine},
  });
}

TEST(ClassicLineTest, CommandsWithoutAKey) {
  expect_all({
      {"\r\n", "!ERROR"},
      {"   \r\n", "!ERROR"},
      {"\nmn\n", "!ERROR|mn"},
      {"bogus\r\n", "!ERROR"},
      {"GET a\r\n", "!ERROR"},
      {"getx a\r\n", "!ERROR"},
      {"flush_allx\r\n", "!ERROR"},
      {"foo noreply\r\n", "!ERROR"},
      {"version\r\n", "version"},
      {"version x\r\n", "version (x)"},
      {"quit\r\n", "quit"},
      {"flush_all\r\n", "flush_all"},
      {"flush_all noreply\r\n", "flush_all (noreply) noreply"},
      {"flush_all 10 noreply\r\n", "flush_all t10 (10 noreply) noreply"},
      {"flush_all -1\r\n", "flush_all t-1 (-1)"},
      {"flush_all 0 0\r\n", "flush_all (0 0)"},
      {"flush_all x\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"flush_all noreply 0\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"flush_all x noreply\r\nmn\r\n", "mn"},
      {"flush_all 0 0 0\r\n", "!ERROR"},
      {"verbosity\r\n", "!ERROR"},
      {"verbosity 1\r\n", "verbosity (1)"},
      {"verbosity 1 noreply\r\n", "verbosity (1 noreply) noreply"},
      {"verbosity x\r\n", kBadLine},
      {"verbosity noreply\r\nmn\r\n", "mn"},
      {"verbosity 0 0 0\r\n", "!ERROR"},
      {"stats\r\n", "stats"},
      {"stats  cachedump 1  0 \r\n", "stats (cachedump 1  0)"},
      {"shutdown graceful\r\n", "shutdown (graceful)"},
      {"cache_memlimit 64 noreply\r\n", "cache_memlimit (64 noreply) noreply"},
      {"slabs automove 1\r\n", "slabs (automove 1)"},
      {"lru mode flat\r\n", "lru (mode flat)"},
      {"lru_crawler crawl all\r\n", "lru_crawler (crawl all)"},
      {"watch fetchers\r\n", "watch (fetchers)"},
      {"refresh_certs\r\n", "refresh_certs"},
      {"debugtime p\r\n", "debugtime (p)"},
  });
}

}  // namespace
}  // namespace ember::protocol
