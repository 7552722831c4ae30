// SPDX-License-Identifier: BSD-3-Clause
// Authentication: what a server asks its clients for: nothing, a name and a password in the text
// protocol (-Y), or SASL in the binary protocol (-S). Not the conversations.
//
// Threads: open() and reload() by one; what it hands out may be used on every worker.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "server/auth/auth_file.h"
#include "server/auth/sasl.h"
#include "server/session/authenticator.h"

namespace ember::server {

struct AuthenticationOptions {
  /// -Y: a file of user:password lines, for the text protocol. Empty: not asked for.
  std::string auth_file;
  /// -S: SASL, for the binary protocol. Of the two, -Y counts.
  bool sasl = false;
};

class Authentication {
 public:
  /// Returns what `options` ask for, with the users read; an error says why they cannot be.
  static Result<std::unique_ptr<Authentication>> open(const AuthenticationOptions& options);

  /// Reads the file of users anew, if there is one. If it cannot be read, those who could log in
  /// before still can. False when there is nothing to read.
  bool reload();

  /// Judges who may log in in the text protocol. Null without -Y. Not longer than this lives.
  const session::Authenticator* authenticator() const;

  /// Null without -S.
  Sasl* sasl() const { return sasl_.get(); }

 private:
  Authentication() = default;

  Result<void> open_sasl();

  std::unique_ptr<AuthFile> users_;
  std::unique_ptr<Sasl> sasl_;
};

}  // namespace ember::server
