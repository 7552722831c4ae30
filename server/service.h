// SPDX-License-Identifier: BSD-3-Clause
// Service: what a worker serves its clients with: the handler that answers them, and what has to
// be done around the waits of the worker's loop. The seam between a worker, which knows
// connections only, and whoever composes a server: the local store (local_service.h) or a proxy.
// Not the answering itself: that is protocol/handler.h.
//
// Threads: made, and called, on the worker's thread; destroyed after it has ended.
// Cost: one virtual call a turn and two a wait; none a request.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "protocol/handler.h"
#include "server/net/poller.h"

namespace ember::server {

class Service {
 public:
  virtual ~Service() = default;

  /// Returns the handler of all the worker's sessions, the same each time.
  virtual protocol::Handler& handler() = 0;

  /// The thread may now wait for long, or has had its last turn.
  virtual void before_wait() = 0;
  virtual void after_wait() = 0;

  /// A turn is over: no call of the handler is under way, and what was answered is sent or waits in
  /// reply buffers.
  virtual void after_turn() = 0;

  /// net::Poller::wake() was called, perhaps not for this service.
  virtual void on_wake() = 0;
};

/// Makes the service of one worker, on its thread. `poller` is the worker's and outlives the
/// service; any thread may wake it. An error ends the start of the server.
using ServiceFactory = std::function<Result<std::unique_ptr<Service>>(net::Poller& poller)>;

}  // namespace ember::server
