// SPDX-License-Identifier: BSD-3-Clause
#include "bench/request_writer.h"

#include <string_view>

#include "base/check.h"
#include "protocol/request_writer.h"

namespace ember::bench {
namespace {

using protocol::LineWriter;

/// Room for a line with one key, whatever numbers are in it.
constexpr size_t kLineRoom = protocol::max_store_line({}) + protocol::kMaxKeySize;

}  // namespace

void RequestWriter::get(OutBuffer& out, std::span<const uint64_t> indexes) const {
  check(!indexes.empty(), "a get asks for a key");
  LineWriter line(out.room(indexes.size() * kLineRoom));
  char key[kMaxKeySize];
  if (dialect_ == Dialect::classic) {
    line.text("get");
    for (const uint64_t index : indexes) {
      write_request_key({key, keys_.write(key, index)}, line);
    }
    line.end_line();
  } else {
    for (const uint64_t index : indexes) {
      begin_meta_line(protocol::Verb::mg, {key, keys_.write(key, index)}, 0, line);
      line.flag('v').end_line();
    }
  }
  out.commit(line.at());
}

void RequestWriter::set(OutBuffer& out, uint64_t index, size_t value_size, uint32_t ttl) const {
  char* const start = out.room(kLineRoom + value_size + protocol::kLineEnd.size());
  LineWriter line(start);
  char text[kMaxKeySize];
  const std::string_view key(text, keys_.write(text, index));
  if (dialect_ == Dialect::classic) {
    write_store_line({.key = key, .exptime = ttl, .value_size = value_size}, line);
  } else {
    begin_meta_line(protocol::Verb::ms, key, value_size, line).flag('T').number(ttl).end_line();
  }
  debug_check(line.at() <= start + kLineRoom, "a line fits the room it has");
  values_.write(line.at(), index, value_size);
  out.commit(LineWriter(line.at() + value_size).end_line().at());
}

}  // namespace ember::bench
