// SPDX-License-Identifier: BSD-3-Clause
#include "server/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/local_service.h"
#include "server/net/poller_factory.h"
#include "server/options/help.h"

namespace ember::server {
namespace {

net::PollerKind wanted_poller(IoKind io) {
  switch (io) {
    case IoKind::uring:
      return net::PollerKind::uring;
    case IoKind::epoll:
      return net::PollerKind::epoll;
    case IoKind::automatic:
      break;
  }
  return net::PollerKind::automatic;
}

session::Dialect dialect_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::ascii:
      return session::Dialect::text;
    case Protocol::binary:
      return session::Dialect::binary;
    case Protocol::automatic:
      break;
  }
  return session::Dialect::by_first_byte;
}

/// -v and `verbosity`: 0 is the usual.
log::Level level_of(uint64_t verbosity) {
  if (verbosity == 0) {
    return log::Level::info;
  }
  return verbosity == 1 ? log::Level::debug : log::Level::trace;
}

}  // namespace

Server::Server(const Options& options, Hooks hooks)
    : options_(options),
      hooks_(std::move(hooks)),
      limit_(options.max_connections),
      stats_(options_),
      watch_hub_({.ring_size = options.worker_log_size, .watcher_size = options.watcher_log_size}),
      udp_limiter_(options.udp_max_rate) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(const Options& options, Hooks hooks) {
  log::set_level(level_of(options.verbosity));
  std::unique_ptr<Server> server(new Server(options, std::move(hooks)));
  const auto kind = net::choose_poller(wanted_poller(options.io));
  if (!kind) {
    return fail(kind.error().message);
  }
  auto authentication =
      Authentication::open({.auth_file = options.auth_file, .sasl = options.sasl});
  if (!authentication) {
    return fail(authentication.error().message);
  }
  server->authentication_ = std::move(*authentication);
  if (auto opened = server->open_tls(); !opened) {
    return fail(opened.error().message);
  }
  // The store first: who can connect is served.
  auto store = LocalStore::open(server->options_, server->clock_, server->hooks_.give_up);
  if (!store) {
    return fail(store.error().message);
  }
  server->local_store_ = std::make_unique<LocalStore>(std::move(*store));
  auto listeners = server->hooks_.sockets.empty()
                       ? open_listeners(server->options_)
                       : adopt_sockets(std::move(server->hooks_.sockets), options.threads);
  if (!listeners) {
    return fail(listeners.error().message);
  }
  server->listeners_ = std::move(*listeners);
  auto started = server->start_threads(*kind);
  if (!started && options.io == IoKind::automatic && *kind == net::PollerKind::uring) {
    // One ring was to be had, as many as there are workers are not: limits count all of a user's.
    log::info("using epoll: {}", started.error().message);
    server->end_threads();
    started = server->start_threads(net::PollerKind::epoll);
  }
  if (!started) {
    return fail(started.error().message);
  }
  return server;
}

Result<void> Server::open_tls() {
  if (!options_.tls_enabled) {
    return {};
  }
  check(tls_ == nullptr, "certificates are opened once");
  tls_ = std::move(hooks_.tls);
  if (tls_ == nullptr) {
    auto opened = net::TlsContext::open(options_.tls);
    if (!opened) {
      return fail(opened.error().message);
    }
    tls_ = std::move(*opened);
  }
  return {};
}

void Server::reload() {
  check(authentication_ != nullptr, "only a server that serves reloads");
  const bool users = authentication_->reload();
  if (tls_ != nullptr) {
    reload_certificates();
  } else if (!users) {
    log::info("SIGHUP: there is nothing to reload");
  }
}

void Server::reload_certificates() {
  check(tls_ != nullptr, "certificates are there with -Z");
  if (auto loaded = tls_->reload(); !loaded) {
    log::warning("SIGHUP: {}; new connections get the certificates loaded before",
                 loaded.error().message);
    return;
  }
  log::info("SIGHUP: loaded the certificates of {} anew", options_.tls.chain_cert);
}

