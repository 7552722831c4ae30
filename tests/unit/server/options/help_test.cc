// SPDX-License-Identifier: BSD-3-Clause
// Help against the tables it comes from, and against the help of a real memcached.
#include "server/options/help.h"

#include <gflags/gflags.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <sstream>

#include "server/options/option_flags.h"
#include "server/options/option_table.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

std::string file_text(const std::string& name) {
  // This file is tests/unit/server/options/help_test.cc.
  const auto root = std::filesystem::path(EMBER_SOURCE_DIR);
  std::ifstream file(root / name);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string memcached_help() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("memcached -h 2>/dev/null", "r"), pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (pipe != nullptr) {
    const size_t size = fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (size == 0) {
      break;
    }
    text.append(buffer.data(), size);
  }
  return text;
}

struct Names {
  std::set<char> shorts;
  std::set<std::string> longs;
  std::set<std::string> suboptions;
};

Names names_of_help(const std::string& help) {
  static const std::regex both("^-([a-zA-Z]),? +--([a-z_-]+).*");
  static const std::regex only_short("^-([a-zA-Z])( .*)?");
  static const std::regex suboption("^ +- ([a-z0-9_]+):.*");
  Names names;
  std::istringstream lines(help);
  std::string line;
  std::smatch match;
  while (std::getline(lines, line)) {
    if (std::regex_match(line, match, both)) {
      names.shorts.insert(match[1].str().front());
      names.longs.insert(match[2].str());
    } else if (std::regex_match(line, match, only_short)) {
      names.shorts.insert(match[1].str().front());
    } else if (std::regex_match(line, match, suboption)) {
      names.suboptions.insert(match[1].str());
    }
  }
  return names;
}

bool is_suboption(const std::string& name) {
  return std::ranges::any_of(suboption_table(), [&](const SuboptionRow& row) {
    return row.name.ends_with('*') ? name.starts_with(row.name.substr(0, row.name.size() - 1))
                                   : row.name == name;
  });
}

TEST(Help, HasEveryOptionOfMemcached) {
  const std::string theirs = memcached_help();
  if (theirs.empty()) {
    GTEST_SKIP() << "memcached is not installed: its help cannot be compared";
  }
  const Names names = names_of_help(theirs);
  // So many there were in 1.6.18: fewer would mean that this test cannot read the help.
  EXPECT_GE(names.shorts.size(), 36U);
  EXPECT_GE(names.longs.size(), 34U);
  EXPECT_GE(names.suboptions.size(), 40U);
  const Names ours = names_of_help(help_text());
  for (const char name : names.shorts) {
    EXPECT_TRUE(ours.shorts.contains(name)) << name;
    EXPECT_NE(find_option(name), nullptr) << name;
  }
  for (const std::string& name : names.longs) {
    ASSERT_NE(find_option(name), nullptr) << name;
    EXPECT_TRUE(ours.longs.contains(std::string(find_option(name)->long_name))) << name;
  }
  for (const std::string& name : names.suboptions) {
    EXPECT_TRUE(is_suboption(name)) << name;
  }
}

TEST(Help, ListsTheWholeTable) {
  const std::string help = help_text();
  EXPECT_TRUE(
      help.starts_with("memcached 1.6.45 (ember 0.1.0)\n-p, --port=<num>          TCP port"));
  for (const OptionRow& row : option_table()) {
    EXPECT_NE(help.find("--" + std::string(row.long_name)), std::string::npos) << row.long_name;
  }
  for (const SuboptionRow& row : suboption_table()) {
    const bool listed = help.find("- " + std::string(row.name) + ":") != std::string::npos;
    EXPECT_EQ(listed, !row.description.empty()) << row.name;
  }
}

TEST(Help, FitsInAHundredColumns) {
  std::istringstream lines(help_text());
  std::string line;
  while (std::getline(lines, line)) {
    EXPECT_LE(line.size(), 100U) << line;
  }
}

TEST(Help, GflagsTellsTheSame) {
  const OptionFlags registered;
  for (const OptionRow& row : option_table()) {
    if (row.type == OptionType::action) {
      continue;
    }
    gflags::CommandLineFlagInfo info;
    ASSERT_TRUE(gflags::GetCommandLineFlagInfo(OptionFlags::flag_name(row).c_str(), &info));
    EXPECT_EQ(info.description, row.description);
    const bool real = row.type == OptionType::real;
    EXPECT_EQ(real ? std::to_string(std::stod(info.default_value)) : info.default_value,
              real ? std::to_string(std::stod(std::string(row.default_value)))
                   : std::string(row.default_value));
    EXPECT_TRUE(info.is_default) << row.long_name;
  }
}

TEST(Help, NamesAreUnique) {
  std::set<std::string_view> longs;
  std::set<char> shorts;
  std::set<std::string_view> suboptions;
  for (const OptionRow& row : option_table()) {
    EXPECT_TRUE(longs.insert(row.long_name).second) << row.long_name;
    EXPECT_TRUE(row.short_name == '\0' || shorts.insert(row.short_name).second) << row.long_name;
  }
  for (const SuboptionRow& row : suboption_table()) {
    EXPECT_TRUE(suboptions.insert(row.name).second) << row.name;
  }
}

TEST(Version, IsThatOfTheBuild) {
  EXPECT_EQ(version_text(), "memcached 1.6.45 (ember 0.1.0)\n");
  EXPECT_NE(file_text("CMakeLists.txt").find("VERSION " + std::string(kEmberVersion) + " "),
            std::string::npos);
}

TEST(License, IsTheFileOfThatName) {
  EXPECT_EQ(license_text(), version_text() + "\n" + file_text("LICENSE"));
}

}  // namespace
}  // namespace ember::server
