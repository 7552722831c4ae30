// SPDX-License-Identifier: BSD-3-Clause
#include "server/settings_report.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace ember::server {
namespace {

class Report {
 public:
  void add(std::string_view name, std::string_view value) { lines_.emplace_back(name, value); }

  template <typename Number>
    requires(!std::is_same_v<Number, bool> && std::is_integral_v<Number>)
  void add(std::string_view name, Number value) {
    lines_.emplace_back(name, fmt::to_string(value));
  }

  void add_yes(std::string_view name, bool value) { add(name, value ? "yes" : "no"); }

  Settings take() { return std::move(lines_); }

 private:
  Settings lines_;
};

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::ascii:
      return "ascii";
    case Protocol::binary:
      return "binary";
    case Protocol::automatic:
      break;
  }
  return "auto-negotiate";
}

void add_network(Report& report, const Options& options, const LiveSettings& live) {
  report.add("maxbytes", live.memory_limit != 0 ? live.memory_limit : options.memory_limit);
  report.add("maxconns", options.max_connections);
  report.add("tcpport", live.tcp_port);
  report.add("udpport", live.udp_port);
  report.add("inter", options.listen_text.empty() ? "NULL" : options.listen_text);
  report.add("verbosity", live.verbosity);
  report.add("oldest", live.oldest);
  report.add("evictions", options.evict ? "on" : "off");
  report.add("domain_socket", options.unix_socket.empty() ? "NULL" : options.unix_socket);
  report.add("umask", fmt::format("{:o}", options.unix_mask));
  report.add_yes("shutdown_command", options.shutdown_command);
}

void add_items(Report& report, const Options& options, const LiveSettings& live) {
  report.add("growth_factor", fmt::format("{:.2f}", options.growth_factor));
  report.add("chunk_size", options.min_item_space);
  report.add("num_threads", options.threads);
  report.add("num_threads_per_udp", options.threads);
  report.add("stat_key_prefix", std::string_view(&options.prefix_delimiter, 1));
  report.add_yes("detail_enabled", live.detail);
  report.add("reqs_per_event", options.requests_per_event);
  report.add_yes("cas_enabled", options.use_cas);
  report.add("tcp_backlog", options.listen_backlog);
  report.add("binding_protocol", name_of(options.protocol));
  report.add_yes("auth_enabled_sasl", options.sasl);
  report.add("auth_enabled_ascii", options.auth_file.empty() ? "no" : options.auth_file);
  report.add("item_size_max", options.item_size_max);
  report.add_yes("maxconns_fast", options.maxconns_fast);
}

// Ember hashes with XXH3 always; it has no segmented queues, but the names stay, with memcached's
// defaults, for exporters that read them.
void add_memory(Report& report, const Options& options, const LiveSettings& live) {
  report.add("hashpower_init", options.hash_power);
  report.add_yes("slab_reassign", options.slab_reassign);
  report.add("slab_automove", live.automove);
  report.add("slab_automove_ratio", fmt::format("{:.2f}", live.automove_ratio));
  report.add("slab_automove_window", 10);
  report.add("slab_chunk_max", 512 * kKiB);
  report.add_yes("lru_crawler", live.sweep);
  report.add("lru_crawler_sleep", live.sweep_rest_us);
  report.add("lru_crawler_tocrawl", live.sweep_items);
  report.add("tail_repair_time", 0);
  report.add_yes("flush_enabled", options.flush_enabled);
  report.add_yes("dump_enabled", options.dump_enabled);
  report.add("hash_algorithm", "xxh3");
  report.add_yes("lru_maintainer_thread", true);
  report.add_yes("lru_segmented", true);
  report.add("hot_lru_pct", 20);
  report.add("warm_lru_pct", 40);
  report.add("hot_max_factor", "0.20");
  report.add("warm_max_factor", "2.00");
  report.add_yes("temp_lru", false);
  report.add("temporary_ttl", 61);
}

void add_buffers(Report& report, const Options& options, const LiveSettings& live) {
  report.add("idle_timeout", options.idle_timeout_s);
  report.add("watcher_logbuf_size", options.watcher_log_size);
  report.add("worker_logbuf_size", options.worker_log_size);
  report.add("read_buf_mem_limit", 0);
  report.add_yes("track_sizes", live.track_sizes);
  report.add_yes("inline_ascii_response", false);
}

// Ember has no external storage: memcached's values without it.
void add_external_storage(Report& report) {
  report.add("ext_item_size", 512);
  report.add("ext_item_age", 4294967295);
  report.add("ext_low_ttl", 0);
  report.add("ext_recache_rate", 2000);
  report.add("ext_wbuf_size", 4194304);
  report.add("ext_compact_under", 0);
  report.add("ext_drop_under", 0);
  report.add("ext_max_sleep", 1000000);
  report.add("ext_max_frag", "0.80");
  report.add("slab_automove_freeratio", "0.010");
  report.add_yes("ext_drop_unread", false);
}

void add_tls(Report& report, const Options& options) {
  constexpr std::array<std::string_view, 4> kVersions{"tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3"};
  const net::TlsOptions& tls = options.tls;
  const auto or_text = [](const std::string& text, std::string_view none) {
    return text.empty() ? none : std::string_view(text);
  };
  report.add_yes("ssl_enabled", options.tls_enabled);
  report.add("ssl_chain_cert", or_text(tls.chain_cert, "(null)"));
  report.add("ssl_key", or_text(tls.key, "(null)"));
  report.add("ssl_verify_mode", static_cast<int>(tls.verify));
  report.add("ssl_keyformat", static_cast<int>(tls.key_format));
  report.add("ssl_ciphers", or_text(tls.ciphers, "NULL"));
  report.add("ssl_ca_cert", or_text(tls.ca_cert, "NULL"));
  report.add("ssl_wbuf_size", tls.write_size);
  report.add_yes("ssl_session_cache", tls.session_cache);
  report.add_yes("ssl_kernel_tls", false);
  report.add("ssl_min_version", kVersions[static_cast<size_t>(tls.min_version)]);
}

// memcached's values without a proxy.
void add_unavailable(Report& report, const Options& options) {
  report.add_yes("proxy_enabled", false);
  report.add_yes("proxy_uring_enabled", false);
  report.add("num_napi_ids", 0);
  report.add("memory_file", options.memory_file.empty() ? "(null)" : options.memory_file);
  report.add("client_flags_size", 4);
}

}  // namespace

Settings settings_report(const Options& options, const LiveSettings& live) {
  Report report;
  add_network(report, options, live);
  add_items(report, options, live);
  add_memory(report, options, live);
  add_buffers(report, options, live);
  add_external_storage(report);
  add_tls(report, options);
  add_unavailable(report, options);
  return report.take();
}

}  // namespace ember::server
