// SPDX-License-Identifier: BSD-3-Clause
// arguments: see the header.
#include "protocol/arguments.h"

#include <memory>

#include "base/numbers.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {

Arguments::Arguments(std::string_view text) {
  const char* const begin = std::to_address(text.begin());
  const char* const end = std::to_address(text.end());
  Words words(begin, end, end);
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (count_ < kKept) {
      words_[count_] = word;
    }
    ++count_;
  }
}

std::optional<int64_t> parse_signed(std::string_view word) {
  if (word.starts_with('+') && !word.starts_with("+-")) {
    word.remove_prefix(1);
  }
  return parse_i64(word);
}

}  // namespace ember::protocol
