// SPDX-License-Identifier: BSD-3-Clause
// Listeners: every socket that clients reach a server on, opened from its options. Not accepting:
// acceptor.h. Sockets that a service manager opened: passed_sockets.h.
// Ownership: the sockets close with it. Threads: opened by one, then read by all.
#pragma once

#include <vector>

#include "base/result.h"
#include "server/net/sockets.h"
#include "server/options/options.h"

namespace ember::server {

struct Listeners {
  /// TCP or Unix. What is at the same index of `specs` is what each was opened for.
  std::vector<net::ListenSocket> streams;
  std::vector<ListenAddress> specs;
  /// UDP: for each address, one for every worker, in their order.
  std::vector<net::ListenSocket> datagrams;
  std::vector<ListenAddress> datagram_specs;  // likewise
};

/// Opens what -p, -U, -l and -s ask for: each socket has its address, and listens.
/// Returns an error that names the address and what to do, when one cannot be had.
/// Requires: `options` are checked (option_checks.h).
Result<Listeners> open_listeners(const Options& options);

}  // namespace ember::server
