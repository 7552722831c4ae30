// SPDX-License-Identifier: BSD-3-Clause
// ConnectionLog: reports one worker's connections to watchers: conn_new, conn_close. Not sessions:
// it knows a connection by its descriptor.
//
// Ownership: the log outlives it. Threads: the worker's. Cost: with no such watcher, one load a
// connection.
#pragma once

#include <unordered_map>

#include "server/net/peer_address.h"
#include "server/session/close_reason.h"
#include "server/watch/watch_log.h"

namespace ember::server {

class ConnectionLog {
 public:
  explicit ConnectionLog(WatchLog& log) : log_(log) {}

  /// Connection `number` was accepted. Requires: the descriptor is open.
  void opened(int number);
  /// Connection `number` is about to be closed, for `reason`. Requires: the descriptor is open.
  void closed(int number, session::CloseReason reason);

 private:
  void report(WatchEvent event, const net::PeerAddress& peer, int number);

  WatchLog& log_;
  // While somebody watches: the system forgets who was at the other end of a connection when that
  // is reset.
  std::unordered_map<int, net::PeerAddress> peers_;
};

}  // namespace ember::server
