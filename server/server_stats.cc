// SPDX-License-Identifier: BSD-3-Clause
#include "server/server_stats.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "server/command/store_metrics.h"
#include "server/session/session.h"
#include "server/settings_report.h"

namespace ember::server {
namespace {

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

void ServerStats::attach(const ServerParts& parts, storage::Store& store, std::string_view pages,
                         CounterRegistry& counters) {
  check(!parts.workers.empty(), "a server has workers");
  metrics_ = MetricRegistry();
  parts_.emplace(parts);
  add_server_metrics(*parts_, metrics_);
  add_command_metrics(counters, metrics_);
  command::add_store_metrics(store, {.file = parts.options.memory_file, .pages = pages}, metrics_);
  metrics_.add_sum<Options>(settings_table(), [this, &store, &counters](const auto& visit) {
    visit(options_now(store, counters));
  });
}

Options ServerStats::options_now(storage::Store& store, CounterRegistry& counters) const {
  Options now = parts_->options;
  const Listeners& listeners = parts_->listeners;
  const auto tcp = std::ranges::find_if(
      listeners.streams, [](const net::ListenSocket& socket) { return socket.port != 0; });
  now.tcp_port = tcp == listeners.streams.end() ? 0 : tcp->port;
  now.udp_port = listeners.datagrams.empty() ? 0 : listeners.datagrams.front().port;
  now.memory_limit = store.stats().memory_limit;
  debug_check(now.memory_limit != 0, "item memory has a limit");
  const storage::StoreTuning& tuning = store.tuning();
  now.sweep = tuning.sweep;
  now.sweep_rest_us = tuning.sweep_rest_us;
  now.sweep_items = tuning.sweep_items;
  now.slab_automove = tuning.automove;
  now.slab_automove_ratio = tuning.automove_ratio;
  now.track_sizes = store.sizes().on();
  now.detail_enabled = counters.prefixes().on();
  now.verbosity = verbosity_.load(std::memory_order_relaxed);
  return now;
}

std::vector<ConnectionInfo> ServerStats::connections() const {
  check(parts_.has_value(), "clients ask a server that is whole");
  const UnixSeconds now = parts_->clock.now();
  std::vector<ConnectionInfo> infos;
  infos.reserve(parts_->listeners.streams.size());
  const auto seconds_since = [now](UnixSeconds time) { return now > time ? now - time : 0; };
  for (const net::ListenSocket& listener : parts_->listeners.streams) {
    infos.push_back({.number = listener.fd.get(),
                     .addr = listener.name,
                     .listen_addr = {},
                     .state = "conn_listening",
                     .seconds_since_last_command = parts_->clock.uptime()});
  }
  for (const auto& worker : parts_->workers) {
    for (const session::UdpInfo& info : worker->list_udp()) {
      infos.push_back({.number = info.number,
                       .udp = true,
                       .addr = net::local_name(info.number),
                       .listen_addr = {},
                       .state = "conn_read",
                       .seconds_since_last_command = seconds_since(info.last_active)});
    }
  }
  for (const auto& worker : parts_->workers) {
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

}  // namespace ember::server
