// SPDX-License-Identifier: BSD-3-Clause
// ArgumentReader: a command line, one option at a time, by the rules of getopt_long, which
// memcached's users know: -m64, -m 64, "-m 64" in one argument, -vvu nobody, --memory-limit=64,
// --memory-limit 64, --memory-l 64 (any beginning that fits one name only), options behind words,
// nothing behind "--". Beyond them: --memory_limit, and blanks around a value.
// Not the values: it knows only which options take one.
//
// Ownership: refers to the arguments. Threads: one.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/options/option_table.h"
#include "server/options/options.h"

namespace ember::server {

struct GivenOption {
  const OptionRow* row = nullptr;
  /// Nothing for an option that takes no value and was given none.
  std::optional<std::string> value;
};

class ArgumentReader {
 public:
  /// Requires: `arguments` outlive the reader.
  explicit ArgumentReader(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  /// Returns the next option; nothing at the end; an error for one that does not exist, lacks its
  /// value or has one too many.
  std::expected<std::optional<GivenOption>, OptionError> next();

  /// Returns the words met so far that belong to no option. memcached ignores them.
  const std::vector<std::string>& ignored_words() const { return ignored_words_; }

 private:
  using Given = std::expected<std::optional<GivenOption>, OptionError>;

  Given next_short();
  Given next_long(std::string_view text);
  std::optional<std::string> take_argument();

  const std::vector<std::string>& arguments_;
  size_t index_ = 0;
  std::string_view cluster_;  // what is left of "-vvv" behind the option last taken
  std::vector<std::string> ignored_words_;
};

}  // namespace ember::server
