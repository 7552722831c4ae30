// SPDX-License-Identifier: BSD-3-Clause
// StatsSource: what `stats` tells that only the server knows: the process, its connections, its
// settings. The seam by which server/command asks and server answers.
//
// Threads: called on any worker's loop; the implementation must allow it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ember::server {

/// What plain `stats` tells of TLS, when it is spoken.
struct TlsFigures {
  bool resumable = false;  // only then are new_sessions told
  uint64_t new_sessions = 0;
  uint64_t handshake_errors = 0;
  uint64_t seconds_since_refresh = 0;
};

/// Figures of plain `stats`, named as there. Counts are since start or the last reset().
struct ServerFigures {
  int64_t pid = 0;
  /// What stands behind memcached's `libevent`: the name and version of the event loop.
  std::string event_library;
  uint64_t rusage_user_us = 0;
  uint64_t rusage_system_us = 0;
  uint64_t max_connections = 0;
  uint64_t curr_connections = 0;
  uint64_t total_connections = 0;
  uint64_t rejected_connections = 0;
  uint64_t connection_structures = 0;
  uint64_t response_obj_oom = 0;
  uint64_t response_obj_count = 0;
  uint64_t response_obj_bytes = 0;
  uint64_t read_buf_count = 0;
  uint64_t read_buf_bytes = 0;
  uint64_t read_buf_bytes_free = 0;
  uint64_t read_buf_oom = 0;
  uint64_t reserved_fds = 0;
  uint64_t auth_cmds = 0;
  uint64_t auth_errors = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  bool accepting_conns = true;
  uint64_t listen_disabled_num = 0;
  uint64_t time_in_listen_disabled_us = 0;
  uint64_t threads = 0;
  uint64_t conn_yields = 0;
  uint64_t malloc_fails = 0;
  uint64_t log_worker_dropped = 0;
  uint64_t log_worker_written = 0;
  uint64_t log_watcher_skipped = 0;
  uint64_t log_watcher_sent = 0;
  uint64_t log_watchers = 0;
  uint64_t round_robin_fallback = 0;
  std::optional<TlsFigures> tls;
  // For `stats ember`, since start: datagrams, but for udp_withheld, which counts replies.
  bool udp_open = false;
  uint64_t udp_received = 0;
  uint64_t udp_ignored = 0;
  uint64_t udp_sent = 0;
  uint64_t udp_lost = 0;
  uint64_t udp_withheld = 0;
};

/// One worker in `stats ember`. Counts are since the start.
struct WorkerFigures {
  uint64_t connections = 0;
  uint64_t requests = 0;  // commands parsed: a retrieval line of n keys is n + 1
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t yields = 0;
};

/// `stats settings`: names and values as printed, in order.
using Settings = std::vector<std::pair<std::string, std::string>>;

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
  virtual ServerFigures figures() const = 0;
  virtual Settings settings() const = 0;
  virtual std::vector<ConnectionInfo> connections() const = 0;
  virtual std::vector<WorkerFigures> workers() const = 0;
  /// `stats reset`: counts from zero again (not what is a state, such as curr_connections).
  virtual void reset() = 0;
};

}  // namespace ember::server
