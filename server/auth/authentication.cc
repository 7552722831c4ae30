// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/authentication.h"

#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/auth/cyrus_sasl.h"
#include "server/auth/sasl_plain.h"

namespace ember::server {
namespace {

/// Names the users of -S, as in a memcached that was built for it; without it Cyrus' library is
/// asked.
constexpr const char* kSaslUsersVariable = "MEMCACHED_SASL_PWDB";

}  // namespace

Result<std::unique_ptr<Authentication>> Authentication::open(const AuthenticationOptions& options) {
  std::unique_ptr<Authentication> opened(new Authentication);
  Result<void> result;
  if (!options.auth_file.empty()) {
    opened->users_ = std::make_unique<AuthFile>(options.auth_file, "-Y");
    result = opened->users_->load();
  } else if (options.sasl) {
    result = opened->open_sasl();
  }
  if (!result) {
    return fail(result.error().message);
  }
  check(options.sasl || opened->sasl_ == nullptr, "SASL is spoken with -S only");
  return opened;
}

Result<void> Authentication::open_sasl() {
  check(users_ == nullptr && sasl_ == nullptr, "either the text protocol asks for users, or SASL");
  if (const char* const path = std::getenv(kSaslUsersVariable); path != nullptr) {
    users_ = std::make_unique<AuthFile>(path, kSaslUsersVariable);
    sasl_ = std::make_unique<SaslPlain>(*users_);
    return users_->load();
  }
  auto cyrus = CyrusSasl::open();
  if (!cyrus) {
    return fail(cyrus.error().message);
  }
  sasl_ = std::move(*cyrus);
  return {};
}

bool Authentication::reload() {
  if (users_ == nullptr) {
    return false;
  }
  if (auto loaded = users_->load(); !loaded) {
    log::warning("{}; those who could log in before still can", loaded.error().message);
  } else {
    log::info("read auth file {} anew, {} users", users_->path(), users_->size());
  }
  return true;
}

const session::Authenticator* Authentication::authenticator() const {
  return sasl_ == nullptr ? users_.get() : nullptr;
}

}  // namespace ember::server
