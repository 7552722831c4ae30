// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dax/load.h"

#include <fmt/format.h>

#include <utility>

#include "tests/dax/known_value.h"

namespace ember::dax {

namespace {

std::string blob_key(uint32_t connection, uint64_t number) {
  return fmt::format("b{}.{}", connection, number);
}

std::string counter_key(uint32_t connection, uint64_t number) {
  return fmt::format("n{}.{}", connection, number);
}

uint64_t counters_of(const LoadOptions& options) { return options.keys / 4 + 1; }

/// Most values are small; one key in 24 has large ones, which lie in many chunks.
uint64_t choose_size(bench::Random& random, uint64_t key_number) {
  if (key_number % 24 == 5) return 20'000 + random.below(180'000);
  return 60 + random.below(key_number % 3 == 0 ? 2'000 : 240);
}

}  // namespace

std::vector<std::string> keys_of(const LoadOptions& options) {
  std::vector<std::string> keys;
  for (uint32_t connection = 0; connection < options.connections; ++connection) {
    for (uint64_t i = 0; i < options.keys; ++i) keys.push_back(blob_key(connection, i));
    for (uint64_t i = 0; i < counters_of(options); ++i) {
      keys.push_back(counter_key(connection, i));
    }
  }
  return keys;
}

Result<void> Load::connect() {
  for (uint32_t i = 0; i < options_.connections; ++i) {
    auto wire = Wire::connect(options_.port);
    if (!wire) return std::unexpected(wire.error());
    wires_.push_back(std::move(*wire));
  }
  return {};
}

void Load::run() {
  for (uint64_t round = 1; options_.rounds == 0 || round <= options_.rounds; ++round) {
    const bool flush = options_.flush_one_in != 0 && random_.below(options_.flush_one_in) == 0;
    if (!(flush ? play_flush(round) : play_round(round))) {
      judge_.say(fmt::format("gone {}", round));
      return;
    }
  }
}

bool Load::play_flush(uint64_t round) {
  judge_.say(fmt::format("op {} 0 flush_all", round));
  return wires_[0].send("flush_all\r\n") && acknowledge(round, 0);
}

bool Load::play_round(uint64_t round) {
  std::vector<std::string> requests;
  for (uint32_t i = 0; i < options_.connections; ++i) requests.push_back(choose_request(round, i));
  for (uint32_t i = 0; i < options_.connections; ++i) {
    if (!wires_[i].send(requests[i])) return false;
  }
  for (uint32_t i = 0; i < options_.connections; ++i) {
    if (!acknowledge(round, i)) return false;
  }
  return true;
}

bool Load::acknowledge(uint64_t round, uint32_t connection) {
  const auto reply = wires_[connection].reply();
  if (!reply) return false;
  judge_.say(fmt::format("ack {} {} {}", round, connection, reply->line));
  return true;
}

std::string Load::choose_request(uint64_t round, uint32_t connection) {
  const uint64_t kind = random_.below(100);
  std::string told;
  std::string request;
  if (kind < 25) {
    request = counter_request(counter_key(connection, random_.below(counters_of(options_))), told);
  } else {
    const uint64_t number = random_.below(options_.keys);
    const std::string key = blob_key(connection, number);
    if (kind < 40) {
      told = fmt::format("delete {}", key);
      request = fmt::format("delete {}\r\n", key);
    } else {
      const uint64_t size = choose_size(random_, number);
      const std::string name = fmt::format("{}.{}.{}.{}", options_.seed, round, connection, size);
      told = fmt::format("set {} {}", key, name);
      request =
          fmt::format("set {} {} {} {}\r\n", key, flags_of(name), kind % 2 == 0 ? 0 : 86400, size);
      request += make_value(name, size);
      request += "\r\n";
    }
  }
  judge_.say(fmt::format("op {} {} {}", round, connection, told));
  return request;
}

std::string Load::counter_request(const std::string& key, std::string& told) {
  const uint64_t kind = random_.below(8);
  if (kind == 0) {
    told = fmt::format("delete {}", key);
    return fmt::format("delete {}\r\n", key);
  }
  if (kind < 3) {
    const std::string number = fmt::to_string(random_.below(1'000'000));
    told = fmt::format("set {} {}", key, number);
    return fmt::format("set {} 0 0 {}\r\n{}\r\n", key, number.size(), number);
  }
  const uint64_t delta = 1 + random_.below(100'000);
  told = fmt::format("incr {} {}", key, delta);
  return fmt::format("incr {} {}\r\n", key, delta);
}

}  // namespace ember::dax
