// SPDX-License-Identifier: BSD-3-Clause
// RequestWriter: the requests of a load: keys and values by number, in the classic or the meta
// dialect. Not their lines: those are protocol/request_writer.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bench/key_space.h"
#include "bench/out_buffer.h"
#include "bench/value_space.h"

namespace ember::bench {

enum class Dialect : uint8_t {
  classic,  // get, set
  meta,     // mg with v, ms; a multiget is as many mg as it has keys
};

class RequestWriter {
 public:
  /// Both outlive the writer.
  RequestWriter(Dialect dialect, const KeySpace& keys, const ValueSpace& values)
      : dialect_(dialect), keys_(keys), values_(values) {}

  void get(OutBuffer& out, std::span<const uint64_t> indexes) const;
  /// `ttl`: seconds, 0 for ever.
  void set(OutBuffer& out, uint64_t index, size_t value_size, uint32_t ttl) const;

 private:
  Dialect dialect_;
  const KeySpace& keys_;
  const ValueSpace& values_;
};

}  // namespace ember::bench
