// SPDX-License-Identifier: BSD-3-Clause
// Arguments: the words behind the name of a command without a key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ember::protocol {

class Arguments {
 public:
  explicit Arguments(std::string_view text);

  /// All words, also those beyond what operator[] gives.
  size_t count() const { return count_; }

  /// The word at `index`; empty when there is none, and beyond kKept.
  std::string_view operator[](size_t index) const {
    return index < kKept ? words_[index] : std::string_view();
  }

  bool last_is(std::string_view word) const {
    return count_ > 0 && count_ <= kKept && words_[count_ - 1] == word;
  }

 private:
  static constexpr size_t kKept = 6;

  std::array<std::string_view, kKept> words_;
  size_t count_ = 0;
};

/// A number as strtol reads it: a sign of either kind is allowed.
std::optional<int64_t> parse_signed(std::string_view word);

}  // namespace ember::protocol
