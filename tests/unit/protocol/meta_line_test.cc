// SPDX-License-Identifier: BSD-3-Clause
// Meta lines: what they mean and which error memcached tells for bad ones.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/request_line.h"
#include "tests/unit/protocol/parser_cases.h"

namespace ember::protocol {
namespace {

using testing::expect_all;
using testing::kBadLine;
using testing::kTooLong;
using testing::repeated;

TEST(MetaLineTest, MetaCommands) {
  expect_all({
      {"mn\r\n", "mn"},
      {"mn O1 k\r\n", "mn"},
      {"mg a\r\n", "mg a"},
      {" mg  a  v  f \r\n", "mg a [v  f]"},
      {"mg a v k O123 T30 q\r\n", "mg a [v k O123 T30 q] T=30 O=123"},
      {"mg a N5 R10 C7 E8\r\n", "mg a [N5 R10 C7 E8] C=7 E=8 N=5 R=10"},
      {"mg b\r\n", "mg b"},
      {"mg YWJj b k\r\n", "mg abc<YWJj> [b k]"},
      {"mg YR== b\r\n", "mg a<YR==> [b]"},
      {"ms a 3 T0 F5 I\r\nabc\r\n", "ms a=abc [T0 F5 I] T=0 F=5"},
      {"ms YWJj 6 b MA\r\nabcdef\r\n", "ms abc<YWJj>=abcdef [b MA] M=3"},
      {"ms a 0\r\n\r\n", "ms a="},
      {"md a q\r\n", "md a [q]"},
      {"md a I T30 x\r\n", "md a [I T30 x] T=30"},
      {"ma a\r\n", "ma a"},
      {"ma a MD D5 J10 N0\r\n", "ma a [MD D5 J10 N0] D=5 J=10 N=0 M=7"},
      {"me a\r\n", "me a"},
      {"me a ! q q\r\n", "me a [! q q]"},
      {"me YWJj b\r\n", "me abc<YWJj> [b]"},
      {repeated("mg YWJj b\r\n", 60), repeated("mg abc<YWJj> [b]|", 59) + "mg abc<YWJj> [b]"},
  });
}

TEST(MetaLineTest, BadMetaCommands) {
  const std::string one = "!CLIENT_ERROR invalid or duplicate flag";
  expect_all({
      {"mg\r\n", "!ERROR"},
      {"md\r\n", "!ERROR"},
      {"ma\r\n", "!ERROR"},
      {"ms\r\n", "!ERROR"},
      {"me\r\n", kBadLine},
      {"ms a\r\n", kBadLine},
      {"ms a -1\r\nmn\r\n", kBadLine + "|mn"},
      {"ms a 1S\r\nmn\r\n", kBadLine + "|mn"},
      {"mg " + kTooLong + " !\r\n", kBadLine},
      {"ms " + kTooLong + " 4\r\nmn\r\n\r\nmn\r\n", kBadLine + "|mn"},
      {"mg a !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a Tx !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a v v !\r\n", "!CLIENT_ERROR duplicate flag"},
      {"mg a \x80\r\n", "!CLIENT_ERROR duplicate flag"},
      {"mg a T\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Cx\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Ex\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Dx\r\n", "!CLIENT_ERROR invalid numeric delta value"},
      {"mg a Jx\r\n", "!CLIENT_ERROR invalid numeric initial value"},
      {"mg a Fx\r\n", kBadLine},
      {"mg a M\r\n", "!CLIENT_ERROR incorrect length for M token"},
      {"mg a MX\r\n", "mg a [MX] M=0"},
      {"mg YQ b\r\n", "!CLIENT_ERROR error decoding key"},
      {"mg !! b Tx\r\n", "!CLIENT_ERROR error decoding key"},
      {"mg !! b !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a O" + std::string(31, 'o') + "\r\n",
       "mg a [O" + std::string(31, 'o') + "] O=" + std::string(31, 'o')},
      {"mg a O" + std::string(32, 'o') + "\r\n", "!CLIENT_ERROR opaque token too long"},
      {"mg a O" + std::string(32, 'o') + " Tx\r\n",
       "!CLIENT_ERROR bad token in command line format"},
      {"mg a " + repeated("P ", 18) + "\r\n", "!CLIENT_ERROR options flags are too long"},
      {"md a " + repeated("P ", 18) + "\r\n", "!CLIENT_ERROR options flags too long"},
      {"md a " + repeated("P ", 17) + "\r\n", one},
      {"ms a 1 Tx\r\n1\r\nmn\r\n", "!CLIENT_ERROR bad token in command line format|mn"},
      {"ms a 1 Mx\r\n1\r\nmn\r\n", "!CLIENT_ERROR invalid mode for ms M token|mn"},
      {"ms a 1 q !\r\n1\r\nmn\r\n", "!CLIENT_ERROR invalid flag|mn"},
      {"ms YQ 1 b\r\n1\r\nmn\r\n", "!CLIENT_ERROR error decoding key|mn"},
      {"md a v v\r\n", one},
      {"md a Tx\r\n", one},
      {"md YQ b\r\n", one},
      {"ma a MII\r\n", one},
      {"ma a Mx\r\n", "!CLIENT_ERROR invalid mode for ma M token"},
      {"me YQ b\r\n", kBadLine},
  });
}

}  // namespace
}  // namespace ember::protocol
