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
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "server/listen/passed_sockets.h"
#include "server/process/daemon.h"
#include "server/process/pid_file.h"
#include "server/process/process.h"
#include "server/process/service_manager.h"
#include "server/process/signals.h"
#include "server/server.h"

namespace ember::server {
namespace {

/// Names a file that the ports are written to, for those who start with -p -1.
constexpr const char* kPortFileVariable = "MEMCACHED_PORT_FILENAME";

/// What only the user who started the process may do, and then that user's rights are given up. The
/// files that the server opens are left to the start.
Result<void> take_from_starter(const Options& options, PidFile& pid_file) {
  if (auto raised = raise_file_limit(options.max_connections); !raised) {
    return raised;
  }
  if (options.maximize_core) {
    if (auto allowed = allow_core_dumps(); !allowed) {
      return allowed;
    }
  }
  if (options.lock_memory) {
    raise_lock_limit();
  }
  if (!options.pid_file.empty()) {
    // As memcached: no reason not to serve.
    if (auto opened = pid_file.open(options.pid_file); !opened) {
      log::warning("{}", opened.error().message);
    }
  }
  return drop_privileges(options.user);
}

/// Passwords and keys: not to be found in a core dump.
bool holds_secrets(const Options& options) {
  return !options.auth_file.empty() || options.tls_enabled;
}

void prepare_process(const Options& options, const Daemon& background) {
  // Taking other rights forbids core dumps, which -r wants; secrets forbid them in any case.
  if (options.maximize_core || holds_secrets(options)) {
    permit_core_dumps(options.maximize_core);
  }
  background.end_with_starter();
  if (options.lock_memory) {
    if (auto locked = lock_memory(options.memory_limit); !locked) {
      log::warning("{}", locked.error().message);
    }
  }
}

void add_port(std::string_view transport, const net::ListenSocket& socket, std::string& text) {
  if (socket.port != 0) {
    fmt::format_to(std::back_inserter(text), "{} {}: {}\n", transport,
                   socket.inet6 ? "INET6" : "INET", socket.port);
  }
}

Result<void> write_ports(const Listeners& listeners, size_t threads) {
  const char* const path = std::getenv(kPortFileVariable);
  if (path == nullptr) {
    return {};
  }
  check(threads > 0, "a server has a worker");
  std::string text;
  for (const net::ListenSocket& socket : listeners.streams) {
    add_port("TCP", socket, text);
  }
  // Each address has a socket a worker.
  for (size_t i = 0; i < listeners.datagrams.size(); i += threads) {
    add_port("UDP", listeners.datagrams[i], text);
  }
  return replace_file(path, text);
}

void report_options(const Options& options) {
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

/// Recovering a large memory file takes its time: signals end the start.
Start start_watched(const Options& options, const SignalWaiter& signals, Server::Hooks hooks) {
  Start start{.server = nullptr, .ended_by = signals.pending()};
  if (start.ended_by != 0) {
    start.server = fail(fmt::format("signal {} before the start", start.ended_by));
    return start;
  }
  check(hooks.give_up == nullptr, "only a signal ends the start");
  std::atomic<bool> give_up{false};
  std::jthread watch(
      [&](const std::stop_token& stop) { start.ended_by = signals.watch_start(stop, give_up); });
  hooks.shutdown_requested = [](bool) { ::kill(::getpid(), SIGTERM); };
  hooks.give_up = &give_up;
  start.server = Server::start(options, std::move(hooks));
  watch.request_stop();
  watch.join();
  return start;
}

/// What is left to say and to write once the server serves.
void announce(const Options& options, const Server& server, PidFile& pid_file) {
  report_options(options);
  if (auto written = pid_file.write(); !written) {
    log::warning("{}", written.error().message);
  }
  if (auto written = write_ports(server.listeners(), options.threads); !written) {
    log::warning("{}", written.error().message);
  }
}

}  // namespace

Result<void> run(const Options& options, std::unique_ptr<net::TlsContext> tls) {
  auto sockets = take_passed_sockets();
  if (!sockets) {
    return fail(sockets.error().message);
  }
  Daemon background;
  if (options.daemonize) {
    if (auto detached = background.detach(); !detached) {
      return detached;
    }
  }
  const ServiceManager manager;
  const SignalWaiter signals;
  PidFile pid_file;
  if (auto taken = take_from_starter(options, pid_file); !taken) {
    return taken;
  }
  prepare_process(options, background);
  Server::Hooks hooks;
  hooks.tls = std::move(tls);
  hooks.sockets = std::move(*sockets);
  Start start = start_watched(options, signals, std::move(hooks));
  if (!start.server) {
    if (start.ended_by != 0) {
      log::info("{}", start.server.error().message);
      return {};
    }
    return fail(start.server.error().message);
  }
  const std::unique_ptr<Server> server = std::move(*start.server);
  check(server != nullptr, "a start that succeeds gives a server");
  announce(options, *server, pid_file);
  if (auto serving = background.serve(options.verbosity > 0, options.maximize_core); !serving) {
    return serving;
  }
  manager.ready();
  const int signal = start.ended_by != 0 ? start.ended_by : signals.wait([&manager, &server] {
    manager.reloading();
    server->reload();
    manager.ready();
  });
  manager.stopping();
  log::info("signal {}: stopping", signal);
  const std::jthread watch(
      [&signals](const std::stop_token& stop) { signals.watch_for_another(stop); });
  server->stop();
  return {};
}

}  // namespace ember::server
