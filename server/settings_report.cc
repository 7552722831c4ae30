// SPDX-License-Identifier: BSD-3-Clause
#include "server/settings_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/options/suboptions.h"

namespace ember::server {
namespace {

constexpr auto kSettings = MetricSection::settings;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kText = MetricKind::text;

/// A text as a template argument.
template <size_t Size>
struct Name {
  consteval Name(const char (&text)[Size]) { std::copy_n(text, Size, letters); }  // NOLINT
  std::string_view view() const { return {letters, Size - 1}; }
  char letters[Size]{};  // NOLINT(modernize-avoid-c-arrays): public for a template argument
};

/// The value of a suboption: what was given, or the default.
template <Name Suboption>
constexpr auto kOfSuboption =
    [](const Options& options) { return suboption_value(Suboption.view(), options); };

/// For what never changes here.
template <Name Text>
constexpr auto kAlways = [](const Options& /*options*/) { return Text.view(); };

/// A switch among the options.
template <bool Options::* Member>
constexpr auto kYesNo = [](const Options& options) { return options.*Member ? "yes" : "no"; };

/// A text among the options.
template <std::string Options::* Member, Name None>
constexpr auto kTextOr = [](const Options& options) {
  return (options.*Member).empty() ? std::string(None.view()) : options.*Member;
};

template <std::string net::TlsOptions::* Member, Name None>
constexpr auto kTlsTextOr = [](const Options& options) {
  const std::string& text = options.tls.*Member;
  return text.empty() ? std::string(None.view()) : text;
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

/// Those of the hash, of segmented queues and of external storage stay with memcached's defaults,
/// for exporters that read them.
constexpr auto kTable = std::to_array<MetricRow<Options>>({
    {{"maxbytes", kSettings, kGauge, "bytes", "item memory (-m, cache_memlimit)"},
     &Options::memory_limit},
    {{"maxconns", kSettings, kGauge, "", "connections there may be (-c)"},
     &Options::max_connections},
    {{"tcpport", kSettings, kGauge, "", "where TCP is listened on; 0: nowhere"},
     [](const Options& options) { return options.tcp_port; }},
    {{"udpport", kSettings, kGauge, "", "where UDP is listened on; 0: nowhere"},
     [](const Options& options) { return options.udp_port; }},
    {{"inter", kSettings, kText, "", "addresses (-l)"}, kTextOr<&Options::listen_text, "NULL">},
    {{"verbosity", kSettings, kGauge, "", "-v, or the verbosity command"}, &Options::verbosity},
    {{"oldest", kSettings, kGauge, "seconds", "always 0"}, kAlways<"0">},
    {{"evictions", kSettings, kText, "", "on; off with -M"},
     [](const Options& options) { return options.evict ? "on" : "off"; }},
    {{"domain_socket", kSettings, kText, "", "the Unix socket (-s)"},
     kTextOr<&Options::unix_socket, "NULL">},
    {{"umask", kSettings, kText, "", "permissions of the Unix socket (-a)"},
     [](const Options& options) { return fmt::format("{:o}", options.unix_mask); }},
    {{"shutdown_command", kSettings, kText, "", "-A"}, kYesNo<&Options::shutdown_command>},
    {{"growth_factor", kSettings, kGauge, "", "growth of chunk sizes (-f)"},
     [](const Options& options) { return fmt::format("{:.2f}", options.growth_factor); }},
    {{"chunk_size", kSettings, kGauge, "bytes", "least space of an item (-n)"},
     &Options::min_item_space},
    {{"num_threads", kSettings, kGauge, "", "workers (-t)"}, &Options::threads},
    {{"num_threads_per_udp", kSettings, kGauge, "", "workers that serve a UDP port: all"},
     &Options::threads},
    {{"stat_key_prefix", kSettings, kText, "", "ends the prefix of a key (-D)"},
     [](const Options& options) { return std::string(1, options.prefix_delimiter); }},
    {{"detail_enabled", kSettings, kText, "", "`stats detail on`, -D"},
     kYesNo<&Options::detail_enabled>},
    {{"reqs_per_event", kSettings, kGauge, "", "-R"}, &Options::requests_per_event},
    {{"cas_enabled", kSettings, kText, "", "no with -C"}, kYesNo<&Options::use_cas>},
    {{"tcp_backlog", kSettings, kGauge, "", "-b"},
     [](const Options& options) { return fmt::to_string(options.listen_backlog); }},
    {{"binding_protocol", kSettings, kText, "", "-B"},
     [](const Options& options) { return name_of(options.protocol); }},
    {{"auth_enabled_sasl", kSettings, kText, "", "-S"}, kYesNo<&Options::sasl>},
    {{"auth_enabled_ascii", kSettings, kText, "", "the file of -Y"},
     kTextOr<&Options::auth_file, "no">},
    {{"item_size_max", kSettings, kGauge, "bytes", "-I"}, &Options::item_size_max},
    {{"maxconns_fast", kSettings, kText, "", "-o maxconns_fast"}, kOfSuboption<"maxconns_fast">},

    {{"hashpower_init", kSettings, kGauge, "", "-o hashpower"}, kOfSuboption<"hashpower">},
    {{"slab_reassign", kSettings, kText, "", "-o slab_reassign"}, kOfSuboption<"slab_reassign">},
    {{"slab_automove", kSettings, kGauge, "", "-o slab_automove, `slabs automove`"},
     kOfSuboption<"slab_automove">},
    {{"slab_automove_ratio", kSettings, kGauge, "", "-o slab_automove_ratio"},
     kOfSuboption<"slab_automove_ratio">},
    {{"slab_automove_window", kSettings, kGauge, "seconds", "always memcached's"},
     kOfSuboption<"slab_automove_window">},
    {{"slab_chunk_max", kSettings, kGauge, "bytes", "always memcached's"},
     kOfSuboption<"slab_chunk_max">},
    {{"lru_crawler", kSettings, kText, "", "-o lru_crawler, `lru_crawler enable`"},
     kOfSuboption<"lru_crawler">},
    {{"lru_crawler_sleep", kSettings, kGauge, "us", "-o lru_crawler_sleep, `lru_crawler sleep`"},
     kOfSuboption<"lru_crawler_sleep">},
    {{"lru_crawler_tocrawl", kSettings, kGauge, "",
      "-o lru_crawler_tocrawl, `lru_crawler tocrawl`"},
     kOfSuboption<"lru_crawler_tocrawl">},
    {{"tail_repair_time", kSettings, kGauge, "seconds", "always 0: no item is held"},
     kOfSuboption<"tail_repair_time">},
    {{"flush_enabled", kSettings, kText, "", "no with -F"}, kYesNo<&Options::flush_enabled>},
    {{"dump_enabled", kSettings, kText, "", "no with -X"}, kYesNo<&Options::dump_enabled>},
    {{"hash_algorithm", kSettings, kText, "", "always xxh3"}, kOfSuboption<"hash_algorithm">},
    {{"lru_maintainer_thread", kSettings, kText, "", "always yes: the janitor"}, kAlways<"yes">},
    {{"lru_segmented", kSettings, kText, "", "always yes: the queues of new items and of others"},
     kAlways<"yes">},
    {{"hot_lru_pct", kSettings, kGauge, "", "always memcached's"}, kOfSuboption<"hot_lru_pct">},
    {{"warm_lru_pct", kSettings, kGauge, "", "always memcached's"}, kOfSuboption<"warm_lru_pct">},
    {{"hot_max_factor", kSettings, kGauge, "", "always memcached's"},
     kOfSuboption<"hot_max_factor">},
    {{"warm_max_factor", kSettings, kGauge, "", "always memcached's"},
     kOfSuboption<"warm_max_factor">},
    {{"temp_lru", kSettings, kText, "", "always no"}, kAlways<"no">},
    {{"temporary_ttl", kSettings, kGauge, "seconds", "always memcached's"},
     kOfSuboption<"temporary_ttl">},

    {{"idle_timeout", kSettings, kGauge, "seconds", "-o idle_timeout; 0: never"},
     kOfSuboption<"idle_timeout">},
    {{"watcher_logbuf_size", kSettings, kGauge, "bytes", "-o watcher_logbuf_size"},
     kOfSuboption<"watcher_logbuf_size">},
    {{"worker_logbuf_size", kSettings, kGauge, "bytes", "-o worker_logbuf_size"},
     kOfSuboption<"worker_logbuf_size">},
    {{"read_buf_mem_limit", kSettings, kGauge, "bytes", "always 0: connections hold no buffers"},
     kOfSuboption<"read_buf_mem_limit">},
    {{"track_sizes", kSettings, kText, "", "-o track_sizes, `stats sizes_enable`"},
     kOfSuboption<"track_sizes">},
    {{"inline_ascii_response", kSettings, kText, "", "always no"}, kAlways<"no">},

    {{"ext_item_size", kSettings, kGauge, "bytes", "no external storage"}, kAlways<"512">},
    {{"ext_item_age", kSettings, kGauge, "seconds", "no external storage"}, kAlways<"4294967295">},
    {{"ext_low_ttl", kSettings, kGauge, "seconds", "no external storage"}, kAlways<"0">},
    {{"ext_recache_rate", kSettings, kGauge, "", "no external storage"}, kAlways<"2000">},
    {{"ext_wbuf_size", kSettings, kGauge, "bytes", "no external storage"}, kAlways<"4194304">},
    {{"ext_compact_under", kSettings, kGauge, "", "no external storage"}, kAlways<"0">},
    {{"ext_drop_under", kSettings, kGauge, "", "no external storage"}, kAlways<"0">},
    {{"ext_max_sleep", kSettings, kGauge, "us", "no external storage"}, kAlways<"1000000">},
    {{"ext_max_frag", kSettings, kGauge, "", "no external storage"}, kAlways<"0.80">},
    {{"slab_automove_freeratio", kSettings, kGauge, "", "always memcached's"},
     kOfSuboption<"slab_automove_freeratio">},
    {{"ext_drop_unread", kSettings, kText, "", "no external storage"}, kAlways<"no">},

    {{"ssl_enabled", kSettings, kText, "", "-Z"}, kYesNo<&Options::tls_enabled>},
    {{"ssl_chain_cert", kSettings, kText, "", "-o ssl_chain_cert"},
     kTlsTextOr<&net::TlsOptions::chain_cert, "(null)">},
    {{"ssl_key", kSettings, kText, "", "-o ssl_key"}, kTlsTextOr<&net::TlsOptions::key, "(null)">},
    {{"ssl_verify_mode", kSettings, kGauge, "", "-o ssl_verify_mode, as a number"},
     [](const Options& options) { return static_cast<unsigned>(options.tls.verify); }},
    {{"ssl_keyformat", kSettings, kGauge, "", "-o ssl_keyformat, as a number"},
     [](const Options& options) { return static_cast<unsigned>(options.tls.key_format); }},
    {{"ssl_ciphers", kSettings, kText, "", "-o ssl_ciphers"},
     kTlsTextOr<&net::TlsOptions::ciphers, "NULL">},
    {{"ssl_ca_cert", kSettings, kText, "", "-o ssl_ca_cert"},
     kTlsTextOr<&net::TlsOptions::ca_cert, "NULL">},
    {{"ssl_wbuf_size", kSettings, kGauge, "bytes", "-o ssl_wbuf_size"},
     kOfSuboption<"ssl_wbuf_size">},
    {{"ssl_session_cache", kSettings, kText, "", "-o ssl_session_cache"},
     kOfSuboption<"ssl_session_cache">},
    {{"ssl_kernel_tls", kSettings, kText, "", "always no"}, kAlways<"no">},
    {{"ssl_min_version", kSettings, kText, "", "-o ssl_min_version"},
     kOfSuboption<"ssl_min_version">},

    {{"proxy_enabled", kSettings, kText, "", "always no"}, kAlways<"no">},
    {{"proxy_uring_enabled", kSettings, kText, "", "always no"}, kAlways<"no">},
    {{"num_napi_ids", kSettings, kGauge, "", "always 0"}, kAlways<"0">},
    {{"memory_file", kSettings, kText, "", "-e"}, kTextOr<&Options::memory_file, "(null)">},
    {{"client_flags_size", kSettings, kGauge, "bytes", "of an item's flags"}, kAlways<"4">},
});

}  // namespace

std::span<const MetricRow<Options>> settings_table() { return kTable; }

}  // namespace ember::server
