// SPDX-License-Identifier: BSD-3-Clause
// CyrusSasl: SASL by Cyrus' library, as memcached has it: service "memcached", configured by
// memcached.conf (mech_list, sasldb_path, pwcheck_method ...) in SASL_CONF_PATH, /etc/sasl or
// /etc/sasl2. Not the binary protocol around it.
//
// Threads: made and destroyed by one; the library's own state is the process's, and counted.
// Cost: a step may wait for saslauthd or a database, and with it all clients of its worker; there
// is no bound on that but the library's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "server/auth/sasl.h"

namespace ember::server {

class CyrusSasl final : public Sasl {
 public:
  static Result<std::unique_ptr<CyrusSasl>> open();
  ~CyrusSasl() override;
  CyrusSasl(const CyrusSasl&) = delete;
  CyrusSasl& operator=(const CyrusSasl&) = delete;

  std::string mechanisms() override { return mechanisms_; }
  std::unique_ptr<SaslConversation> begin() override;

 private:
  CyrusSasl() = default;

  std::string mechanisms_;
};

}  // namespace ember::server
