// SPDX-License-Identifier: BSD-3-Clause
#include "server/server_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include "protocol/reply_buffer.h"
#include "server/session/session.h"
#include "server/settings_report.h"

namespace ember::server {
namespace {

/// memcached keeps this many for itself, and tells so.
constexpr uint64_t kToldReservedDescriptors = 10;

uint64_t microseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

/// As memcached names it, which has a step more: who asks is shown as conn_parse_cmd.
std::string_view state_of(const session::SessionInfo& info) {
  if (info.listening) {
    return "conn_watch";
  }
  if (info.writing) {
    return "conn_mwrite";
  }
  switch (info.reading) {
    case session::Reading::first_request:
      return "conn_new_cmd";
    case session::Reading::request:
      return "conn_read";
    case session::Reading::value:
      break;
  }
  return "conn_nread";
}

}  // namespace

ServerStats::ServerStats(const Options& options, const Clock& clock, const ConnectionLimit& limit)
    : options_(options), clock_(clock), limit_(limit), verbosity_(options.verbosity) {}

void ServerStats::attach(storage::Store& store, CounterRegistry& registry,
                         std::span<const std::unique_ptr<Worker>> workers, const Acceptor& acceptor,
                         const Listeners& listeners) {
  store_ = &store;
  registry_ = &registry;
  workers_ = workers;
  acceptor_ = &acceptor;
  listeners_ = &listeners;
}

ServerStats::Counts ServerStats::counts() const {
  Counts counts;
  // memcached counts its listeners among the connections it ever had.
  counts.total_connections =
      limit_.total() + listeners_->streams.size() + listeners_->datagrams.size();
  counts.rejected_connections = limit_.rejected();
  counts.listen_disabled = acceptor_->disabled_count();
  counts.listen_disabled_us = acceptor_->disabled_us();
  counts.watch = watch_hub_->figures();
  for (const auto& worker : workers_) {
    const session::SessionCounters& counters = worker->counters();
    counts.bytes_read += counters.bytes_read.get();
    counts.bytes_written += counters.bytes_written.get();
    counts.yields += counters.yields.get();
    counts.auth_commands += counters.logins.commands.get();
    counts.auth_errors += counters.logins.errors.get();
    if (const SaslCounters* const sasl = worker->sasl_counters(); sasl != nullptr) {
      counts.auth_commands += sasl->commands.get();
      counts.auth_errors += sasl->errors.get();
    }
  }
  return counts;
}

ServerFigures ServerStats::figures() const {
  ServerFigures figures;
  figures.pid = ::getpid();
  figures.event_library = "ember-";
  figures.event_library += net::name_of(workers_.front()->kind());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  figures.rusage_user_us = microseconds(usage.ru_utime);
  figures.rusage_system_us = microseconds(usage.ru_stime);
  figures.max_connections = limit_.max();
  // As in memcached: a UDP socket is a connection of each worker.
  figures.curr_connections = limit_.current() + listeners_->datagrams.size();
  figures.connection_structures = figures.curr_connections + listeners_->streams.size();
  figures.reserved_fds = kToldReservedDescriptors;
  figures.accepting_conns = acceptor_->accepting();
  figures.threads = workers_.size();
  for (const auto& worker : workers_) {
    figures.response_obj_count += worker->counters().reply_buffers.get();
  }
  add_udp(figures);
  figures.response_obj_bytes = figures.response_obj_count * protocol::BlockPool::kBlockSize;

  if (tls_ != nullptr) {
    figures.tls = TlsFigures{.resumable = options_.tls.session_cache,
                             .new_sessions = tls_->new_sessions(),
                             .handshake_errors = tls_->handshake_errors(),
                             .seconds_since_refresh = tls_->seconds_since_load()};
  }

  const Counts now = counts();
  MutexLock lock(mutex_);
  figures.total_connections = now.total_connections - at_reset_.total_connections;
  figures.rejected_connections = now.rejected_connections - at_reset_.rejected_connections;
  figures.bytes_read = now.bytes_read - at_reset_.bytes_read;
  figures.bytes_written = now.bytes_written - at_reset_.bytes_written;
  figures.auth_cmds = now.auth_commands - at_reset_.auth_commands;
  figures.auth_errors = now.auth_errors - at_reset_.auth_errors;
  figures.conn_yields = now.yields - at_reset_.yields;
  figures.log_worker_dropped = now.watch.worker_dropped - at_reset_.watch.worker_dropped;
  figures.log_worker_written = now.watch.worker_written - at_reset_.watch.worker_written;
  figures.log_watcher_skipped = now.watch.watcher_skipped - at_reset_.watch.watcher_skipped;
  figures.log_watcher_sent = now.watch.watcher_sent - at_reset_.watch.watcher_sent;
  figures.log_watchers = now.watch.watchers;
  figures.listen_disabled_num = now.listen_disabled - at_reset_.listen_disabled;
  figures.time_in_listen_disabled_us = now.listen_disabled_us - at_reset_.listen_disabled_us;
  return figures;
}

std::vector<WorkerFigures> ServerStats::workers() const {
  std::vector<WorkerFigures> all;
  all.reserve(workers_.size());
  for (const auto& worker : workers_) {
    const session::SessionCounters& counters = worker->counters();
    all.push_back({.connections = counters.sessions.get(),
                   .requests = counters.requests.get(),
                   .bytes_read = counters.bytes_read.get(),
                   .bytes_written = counters.bytes_written.get(),
                   .yields = counters.yields.get()});
  }
  return all;
}

void ServerStats::add_udp(ServerFigures& figures) const {
  figures.udp_open = !listeners_->datagrams.empty();
  for (const auto& worker : workers_) {
    for (const session::UdpInfo& info : worker->list_udp()) {
      figures.udp_received += info.received;
      figures.udp_ignored += info.ignored;
      figures.udp_sent += info.sent;
      figures.udp_lost += info.lost;
      figures.udp_withheld += info.withheld;
    }
  }
}

Settings ServerStats::settings() const {
  LiveSettings live;
  const storage::StoreTuning& tuning = store_->tuning();
  live.memory_limit = store_->stats().memory_limit;
  live.sweep = tuning.sweep;
  live.sweep_rest_us = tuning.sweep_rest_us;
  live.automove = tuning.automove;
  live.automove_ratio = tuning.automove_ratio;
  live.track_sizes = store_->sizes().on();
  live.detail = registry_->prefixes().on();
  live.sweep_items = tuning.sweep_items;
  live.verbosity = verbosity_.load(std::memory_order_relaxed);
  for (const net::ListenSocket& listener : listeners_->streams) {
    if (listener.port != 0) {
      live.tcp_port = listener.port;
      break;
    }
  }
  if (!listeners_->datagrams.empty()) {
    live.udp_port = listeners_->datagrams.front().port;
  }
  return settings_report(options_, live);
}

std::vector<ConnectionInfo> ServerStats::connections() const {
  const UnixSeconds now = clock_.now();
  std::vector<ConnectionInfo> infos;
  infos.reserve(listeners_->streams.size());
  const auto seconds_since = [now](UnixSeconds time) { return now > time ? now - time : 0; };
  for (const net::ListenSocket& listener : listeners_->streams) {
    infos.push_back({.number = listener.fd.get(),
                     .addr = listener.name,
                     .listen_addr = {},
                     .state = "conn_listening",
                     .seconds_since_last_command = clock_.uptime()});
  }
  for (const auto& worker : workers_) {
    for (const session::UdpInfo& info : worker->list_udp()) {
      infos.push_back({.number = info.number,
                       .udp = true,
                       .addr = net::local_name(info.number),
                       .listen_addr = {},
                       .state = "conn_read",
                       .seconds_since_last_command = seconds_since(info.last_active)});
    }
  }
  for (const auto& worker : workers_) {
    for (const session::SessionInfo& info : worker->list()) {
      infos.push_back({.number = info.number,
                       .addr = net::peer_name(info.number),
                       .listen_addr = net::local_name(info.number),
                       .state = std::string(state_of(info)),
                       .seconds_since_last_command = seconds_since(info.last_active)});
    }
  }
  return infos;
}

void ServerStats::reset() {
  const Counts now = counts();
  MutexLock lock(mutex_);
  at_reset_ = now;
}

}  // namespace ember::server
