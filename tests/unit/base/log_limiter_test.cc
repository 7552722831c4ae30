// SPDX-License-Identifier: BSD-3-Clause
#include "base/log_limiter.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ember::log {
namespace {

constexpr std::string_view kOne = "one {}";
constexpr std::string_view kOther = "other {}";

class ALimiter : public testing::Test {
 protected:
  uint64_t admitted(std::string_view kind, int lines, uint64_t now_ms) {
    uint64_t count = 0;
    for (int i = 0; i < lines; ++i) {
      count += limiter_.admit(kind, now_ms) ? 1U : 0U;
    }
    return count;
  }
  /// What report_left_out() reports, in words.
  std::string told(uint64_t now_ms) {
    std::string text;
    limiter_.report_left_out(now_ms, [&text](std::string_view kind, uint64_t left_out) {
      text += std::string(kind) + ' ' + std::to_string(left_out) + ';';
    });
    return text;
  }
  LogLimiter limiter_;
};

TEST_F(ALimiter, AdmitsSoManyOfEachKindInAWindow) {
  EXPECT_EQ(admitted(kOne, 1000, 5), LogLimiter::kLines);
  EXPECT_EQ(admitted(kOther, 3, 5), 3U) << "one kind does not hide another";
}

TEST_F(ALimiter, TellsOnceWhatWasLeftOutWhenTheWindowIsOver) {
  admitted(kOne, 1000, 5);
  EXPECT_EQ(told(5 + LogLimiter::kWindowMs - 1), "");
  EXPECT_EQ(told(5 + LogLimiter::kWindowMs), "one {} 980;");
  EXPECT_EQ(told(5 + LogLimiter::kWindowMs), "");
}

TEST_F(ALimiter, BeginsAnewInTheNextWindow) {
  admitted(kOne, 1000, 5);
  const uint64_t later = 5 + LogLimiter::kWindowMs;
  EXPECT_EQ(admitted(kOne, 1, later), 0U) << "first what was left out is told";
  EXPECT_EQ(told(later), "one {} 981;");
  EXPECT_EQ(admitted(kOne, 1000, later), LogLimiter::kLines);
}

TEST_F(ALimiter, AQuietKindIsNotLimitedByWhatItSaidLongAgo) {
  for (uint64_t now = 0; now < 100 * LogLimiter::kWindowMs; now += LogLimiter::kWindowMs) {
    EXPECT_EQ(admitted(kOne, LogLimiter::kLines, now), LogLimiter::kLines);
  }
  EXPECT_EQ(told(~uint64_t{0}), "");
}

TEST_F(ALimiter, DoesNotLimitKindsBeyondItsTable) {
  const std::array<char, 400> texts{};
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(admitted({texts.data() + i, 1}, 1, 5), 1U);
  }
  EXPECT_EQ(admitted({texts.data() + 399, 1}, 1000, 5), 1000U);
}

}  // namespace
}  // namespace ember::log
