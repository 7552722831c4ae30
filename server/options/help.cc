// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/help.h"

#include <fmt/format.h>

#include "base/check.h"
#include "server/options/option_table.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

/// Where descriptions begin, as in memcached's help.
constexpr size_t kColumn = 26;

/// The file LICENSE; a test compares.
constexpr std::string_view kLicense =
    R"(BSD 3-Clause License

Copyright (c) 2026, The Ember authors

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its
   contributors may be used to endorse or promote products derived from
   this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
)";

/// `left`, then `text` from kColumn on, its further lines below.
std::string two_columns(std::string_view left, std::string_view text) {
  std::string lines = fmt::format("{:<{}}", left, kColumn);
  if (left.size() >= kColumn) {
    lines += ' ';
  }
  for (const char c : text) {
    lines += c;
    if (c == '\n') {
      lines.append(kColumn, ' ');
    }
  }
  return lines + '\n';
}

/// Adds `more` in brackets to the last line of `text`, or below where it would be too long.
void add_bracketed(std::string& text, std::string_view more) {
  constexpr size_t kLineSize = 68;
  const size_t line_start = text.rfind('\n') + 1;  // 0 when there is none
  const bool fits = text.size() - line_start + more.size() + 3 <= kLineSize;
  text += fmt::format("{}({})", fits ? ' ' : '\n', more);
}

void add_support(std::string& text, Support support) {
  if (support == Support::no_effect) {
    add_bracketed(text, "no effect");
  } else if (support == Support::refused) {
    add_bracketed(text, "not available in this build");
  }
}

std::string with_default(const OptionRow& row) {
  std::string text(row.description);
  const bool told = row.default_value.empty() || row.type == OptionType::flag ||
                    row.type == OptionType::count || row.support != Support::works;
  if (!told) {
    add_bracketed(text, fmt::format("default: {}", row.default_value));
  }
  add_support(text, row.support);
  return text;
}

std::string option_lines(const OptionRow& row) {
  check(!row.long_name.empty() && !row.description.empty(),
        "an option has a name and says what it is");
  std::string left = row.short_name == '\0'
                         ? fmt::format("--{}", row.long_name)
                         : fmt::format("-{}, --{}", row.short_name, row.long_name);
  if (!row.value_name.empty()) {
    left += fmt::format("=<{}>", row.value_name);
  }
  std::string lines = two_columns(left, with_default(row));
  if (row.type == OptionType::count) {
    lines += two_columns("-vv", "log also every command and reply");
    lines += two_columns("-vvv", "log also what goes on inside");
  }
  return lines;
}

std::string suboption_lines(const SuboptionRow& row) {
  check(!row.name.empty(), "a suboption has a name");
  std::string text(row.description);
  if (!row.default_value.empty()) {
    add_bracketed(text, fmt::format("default: {}", row.default_value));
  }
  add_support(text, row.support);
  return two_columns(fmt::format("   - {}:", row.name), text);
}

}  // namespace

std::string help_text() {
  std::string text = version_text();
  for (const OptionRow& row : option_table()) {
    if (row.long_name != "extended") {
      text += option_lines(row);
    }
  }
  const OptionRow* const extended = find_option('o');
  check(extended != nullptr && extended->long_name == "extended", "-o comes last, with its words");
  text += option_lines(*extended);
  for (const SuboptionRow& row : suboption_table()) {
    if (!row.description.empty()) {
      text += suboption_lines(row);
    }
  }
  return text;
}

std::string version_text() {
  return fmt::format("memcached {} (ember {})\n", kMemcachedVersion, kEmberVersion);
}

std::string license_text() { return version_text() + '\n' + std::string(kLicense); }

}  // namespace ember::server
