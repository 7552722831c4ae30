// SPDX-License-Identifier: BSD-3-Clause
#include "server/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string>
#include <thread>

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

}  // namespace

Result<void> run(const Options& options) {
  const SignalWaiter signals;
  if (auto prepared = prepare_process(options); !prepared) {
    return prepared;
  }
  auto server =
      Server::start(options, {.shutdown_requested = [](bool) { ::kill(::getpid(), SIGTERM); }});
  if (!server) {
    return fail(server.error().message);
  }
  tell(options);
  PidFile pid_file;
  if (!options.pid_file.empty()) {
    if (auto written = pid_file.write(options.pid_file); !written) {
      log::warning("{}", written.error().message);
    }
  }
  if (auto written = write_ports((*server)->listeners()); !written) {
    log::warning("{}", written.error().message);
  }
  const int signal = signals.wait();
  log::info("signal {}: stopping", signal);
  const std::jthread watch(
      [&signals](const std::stop_token& stop) { signals.watch_for_another(stop); });
  (*server)->stop();
  return {};
}

}  // namespace ember::server
