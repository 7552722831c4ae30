// SPDX-License-Identifier: BSD-3-Clause
// Parsers and writers, requests and replies: nanoseconds per command. `items_per_second` counts
// commands that a client asked for: a key of a multiget is one, a get_end none.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "protocol/binary_parser.h"
#include "protocol/binary_reply.h"
#include "protocol/classic_reply.h"
#include "protocol/head_and_value.h"
#include "protocol/meta_reply.h"
#include "protocol/parser.h"
#include "protocol/reply_parser.h"

namespace ember::protocol {
namespace {

constexpr size_t kDepth = 16;
constexpr size_t kMultigetWidth = 50;
constexpr size_t kValueSize = 100;

std::string key(size_t index) {
  std::string digits = std::to_string(index);
  return "key:" + std::string(20 - digits.size(), '0') + digits;  // 24 bytes
}

template <typename Request>
std::string pipeline(size_t depth, Request request) {
  std::string input;
  for (size_t i = 0; i < depth; ++i) {
    input += request(i);
  }
  return input;
}

void count_commands(benchmark::State& state, size_t per_iteration) {
  const int64_t total = state.iterations() * static_cast<int64_t>(per_iteration);
  state.SetItemsProcessed(total);
  state.counters["per_command"] = benchmark::Counter(
      static_cast<double>(total), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <typename AnyParser = Parser>
void parse_all(benchmark::State& state, const std::string& input, size_t commands) {
  AnyParser parser({});
  std::array<Command, 128> out;
  for (auto _ : state) {
    const auto step = parser.parse(input, out);
    debug_check(step.consumed == input.size(), "the parser takes the whole input");
    benchmark::DoNotOptimize(step);
    benchmark::ClobberMemory();
  }
  count_commands(state, commands);
}

void parse_get(benchmark::State& state) {
  parse_all(state, pipeline(kDepth, [](size_t i) { return "get " + key(i) + "\r\n"; }), kDepth);
}
BENCHMARK(parse_get);

void parse_mg(benchmark::State& state) {
  parse_all(state, pipeline(kDepth, [](size_t i) { return "mg " + key(i) + " v\r\n"; }), kDepth);
}
BENCHMARK(parse_mg);

void parse_mg_with_flags(benchmark::State& state) {
  const auto request = [](size_t i) { return "mg " + key(i) + " t f v O1234567 k q\r\n"; };
  parse_all(state, pipeline(kDepth, request), kDepth);
}
BENCHMARK(parse_mg_with_flags);

void parse_set(benchmark::State& state) {
  const std::string value(kValueSize, 'v');
  const auto request = [&](size_t i) { return "set " + key(i) + " 0 0 100\r\n" + value + "\r\n"; };
  parse_all(state, pipeline(kDepth, request), kDepth);
}
BENCHMARK(parse_set);

void parse_ms(benchmark::State& state) {
  const std::string value(kValueSize, 'v');
  const auto request = [&](size_t i) { return "ms " + key(i) + " 100 T60\r\n" + value + "\r\n"; };
  parse_all(state, pipeline(kDepth, request), kDepth);
}
BENCHMARK(parse_ms);

void parse_delete(benchmark::State& state) {
  parse_all(state, pipeline(kDepth, [](size_t i) { return "delete " + key(i) + "\r\n"; }), kDepth);
}
BENCHMARK(parse_delete);

void parse_multiget(benchmark::State& state) {
  const auto word = [](size_t i) { return " " + key(i); };
  parse_all(state, "get" + pipeline(kMultigetWidth, word) + "\r\n", kMultigetWidth);
}
BENCHMARK(parse_multiget);

/// A request of the binary protocol: header, extras, key, value.
std::string binary_request(char opcode, size_t extras_size, const std::string& key,
                           const std::string& value) {
  check(extras_size + key.size() + value.size() < 256, "the sizes fit one byte");
  std::string request(24 + extras_size, '\0');
  request[0] = static_cast<char>(kBinaryRequestMagic);
  request[1] = opcode;
  request[3] = static_cast<char>(key.size());
  request[4] = static_cast<char>(extras_size);
  request[11] = static_cast<char>(extras_size + key.size() + value.size());  // below 256
  return request + key + value;
}

void parse_binary_get(benchmark::State& state) {
  const auto request = [](size_t i) { return binary_request('\x00', 0, key(i), ""); };
  parse_all<BinaryParser>(state, pipeline(kDepth, request), kDepth);
}
BENCHMARK(parse_binary_get);

void parse_binary_set(benchmark::State& state) {
  const std::string value(kValueSize, 'v');
  const auto request = [&](size_t i) { return binary_request('\x01', 8, key(i), value); };
  parse_all<BinaryParser>(state, pipeline(kDepth, request), kDepth);
}
BENCHMARK(parse_binary_set);

void write_values(benchmark::State& state) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  const std::string name = key(1);
  const std::string value(kValueSize, 'v');
  const auto write_head = [&](LineWriter& line) {
    write_value_line({.key = name, .client_flags = 0, .value_size = kValueSize, .cas = {}}, line);
  };
  for (auto _ : state) {
    for (size_t i = 0; i < kDepth; ++i) {
      append_head_and_value(reply, max_value_line(name), write_head, FlatValue{value}, kLineEnd);
      append_line(reply, "END");
    }
    debug_check(reply.size() > kDepth * kValueSize, "each value is in the reply");
    reply.consume(reply.size());
  }
  count_commands(state, kDepth);
}
BENCHMARK(write_values);

void write_meta_lines(benchmark::State& state) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  const std::string name = key(1);
  Command command;  // not parsed: a second caller of the parser is inlined otherwise than one is
  command.verb = Verb::mg;
  command.key = command.key_text = name;
  command.meta.text = "t f k";
  const auto write_flag = [](char flag, LineWriter& line) {
    if (flag == 't') {
      line.flag('t').signed_number(-1);
    } else if (flag == 'f') {
      line.flag('f').number(7);
    }
  };
  for (auto _ : state) {
    for (size_t i = 0; i < kDepth; ++i) {
      append_meta_line(command, "HD", write_flag, reply);
    }
    debug_check(reply.size() > kDepth * name.size(), "each line is in the reply");
    reply.consume(reply.size());
  }
  count_commands(state, kDepth);
}
BENCHMARK(write_meta_lines);

void write_binary_values(benchmark::State& state) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  const std::string name = key(1);
  Command command;
  command.verb = Verb::get;
  command.is_binary = true;
  command.key = command.key_text = name;
  const std::string value(kValueSize, 'v');
  for (auto _ : state) {
    for (size_t i = 0; i < kDepth; ++i) {
      answer_item(command, {.client_flags = 0, .cas = i}, FlatValue{value}, reply);
    }
    debug_check(reply.size() > kDepth * kValueSize, "each value is in the reply");
    reply.consume(reply.size());
  }
  count_commands(state, kDepth);
}
BENCHMARK(write_binary_values);

void parse_replies(benchmark::State& state) {
  const auto one = [](size_t i) {
    return "VALUE " + key(i) + " 0 100\r\n" + std::string(kValueSize, 'v') + "\r\nEND\r\n";
  };
  const std::string input = pipeline(kDepth, one);
  ReplyParser parser({});
  Reply reply;
  for (auto _ : state) {
    std::string_view left = input;
    while (!left.empty()) {
      left.remove_prefix(parser.parse(left, reply).consumed);
      benchmark::DoNotOptimize(reply);
    }
  }
  count_commands(state, kDepth);
}
BENCHMARK(parse_replies);

}  // namespace
}  // namespace ember::protocol
