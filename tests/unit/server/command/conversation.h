// SPDX-License-Identifier: BSD-3-Clause
// Conversation: bytes in, bytes out, through the real parser, the handler and a store in DRAM: what
// a session does, without a connection. For the tests of this folder.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "protocol/binary_parser.h"
#include "protocol/handler.h"
#include "protocol/parser.h"
#include "protocol/reply_buffer.h"
#include "server/command/local_handler.h"
#include "server/command/store_metrics.h"
#include "server/watch/watch_line.h"
#include "storage/core/store_thread.h"
#include "storage/region/dram_region.h"
#include "storage/store.h"

namespace ember::server::command {

/// `text` with '|' for each line end, and back.
std::string with_bars(std::string_view text);
std::string with_line_ends(std::string_view text);

/// `size` bytes of text that tell where in it they are.
std::string numbers_text(size_t size);

class FakeClient final : public protocol::Client {
 public:
  void resume() override { ++resumed; }
  int number() const override { return 17; }
  bool can_listen() const override { return listens; }
  void report(std::string_view bytes) override { reported += bytes; }
  int resumed = 0;
  bool listens = true;
  std::string reported;
};

/// What a server shows beside commands and the store.
struct FakeServer {
  uint64_t pid = 42;
  uint64_t maxbytes = 67'108'864;
  uint64_t maxconns = 1024;
};

inline constexpr auto kFakeMetrics = std::to_array<MetricRow<FakeServer>>({
    {{"pid", MetricSection::process, MetricKind::gauge, "", ""}, &FakeServer::pid},
    {{"maxbytes", MetricSection::settings, MetricKind::gauge, "", ""}, &FakeServer::maxbytes},
    {{"maxconns", MetricSection::settings, MetricKind::gauge, "", ""}, &FakeServer::maxconns},
});

class FakeStats final : public StatsSource {
 public:
  FakeStats() { registry.add_one<FakeServer>(kFakeMetrics, server); }

  const MetricRegistry& metrics() const override { return registry; }
  std::vector<ConnectionInfo> connections() const override { return clients; }
  void reset() override {
    ++resets;
    registry.reset();
  }

  FakeServer server;
  MetricRegistry registry;
  std::vector<ConnectionInfo> clients;
  int resets = 0;
};

/// Takes lines for watchers, and admits them.
class FakeWatch final : public WatchService, public WatchOutlet {
 public:
  uint64_t admit(WatchOutlet& /*outlet*/, uint32_t streams) override {
    admitted.push_back(streams);
    return full ? 0 : admitted.size();
  }
  void reported(uint64_t watcher) override { has_taken.push_back(watcher); }
  void leave(uint64_t watcher) override { left.push_back(watcher); }
  void deliver(uint64_t /*watcher*/, std::string /*lines*/) override {}

  bool full = false;
  std::vector<uint32_t> admitted;
  std::vector<uint64_t> has_taken;
  std::vector<uint64_t> left;
};

struct ConversationOptions {
  storage::StoreOptions store;
  HandlerOptions handler;
  /// Bytes arrive in reads of this size, and values that stream in pieces of the other.
  size_t read_size = 16'000;
  size_t piece_size = 1000;
};

class Conversation {
 public:
  explicit Conversation(const ConversationOptions& options = {});

  /// Sends `input`, where each '|' stands for a line end and one more follows at the end; returns
  /// the replies with '|' for each line end.
  std::string operator()(std::string_view input);

  /// The same with bytes as they are.
  std::string raw(std::string_view input) { return converse(parser_, input); }

  /// Requests of the binary protocol, and their replies, as bytes.
  std::string binary(const std::string& input) { return converse(binary_parser_, input); }

  /// What the last call came to: whether the handler closed the connection.
  bool closed() const { return closed_; }

  /// The value `stats` shows under `name`; empty when it shows none.
  std::string stat(std::string_view name, std::string_view family = "");

  /// Parses `input`, which has no streaming value in it, and gives all of it to one execute().
  protocol::Progress execute(std::string_view input);

  /// What was replied since the last call.
  std::string take_reply();

  Clock clock;
  FakeStats stats;
  FakeClient client;
  FakeWatch watch;
  std::atomic<uint64_t> gid{0};
  WatchLog log{kMiB, gid, [] {}};
  CounterRegistry registry;

  /// The lines that watchers of all streams would have got since the last call, from "type=" on,
  /// with '|' for each line end.
  std::string watch_lines();

  storage::Store& store() { return *store_; }
  storage::StoreThread& thread() { return *thread_; }
  LocalHandler& handler() { return *handler_; }
  protocol::ReplyBuffer& reply() { return reply_; }

 private:
  template <typename AnyParser>
  std::string converse(AnyParser& parser, std::string_view input);
  void execute_all(std::span<const protocol::Command> batch);
  /// Moves a streaming value to its place; returns the bytes of it and of its line end, if any.
  size_t stream(const protocol::Command& command, std::string_view input);

  ConversationOptions options_;
  std::unique_ptr<storage::MemoryRegion> region_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::StoreThread> thread_;
  protocol::BlockPool pool_;
  protocol::ReplyBuffer reply_{pool_};
  std::unique_ptr<LocalHandler> handler_;
  protocol::Parser parser_{protocol::Parser::Options{}};
  protocol::BinaryParser binary_parser_{protocol::Parser::Options{}};
  bool closed_ = false;
};

inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (size_t at = 0; at <= text.size();) {
    const size_t found = std::min(text.find(from, at), text.size());
    result.append(text.substr(at, found - at));
    if (found == text.size()) {
      break;
    }
    result.append(to);
    at = found + from.size();
  }
  return result;
}

