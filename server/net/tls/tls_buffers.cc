// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_buffers.h"

#include <utility>

#include "base/check.h"

namespace ember::server::net {
namespace {

/// Room for a record of 16 KiB with what TLS puts around it, and for a few small ones.
constexpr size_t kBufferSize = 17 * kKiB;

static_assert(kBufferSize <= TlsBuffers::kLargestKept, "an ordinary buffer is kept");

}  // namespace

std::unique_ptr<TlsBuffers::Bytes> TlsBuffers::take() {
  if (free_.empty()) {
    auto buffer = std::make_unique<Bytes>();
    buffer->reserve(kBufferSize);
    return buffer;
  }
  auto buffer = std::move(free_.back());
  free_.pop_back();
  debug_check(buffer != nullptr && buffer->empty(), "a kept buffer is empty");
  debug_check(buffer->capacity() >= kBufferSize, "a kept buffer has room for a record");
  return buffer;
}

void TlsBuffers::give_back(std::unique_ptr<Bytes> buffer) {
  debug_check(buffer != nullptr, "a buffer is given back once");
  if (free_.size() < kKeptBuffers && buffer->capacity() <= kLargestKept) {
    buffer->clear();
    free_.push_back(std::move(buffer));
  }
  debug_check(free_.size() <= kKeptBuffers, "the buffers kept have a bound");
}

}  // namespace ember::server::net
