// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/option_checks.h"

#include <gtest/gtest.h>

#include <array>

namespace ember::server {
namespace {

std::string refusal_of(const Options& options) {
  const auto refusal = check_together(options, {});
  EXPECT_TRUE(!refusal || refusal->exit_code == kUsageExitCode);
  return refusal ? refusal->message : "";
}

TEST(OptionChecks, DefaultsFitTogether) { EXPECT_EQ(refusal_of(Options{}), ""); }

TEST(OptionChecks, ItemsFitIntoMemory) {
  Options options;
  options.item_size_max = options.memory_limit / 2;
  EXPECT_EQ(refusal_of(options), "");
  ++options.item_size_max;
  EXPECT_EQ(refusal_of(options), "Cannot set item size limit higher than 1/2 of memory max.");
  options.item_size_max = kKiB - 1;
  EXPECT_EQ(refusal_of(options), "Item max size cannot be less than 1024 bytes.");
}

TEST(OptionChecks, QueuesFitIntoMemory) {
  Options options;
  options.hot_lru_pct = 40;
  EXPECT_EQ(refusal_of(options), "");
  options.hot_lru_pct = 41;
  EXPECT_EQ(refusal_of(options), "hot_lru_pct + warm_lru_pct cannot be more than 80% combined");
}

TEST(OptionChecks, WhatIsNotAvailableIsRefusedLast) {
  const OptionRow row{.short_name = 'x',
                      .long_name = "xylophone",
                      .type = OptionType::flag,
                      .value_name = "",
                      .default_value = "",
                      .description = "",
                      .support = Support::refused,
                      .remark = "There is none."};
  const std::array<const OptionRow*, 1> refused{&row};
  const auto refusal = check_together(Options{}, refused);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->message, "-x, --xylophone: There is none.");
  EXPECT_EQ(refusal->exit_code, kUsageExitCode);
}

}  // namespace
}  // namespace ember::server
