// SPDX-License-Identifier: BSD-3-Clause
// Authenticator: the seam between a session that asks for a name and a password (login.h) and
// whoever knows the users (server/auth). Not the conversation, not where users are kept.
//
// Threads: all calls from any.
#pragma once

#include <string_view>

namespace ember::server::session {

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// Returns whether `user` may log in with `password`. May take as long as a hash does.
  virtual bool allow(std::string_view user, std::string_view password) const = 0;
};

}  // namespace ember::server::session
