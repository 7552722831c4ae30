// SPDX-License-Identifier: BSD-3-Clause
// WatchSessions: the `watch` command, and the watchers among one worker's connections.
//
// Threads: the worker's. Ownership: refers to clients until forget().
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/handler.h"
#include "server/watch/watch_service.h"

namespace ember::server {

class WatchSessions {
 public:
  /// Both outlive it.
  WatchSessions(WatchService& service, WatchOutlet& outlet) : service_(service), outlet_(outlet) {}

  /// watch [stream ...]: the client listens from now on, if that is what this returns.
  protocol::Next start(protocol::Client& client, std::string_view words,
                       protocol::ReplyBuffer& reply);

  /// Lines that the service gave to the outlet.
  void tell(uint64_t watcher, std::string_view lines);

  /// The client has got all it was told.
  void heard(const protocol::Client& client);
  void forget(const protocol::Client& client);

 private:
  struct Watcher {
    protocol::Client* client;
    uint64_t id;
    bool told = false;  // something that it may not have got yet
  };
  std::vector<Watcher>::iterator find(const protocol::Client& client);

  WatchService& service_;
  WatchOutlet& outlet_;
  std::vector<Watcher> watchers_;  // few: a server has 20 at most
};

}  // namespace ember::server
