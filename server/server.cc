// SPDX-License-Identifier: BSD-3-Clause
#include "server/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "server/options/help.h"
#include "storage/region/dram_region.h"
#include "storage/region/file_region.h"

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

/// -o hashpower counts memcached's 8-byte slots; the index counts buckets of eight of them.
unsigned index_power(unsigned hash_power) {
  constexpr unsigned kSlotsPower = 3;
  return hash_power > kSlotsPower ? hash_power - kSlotsPower : 0;
}

/// Nobody is served yet, so all processors may look through a memory file, however few -t says.
/// More than some do not help: they wait for memory, and each takes some of it.
unsigned recovery_threads(size_t workers) {
  constexpr unsigned kUseful = 16;
  return std::max(static_cast<unsigned>(workers),
                  std::min(std::thread::hardware_concurrency(), kUseful));
}

}  // namespace

Server::Server(const Options& options, Hooks hooks)
    : options_(options),
      hooks_(std::move(hooks)),
      limit_(options.max_connections),
      stats_(options_),
      watch_hub_({.ring_size = options.worker_log_size, .watcher_size = options.watcher_log_size}),
      answer_limit_(options.udp_max_rate) {}

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
  if (auto opened = server->open_store(); !opened) {
    return fail(opened.error().message);
  }
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
  const bool users = authentication_->reload();
  if (tls_ != nullptr) {
    reload_certificates();
  } else if (!users) {
    log::info("SIGHUP: there is nothing to reload");
  }
}

void Server::reload_certificates() {
  if (auto loaded = tls_->reload(); !loaded) {
    log::warning("SIGHUP: {}; new connections get the certificates loaded before",
                 loaded.error().message);
    return;
  }
  log::info("SIGHUP: loaded the certificates of {} anew", options_.tls.chain_cert);
}

Result<void> Server::open_region() {
  if (options_.memory_auto) {
    auto size = storage::file_size_for_auto(options_.memory_file);
    if (!size) {
      return fail(size.error().message);
    }
    options_.memory_limit = *size;
    if (options_.item_size_max > options_.memory_limit / 2) {
      return fail(
          fmt::format("-m auto finds {} MiB for {}, less than twice -I; lower -I, or enlarge "
                      "the volume",
                      *size / kMiB, options_.memory_file));
    }
  }
  auto region = options_.memory_file.empty()
                    ? storage::open_dram_region({.size = options_.memory_limit,
                                                 .huge_pages = options_.large_pages,
                                                 .preallocate = options_.lock_memory})
                    : storage::open_file_region({.path = options_.memory_file,
                                                 .size = options_.memory_limit,
                                                 .huge_pages = options_.large_pages});
  if (!region) {
    return fail(region.error().message);
  }
  region_ = std::move(*region);
  if (options_.large_pages) {
    const storage::PageKind kind = region_->page_kind();
    if (kind == storage::PageKind::usual) {
      log::warning(
          "-L: there are no large pages for items; set some aside (sysctl vm.nr_hugepages), "
          "or allow transparent ones (/sys/kernel/mm/transparent_hugepage)");
    } else {
      log::info("-L: large pages for items: {}", storage::name_of(kind));
    }
  }
  return {};
}

Result<void> Server::open_store() {
  if (auto opened = open_region(); !opened) {
    return opened;
  }
  storage::StoreOptions store_options;
  store_options.memory_limit = options_.memory_limit;
  store_options.item_size_max = options_.item_size_max;
  store_options.growth_factor = options_.growth_factor;
  store_options.min_item_space = options_.min_item_space;
  store_options.evict = options_.evict;
  store_options.hash_power = index_power(options_.hash_power);
  store_options.track_sizes = options_.track_sizes;
  store_options.strict = options_.memory_file_strict;
  store_options.recovery_threads = recovery_threads(options_.threads);
  store_options.give_up = hooks_.give_up;
  auto store = storage::Store::open(store_options, *region_, clock_);
  if (!store) {
    // The store knows its region, not where that is kept.
    return options_.memory_file.empty()
               ? fail(store.error().message)
               : fail(fmt::format("{}: {}", options_.memory_file, store.error().message));
  }
  store_ = std::move(*store);
  storage::StoreTuning& tuning = store_->tuning();
  tuning.sweep = options_.sweep;
  tuning.sweep_rest_us = options_.sweep_rest_us;
  tuning.sweep_items = options_.sweep_items;
  tuning.automove = options_.slab_reassign ? options_.slab_automove : 0;
  tuning.automove_ratio = options_.slab_automove_ratio;
  tell_recovery();
  return {};
}

