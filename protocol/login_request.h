// SPDX-License-Identifier: BSD-3-Clause
// login_request: what a client that has yet to prove who it is (-Y) may say in the text protocol: a
// set command of any key whose value is "user password" (protocol.txt, "Authentication"). Anything
// else is recognized only as far as is needed to refuse it. Not who may log in.
//
// Beside the parser, not in it: no other code reads bytes of a client that has not authenticated,
// and memcached's set is looser here (any key and flags at all).
//
// Threads: any; it keeps nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ember::protocol {

/// The longest line, and the longest value that is waited for: what a client can make a session
/// hold before it has authenticated is their sum.
inline constexpr size_t kMaxLoginLine = 2048;
inline constexpr size_t kMaxLoginValue = 2048;

struct LoginRequest {
  enum class Kind : uint8_t {
    more_input,    // not all there: nothing is consumed
    credentials,   // user and password are set
    malformed,     // a set, but its value is not two words
    bad_end,       // a set whose value does not end with its line
    too_large,     // a set of a value that can be no credentials; value_size bytes follow
    other,         // any other line; value_size says what value follows it
    endless_line,  // the connection cannot go on
  };

  Kind kind = Kind::more_input;
  size_t consumed = 0;  // bytes of input done with
  /// A value of value_size bytes and its terminator follow, to be swallowed.
  bool value_follows = false;
  uint64_t value_size = 0;
  // Views into the input.
  std::string_view user;
  std::string_view password;
};

/// Reads one request from the beginning of `input`. Returns what it is; views in it live as long as
/// the input. What is returned does not depend on how the input was cut.
LoginRequest read_login(std::span<const char> input);

}  // namespace ember::protocol
