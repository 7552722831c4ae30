// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/login_request.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "protocol/tokenizer.h"

namespace ember::protocol {
namespace {

using Kind = LoginRequest::Kind;

constexpr std::string_view kLineEnd = "\r\n";

/// The commands of the form "word key flags exptime size", followed by a value.
constexpr std::array<std::string_view, 6> kStorageWords{"set",    "add",     "replace",
                                                        "append", "prepend", "cas"};

/// Reads the line "word key flags exptime size"; false if it is another one.
bool read_storage_line(std::string_view line, std::string_view& word, uint64_t& value_size) {
  const char* const end = line.data() + line.size();
  Words words(line.data(), end, end);
  word = words.next();
  if (std::ranges::find(kStorageWords, word) == kStorageWords.end()) {
    return false;
  }
  words.next();  // the key,
  words.next();  // the flags
  words.next();  // and the exptime may be anything
  return read_unsigned(words.next(), value_size);
}

void read_value(std::string_view value, LoginRequest& request) {
  // memcached's words end at a zero byte, and it looks at no third one. A password with a zero
  // byte matches none of the file, so there is nothing to cut.
  const char* const end = value.data() + value.size();
  Words words(value.data(), end, end);
  request.user = words.next();
  request.password = words.next();
  request.kind = request.password.empty() ? Kind::malformed : Kind::credentials;
}

}  // namespace

LoginRequest read_login(std::span<const char> input) {
  LoginRequest request;
  const std::string_view text(input.data(), input.size());
  const std::string_view head = text.substr(0, kMaxLoginLine + 1);
  const size_t line_size = head.find('\n');
  if (line_size == std::string_view::npos) {
    request.kind = head.size() > kMaxLoginLine ? Kind::endless_line : Kind::more_input;
    return request;
  }
  std::string_view line = head.substr(0, line_size);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const size_t value_at = line_size + 1;
  debug_check(value_at <= text.size(), "a line lies within the input");
  std::string_view word;
  const bool storage = read_storage_line(line, word, request.value_size);
  if (!storage || word != "set") {
    request.kind = Kind::other;
    request.value_follows = storage;
    request.consumed = value_at;
    return request;
  }
  if (request.value_size > kMaxLoginValue) {
    request.kind = Kind::too_large;
    request.value_follows = true;
    request.consumed = value_at;
    return request;
  }
  const std::string_view rest = text.substr(value_at);
  if (rest.size() < request.value_size + kLineEnd.size()) {
    return request;
  }
  request.consumed = value_at + request.value_size + kLineEnd.size();
  debug_check(request.consumed <= input.size(), "no more is consumed than came in");
  if (rest.substr(request.value_size, kLineEnd.size()) != kLineEnd) {
    request.kind = Kind::bad_end;
    return request;
  }
  read_value(rest.substr(0, request.value_size), request);
  return request;
}

}  // namespace ember::protocol
