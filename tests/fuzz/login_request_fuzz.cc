// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes what is read of a stranger: it stays within its bounds, always gets on, and comes to the
// same however the input is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "protocol/login_request.h"

namespace {

using ember::protocol::kMaxLoginLine;
using ember::protocol::kMaxLoginValue;
using ember::protocol::LoginRequest;
using ember::protocol::read_login;
using Kind = LoginRequest::Kind;

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

bool same(const LoginRequest& one, const LoginRequest& other) {
  return one.kind == other.kind && one.consumed == other.consumed && one.user == other.user &&
         one.password == other.password && one.value_follows == other.value_follows;
}

void require_words(const LoginRequest& request, std::span<const char> input) {
  for (const std::string_view word : {request.user, request.password}) {
    require(!word.empty() && word.find(' ') == std::string_view::npos);
    require(word.data() >= input.data() &&
            word.data() + word.size() <= input.data() + request.consumed);
  }
}

/// With one byte less than the whole request, more is wanted; with nothing behind it, it is the
/// same.
void require_uncut(const LoginRequest& request, std::span<const char> input) {
  require(same(request, read_login(input.first(request.consumed))));
  require(read_login(input.first(request.consumed - 1)).kind == Kind::more_input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const char> input(reinterpret_cast<const char*>(data), size);
  while (true) {
    const LoginRequest request = read_login(input);
    require(request.consumed <= input.size());
    if (request.kind == Kind::more_input) {
      require(request.consumed == 0 && input.size() <= kMaxLoginLine + kMaxLoginValue + 2);
      break;
    }
    if (request.kind == Kind::endless_line) {
      require(input.size() > kMaxLoginLine);
      break;
    }
    require(request.consumed > 0);
    if (request.kind == Kind::credentials) {
      require_words(request, input);
    }
    require_uncut(request, input);
    input = input.subspan(request.consumed);
  }
  return 0;
}
