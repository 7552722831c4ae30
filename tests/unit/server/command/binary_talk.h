// SPDX-License-Identifier: BSD-3-Clause
// binary_talk: answers of the binary protocol as short text, so that a test can be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "tests/unit/protocol/binary_request.h"
#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {

/// One answer in a few words: its status if it failed, key, extras as a number, value; and, for a
/// CAS that is not 0, "cas". "ok" when nothing else is to be said. Takes it off `bytes`.
inline std::string brief_answer(std::string_view& bytes) {
  using namespace protocol;  // NOLINT(google-build-using-namespace): its whole header is meant
  check(bytes.size() >= kBinaryHeaderSize && bytes[0] == kBinaryReplyMagic, "an answer");
  const auto extra_size = static_cast<uint8_t>(bytes[4]);
  const auto key_size = load_big<uint16_t>(bytes.data() + 2);
  const auto status = load_big<uint16_t>(bytes.data() + 6);
  const auto body_size = load_big<uint32_t>(bytes.data() + 8);
  const bool has_cas = load_big<uint64_t>(bytes.data() + 16) != 0;
  bytes.remove_prefix(kBinaryHeaderSize);
  check(bytes.size() >= body_size && body_size >= extra_size + key_size, "a whole answer");
  std::string text = status == 0 ? "ok" : "!" + std::to_string(status);
  if (extra_size != 0) {
    text += " flags " + std::to_string(load_big<uint32_t>(bytes.data()));
  }
  if (key_size != 0) {
    text += " key " + std::string(bytes.substr(extra_size, key_size));
  }
  const std::string_view value = bytes.substr(0, body_size).substr(extra_size + key_size);
  text += value.empty() ? "" : " '" + std::string(value) + "'";
  bytes.remove_prefix(body_size);
  return text + (has_cas ? " cas" : "");
}

/// All answers to `requests`, '|' between them.
inline std::string talk(Conversation& with, const std::string& requests) {
  const std::string bytes = with.binary(requests);
  std::string text;
  for (std::string_view rest = bytes; !rest.empty();) {
    text += (text.empty() ? "" : "|") + brief_answer(rest);
  }
  return text;
}

}  // namespace ember::server::command
