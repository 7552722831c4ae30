// SPDX-License-Identifier: BSD-3-Clause
#include "base/numbers.h"

#include <charconv>
#include <system_error>

namespace ember {
namespace {

template <typename T>
std::optional<T> parse_all(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<uint64_t> parse_u64(std::string_view text) { return parse_all<uint64_t>(text); }

std::optional<int64_t> parse_i64(std::string_view text) { return parse_all<int64_t>(text); }

char* write_u64(char* to, uint64_t value) {
  return std::to_chars(to, to + kMaxDecimalSize, value).ptr;
}

char* write_i64(char* to, int64_t value) {
  return std::to_chars(to, to + kMaxDecimalSize, value).ptr;
}

}  // namespace ember