net::Security Server::security_of(size_t listener) const {
  check(listener < listeners_.streams.size() && listener < listeners_.specs.size(),
        "a listener has a socket and what was asked for it");
  const bool unix_socket = listeners_.streams[listener].port == 0;
  const TlsMode mode = listeners_.specs[listener].tls;
  if (!options_.tls_enabled || unix_socket || mode == TlsMode::off) {
    return net::Security::plain;
  }
  return mode == TlsMode::mutual ? net::Security::tls_certified : net::Security::tls;
}

WorkerOptions Server::worker_options(net::PollerKind kind) {
  WorkerOptions worker;
  worker.poller = kind;
  worker.session.requests_per_event = options_.requests_per_event;
  for (size_t i = 0; i < listeners_.specs.size(); ++i) {
    const Protocol protocol = listeners_.specs[i].protocol.value_or(options_.protocol);
    worker.session.listeners.push_back(
        {.dialect = dialect_of(protocol), .security = security_of(i)});
  }
  check(worker.session.listeners.size() == listeners_.streams.size(),
        "sessions know each listener by its number");
  worker.session.authenticator = authentication_->authenticator();
  worker.session.idle_timeout_s = options_.idle_timeout_s;
  return worker;
}

command::HandlerOptions Server::handler_options() {
  check(local_store_ != nullptr, "handlers come after the store they answer from");
  command::HandlerOptions handler;
  handler.item_size_max = options_.item_size_max;
  handler.use_cas = options_.use_cas;
  handler.flush_enabled = options_.flush_enabled;
  handler.slab_reassign = options_.slab_reassign;
  handler.dump_enabled = options_.dump_enabled;
  handler.watch_enabled = options_.watch_enabled;
  handler.shutdown_enabled = options_.shutdown_command;
  handler.version = kMemcachedVersion;
  handler.set_verbosity = [this](uint64_t level) {
    log::set_level(level_of(level));
    stats_.set_verbosity(static_cast<uint32_t>(level));
  };
  if (options_.debug_commands) {
    handler.skip_time = [this](uint32_t seconds) { clock_.advance(seconds); };
  }
  handler.shut_down = hooks_.shutdown_requested;
  if (tls_ != nullptr) {
    handler.refresh_certs = [this] { return tls_->reload(); };
  }
  return handler;
}

/// The sockets of one worker.
UdpOptions Server::udp_options(size_t worker) {
  check(worker < options_.threads, "the worker is one of them");
  UdpOptions udp{.sockets = {}, .limit = &udp_limiter_, .session = {}};
  udp.session.max_reply = options_.udp_max_reply;
  check(listeners_.datagrams.size() % options_.threads == 0, "each worker has a socket of each");
  for (size_t i = worker; i < listeners_.datagrams.size(); i += options_.threads) {
    const Protocol protocol = listeners_.datagram_specs[i].protocol.value_or(options_.protocol);
    udp.sockets.push_back(
        {.fd = listeners_.datagrams[i].fd.get(), .dialect = dialect_of(protocol)});
  }
  return udp;
}

/// What makes the services of the workers: this process's store answers.
ServiceFactory Server::local_services(WatchLog& log) {
  return [this, &log,
          options = handler_options()](net::Poller& poller) -> Result<std::unique_ptr<Service>> {
    return std::make_unique<LocalService>(LocalService::Parts{.store = local_store_->store(),
                                                              .clock = clock_,
                                                              .registry = registry_,
                                                              .stats = stats_,
                                                              .log = log,
                                                              .watch = watch_hub_,
                                                              .poller = poller},
                                          options);
  };
}

/// `logs`: one for each worker.
Result<void> Server::start_workers(net::PollerKind kind, std::span<WatchLog* const> logs) {
  check(workers_.empty(), "workers are started once");
  const WorkerOptions options = worker_options(kind);
  for (size_t i = 0; i < options_.threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(Worker::Parts{.make_service = local_services(*logs[i]),
                                               .clock = clock_,
                                               .limit = limit_,
                                               .log = *logs[i],
                                               .tls = tls_.get(),
                                               .sasl = authentication_->sasl()},
                                 options, i));
    if (auto started = workers_.back()->start(); !started) {
      return started;
    }
  }
  return {};
}

