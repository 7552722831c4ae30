// SPDX-License-Identifier: BSD-3-Clause
// general_stats: plain `stats`: memcached's fields, all of them, in memcached's order, and no
// other: tools count them. What Ember has no like for is what an idle memcached shows.
#include "server/command/general_stats.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "protocol/line_writer.h"

namespace ember::server::command {
namespace {

using protocol::ReplyBuffer;
using protocol::write_stat;
using storage::ClassStats;
using storage::StoreStats;

struct FigureField {
  std::string_view name;
  uint64_t ServerFigures::* value;
};

constexpr std::array kConnectionFields{
    FigureField{"max_connections", &ServerFigures::max_connections},
    FigureField{"curr_connections", &ServerFigures::curr_connections},
    FigureField{"total_connections", &ServerFigures::total_connections},
    FigureField{"rejected_connections", &ServerFigures::rejected_connections},
    FigureField{"connection_structures", &ServerFigures::connection_structures},
    FigureField{"response_obj_oom", &ServerFigures::response_obj_oom},
    FigureField{"response_obj_count", &ServerFigures::response_obj_count},
    FigureField{"response_obj_bytes", &ServerFigures::response_obj_bytes},
    FigureField{"read_buf_count", &ServerFigures::read_buf_count},
    FigureField{"read_buf_bytes", &ServerFigures::read_buf_bytes},
    FigureField{"read_buf_bytes_free", &ServerFigures::read_buf_bytes_free},
    FigureField{"read_buf_oom", &ServerFigures::read_buf_oom},
    FigureField{"reserved_fds", &ServerFigures::reserved_fds},
};

constexpr std::array kTrafficFields{
    FigureField{"auth_cmds", &ServerFigures::auth_cmds},
    FigureField{"auth_errors", &ServerFigures::auth_errors},
    FigureField{"bytes_read", &ServerFigures::bytes_read},
    FigureField{"bytes_written", &ServerFigures::bytes_written},
};

constexpr std::array kLogFields{
    FigureField{"malloc_fails", &ServerFigures::malloc_fails},
    FigureField{"log_worker_dropped", &ServerFigures::log_worker_dropped},
    FigureField{"log_worker_written", &ServerFigures::log_worker_written},
    FigureField{"log_watcher_skipped", &ServerFigures::log_watcher_skipped},
    FigureField{"log_watcher_sent", &ServerFigures::log_watcher_sent},
    FigureField{"log_watchers", &ServerFigures::log_watchers},
};

/// The sums over all classes that plain `stats` ends with.
struct ClassSumField {
  std::string_view name;
  uint64_t ClassStats::* value;  // null: nothing of the kind
};

constexpr std::array kClassSumFields{
    ClassSumField{"expired_unfetched", &ClassStats::expired_unfetched},
    ClassSumField{"evicted_unfetched", &ClassStats::evicted_unfetched},
    ClassSumField{"evicted_active", &ClassStats::evicted_active},
    ClassSumField{"evictions", &ClassStats::evicted},
    ClassSumField{"reclaimed", &ClassStats::reclaimed},
    ClassSumField{"crawler_reclaimed", &ClassStats::crawler_reclaimed},
    ClassSumField{"crawler_items_checked", &ClassStats::crawler_items_checked},
    ClassSumField{"lrutail_reflocked", nullptr},
    ClassSumField{"moves_to_cold", &ClassStats::moves_to_main},
    ClassSumField{"moves_to_warm", nullptr},
    ClassSumField{"moves_within_lru", &ClassStats::moves_within_main},
    ClassSumField{"direct_reclaims", &ClassStats::direct_reclaims},
    ClassSumField{"lru_bumps_dropped", nullptr},
};

template <typename Fields>
void write_figures(const Fields& fields, const ServerFigures& figures, ReplyBuffer& reply) {
  for (const FigureField& field : fields) {
    write_stat(reply, field.name, figures.*field.value);
  }
}

void write_tls(const TlsFigures& figures, ReplyBuffer& reply) {
  if (figures.resumable) {
    write_stat(reply, "ssl_new_sessions", figures.new_sessions);
  }
  write_stat(reply, "ssl_handshake_errors", figures.handshake_errors);
  write_stat(reply, "time_since_server_cert_refresh", figures.seconds_since_refresh);
}

std::string seconds_of(uint64_t microseconds) {
  constexpr uint64_t kMicroseconds = 1'000'000;
  return fmt::format("{}.{:06}", microseconds / kMicroseconds, microseconds % kMicroseconds);
}

void write_process(const Context& context, const ServerFigures& figures, ReplyBuffer& reply) {
  write_stat(reply, "pid", static_cast<uint64_t>(figures.pid));
  write_stat(reply, "uptime", context.clock.uptime());
  write_stat(reply, "time", context.clock.now());
  write_stat(reply, "version", context.options.version);
  write_stat(reply, "libevent", figures.event_library);
  write_stat(reply, "pointer_size", sizeof(void*) * 8);
  write_stat(reply, "rusage_user", seconds_of(figures.rusage_user_us));
  write_stat(reply, "rusage_system", seconds_of(figures.rusage_system_us));
}

void write_memory(const StoreStats& store, ReplyBuffer& reply) {
  write_stat(reply, "hash_power_level", store.hash_power);
  write_stat(reply, "hash_bytes", store.index_bytes);
  write_stat(reply, "hash_is_expanding", store.index_growing ? 1U : 0U);
  write_stat(reply, "slab_reassign_rescues", store.rescues);
  write_stat(reply, "slab_reassign_chunk_rescues", 0U);
  write_stat(reply, "slab_reassign_inline_reclaim", 0U);
  write_stat(reply, "slab_reassign_busy_items", 0U);
  write_stat(reply, "slab_reassign_busy_deletes", 0U);
  write_stat(reply, "slab_reassign_busy_nomem", 0U);
  write_stat(reply, "slab_reassign_last_busy_status", "none");
  write_stat(reply, "slab_reassign_running", store.move_running ? 1U : 0U);
  write_stat(reply, "slabs_moved", store.pages_moved);
  write_stat(reply, "lru_crawler_running", store.crawl_running ? 1U : 0U);
  write_stat(reply, "lru_crawler_starts", store.janitor_rounds);
  write_stat(reply, "lru_maintainer_juggles", store.janitor_rounds);
}

void write_items(const Context& context, const StoreStats& store, ReplyBuffer& reply) {
  write_stat(reply, "bytes", store.bytes);
  write_stat(reply, "curr_items", store.items);
  write_stat(reply, "total_items", store.total_items);
  write_stat(reply, "slab_global_page_pool", store.pages_free);
  const auto classes = context.store.class_stats();
  for (const ClassSumField& field : kClassSumFields) {
    uint64_t sum = 0;
    for (const ClassStats& figures : classes) {
      sum += field.value != nullptr ? figures.*field.value : 0;
    }
    write_stat(reply, field.name, sum);
  }
}

}  // namespace

void report_general(const Context& context, ReplyBuffer& reply) {
  const ServerFigures figures = context.stats.figures();
  const StoreStats store = context.store.stats();
  write_process(context, figures, reply);
  write_figures(kConnectionFields, figures, reply);
  const CounterTotals totals = context.registry.totals();
  for (size_t i = 0; i < totals.size(); ++i) {
    write_stat(reply, kCounterNames[i].name, totals[i]);
  }
  write_figures(kTrafficFields, figures, reply);
  write_stat(reply, "limit_maxbytes", store.memory_limit);
  write_stat(reply, "accepting_conns", figures.accepting_conns ? 1U : 0U);
  write_stat(reply, "listen_disabled_num", figures.listen_disabled_num);
  write_stat(reply, "time_in_listen_disabled_us", figures.time_in_listen_disabled_us);
  write_stat(reply, "threads", figures.threads);
  write_stat(reply, "conn_yields", figures.conn_yields);
  write_memory(store, reply);
  write_figures(kLogFields, figures, reply);
  if (figures.tls) {
    write_tls(*figures.tls, reply);
  }
  write_stat(reply, "unexpected_napi_ids", 0U);
  write_stat(reply, "round_robin_fallback", figures.round_robin_fallback);
  write_items(context, store, reply);
  append_line(reply, "END");
}

}  // namespace ember::server::command
