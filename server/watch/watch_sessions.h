// SPDX-License-Identifier: BSD-3-Clause
// WatchSessions: the `watch` command, and the watchers among one worker's connections. Not what
// they are told: lines come from the WatchService.
//
// Threads: the worker's. Ownership: refers to a client from start() until forget().
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

  /// watch [stream ...], where `words` are the streams: answers it. Returns Next::listen when the
  /// client is a watcher from now on, else Next::ready.
  protocol::Next start(protocol::Client& client, std::string_view words,
                       protocol::ReplyBuffer& reply);

  /// Passes on lines that the service delivered. A watcher that is not, or no more, among these
  /// gets nothing.
  void report(uint64_t watcher, std::string_view lines);

  /// The client's connection has sent all that was reported to it.
  void reported(const protocol::Client& client);

  /// The client is gone. Other clients than watchers may be forgotten too.
  void forget(const protocol::Client& client);

 private:
  struct Watcher {
    protocol::Client* client;
    uint64_t id;
    bool unsent = false;  // it was given lines that may not be sent yet
  };
  std::vector<Watcher>::iterator find(const protocol::Client& client);

  WatchService& service_;
  WatchOutlet& outlet_;
  std::vector<Watcher> watchers_;  // few: a server has 20 at most
};

}  // namespace ember::server
