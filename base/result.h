// SPDX-License-Identifier: BSD-3-Clause
// Result: what a cold path (open, bind, configure, recover) returns.
// Not for the request path: requests answer with small enums.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ember {

/// Why something could not be done. `message` names the cause and the remedy, for an operator.
struct Error {
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail("...");` from any function that returns a Result.
inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

/// `fail` with the text of an errno value: "cannot bind 127.0.0.1:11211: Address already in use".
std::unexpected<Error> fail_errno(std::string_view what, int error_number);

}  // namespace ember
