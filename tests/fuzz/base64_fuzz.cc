// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes base64: any bytes survive encoding and decoding; any text decodes within its bound or
// not at all, and what it decodes to encodes to text of the same size that means the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "protocol/base64.h"

namespace {

using ember::protocol::base64_decoded_bound;
using ember::protocol::base64_encoded_size;
using ember::protocol::decode_base64;
using ember::protocol::encode_base64;

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

void require_survival(std::string_view bytes) {
  const size_t size = base64_encoded_size(bytes.size());
  const auto text = std::make_unique<char[]>(size);
  require(encode_base64(bytes, text.get()) == text.get() + size);
  const auto back = std::make_unique<char[]>(base64_decoded_bound(size));
  const auto decoded = decode_base64({text.get(), size}, back.get());
  if (bytes.empty()) {
    require(!decoded);
    return;
  }
  require(decoded && std::string_view(back.get(), *decoded) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  require_survival(input);
  const auto bytes = std::make_unique<char[]>(base64_decoded_bound(size));
  const auto decoded = decode_base64(input, bytes.get());
  if (decoded) {
    require(*decoded != 0 && *decoded <= base64_decoded_bound(size));
    require(base64_encoded_size(*decoded) == size);
    require_survival({bytes.get(), *decoded});
  }
  return 0;
}