/// Returns a log for each worker and, last, the janitor's: all of them before the first thread that
/// could find them incomplete.
std::vector<WatchLog*> Server::add_logs() {
  std::vector<WatchLog*> logs;
  logs.reserve(options_.threads + 1);
  for (size_t i = 0; i < options_.threads + 1; ++i) {
    logs.push_back(&watch_hub_.add_log());
  }
  check(logs.size() == options_.threads + 1, "each worker and the janitor has a log");
  return logs;
}

Result<void> Server::start_threads(net::PollerKind kind) {
  check(local_store_ != nullptr && acceptor_ == nullptr, "threads are started once all is open");
  registry_.prefixes().set_delimiter(options_.prefix_delimiter);
  registry_.prefixes().switch_on(options_.detail_enabled);
  const std::vector<WatchLog*> logs = add_logs();
  if (options_.watch_enabled) {
    if (auto started = watch_hub_.start(); !started) {
      return started;
    }
  }
  store_log_ = std::make_unique<command::StoreLog>(*logs.back());
  janitor_ = std::make_unique<JanitorThread>(clock_, local_store_->store(), *store_log_);
  if (auto started = start_workers(kind, logs); !started) {
    return started;
  }
  acceptor_ = std::make_unique<Acceptor>(
      AcceptorOptions{.poller = kind, .reject_beyond_limit = options_.maxconns_fast},
      listeners_.streams, limit_, [this](Fd connection, uint32_t listener) {
        accepting_.assume();
        debug_check(next_worker_ < workers_.size(), "the next worker is one of them");
        workers_[next_worker_]->add_connection(std::move(connection), listener);
        next_worker_ = (next_worker_ + 1) % workers_.size();
      });
  stats_.attach(
      {options_, clock_, limit_, *acceptor_, listeners_, workers_, watch_hub_, tls_.get()},
      local_store_->store(), local_store_->memory_pages(), registry_);
  if (auto started = acceptor_->start(); !started) {
    return started;
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->serve_datagrams(udp_options(i));
  }
  report_listeners(kind);
  return {};
}

void Server::report_listeners(net::PollerKind kind) const {
  for (const net::ListenSocket& listener : listeners_.streams) {
    log::info("listening on {} poller={} threads={}", listener.name, net::name_of(kind),
              options_.threads);
  }
  for (size_t i = 0; i < listeners_.datagrams.size(); i += options_.threads) {
    log::info("listening on {} poller={} threads={}", listeners_.datagrams[i].name,
              net::name_of(kind), options_.threads);
  }
}

std::vector<size_t> Server::connections_by_worker() const {
  std::vector<size_t> counts;
  counts.reserve(workers_.size());
  for (const auto& worker : workers_) {
    counts.push_back(worker->counters().sessions);
  }
  return counts;
}

void Server::end_threads() {
  if (acceptor_ != nullptr) {
    acceptor_->stop();
  }
  watch_hub_.stop();
  for (const auto& worker : workers_) {
    worker->stop();
  }
  for (const auto& worker : workers_) {
    worker->join();
  }
  // With the workers ended nothing refers to the store but the janitor.
  janitor_.reset();
  workers_.clear();
}

void Server::stop() {
  if (acceptor_ != nullptr) {
    acceptor_->stop();
  }
  for (const net::ListenSocket& listener : listeners_.streams) {
    // Clients are refused from now on; the descriptors stay for whoever asks for statistics.
    if (!listener.lent) {
      ::shutdown(listener.fd.get(), SHUT_RDWR);
    }
  }
  end_threads();
  listeners_ = {};
  check(workers_.empty() && janitor_ == nullptr, "no thread uses a store that is closed");
  if (local_store_ != nullptr) {
    local_store_->close(options_.memory_file_sync);
    local_store_.reset();
  }
}

}  // namespace ember::server
