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

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/numbers.h"
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

LoadOptions load_options() {
  LoadOptions options;
  options.port = static_cast<uint16_t>(FLAGS_port);
  options.seed = FLAGS_seed;
  options.rounds = FLAGS_rounds;
  options.flush_one_in = FLAGS_flush_one_in;
  return options;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t blank = std::min(line.find(' '), line.size());
    if (blank != 0) words.push_back(line.substr(0, blank));
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return words;
}

/// What the judge is told of one key; nothing when the server is gone or talks nonsense.
std::optional<std::string> read_key(Wire& wire, const std::string& key) {
  if (!wire.send(fmt::format("gets {}\r\n", key))) return std::nullopt;
  const auto head = wire.line();
  if (!head) return std::nullopt;
  if (*head == "END") return fmt::format("got {} none", key);
  const auto words = words_of(*head);
  if (words.size() != 5 || words[0] != "VALUE" || words[1] != key) return std::nullopt;
  const auto flags = parse_u64(words[2]);
  const auto size = parse_u64(words[3]);
  if (!flags || !size) return std::nullopt;
  const auto value = wire.block(*size + 2);
  const auto end = wire.line();
  if (!value || end != "END") return std::nullopt;
  const std::string_view bytes = std::string_view(*value).substr(0, *size);
  return fmt::format("got {} {} {}", key, describe_value(bytes, static_cast<uint32_t>(*flags)),
                     words[4]);
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
    for (auto line = wire->line(); line != "END" && line != "RESET"; line = wire->line()) {
      if (!line) return fail("the server is gone: see the console");
      if (!line->starts_with("STAT ")) break;  // an error: its words, and no END
      judge.say("stat " + line->substr(5));
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
    if (wire && wire->send("version\r\n") && wire->line()) return {};
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