void Server::tell_recovery() const {
  using Source = storage::RecoveryReport::Source;
  const storage::RecoveryReport& report = store_->recovery();
  if (report.source == Source::none) {
    return;
  }
  if (report.source == Source::cold) {
    log::info("memory file {}: starting empty: {}", options_.memory_file, report.reason);
    return;
  }
  log::info(
      "memory file {}: {} items after a {} ({}) seconds={:.3f} expired={} replaced={} damaged={} "
      "unfit={} damaged_pages={}{}{}",
      options_.memory_file, report.items,
      report.last_stop == storage::RecoveryReport::LastStop::graceful ? "graceful stop" : "crash",
      report.source == Source::scan ? "scan" : "state file", report.seconds, report.expired,
      report.replaced, report.damaged, report.unfit, report.damaged_pages,
      report.reason.empty() ? "" : " reason=",
      report.reason.empty() ? "" : log::value(report.reason));
}

net::Security Server::security_of(size_t listener) const {
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
  worker.session.authenticator = authentication_->authenticator();
  worker.idle_timeout_s = options_.idle_timeout_s;
  worker.handler.item_size_max = options_.item_size_max;
  worker.handler.use_cas = options_.use_cas;
  worker.handler.flush_enabled = options_.flush_enabled;
  worker.handler.slab_reassign = options_.slab_reassign;
  worker.handler.dump_enabled = options_.dump_enabled;
  worker.handler.watch_enabled = options_.watch_enabled;
  worker.handler.shutdown_enabled = options_.shutdown_command;
  worker.handler.version = kMemcachedVersion;
  worker.handler.set_verbosity = [this](uint64_t level) {
    log::set_level(level_of(level));
    stats_.set_verbosity(static_cast<uint32_t>(level));
  };
  if (options_.debug_commands) {
    worker.handler.skip_time = [this](uint32_t seconds) { clock_.advance(seconds); };
  }
  worker.handler.shut_down = hooks_.shutdown_requested;
  if (tls_ != nullptr) {
    worker.handler.refresh_certs = [this] { return tls_->reload(); };
  }
  return worker;
}

/// The sockets of one worker.
UdpOptions Server::udp_options(size_t worker) {
  UdpOptions udp{.sockets = {}, .limit = &answer_limit_, .session = {}};
  udp.session.max_reply = options_.udp_max_reply;
  for (size_t i = worker; i < listeners_.datagrams.size(); i += options_.threads) {
    const Protocol protocol = listeners_.datagram_specs[i].protocol.value_or(options_.protocol);
    udp.sockets.push_back(
        {.fd = listeners_.datagrams[i].fd.get(), .dialect = dialect_of(protocol)});
  }
  return udp;
}

Result<void> Server::start_threads(net::PollerKind kind) {
  registry_.prefixes().set_delimiter(options_.prefix_delimiter);
  registry_.prefixes().switch_on(options_.detail_enabled);
  // All logs before the first thread that could find them incomplete.
  std::vector<WatchLog*> logs;
  logs.reserve(options_.threads + 1);
  for (size_t i = 0; i < options_.threads + 1; ++i) {
    logs.push_back(&watch_hub_.add_log());
  }
  if (options_.watch_enabled) {
    if (auto started = watch_hub_.start(); !started) {
      return started;
    }
  }
  store_log_ = std::make_unique<command::StoreLog>(*logs.back());
  maintenance_ = std::make_unique<Maintenance>(clock_, *store_, *store_log_);
  const WorkerOptions options = worker_options(kind);
  for (size_t i = 0; i < options_.threads; ++i) {
    const Worker::Parts parts{.store = *store_,
                              .clock = clock_,
                              .registry = registry_,
                              .stats = stats_,
                              .limit = limit_,
                              .log = *logs[i],
                              .watch = watch_hub_,
                              .tls = tls_.get(),
                              .sasl = authentication_->sasl()};
    workers_.push_back(std::make_unique<Worker>(parts, options, i));
    if (auto started = workers_.back()->start(); !started) {
      return started;
    }
  }
  acceptor_ = std::make_unique<Acceptor>(
      AcceptorOptions{.poller = kind, .reject_beyond_limit = options_.maxconns_fast},
      listeners_.streams, limit_, [this](Fd connection, uint32_t listener) {
        workers_[next_worker_]->give(std::move(connection), listener);
        next_worker_ = (next_worker_ + 1) % workers_.size();
      });
  stats_.attach(
      {options_, clock_, limit_, *acceptor_, listeners_, workers_, watch_hub_, tls_.get()}, *store_,
      storage::name_of(region_->page_kind()), registry_);
  if (auto started = acceptor_->start(); !started) {
    return started;
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->hear(udp_options(i));
  }
  for (const net::ListenSocket& listener : listeners_.streams) {
    log::info("listening on {} poller={} threads={}", listener.name, net::name_of(kind),
              options_.threads);
  }
  for (size_t i = 0; i < listeners_.datagrams.size(); i += options_.threads) {
    log::info("listening on {} poller={} threads={}", listeners_.datagrams[i].name,
              net::name_of(kind), options_.threads);
  }
  return {};
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
  maintenance_.reset();
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
  if (store_ != nullptr) {
    if (auto closed = store_->close(options_.memory_file_sync); !closed) {
      log::warning("{}", closed.error().message);
    }
    store_.reset();
  }
}

}  // namespace ember::server
