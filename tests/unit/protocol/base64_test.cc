// SPDX-License-Identifier: BSD-3-Clause
// base64: RFC 4648's own examples, and what is refused.
#include "protocol/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::protocol {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text(base64_encoded_size(bytes.size()), '\0');
  EXPECT_EQ(encode_base64(bytes, text.data()), text.data() + text.size());
  return text;
}

std::string decoded(std::string_view text) {
  std::string bytes(base64_decoded_bound(text.size()), '\0');
  const auto size = decode_base64(text, bytes.data());
  return size ? bytes.substr(0, *size) : "refused";
}

TEST(Base64Test, KnownPairs) {
  const struct {
    std::string_view bytes;
    std::string_view text;
  } kPairs[] = {{"f", "Zg=="},           {"fo", "Zm8="},        {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
                {"\xff\xfe\xfd", "//79"}};
  for (const auto& pair : kPairs) {
    EXPECT_EQ(encoded(pair.bytes), pair.text);
    EXPECT_EQ(decoded(pair.text), pair.bytes);
  }
}

TEST(Base64Test, EveryByteSurvives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(decoded(encoded(bytes)), bytes);
  }
}

TEST(Base64Test, UnusedBitsMayBeAnything) { EXPECT_EQ(decoded("YR=="), "a"); }

TEST(Base64Test, RefusesWhatIsNoBase64) {
  for (const std::string_view text :
       {"", "Y", "YQ", "YQ=", "Y===", "====", "YQ==YQ==", "Y-__", "YWI\n", "YW=i", "Y WI"}) {
    EXPECT_EQ(decoded(text), "refused") << text;
  }
}

}  // namespace
}  // namespace ember::protocol
