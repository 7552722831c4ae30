// SPDX-License-Identifier: BSD-3-Clause
// stats_report: which family is asked for, and the families but for the plain one.
#include "server/command/stats_report.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "protocol/arguments.h"
#include "protocol/line_writer.h"
#include "server/command/crawler_commands.h"
#include "server/command/general_stats.h"

namespace ember::server::command {
namespace {

using protocol::ReplyBuffer;
using protocol::write_stat;
using storage::ClassStats;
using storage::ClassUse;

constexpr std::string_view kEnd = "END";

struct ItemsField {
  std::string_view name;
  uint64_t (*value)(const ClassStats& figures);
};

uint64_t none(const ClassStats& figures) {
  (void)figures;
  return 0;
}

/// `stats items`, for each class. memcached's three queues to Ember's two: new items are hot, those
/// that were read again are cold's, whose end is evicted from. What has no like is 0.
constexpr std::array kItemsFields{
    ItemsField{"number", [](const ClassStats& c) -> uint64_t { return c.items; }},
    ItemsField{"number_hot", [](const ClassStats& c) -> uint64_t { return c.items_small; }},
    ItemsField{"number_warm", none},
    ItemsField{"number_cold", [](const ClassStats& c) -> uint64_t { return c.items_main; }},
    ItemsField{"age_hot", [](const ClassStats& c) -> uint64_t { return c.age_small; }},
    ItemsField{"age_warm", none},
    ItemsField{"age", [](const ClassStats& c) -> uint64_t { return c.age; }},
    ItemsField{"mem_requested", [](const ClassStats& c) -> uint64_t { return c.mem_requested; }},
    ItemsField{"evicted", [](const ClassStats& c) -> uint64_t { return c.evicted; }},
    ItemsField{"evicted_nonzero",
               [](const ClassStats& c) -> uint64_t { return c.evicted_nonzero; }},
    ItemsField{"evicted_time", [](const ClassStats& c) -> uint64_t { return c.evicted_time; }},
    ItemsField{"outofmemory", [](const ClassStats& c) -> uint64_t { return c.out_of_memory; }},
    ItemsField{"tailrepairs", none},
    ItemsField{"reclaimed", [](const ClassStats& c) -> uint64_t { return c.reclaimed; }},
    ItemsField{"expired_unfetched",
               [](const ClassStats& c) -> uint64_t { return c.expired_unfetched; }},
    ItemsField{"evicted_unfetched",
               [](const ClassStats& c) -> uint64_t { return c.evicted_unfetched; }},
    ItemsField{"evicted_active", [](const ClassStats& c) -> uint64_t { return c.evicted_active; }},
    ItemsField{"crawler_reclaimed",
               [](const ClassStats& c) -> uint64_t { return c.crawler_reclaimed; }},
    ItemsField{"crawler_items_checked",
               [](const ClassStats& c) -> uint64_t { return c.crawler_items_checked; }},
    ItemsField{"lrutail_reflocked", none},
    ItemsField{"moves_to_cold", [](const ClassStats& c) -> uint64_t { return c.moves_to_main; }},
    ItemsField{"moves_to_warm", none},
    ItemsField{"moves_within_lru",
               [](const ClassStats& c) -> uint64_t { return c.moves_within_main; }},
    ItemsField{"direct_reclaims",
               [](const ClassStats& c) -> uint64_t { return c.direct_reclaims; }},
    ItemsField{"hits_to_hot", none},
    ItemsField{"hits_to_warm", none},
    ItemsField{"hits_to_cold", none},
    ItemsField{"hits_to_temp", none},
};

void report_items(const Context& context, ReplyBuffer& reply) {
  for (const ClassStats& figures : context.store.class_stats()) {
    if (figures.items == 0) {
      continue;
    }
    for (const ItemsField& field : kItemsFields) {
      write_stat(reply, fmt::format("items:{}:{}", figures.class_id, field.name),
                 field.value(figures));
    }
  }
  append_line(reply, kEnd);
}

struct UseField {
  std::string_view name;
  Counter ClassUse::* value;
};

constexpr std::array kUseFields{
    UseField{"get_hits", &ClassUse::get_hits},       UseField{"cmd_set", &ClassUse::sets},
    UseField{"delete_hits", &ClassUse::delete_hits}, UseField{"incr_hits", &ClassUse::incr_hits},
    UseField{"decr_hits", &ClassUse::decr_hits},     UseField{"cas_hits", &ClassUse::cas_hits},
    UseField{"cas_badval", &ClassUse::cas_badval},   UseField{"touch_hits", &ClassUse::touch_hits},
};

void report_slabs(const Context& context, ReplyBuffer& reply) {
  const auto uses = context.store.class_use();
  uint64_t active = 0;
  uint64_t bytes = 0;
  for (const ClassStats& figures : context.store.class_stats()) {
    const auto write = [&](std::string_view name, uint64_t value) {
      write_stat(reply, fmt::format("{}:{}", figures.class_id, name), value);
    };
    write("chunk_size", figures.chunk_size);
    write("chunks_per_page", figures.chunks_per_page);
    write("total_pages", figures.pages);
    write("total_chunks", figures.used_chunks + figures.free_chunks);
    write("used_chunks", figures.used_chunks);
    write("free_chunks", figures.free_chunks);
    write("free_chunks_end", 0);
    const ClassUse use = figures.class_id < uses.size() ? uses[figures.class_id] : ClassUse{};
    for (const UseField& field : kUseFields) {
      write(field.name, use.*field.value);
    }
    ++active;
    bytes += figures.pages * figures.chunk_size * figures.chunks_per_page;
  }
  write_stat(reply, "active_slabs", active);
  write_stat(reply, "total_malloced", bytes);
  append_line(reply, kEnd);
}

void report_settings(const Context& context, ReplyBuffer& reply) {
  for (const auto& [name, value] : context.stats.settings()) {
    write_stat(reply, name, value);
  }
  append_line(reply, kEnd);
}

void report_connections(const Context& context, ReplyBuffer& reply) {
  for (const ConnectionInfo& connection : context.stats.connections()) {
    const auto name = [&](std::string_view field) {
      return fmt::format("{}:{}", connection.number, field);
    };
    if (connection.udp) {
      write_stat(reply, name("UDP"), "UDP");
    }
    write_stat(reply, name("addr"), connection.addr);
    if (!connection.listen_addr.empty()) {
      write_stat(reply, name("listen_addr"), connection.listen_addr);
    }
    const bool asks = context.client != nullptr && context.client->number() == connection.number;
    write_stat(reply, name("state"), asks ? "conn_parse_cmd" : connection.state);
    write_stat(reply, name("secs_since_last_cmd"), connection.seconds_since_last_command);
  }
  append_line(reply, kEnd);
}

std::string_view name_of(storage::RecoveryReport::Source source) {
  using enum storage::RecoveryReport::Source;
  return source == scan ? "scan" : source == state_file ? "state_file" : "cold";
}

std::string_view name_of(storage::RecoveryReport::LastStop stop) {
  using enum storage::RecoveryReport::LastStop;
  return stop == graceful ? "graceful" : stop == crash ? "crash" : "none";
}

void report_recovery(const Context& context, ReplyBuffer& reply) {
  const storage::RecoveryReport& report = context.store.recovery();
  if (report.source == storage::RecoveryReport::Source::none) {
    return;
  }
  write_stat(reply, "memory_file", context.options.memory_file);
  write_stat(reply, "memory_file_kind", report.flushed ? "dax" : "page-cache");
  write_stat(reply, "last_stop", name_of(report.last_stop));
  write_stat(reply, "recovery_source", name_of(report.source));
  write_stat(reply, "recovery_reason", report.reason);
  write_stat(reply, "recovery_items", report.items);
  write_stat(reply, "recovery_expired", report.expired);
  write_stat(reply, "recovery_dropped", report.replaced + report.damaged + report.unfit);
  write_stat(reply, "recovery_replaced", report.replaced);
  write_stat(reply, "recovery_damaged", report.damaged);
  write_stat(reply, "recovery_unfit", report.unfit);
  write_stat(reply, "recovery_damaged_pages", report.damaged_pages);
  write_stat(reply, "recovery_seconds", fmt::format("{:.6f}", report.seconds));
}

void report_udp(const Context& context, ReplyBuffer& reply) {
  const ServerFigures figures = context.stats.figures();
  if (figures.udp_open) {
    write_stat(reply, "udp_received", figures.udp_received);
    write_stat(reply, "udp_ignored", figures.udp_ignored);
    write_stat(reply, "udp_sent", figures.udp_sent);
    write_stat(reply, "udp_lost", figures.udp_lost);
    write_stat(reply, "udp_withheld", figures.udp_withheld);
  }
}

void report_workers(const Context& context, ReplyBuffer& reply) {
  size_t index = 0;
  for (const WorkerFigures& figures : context.stats.workers()) {
    const auto name = [&](std::string_view field) {
      return fmt::format("worker:{}:{}", index, field);
    };
    write_stat(reply, name("connections"), figures.connections);
    write_stat(reply, name("requests"), figures.requests);
    write_stat(reply, name("bytes_read"), figures.bytes_read);
    write_stat(reply, name("bytes_written"), figures.bytes_written);
    write_stat(reply, name("yields"), figures.yields);
    ++index;
  }
}

void report_ember(const Context& context, ReplyBuffer& reply) {
  report_recovery(context, reply);
  const storage::StoreStats store = context.store.stats();
  write_stat(reply, "memory_pages", context.options.memory_pages);
  write_stat(reply, "pages_assigned", store.pages_assigned);
  write_stat(reply, "pages_free", store.pages_free);
  write_stat(reply, "pages_moved", store.pages_moved);
  write_stat(reply, "index_bytes", store.index_bytes);
  write_stat(reply, "metadata_bytes", store.metadata_bytes);
  write_stat(reply, "rescues", store.rescues);
  write_stat(reply, "janitor_rounds", store.janitor_rounds);
  write_stat(reply, "memory_capacity", store.memory_capacity);
  write_stat(reply, "pages_to_give_back", store.pages_excess);
  write_stat(reply, "detail_dropped", context.registry.prefixes().dropped());
  report_udp(context, reply);
  report_workers(context, reply);
  append_line(reply, kEnd);
}

void dump_prefixes(const Context& context, ReplyBuffer& reply) {
  for (const auto& [prefix, count] : context.registry.prefixes().sum()) {
    reply.append(fmt::format("PREFIX {} get {} hit {} set {} del {}\r\n", prefix, count.gets,
                             count.hits, count.sets, count.deletes));
  }
  append_line(reply, kEnd);
}

/// stats detail on|off|dump
void report_detail(const Context& context, const protocol::Arguments& arguments,
                   ReplyBuffer& reply) {
  if (arguments[1] == "on" || arguments[1] == "off") {
    context.registry.prefixes().switch_on(arguments[1] == "on");
    append_line(reply, "OK");
  } else if (arguments[1] == "dump") {
    dump_prefixes(context, reply);
  } else {
    append_line(reply, "CLIENT_ERROR usage: stats detail on|off|dump");
  }
}

void report_sizes(const Context& context, ReplyBuffer& reply) {
  const storage::SizeHistogram& sizes = context.store.sizes();
  if (!sizes.on()) {
    write_stat(reply, "sizes_status", "disabled");
  }
  for (const auto& [size, count] : sizes.counts()) {
    write_stat(reply, fmt::to_string(size), uint64_t{count});
  }
  append_line(reply, kEnd);
}

/// stats sizes_enable, sizes_disable: as memcached, without an END.
void switch_sizes(const Context& context, bool on, ReplyBuffer& reply) {
  if (on && !context.options.use_cas) {
    write_stat(reply, "sizes_status", "error");
    write_stat(reply, "sizes_error", "cas_support_disabled");
    return;
  }
  context.store.track_sizes(on);
  write_stat(reply, "sizes_status", on ? "enabled" : "disabled");
}

void reset(const Context& context, ReplyBuffer& reply) {
  context.registry.reset();
  context.registry.prefixes().clear();
  context.store.reset_stats();
  context.stats.reset();
  append_line(reply, "RESET");
}

}  // namespace

protocol::Next report_stats(Context& context, const protocol::Command& command,
                            ReplyBuffer& reply) {
  const protocol::Arguments arguments(command.arguments);
  const std::string_view family = arguments[0];
  if (arguments.count() == 0) {
    report_general(context, reply);
  } else if (family == "settings") {
    report_settings(context, reply);
  } else if (family == "items") {
    report_items(context, reply);
  } else if (family == "slabs") {
    report_slabs(context, reply);
  } else if (family == "conns") {
    report_connections(context, reply);
  } else if (family == "sizes") {
    report_sizes(context, reply);
  } else if (family == "sizes_enable" || family == "sizes_disable") {
    switch_sizes(context, family == "sizes_enable", reply);
  } else if (family == "reset") {
    reset(context, reply);
  } else if (family == "detail") {
    report_detail(context, arguments, reply);
  } else if (family == "cachedump") {
    return dump_class(context, arguments, reply);
  } else if (family == "extstore") {
    append_line(reply, kEnd);
  } else if (family == "ember") {
    report_ember(context, reply);
  } else {
    append_line(reply, "ERROR");
  }
  return protocol::Next::ready;
}

}  // namespace ember::server::command
