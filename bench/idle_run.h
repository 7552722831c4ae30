// SPDX-License-Identifier: BSD-3-Clause
// IdleRun: what a server's connections cost in memory while they do nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/tls_client.h"

namespace ember::bench {

struct IdleOptions {
  std::string server = "127.0.0.1:11211";
  const TlsClient* tls = nullptr;  // null: plain
  pid_t server_pid = 0;
  uint32_t connections = 1000;
  bool use_once = true;  // a get on each before it falls idle, as a client pool leaves them
  double hold_seconds = 2;
};

struct IdleResult {
  uint64_t resident_before = 0;
  uint64_t resident_after = 0;
  double bytes_per_connection = 0;
};

/// The connections before the first count as the server's start-up: one is opened and used first.
Result<IdleResult> perform_idle_run(const IdleOptions& options);

}  // namespace ember::bench
