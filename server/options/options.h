// SPDX-License-Identifier: BSD-3-Clause
// Options: everything that can be said to Ember at its start, as plain data. Not a global: each
// server is made from its own Options. Not how it is read from a command line: command_line.h.
//
// The names, defaults and descriptions of all options are one table
// (server/options/option_table.h). Ownership: values only. Threads: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "server/net/tls/tls_options.h"

namespace ember::server {

/// What clients may speak: -B, or proto[] of one listener.
enum class Protocol : uint8_t { automatic, ascii, binary };

/// What a listener's prefix says of TLS: notls, btls (clients need no certificate), mtls (they do).
enum class TlsMode : uint8_t { by_default, off, on, mutual };

/// One address of -l.
struct ListenAddress {
  /// A name or an address, without brackets; empty: every address of this machine.
  std::string host;
  /// The port behind the address; nothing: that of -p.
  std::optional<uint16_t> port;
  /// proto[]; nothing: that of -B.
  std::optional<Protocol> protocol;
  /// tag[]: 1 to 8 characters by which the listener is known; empty: none.
  std::string tag;
  TlsMode tls = TlsMode::by_default;

  bool operator==(const ListenAddress&) const = default;
};

enum class IoKind : uint8_t { automatic, uring, epoll };

/// What is done instead of serving.
enum class Action : uint8_t { serve, print_help, print_version, print_license };

struct Options {
  Action action = Action::serve;

  // Where to listen.
  /// -p. 0: no TCP; -1: any free port (see MEMCACHED_PORT_FILENAME).
  int32_t tcp_port = 11211;
  /// -p was given; without, TCP has the port of -U, if that is not 0.
  bool tcp_port_given = false;
  /// -U. 0: no UDP; -1: any free port.
  int32_t udp_port = 0;
  /// -o udp_max_reply, in bytes: the largest reply to one command over UDP.
  size_t udp_max_reply = 64 * kKiB;
  /// -o udp_max_rate, in bytes a second: what UDP clients of one network are answered at most. 0:
  /// no limit.
  uint64_t udp_max_rate = kMiB;
  /// -l. Empty: every address.
  std::vector<ListenAddress> listen;
  /// -l as it was written, for `stats settings`; empty when it was not.
  std::string listen_text;
  /// -s. When not empty, this is the only place to listen.
  std::string unix_socket;
  /// -a: permissions of the Unix socket.
  uint32_t unix_mask = 0700;
  /// -b
  int32_t listen_backlog = 1024;
  /// -o sock_cookie_id: a mark (SO_MARK) on every socket, for firewalls. 0: none.
  uint32_t socket_mark = 0;

  // The process.
  /// -u: whose rights to take when started by root.
  std::string user;
  /// -d
  bool daemonize = false;
  /// -P: written when not empty, with -d and without (memcached's help says only with).
  std::string pid_file;
  /// -k
  bool lock_memory = false;
  /// -L
  bool large_pages = false;
  /// -r
  bool maximize_core = false;
  /// -v, -vv, -vvv: 1, 2, 3
  uint32_t verbosity = 0;

  // Memory.
  /// -m, in bytes.
  size_t memory_limit = 64 * kMiB;
  /// -m auto: as much as the memory file has, or finds room for.
  bool memory_auto = false;
  /// -e: absolute. Empty: item memory is DRAM.
  std::string memory_file;
  /// --memory-file-sync: a graceful stop writes it to its device.
  bool memory_file_sync = false;
  /// --memory-file-strict: refuse to start rather than start empty.
  bool memory_file_strict = false;
  /// not -M
  bool evict = true;
  /// -I, in bytes.
  size_t item_size_max = kMiB;
  /// -f; the default is storage::StoreOptions's, as is that of -n.
  double growth_factor = 1.08;
  /// -n, in bytes.
  size_t min_item_space = 24;
  /// -o hashpower: room for 2^this items from the start (in memcached, chains of a table of
  /// pointers). 0: the index's own choice.
  unsigned hash_power = 0;

  // Serving.
  /// -c
  size_t max_connections = 1024;
  /// -o lru_crawler: look for expired items in the background.
  bool sweep = true;
  /// -o lru_crawler_sleep: rest after each thousand items looked at.
  uint32_t sweep_rest_us = 100;
  /// -o lru_crawler_tocrawl: most items of a class at one go. 0: all.
  uint32_t sweep_items = 0;
  /// -o track_sizes: count items by size.
  bool track_sizes = false;
  /// -o slab_reassign: do `slabs reassign`, and move pages by need.
  bool slab_reassign = true;
  /// -o slab_automove: when pages move, as storage::StoreTuning has it.
  uint32_t slab_automove = 1;
  /// -o slab_automove_ratio
  double slab_automove_ratio = 0.8;
  /// -o hot_lru_pct, warm_lru_pct: without effect, but memcached refuses a sum above 80.
  uint32_t hot_lru_pct = 20;
  uint32_t warm_lru_pct = 40;
  /// --enable-debug-commands
  bool debug_commands = false;
  /// -o maxconns_fast: beyond -c, say so and close; otherwise stop accepting.
  bool maxconns_fast = true;
  /// -t
  size_t threads = 4;
  /// -R
  size_t requests_per_event = 20;
  /// -o idle_timeout. 0: never.
  uint32_t idle_timeout_s = 0;
  /// -o worker_logbuf_size, in bytes.
  size_t worker_log_size = 64 * kKiB;
  /// -o watcher_logbuf_size, in bytes.
  size_t watcher_log_size = 256 * kKiB;
  /// --io
  IoKind io = IoKind::automatic;
  /// -B
  Protocol protocol = Protocol::automatic;
  /// -B was given.
  bool protocol_given = false;

  // Who may use it.
  /// -Y: absolute. Empty: whoever can connect.
  std::string auth_file;
  /// -S, if not -Y.
  bool sasl = false;
  /// -Z
  bool tls_enabled = false;
  /// -o ssl_*
  net::TlsOptions tls;

  // Commands.
  /// not -C
  bool use_cas = true;
  /// not -F
  bool flush_enabled = true;
  /// not -X
  bool dump_enabled = true;
  /// not -W
  bool watch_enabled = true;
  /// -A
  bool shutdown_command = false;
  /// -D: between the prefix of a key and the rest.
  char prefix_delimiter = ':';
  /// -D was given: counting by prefix was asked for.
  bool detail_enabled = false;

  /// What is logged in any case: one line each.
  std::vector<std::string> warnings;
  /// What the operator may want to know of what was given (an option without effect here): one line
  /// each, logged at -v by main.
  std::vector<std::string> notes;
};

/// Why the command line was refused.
struct OptionError {
  /// For standard error: one or more lines, without the last newline.
  std::string message;
  /// What the process exits with: what memcached exits with for the same mistake.
  int exit_code = 1;
};

/// memcached's exit codes: values that do not fit together (EX_USAGE), no such user (EX_NOUSER),
/// the machine refuses (EX_OSERR: an address, a limit).
inline constexpr int kUsageExitCode = 64;
inline constexpr int kNoUserExitCode = 67;
inline constexpr int kSystemExitCode = 71;

}  // namespace ember::server
