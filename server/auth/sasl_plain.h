// SPDX-License-Identifier: BSD-3-Clause
// SaslPlain: SASL PLAIN (RFC 4616) against a file of user:password lines (MEMCACHED_SASL_PWDB),
// without any library. It asks nobody and never waits.
#pragma once

#include <optional>
#include <string_view>

#include "server/auth/auth_file.h"
#include "server/auth/sasl.h"

namespace ember::server {

/// What a PLAIN message says. Views into it.
struct PlainMessage {
  std::string_view authorization;  // on whose behalf; usually empty
  std::string_view user;
  std::string_view password;
};

/// Nothing when `data` is no such message.
std::optional<PlainMessage> read_plain(std::string_view data);

class SaslPlain final : public Sasl {
 public:
  /// `users` outlives this.
  explicit SaslPlain(const AuthFile& users) : users_(users) {}

  std::string mechanisms() override { return "PLAIN"; }
  std::unique_ptr<SaslConversation> begin() override;

 private:
  const AuthFile& users_;
};

}  // namespace ember::server