inline std::string with_bars(std::string_view text) { return replaced(text, "\r\n", "|"); }

inline std::string with_line_ends(std::string_view text) { return replaced(text, "|", "\r\n"); }

inline std::string numbers_text(size_t size) {
  std::string text;
  while (text.size() < size) {
    text += std::to_string(text.size()) + " ";
  }
  return text.substr(0, size);
}

inline Conversation::Conversation(const ConversationOptions& options) : options_(options) {
  region_ = storage::open_dram_region({.size = options.store.memory_limit}).value();
  store_ = storage::Store::open(options.store, *region_, clock).value();
  thread_ = store_->register_thread();
  add_command_metrics(registry, stats.registry);
  add_store_metrics(*store_, {}, stats.registry);
  const HandlerParts parts{.store = *store_,
                           .thread = *thread_,
                           .clock = clock,
                           .registry = registry,
                           .stats = stats,
                           .log = log,
                           .watch = watch,
                           .outlet = watch};
  handler_ = std::make_unique<LocalHandler>(parts, options.handler);
}

inline std::string Conversation::watch_lines() {
  std::string lines;
  log.ring().drain(log.ring().produced(), SIZE_MAX,
                   [&](const WatchEvent& event, std::string_view text) {
                     std::string line;
                     append_watch_line(event, text, line);
                     lines += line.substr(line.find("type="));
                   });
  std::ranges::replace(lines, '\n', '|');
  return lines;
}

inline std::string Conversation::operator()(std::string_view input) {
  return with_bars(raw(with_line_ends(input) + "\r\n"));
}

template <typename AnyParser>
std::string Conversation::converse(AnyParser& parser, std::string_view input) {
  using Stop = protocol::Parser::Stop;
  closed_ = false;
  size_t arrived = std::min(options_.read_size, input.size());
  while (!closed_) {
    std::array<protocol::Command, 64> batch;
    const protocol::Parser::Step step = parser.parse(input.substr(0, arrived), batch);
    execute_all({batch.data(), step.count});
    input.remove_prefix(step.consumed);
    arrived -= step.consumed;
    if (step.stop == Stop::value) {
      const size_t size = stream(batch[step.count], input);
      input.remove_prefix(size);
      arrived -= std::min(arrived, size);
    } else if (step.stop == Stop::more_input) {
      if (arrived == input.size()) {
        break;
      }
      arrived += std::min(options_.read_size, input.size() - arrived);
    }
    closed_ |= step.stop == Stop::close;
  }
  check(closed_ || input.empty(), "a test sends whole requests");
  return take_reply();
}

inline void Conversation::execute_all(std::span<const protocol::Command> batch) {
  while (!batch.empty() && !closed_) {
    const protocol::Progress progress = handler_->execute(client, batch, reply_);
    closed_ = progress.next == protocol::Next::close;
    check(progress.executed > 0 || progress.next == protocol::Next::again,
          "tests keep replies below the bound, or call execute()");
    batch = batch.subspan(progress.executed);
    thread_->quiesce();
  }
}

inline size_t Conversation::stream(const protocol::Command& command, std::string_view input) {
  const size_t size = command.value_size;
  const std::string_view end = command.is_binary ? "" : "\r\n";
  check(input.size() >= size + end.size(), "a test sends whole values");
  auto value = handler_->begin_value(client, command, reply_);
  if (value == nullptr) {
    return size + end.size();
  }
  for (size_t at = 0; at < size;) {
    const std::span<char> room = value->next();
    check(!room.empty(), "there is room until all of a value is written");
    const size_t step = std::min({room.size(), size - at, options_.piece_size});
    std::memcpy(room.data(), input.data() + at, step);
    value->advance(step);
    at += step;
    thread_->quiesce();
  }
  protocol::Command finished = command;
  finished.value_complete = input.substr(size, end.size()) == end;
  (void)handler_->finish_value(client, finished, std::move(value), reply_);
  return size + end.size();
}

inline std::string Conversation::take_reply() {
  std::string text;
  while (!reply_.empty()) {
    std::array<iovec, 8> ranges;
    size_t size = 0;
    const size_t count = reply_.gather(ranges);
    for (size_t i = 0; i < count; ++i) {
      text.append(static_cast<const char*>(ranges[i].iov_base), ranges[i].iov_len);
      size += ranges[i].iov_len;
    }
    reply_.consume(size);
  }
  return text;
}

inline protocol::Progress Conversation::execute(std::string_view input) {
  std::vector<protocol::Command> batch(1000);
  const std::string bytes = with_line_ends(input) + "\r\n";
  const protocol::Parser::Step step = parser_.parse(bytes, batch);
  return handler_->execute(client, {batch.data(), step.count}, reply_);
}

inline std::string Conversation::stat(std::string_view name, std::string_view family) {
  const std::string text = (*this)(family.empty() ? "stats" : "stats " + std::string(family));
  const std::string start = "STAT " + std::string(name) + " ";
  size_t at = text.find(start);
  if (at == std::string::npos) {
    return {};
  }
  at += start.size();
  return text.substr(at, text.find('|', at) - at);
}

}  // namespace ember::server::command
