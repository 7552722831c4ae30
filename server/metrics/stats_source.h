// SPDX-License-Identifier: BSD-3-Clause
// StatsSource: what `stats` asks its server for: the metrics, and the list of connections. The seam
// by which server/command asks and server answers.
//
// Threads: called on any worker's loop; the implementation must allow it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/metrics/registry.h"

namespace ember::server {

/// One connection or listener of `stats conns`.
struct ConnectionInfo {
  int number = 0;           // its descriptor
  bool udp = false;         // a worker's UDP socket
  std::string addr;         // "tcp:127.0.0.1:34658", "unix:/run/ember.sock"
  std::string listen_addr;  // where it was accepted; empty for a listener
  std::string state;        // "conn_listening", "conn_parse_cmd"
  uint32_t seconds_since_last_command = 0;
};

class StatsSource {
 public:
  virtual ~StatsSource() = default;

  virtual const MetricRegistry& metrics() const = 0;

  /// Returns the listeners, then the UDP sockets, then the connections, those of one worker
  /// together.
  virtual std::vector<ConnectionInfo> connections() const = 0;

  /// `stats reset`: counters count from zero again; states (such as curr_connections) do not.
  virtual void reset() = 0;
};

}  // namespace ember::server
