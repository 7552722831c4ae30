// SPDX-License-Identifier: BSD-3-Clause
// Listeners: every socket a server hears clients on, opened from its options.
// Threads: opened by one; what they are is then read by all.
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

Result<Listeners> open_listeners(const Options& options);

}  // namespace ember::server
