// SPDX-License-Identifier: BSD-3-Clause
// ember-bench: a load generator for memcached's text protocols. See bench/README.md.
#include <fmt/format.h>
#include <gflags/gflags.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/numbers.h"
#include "bench/idle_run.h"
#include "bench/load_run.h"
#include "bench/memory_run.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "bench/tls_client.h"

DEFINE_string(mode, "load",
              "load: measure; fill: store all keys and report the memory they take; "
              "idle: open connections, hold them, report what each costs");
DEFINE_string(server, "127.0.0.1:11211", "HOST:PORT, [IPV6]:PORT or unix:PATH");
DEFINE_bool(tls, false,
            "speak TLS on every connection; handshakes are over before anything is measured, and "
            "without --tls_ca the server's certificate is not verified");
DEFINE_string(tls_ca, "",
              "PEM file of the CA that must have signed the server's certificate; its name is not "
              "compared");
DEFINE_string(tls_cert, "", "PEM file of a client's certificate, for servers that want one");
DEFINE_string(tls_key, "", "PEM file of its key");
DEFINE_int32(server_pid, 0, "the server's process: adds its CPU time a request and its memory");
DEFINE_uint32(connections, 50, "connections, spread over the threads");
DEFINE_uint32(threads, 1, "threads, each with its own loop and connections");
DEFINE_uint32(depth, 1, "requests under way at once on a connection");
DEFINE_bool(window, false,
            "refill the pipeline as answers come; by default the next batch is sent "
            "when the whole batch is answered");
DEFINE_uint32(width, 1, "keys of a get (classic: one line; meta: as many mg)");
DEFINE_string(key_size, "30", "N, LOW-HIGH, A,B,C or lognormal:MEDIAN:SIGMA:MAX");
DEFINE_string(value_size, "100", "N, LOW-HIGH, A,B,C or lognormal:MEDIAN:SIGMA:MAX");
DEFINE_bool(new_sizes, false, "every set draws its value's size; by default a key keeps one size");
DEFINE_uint64(keys, 100000, "how many different keys");
DEFINE_string(popularity, "uniform", "uniform or zipf:THETA");
DEFINE_double(read_ratio, 0.9, "share of gets; the rest are sets");
DEFINE_string(protocol, "classic", "classic (get, set) or meta (mg, ms)");
DEFINE_uint32(ttl, 0, "seconds that stored items live; 0: for ever");
DEFINE_double(rate, 0, "requests a second by a schedule (open loop); 0: as fast as answers come");
DEFINE_string(arrivals, "constant", "gaps of the schedule: constant or poisson");
DEFINE_bool(fill, true, "store every key once before measuring");
DEFINE_double(warm_up, 1, "seconds of load before the measured phase");
DEFINE_double(seconds, 10, "seconds of the measured phase; in idle mode: how long to hold");
DEFINE_uint64(requests, 0,
              "stop after so many measured requests, checked every 100 ms; 0: by time");
DEFINE_bool(verify, true, "compare every byte of every value read");
DEFINE_uint64(seed, 1, "the same seed asks for the same keys in the same order");
DEFINE_string(pin, "", "CPUs to run on, thread by thread, as in 1 or 1,2,3");
DEFINE_bool(progress, true, "a line a second on standard error");
DEFINE_string(csv, "", "write the figures to this file as CSV ('-': standard output)");
DEFINE_string(json, "", "write the figures to this file as JSON ('-': standard output)");
DEFINE_string(svg, "", "draw latency by percentile and throughput over time into this file");
DEFINE_string(title, "", "the drawing's title");

