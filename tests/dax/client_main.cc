// SPDX-License-Identifier: BSD-3-Clause
// dax-client: the program in the test machine that loads a server, reads it back and tells the
// judge.
//
//   dax-client load    writes until the rounds are done or the server is gone (load.h)
//   dax-client dump    `got KEY NAME CAS`, `got KEY NUMBER CAS`, `got KEY none` for every key of
//   the load dax-client stats   `stat NAME VALUE` of `stats` and `stats ember` dax-client wait
//   until the server answers, at most --seconds dax-client say WORD...
#include <fmt/format.h>
#include <gflags/gflags.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/dax/judge_port.h"
#include "tests/dax/known_value.h"
#include "tests/dax/load.h"
#include "tests/dax/wire.h"

DEFINE_uint32(port, 11211, "the server's port on the loopback");
DEFINE_uint64(seed, 1, "of the load; part of every value's name");
DEFINE_uint64(rounds, 0, "rounds of the load; 0: until the server is gone");
DEFINE_uint64(flush_one_in, 0, "a round in so many is a flush_all; 0: none");
DEFINE_uint32(seconds, 60, "how long `wait` waits");
DEFINE_bool(stdout, false, "talk to standard output, not to the emulator's debug port");

namespace ember::dax {

namespace {

using protocol::ReplyKind;

LoadOptions load_options() {
  LoadOptions options;
  options.port = static_cast<uint16_t>(FLAGS_port);
  options.seed = FLAGS_seed;
  options.rounds = FLAGS_rounds;
  options.flush_one_in = FLAGS_flush_one_in;
  return options;
}

/// What the judge is told of one key; nothing when the server is gone or talks nonsense.
std::optional<std::string> read_key(Wire& wire, const std::string& key) {
  if (!wire.send(fmt::format("gets {}\r\n", key))) return std::nullopt;
  const auto found = wire.reply();
  if (!found) return std::nullopt;
  if (found->kind == ReplyKind::end) return fmt::format("got {} none", key);
  if (found->kind != ReplyKind::value || found->key != key || !found->has_cas) return std::nullopt;
  std::string told = fmt::format("got {} {} {}", key,
                                 describe_value(found->value, found->client_flags), found->number);
  const auto end = wire.reply();
  if (!end || end->kind != ReplyKind::end) return std::nullopt;
  return told;
}

Result<void> dump(const JudgePort& judge) {
  const LoadOptions options = load_options();
  auto wire = Wire::connect(options.port);
  if (!wire) return std::unexpected(wire.error());
  for (const std::string& key : keys_of(options)) {
    const auto line = read_key(*wire, key);
    if (!line) return fail(fmt::format("the server did not answer a get of {}", key));
    judge.say(*line);
  }
  return {};
}

Result<void> tell_stats(const JudgePort& judge) {
  auto wire = Wire::connect(static_cast<uint16_t>(FLAGS_port));
  if (!wire) return std::unexpected(wire.error());
  for (const std::string_view request : {"stats\r\n", "stats ember\r\n"}) {
    if (!wire->send(request)) return fail("the server is gone: see the console");
    // An error is its words, and no END.
    for (bool more = true; more;) {
      const auto reply = wire->reply();
      if (!reply) return fail("the server is gone: see the console");
      more = !ends_answer(protocol::Verb::stats, reply->kind);
      if (more) judge.say("stat " + std::string(reply->line.substr(5)));
    }
  }
  return {};
}

Result<void> load(const JudgePort& judge) {
  const LoadOptions options = load_options();
  Load load(options, judge);
  if (auto connected = load.connect(); !connected) return connected;
  load.run();
  return {};
}

Result<void> wait_for_server() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(FLAGS_seconds);
  for (;;) {
    auto wire = Wire::connect(static_cast<uint16_t>(FLAGS_port));
    if (wire && wire->send("version\r\n") && wire->reply()) return {};
    if (std::chrono::steady_clock::now() >= until) {
      return fail(fmt::format("no answer within {} seconds: see the console", FLAGS_seconds));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<void> act(int count, char** words) {
  const std::string_view verb = count > 1 ? words[1] : "";
  if (verb == "wait") return wait_for_server();
  const auto judge = JudgePort::open(FLAGS_stdout);
  if (!judge) return std::unexpected(judge.error());
  if (verb == "load") return load(*judge);
  if (verb == "dump") return dump(*judge);
  if (verb == "stats") return tell_stats(*judge);
  if (verb == "say") {
    std::string line;
    for (int i = 2; i < count; ++i) line += (i > 2 ? " " : "") + std::string(words[i]);
    judge->say(line);
    return {};
  }
  return fail("what to do? One of: load dump stats wait say");
}

}  // namespace

}  // namespace ember::dax

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const auto done = ember::dax::act(argc, argv);
  if (!done) fmt::print(stderr, "dax-client: {}\n", done.error().message);
  return done ? 0 : 1;
}
