// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/stats_report.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "protocol/arguments.h"
#include "protocol/line_writer.h"
#include "server/command/crawler_commands.h"
#include "server/metrics/registry.h"

namespace ember::server::command {
namespace {

using protocol::ReplyBuffer;
using protocol::write_stat;

constexpr std::string_view kEnd = "END";

/// A family of metrics, as lines.
void report_metrics(const Context& context, MetricFamily family, ReplyBuffer& reply) {
  for (const MetricSample& sample : context.stats.metrics().read(family)) {
    const std::string numbered_name = sample.numbered ? sample.name() : std::string();
    const std::string_view name = sample.numbered ? numbered_name : sample.metric->name;
    if (const auto* const number = std::get_if<uint64_t>(&sample.value)) {
      write_stat(reply, name, *number);
    } else {
      const auto* const words = std::get_if<std::string>(&sample.value);
      check(words != nullptr, "a registry leaves out what is not shown");
      write_stat(reply, name, *words);
    }
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
  context.stats.reset();
  append_line(reply, "RESET");
}

}  // namespace

protocol::Next report_stats(Context& context, const protocol::Command& command,
                            ReplyBuffer& reply) {
  const protocol::Arguments arguments(command.arguments);
  const std::string_view family = arguments[0];
  if (arguments.count() == 0) {
    report_metrics(context, MetricFamily::general, reply);
  } else if (family == "settings") {
    report_metrics(context, MetricFamily::settings, reply);
  } else if (family == "items") {
    report_metrics(context, MetricFamily::items, reply);
  } else if (family == "slabs") {
    report_metrics(context, MetricFamily::slabs, reply);
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
    report_metrics(context, MetricFamily::ember, reply);
  } else {
    append_line(reply, "ERROR");
  }
  return protocol::Next::ready;
}

}  // namespace ember::server::command