namespace ember::bench {
namespace {

constexpr std::string_view kUsage =
    "ember-bench: load for servers that speak memcached's text protocols.\n\n"
    "  ember-bench --server=127.0.0.1:11211 --connections=50 --depth=16 --seconds=10\n"
    "  ember-bench --rate=100000 --arrivals=poisson --svg=run.svg   (open loop)\n"
    "  ember-bench --mode=idle --connections=1000 --server_pid=PID\n"
    "  ember-bench --mode=fill --keys=5000000 --key_size=24 --server_pid=PID\n\n"
    "Options:\n";

void print_help() {
  std::fputs(std::string(kUsage).c_str(), stdout);
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  for (const auto& flag : flags) {
    if (flag.filename.ends_with("bench/main.cc")) {
      std::fputs(fmt::format("  --{:<24} {}\n",
                             fmt::format("{}={}", flag.name,
                                         flag.default_value.empty() ? "\"\"" : flag.default_value),
                             flag.description)
                     .c_str(),
                 stdout);
    }
  }
}

Result<std::vector<int>> parse_cpus(std::string_view text) {
  std::vector<int> cpus;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto cpu = parse_u64(text.substr(0, comma));
    if (!cpu || *cpu > 4095) {
      return fail("--pin is a list of CPU numbers, as in 1,2,3");
    }
    cpus.push_back(static_cast<int>(*cpu));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return cpus;
}

Result<void> write_outputs(const Stats& stats, const std::vector<double>& rates) {
  if (FLAGS_json != "-" && FLAGS_csv != "-") {
    std::fputs(as_text(stats).c_str(), stdout);
  }
  if (!FLAGS_json.empty()) {
    if (auto done = write_file(FLAGS_json, as_json(stats, rates)); !done) {
      return done;
    }
  }
  return FLAGS_csv.empty() ? Result<void>() : write_file(FLAGS_csv, as_csv(stats));
}

Result<void> run_load(const Workload& workload, const LoadOptions& options) {
  auto result = perform_load_run(workload, options);
  if (!result) {
    return std::unexpected(result.error());
  }
  if (!FLAGS_svg.empty()) {
    const std::string title =
        !FLAGS_title.empty()
            ? FLAGS_title
            : fmt::format("{}: {} connections, depth {}, width {}, {:.0f} requests/s", FLAGS_server,
                          FLAGS_connections, FLAGS_depth, FLAGS_width,
                          result->requests_per_second());
    if (auto done = write_file(FLAGS_svg, as_svg(*result, title)); !done) {
      return done;
    }
  }
  if (auto done = write_outputs(stats_of(*result), result->rates); !done) {
    return done;
  }
  if (result->totals.corrupt > 0) {
    return fail(fmt::format("{} values were not what was stored", result->totals.corrupt));
  }
  if (result->totals.errors > 0) {
    return fail(
        fmt::format("{} errors, the first: {}", result->totals.errors, result->first_error));
  }
  return {};
}

Result<void> run_idle(const LoadOptions& options) {
  auto result = perform_idle_run({.server = options.server,
                                  .tls = options.tls,
                                  .server_pid = FLAGS_server_pid,
                                  .connections = FLAGS_connections,
                                  .hold_seconds = FLAGS_seconds});
  if (!result) {
    return std::unexpected(result.error());
  }
  return write_outputs({{"connections", FLAGS_connections},
                        {"resident_before_bytes", static_cast<double>(result->resident_before)},
                        {"resident_after_bytes", static_cast<double>(result->resident_after)},
                        {"bytes_per_connection", result->bytes_per_connection}},
                       {});
}

Result<void> run_memory(const Workload& workload, const LoadOptions& options) {
  auto result = perform_memory_run(workload, options);
  if (!result) {
    return std::unexpected(result.error());
  }
  return write_outputs({{"keys", static_cast<double>(FLAGS_keys)},
                        {"items_held", static_cast<double>(result->items_held)},
                        {"evictions", static_cast<double>(result->evictions)},
                        {"user_bytes", static_cast<double>(result->user_bytes)},
                        {"resident_before_bytes", static_cast<double>(result->resident_before)},
                        {"resident_after_bytes", static_cast<double>(result->resident_after)},
                        {"user_bytes_per_resident_byte", result->user_per_resident()},
                        {"fill_seconds", result->seconds}},
                       {});
}

Result<LoadOptions> load_options() {
  auto cpus = parse_cpus(FLAGS_pin);
  if (!cpus) {
    return std::unexpected(cpus.error());
  }
  if (FLAGS_threads == 0 || FLAGS_connections < FLAGS_threads || FLAGS_depth == 0 ||
      FLAGS_width == 0) {
    return fail("--threads, --depth and --width are at least 1, --connections at least --threads");
  }
  if (FLAGS_mode != "load" && FLAGS_server_pid == 0) {
    return fail("--mode=" + FLAGS_mode + " needs --server_pid");
  }
  LoadOptions options;
  options.server = FLAGS_server;
  options.loop = {.connections = FLAGS_connections,
                  .depth = FLAGS_depth,
                  .window = FLAGS_window,
                  .rate = FLAGS_rate,
                  .poisson = FLAGS_arrivals == "poisson",
                  .seed = FLAGS_seed};
  options.threads = FLAGS_threads;
  options.fill = FLAGS_fill;
  options.warm_up_seconds = FLAGS_warm_up;
  options.seconds = FLAGS_seconds;
  options.requests = FLAGS_requests;
  options.cpus = *cpus;
  options.progress = FLAGS_progress;
  if (FLAGS_server_pid != 0) {
    options.server_pid = FLAGS_server_pid;
  }
  return options;
}

/// Nothing without --tls.
Result<std::optional<TlsClient>> tls_client() {
  const TlsClientOptions options{
      .ca = FLAGS_tls_ca, .certificate = FLAGS_tls_cert, .key = FLAGS_tls_key};
  if (!FLAGS_tls) {
    const bool none = options.ca.empty() && options.certificate.empty() && options.key.empty();
    return none ? Result<std::optional<TlsClient>>(std::nullopt)
                : fail("--tls_ca, --tls_cert and --tls_key need --tls");
  }
  return TlsClient::open(options);
}

Result<void> run() {
  auto tls = tls_client();
  auto options = load_options();
  auto popularity = Popularity::parse(FLAGS_popularity, FLAGS_keys);
  auto key_sizes = SizeDistribution::parse(FLAGS_key_size);
  auto value_sizes = SizeDistribution::parse(FLAGS_value_size);
  for (const Error* error :
       {tls ? nullptr : &tls.error(), options ? nullptr : &options.error(),
        popularity ? nullptr : &popularity.error(), key_sizes ? nullptr : &key_sizes.error(),
        value_sizes ? nullptr : &value_sizes.error()}) {
    if (error != nullptr) {
      return std::unexpected(*error);
    }
  }
  options->tls = *tls ? &**tls : nullptr;
  auto keys = KeySpace::make(*key_sizes, FLAGS_keys);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  if (FLAGS_protocol != "classic" && FLAGS_protocol != "meta") {
    return fail("--protocol is classic or meta");
  }
  const ValueSpace values(*value_sizes);
  const Workload workload{.keys = *keys,
                          .values = values,
                          .popularity = *popularity,
                          .dialect = FLAGS_protocol == "meta" ? Dialect::meta : Dialect::classic,
                          .read_ratio = FLAGS_read_ratio,
                          .width = FLAGS_width,
                          .ttl = FLAGS_ttl,
                          .new_sizes = FLAGS_new_sizes,
                          .verify = FLAGS_verify};
  if (FLAGS_mode == "idle") {
    return run_idle(*options);
  }
  if (FLAGS_mode == "fill") {
    return run_memory(workload, *options);
  }
  return FLAGS_mode == "load" ? run_load(workload, *options) : fail("--mode is load, fill or idle");
}

}  // namespace
}  // namespace ember::bench

int main(int argc, char** argv) {
  for (int at = 1; at < argc; ++at) {
    const std::string_view argument = argv[at];
    if (argument == "-h" || argument == "-help" || argument == "--help") {
      ember::bench::print_help();
      return 0;
    }
  }
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc > 1) {
    std::fprintf(stderr, "ember-bench: '%s' is not an option; --help lists them\n", argv[1]);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (auto done = ember::bench::run(); !done) {
    std::fprintf(stderr, "ember-bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
