// SPDX-License-Identifier: BSD-3-Clause
// Authentication: what a server asks its clients for: nothing, a name and a password in the text
// protocol (-Y), or SASL in the binary protocol (-S). Not the conversations.
//
// Threads: open() and reload() by one; what it hands out may be used on every worker.
#pragma once

#include <memory>

#include "base/result.h"
#include "server/auth/auth_file.h"
#include "server/auth/sasl.h"
#include "server/options/options.h"
#include "server/session/login.h"

namespace ember::server {

class Authentication {
 public:
  static Result<std::unique_ptr<Authentication>> open(const Options& options);

  /// Reads the file of users anew, if there is one. If it cannot be read, those who could log in
  /// before still can. False when there is nothing to read.
  bool reload();

  /// Who may log in in the text protocol; empty without -Y. Not longer than this lives.
  session::Authenticator may_log_in() const;

  /// Null without -S.
  Sasl* sasl() const { return sasl_.get(); }

 private:
  Authentication() = default;

  Result<void> open_sasl();

  std::unique_ptr<AuthFile> users_;
  std::unique_ptr<Sasl> sasl_;
};

}  // namespace ember::server
