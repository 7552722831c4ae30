// SPDX-License-Identifier: BSD-3-Clause
#include "server/server_metrics.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "protocol/reply_buffer.h"
#include "server/net/poller.h"
#include "server/options/help.h"

namespace ember::server {
namespace {

using enum MetricReset;
using enum MetricSection;
using WatchStats = WatchHub::Stats;

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kText = MetricKind::text;

/// For figures of memcached's that Ember has no like for: an idle memcached shows 0.
constexpr auto kNone = [](const auto& /*source*/) { return uint64_t{0}; };

/// memcached keeps this many for itself, and shows it.
constexpr uint64_t kReservedDescriptors = 10;

rusage usage_now() {
  rusage usage{};
  check(::getrusage(RUSAGE_SELF, &usage) == 0, "a process may ask for its own usage");
  return usage;
}

std::string seconds_text(const timeval& time) {
  debug_check(time.tv_usec >= 0 && time.tv_usec < 1'000'000, "microseconds are below a second");
  return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec);
}

/// As in memcached: a UDP socket is a connection of each worker.
uint64_t connection_count(const ServerParts& server) {
  return server.limit.current() + server.listeners.datagrams.size();
}

constexpr auto kServerMetrics = std::to_array<MetricRow<ServerParts>>({
    {{"pid", process, kGauge, "", "id of the process"},
     [](const ServerParts& /*server*/) { return ::getpid(); }},
    {{"uptime", process, kCounter, "seconds", "time since the server was started"},
     [](const ServerParts& server) { return server.clock.uptime(); }},
    {{"time", process, kGauge, "seconds", "the server's clock, since 1970"},
     [](const ServerParts& server) { return server.clock.now(); }},
    {{"version", process, kText, "", "the memcached that Ember stands beside"},
     [](const ServerParts& /*server*/) { return kMemcachedVersion; }},
    {{"libevent", process, kText, "", "the event loop: ember-io_uring or ember-epoll"},
     [](const ServerParts& server) {
       return fmt::format("ember-{}", net::name_of(server.workers.front()->kind()));
     }},
    {{"pointer_size", process, kGauge, "bits", "size of an address"},
     [](const ServerParts& /*server*/) { return sizeof(void*) * 8; }},
    {{"rusage_user", process, kCounter, "seconds", "processor time of the process"},
     [](const ServerParts& /*server*/) { return seconds_text(usage_now().ru_utime); }},
    {{"rusage_system", process, kCounter, "seconds", "processor time of the kernel for it"},
     [](const ServerParts& /*server*/) { return seconds_text(usage_now().ru_stime); }},

    {{"max_connections", connections, kGauge, "", "connections there may be (-c)"},
     [](const ServerParts& server) { return server.limit.max(); }},
    {{"curr_connections", connections, kGauge, "", "connections there are"},
     [](const ServerParts& server) { return connection_count(server); }},
    {{"total_connections", connections, kCounter, "", "connections there were, and listeners",
      subtracts},
     [](const ServerParts& server) {
       // memcached counts its listeners among the connections it ever had.
       return server.limit.total() + server.listeners.streams.size() +
              server.listeners.datagrams.size();
     }},
    {{"rejected_connections", connections, kCounter, "", "connections refused beyond -c",
      subtracts},
     [](const ServerParts& server) { return server.limit.rejected(); }},
    {{"connection_structures", connections, kGauge, "", "connections and listeners there are"},
     [](const ServerParts& server) {
       return connection_count(server) + server.listeners.streams.size();
     }},

    {{"read_buf_count", buffers, kGauge, "", "always 0: connections hold no read buffers"}, kNone},
    {{"read_buf_bytes", buffers, kGauge, "bytes", "always 0"}, kNone},
    {{"read_buf_bytes_free", buffers, kGauge, "bytes", "always 0"}, kNone},
    {{"read_buf_oom", buffers, kCounter, "", "always 0"}, kNone},
    {{"reserved_fds", buffers, kGauge, "", "descriptors set aside"},
     [](const ServerParts& /*server*/) { return kReservedDescriptors; }},

    {{"accepting_conns", threads, kGauge, "", "1 while connections are accepted"},
     [](const ServerParts& server) { return server.acceptor.accepting(); }},
    {{"listen_disabled_num", threads, kCounter, "", "how often accepting had to pause", subtracts},
     [](const ServerParts& server) { return server.acceptor.disabled_count(); }},
    {{"time_in_listen_disabled_us", threads, kCounter, "us", "how long accepting paused in all",
      subtracts},
     [](const ServerParts& server) { return server.acceptor.disabled_us(); }},
    {{"threads", threads, kGauge, "", "workers (-t)"},
     [](const ServerParts& server) { return server.workers.size(); }},

    {{"malloc_fails", log, kCounter, "", "always 0"}, kNone},
    {{"unexpected_napi_ids", queues, kCounter, "", "always 0"}, kNone},
    {{"round_robin_fallback", queues, kCounter, "", "always 0: all go to workers in turn"}, kNone},
});

/// Sums over all workers.
constexpr auto kWorkerSums = std::to_array<MetricRow<Worker>>({
    {{"response_obj_oom", replies, kCounter, "", "always 0"}, kNone},
    {{"response_obj_count", replies, kGauge, "", "reply buffers in use"},
     [](const Worker& worker) { return worker.counters().reply_buffers.get(); }},
    {{"response_obj_bytes", replies, kGauge, "bytes", "memory of their first blocks"},
     [](const Worker& worker) {
       return worker.counters().reply_buffers.get() * protocol::BlockPool::kBlockSize;
     }},
    {{"auth_cmds", traffic, kCounter, "", "attempts to log in", subtracts},
     [](const Worker& worker) {
       const SaslCounters* const sasl = worker.sasl_counters();
       return worker.counters().logins.commands + (sasl != nullptr ? sasl->commands.get() : 0);
     }},
    {{"auth_errors", traffic, kCounter, "", "attempts to log in that failed", subtracts},
     [](const Worker& worker) {
       const SaslCounters* const sasl = worker.sasl_counters();
       return worker.counters().logins.errors + (sasl != nullptr ? sasl->errors.get() : 0);
     }},
    {{"bytes_read", traffic, kCounter, "bytes", "bytes read from clients", subtracts},
     [](const Worker& worker) { return worker.counters().bytes_read.get(); }},
    {{"bytes_written", traffic, kCounter, "bytes", "bytes written to clients", subtracts},
     [](const Worker& worker) { return worker.counters().bytes_written.get(); }},
    {{"conn_yields", threads, kCounter, "", "turns that connections gave to others (-R)",
      subtracts},
     [](const Worker& worker) { return worker.counters().yields.get(); }},
});

/// One worker in `stats ember`.
constexpr auto kEachWorker = std::to_array<MetricRow<Worker>>({
    {{"connections", workers, kGauge, "", "connections of the worker"},
     [](const Worker& worker) { return worker.counters().sessions.get(); }},
    {{"requests", workers, kCounter, "", "commands parsed: a retrieval of n keys is n + 1"},
     [](const Worker& worker) { return worker.counters().requests.get(); }},
    {{"bytes_read", workers, kCounter, "bytes", "bytes read from clients"},
     [](const Worker& worker) { return worker.counters().bytes_read.get(); }},
    {{"bytes_written", workers, kCounter, "bytes", "bytes written to clients"},
     [](const Worker& worker) { return worker.counters().bytes_written.get(); }},
    {{"yields", workers, kCounter, "", "turns that connections gave to others (-R)"},
     [](const Worker& worker) { return worker.counters().yields.get(); }},
});

constexpr auto kWatchMetrics = std::to_array<MetricRow<WatchStats>>({
    {{"log_worker_dropped", log, kCounter, "", "events lost as a worker's ring was full",
      subtracts},
     &WatchStats::worker_dropped},
    {{"log_worker_written", log, kCounter, "", "events that workers told", subtracts},
     &WatchStats::worker_written},
    {{"log_watcher_skipped", log, kCounter, "", "lines that slow watchers missed", subtracts},
     &WatchStats::watcher_skipped},
    {{"log_watcher_sent", log, kCounter, "", "lines sent to watchers", subtracts},
     &WatchStats::watcher_sent},
    {{"log_watchers", log, kGauge, "", "watchers there are"}, &WatchStats::watchers},
});

/// While TLS is spoken.
constexpr auto kTlsMetrics = std::to_array<MetricRow<ServerParts>>({
    {{"ssl_new_sessions", tls, kCounter, "", "sessions begun anew; with ssl_session_cache only"},
     [](const ServerParts& server) -> MetricValue {
       if (!server.options.tls.session_cache) {
         return {};
       }
       return server.tls->new_sessions();
     }},
    {{"ssl_handshake_errors", tls, kCounter, "", "handshakes that failed"},
     [](const ServerParts& server) { return server.tls->handshake_errors(); }},
    {{"time_since_server_cert_refresh", tls, kGauge, "seconds", "age of the loaded certificates"},
     [](const ServerParts& server) { return server.tls->seconds_since_load(); }},
});

/// While UDP is heard; sums over all sockets.
constexpr auto kUdpMetrics = std::to_array<MetricRow<session::UdpInfo>>({
    {{"udp_received", udp, kCounter, "", "datagrams received"}, &session::UdpInfo::received},
    {{"udp_ignored", udp, kCounter, "", "datagrams received that were no request"},
     &session::UdpInfo::ignored},
    {{"udp_sent", udp, kCounter, "", "datagrams sent"}, &session::UdpInfo::sent},
    {{"udp_lost", udp, kCounter, "", "datagrams the kernel did not take"}, &session::UdpInfo::lost},
    {{"udp_withheld", udp, kCounter, "", "replies beyond udp_max_rate"},
     &session::UdpInfo::withheld},
});

}  // namespace

