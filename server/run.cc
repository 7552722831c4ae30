// SPDX-License-Identifier: BSD-3-Clause
#include "server/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "server/process.h"
#include "server/server.h"
#include "server/signals.h"

namespace ember::server {
namespace {

/// Names a file that the ports are written to, for who starts with -p -1.
constexpr const char* kPortFileVariable = "MEMCACHED_PORT_FILENAME";

Result<void> prepare_process(const Options& options) {
  if (auto raised = raise_file_limit(options.max_connections); !raised) {
    return raised;
  }
  if (options.maximize_core) {
    if (auto allowed = allow_core_dumps(); !allowed) {
      return allowed;
    }
  }
  if (auto dropped = drop_privileges(options.user); !dropped) {
    return dropped;
  }
  if (options.daemonize) {
    if (auto detached = daemonize(); !detached) {
      return detached;
    }
  }
  if (options.lock_memory) {
    if (auto locked = lock_memory(); !locked) {
      log::warning("{}; going on without", locked.error().message);
    }
  }
  return {};
}

Result<void> write_ports(std::span<const net::ListenSocket> listeners) {
  const char* const path = std::getenv(kPortFileVariable);
  if (path == nullptr) {
    return {};
  }
  std::string text;
  for (const net::ListenSocket& listener : listeners) {
    if (listener.port != 0) {
      fmt::format_to(std::back_inserter(text), "TCP {}: {}\n", listener.inet6 ? "INET6" : "INET",
                     listener.port);
    }
  }
  return replace_file(path, text);
}

void tell(const Options& options) {
  for (const std::string& warning : options.warnings) {
    log::warning("{}", warning);
  }
  for (const std::string& note : options.notes) {
    log::debug("{}", note);
  }
}

struct Start {
  Result<std::unique_ptr<Server>> server;
  int ended_by = 0;  // the signal that came meanwhile
};

/// Recovering a large memory file takes its time: signals are obeyed meanwhile.
Start start_watched(const Options& options, const SignalWaiter& signals) {
  Start start{.server = nullptr, .ended_by = signals.pending()};
  if (start.ended_by != 0) {
    start.server = fail(fmt::format("signal {} before the start", start.ended_by));
    return start;
  }
  std::atomic<bool> give_up{false};
  std::jthread watch(
      [&](const std::stop_token& stop) { start.ended_by = signals.watch_start(stop, give_up); });
  start.server = Server::start(
      options,
      {.shutdown_requested = [](bool) { ::kill(::getpid(), SIGTERM); }, .give_up = &give_up});
  watch.request_stop();
  watch.join();
  return start;
}

}  // namespace

Result<void> run(const Options& options) {
  const SignalWaiter signals;
  if (auto prepared = prepare_process(options); !prepared) {
    return prepared;
  }
  Start start = start_watched(options, signals);
  if (!start.server) {
    if (start.ended_by != 0) {
      log::info("{}", start.server.error().message);
      return {};
    }
    return fail(start.server.error().message);
  }
  const std::unique_ptr<Server> server = std::move(*start.server);
  tell(options);
  PidFile pid_file;
  if (!options.pid_file.empty()) {
    if (auto written = pid_file.write(options.pid_file); !written) {
      log::warning("{}", written.error().message);
    }
  }
  if (auto written = write_ports(server->listeners()); !written) {
    log::warning("{}", written.error().message);
  }
  const int signal =
      start.ended_by != 0 ? start.ended_by : signals.wait([&server] { server->reload(); });
  log::info("signal {}: stopping", signal);
  const std::jthread watch(
      [&signals](const std::stop_token& stop) { signals.watch_for_another(stop); });
  server->stop();
  return {};
}

}  // namespace ember::server
