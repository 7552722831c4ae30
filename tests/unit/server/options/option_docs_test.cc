// SPDX-License-Identifier: BSD-3-Clause
// docs/options.md and the option section of docs/ember.1 are made from the option tables. After a
// change there, write them anew: EMBER_WRITE_DOCS=1 unit_server --gtest_filter='OptionDocs.*'
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "server/options/option_table.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

std::filesystem::path docs_file(const std::string& name) {
  // This file is tests/unit/server/options/option_docs_test.cc.
  return std::filesystem::path(EMBER_SOURCE_DIR) / "docs" / name;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string one_line(std::string_view text) { return replaced(std::string(text), "\n", " "); }

/// A sentence of `text`.
std::string sentence(std::string_view text) {
  std::string line = one_line(text);
  if (!line.empty()) {
    line.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(line.front())));
    line += line.back() == '.' ? "" : ".";
  }
  return line;
}

std::string with_value(const OptionRow& row) {
  return row.value_name.empty() ? std::string(row.long_name)
                                : fmt::format("{}=<{}>", row.long_name, row.value_name);
}

std::string default_of(const OptionRow& row) {
  const bool told = row.type == OptionType::flag || row.type == OptionType::action ||
                    row.type == OptionType::count || row.support == Support::refused;
  return told ? "" : std::string(row.default_value);
}

/// The cell "With Ember".
std::string support_cell(Support support, std::string_view remark) {
  const std::string rest = remark.empty() ? "" : " " + std::string(remark);
  switch (support) {
    case Support::works:
      return "works." + rest;
    case Support::no_effect:
      return "accepted, no effect." + rest;
    case Support::refused:
      break;
  }
  return "refused." + rest;
}

std::string cell(std::string_view text) { return replaced(one_line(text), "|", "\\|"); }

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

bool is_words(SuboptionValue value) {
  return value == SuboptionValue::text || value == SuboptionValue::path ||
         value == SuboptionValue::choice;
}

std::string markdown_tables() {
  std::string text =
      "| short | long | default | what it says | with Ember |\n|---|---|---|---|---|\n";
  for (const OptionRow& row : option_table()) {
    const std::string short_name =
        row.short_name == '\0' ? "" : fmt::format("`-{}`", row.short_name);
    text += fmt::format("| {} | `--{}` | {} | {} | {} |\n", short_name, with_value(row),
                        code(default_of(row)), cell(row.description),
                        cell(support_cell(row.support, row.remark)));
  }
  text +=
      "\n## Behind -o\n\n| name | value | default | what it says | with Ember "
      "|\n|---|---|---|---|---|\n";
  for (const SuboptionRow& row : suboption_table()) {
    const char* value = row.value == SuboptionValue::none       ? ""
                        : row.value == SuboptionValue::optional ? "number or none"
                        : is_words(row.value)                   ? "text"
                                                                : "number";
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, value, row.default_value,
                        cell(row.description), cell(support_cell(row.support, row.remark)));
  }
  return text;
}

/// Text for troff: dashes that can be copied, no control characters at a line's begin.
std::string troff(std::string_view text) {
  return replaced(replaced(one_line(text), "\\", "\\e"), "-", "\\-");
}

std::string man_sections() {
  std::string text;
  for (const OptionRow& row : option_table()) {
    const std::string value =
        row.value_name.empty() ? "" : fmt::format("\\fR=\\fI{}", row.value_name);
    text += ".TP\n";
    text += row.short_name == '\0'
                ? fmt::format("\\fB\\-\\-{}{}\\fR\n", troff(row.long_name), value)
                : fmt::format("\\fB\\-{}\\fR, \\fB\\-\\-{}{}\\fR\n", row.short_name,
                              troff(row.long_name), value);
    text += troff(sentence(row.description)) + "\n";
    if (const std::string value_text = default_of(row); !value_text.empty()) {
      text += fmt::format("Default: {}.\n", troff(value_text));
    }
    if (row.support == Support::no_effect) {
      text += "No effect.\n";
    }
    if (!row.remark.empty()) {
      text += troff(row.remark) + "\n";
    }
  }
  text += ".SH EXTENDED OPTIONS\nThese stand behind\n.BR \\-o ,\nseparated by commas.\n";
  for (const SuboptionRow& row : suboption_table()) {
    if (row.description.empty()) {
      continue;
    }
    const bool valued = row.value != SuboptionValue::none;
    text += fmt::format(".TP\n\\fB{}{}\\fR\n{}\n", row.name, valued ? "\\fR=\\fIvalue" : "",
                        troff(sentence(row.description)));
    if (!row.default_value.empty()) {
      text += fmt::format("Default: {}.\n", troff(row.default_value));
    }
    if (row.support == Support::no_effect) {
      text += "No effect.\n";
    }
    if (!row.remark.empty()) {
      text += troff(row.remark) + "\n";
    }
  }
  return text;
}

/// Where in a document the generated part stands.
struct Markers {
  std::string begin;
  std::string end;
};

void expect_generated(const std::string& name, const Markers& markers,
                      const std::string& expected) {
  std::string document;
  {
    std::ifstream file(docs_file(name));
    ASSERT_TRUE(file.is_open()) << docs_file(name);
    document.assign(std::istreambuf_iterator<char>(file), {});
  }
  const size_t begin = document.find(markers.begin);
  const size_t end = document.find(markers.end);
  ASSERT_NE(begin, std::string::npos) << name << " lacks the line " << markers.begin;
  ASSERT_NE(end, std::string::npos) << name << " lacks the line " << markers.end;
  const size_t from = begin + markers.begin.size();
  ASSERT_LE(from, end);
  if (std::getenv("EMBER_WRITE_DOCS") != nullptr) {
    document.replace(from, end - from, expected);
    std::ofstream(docs_file(name)) << document;
    return;
  }
  EXPECT_EQ(document.substr(from, end - from), expected)
      << "docs/" << name << " differs from the option tables; write it anew with "
      << "EMBER_WRITE_DOCS=1 unit_server --gtest_filter='OptionDocs.*'";
}

TEST(OptionDocs, TheTableIsGenerated) {
  expect_generated(
      "options.md",
      {"<!-- begin of the generated part -->\n\n", "\n<!-- end of the generated part -->\n"},
      markdown_tables());
}

TEST(OptionDocs, TheManPageIsGenerated) {
  expect_generated("ember.1",
                   {".\\\" begin of the generated part\n", ".\\\" end of the generated part\n"},
                   man_sections());
}

}  // namespace
}  // namespace ember::server