void add_server_metrics(const ServerParts& parts, MetricRegistry& metrics) {
  check(!parts.workers.empty(), "a server has workers");
  metrics.add_one<ServerParts>(kServerMetrics, parts);
  metrics.add_sum<Worker>(kWorkerSums, [&parts](const auto& visit) {
    for (const auto& worker : parts.workers) {
      visit(*worker);
    }
  });
  metrics.add_sum<WatchStats>(kWatchMetrics,
                              [&parts](const auto& visit) { visit(parts.watch_hub.stats()); });
  metrics.add_sum<ServerParts>(
      kTlsMetrics, [&parts](const auto& visit) { visit(parts); },
      [&parts] { return parts.tls != nullptr; });
  metrics.add_sum<session::UdpInfo>(
      kUdpMetrics,
      [&parts](const auto& visit) {
        for (const auto& worker : parts.workers) {
          for (const session::UdpInfo& socket : worker->list_udp()) {
            visit(socket);
          }
        }
      },
      [&parts] { return !parts.listeners.datagrams.empty(); });
  metrics.add_each<Worker>(kEachWorker, [&parts](const auto& visit) {
    for (size_t i = 0; i < parts.workers.size(); ++i) {
      visit(i, *parts.workers[i]);
    }
  });
}

}  // namespace ember::server
