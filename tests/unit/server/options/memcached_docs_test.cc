// SPDX-License-Identifier: BSD-3-Clause
// The options of docs/memcached.md are made from the option tables. After a change there, write
// them anew: EMBER_WRITE_DOCS=1 unit_server --gtest_filter='OptionDocs.*'
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "server/options/option_table.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

constexpr std::string_view kBegin = "<!-- begin of the generated part -->\n\n";
constexpr std::string_view kEnd = "\n<!-- end of the generated part -->\n";

/// What does more than memcached's, by long name. The rest that works is the same.
constexpr auto kBetter = std::to_array<std::string_view>({
    "memory-limit",
    "memory-file",
    "daemon",
    "pidfile",
    "lock-memory",
    "enable-largepages",
    "user",
    "max-item-size",
    "slab-growth-factor",
    "slab-min-size",
    "enable-coredumps",
});

std::string verdict(std::string_view name, Support support, std::string_view remark) {
  std::string text;
  switch (support) {
    case Support::works:
      text = std::ranges::find(kBetter, name) != kBetter.end() ? "better." : "same.";
      break;
    case Support::no_effect:
      text = "accepted.";
      break;
    case Support::refused:
      text = "refused.";
      break;
  }
  if (remark.starts_with("Ember's own")) {
    return std::string(remark);
  }
  return remark.empty() ? text : text + ' ' + std::string(remark);
}

std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2) {
    text.replace(at, 1, text[at] == '|' ? "\\|" : " ");
  }
  return text;
}

std::string tables() {
  std::string text = "| option | Ember |\n|---|---|\n";
  for (const OptionRow& row : option_table()) {
    const std::string name = row.short_name == '\0'
                                 ? fmt::format("`--{}`", row.long_name)
                                 : fmt::format("`-{}`, `--{}`", row.short_name, row.long_name);
    text += fmt::format("| {} | {} |\n", name,
                        cell(verdict(row.long_name, row.support, std::string(row.remark))));
  }
  text += "\n| behind -o | Ember |\n|---|---|\n";
  for (const SuboptionRow& row : suboption_table()) {
    text += fmt::format("| `{}` | {} |\n", row.name,
                        cell(verdict(row.name, row.support, std::string(row.remark))));
  }
  return text;
}

TEST(OptionDocs, MemcachedsTableIsGenerated) {
  // This file is tests/unit/server/options/memcached_docs_test.cc.
  const auto path = std::filesystem::path(EMBER_SOURCE_DIR) / "docs/memcached.md";
  std::string document;
  {
    std::ifstream file(path);
    ASSERT_TRUE(file.is_open()) << path;
    document.assign(std::istreambuf_iterator<char>(file), {});
  }
  const size_t begin = document.find(kBegin);
  const size_t end = document.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const size_t from = begin + kBegin.size();
  if (std::getenv("EMBER_WRITE_DOCS") != nullptr) {
    const size_t size = end > from ? end - from : 0;
    document.replace(from, size, tables());
    std::ofstream(path) << document;
    return;
  }
  ASSERT_LE(from, end);
  EXPECT_EQ(document.substr(from, end - from), tables())
      << "write it anew with EMBER_WRITE_DOCS=1 unit_server --gtest_filter='OptionDocs.*'";
}

TEST(OptionDocs, WhatIsBetterExistsAndWorks) {
  for (const std::string_view name : kBetter) {
    const OptionRow* const row = find_option(name);
    ASSERT_NE(row, nullptr) << name;
    EXPECT_EQ(row->support, Support::works) << name;
  }
}

}  // namespace
}  // namespace ember::server
