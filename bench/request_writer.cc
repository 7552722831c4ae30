// SPDX-License-Identifier: BSD-3-Clause
#include "bench/request_writer.h"

#include <cstring>
#include <string_view>

#include "base/numbers.h"

namespace ember::bench {
namespace {

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

void RequestWriter::get(OutBuffer& out, std::span<const uint64_t> indexes) const {
  char* at = out.room(16 + indexes.size() * (kMaxKeySize + 8));
  if (dialect_ == Dialect::classic) {
    at = put(at, "get");
    for (const uint64_t index : indexes) {
      *at++ = ' ';
      at = keys_.write(at, index);
    }
    at = put(at, "\r\n");
  } else {
    for (const uint64_t index : indexes) {
      at = put(at, "mg ");
      at = keys_.write(at, index);
      at = put(at, " v\r\n");
    }
  }
  out.commit(at);
}

void RequestWriter::set(OutBuffer& out, uint64_t index, size_t value_size, uint32_t ttl) const {
  char* at = out.room(64 + kMaxKeySize + value_size);
  if (dialect_ == Dialect::classic) {
    at = put(at, "set ");
    at = keys_.write(at, index);
    at = put(at, " 0 ");
    at = write_u64(at, ttl);
    *at++ = ' ';
    at = write_u64(at, value_size);
  } else {
    at = put(at, "ms ");
    at = keys_.write(at, index);
    *at++ = ' ';
    at = write_u64(at, value_size);
    at = put(at, " T");
    at = write_u64(at, ttl);
  }
  at = put(at, "\r\n");
  values_.write(at, index, value_size);
  at = put(at + value_size, "\r\n");
  out.commit(at);
}

}  // namespace ember::bench
