// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/pending_input.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::server::session {
namespace {

std::string_view text(const PendingInput& input) {
  return {input.bytes().data(), input.bytes().size()};
}

TEST(PendingInput, KeepsOrderThroughAppendsAndUses) {
  PendingInput input;
  std::string model;
  unsigned state = 1;
  for (int i = 0; i < 5000; ++i) {
    state = state * 1103515245U + 12345U;
    const std::string piece(state % 300, static_cast<char>('a' + i % 26));
    input.append(piece);
    model += piece;
    const size_t used = (state >> 8) % (model.size() + 1);
    input.consume(used);
    model.erase(0, used);
    ASSERT_EQ(model, text(input));
    ASSERT_EQ(model.empty(), input.empty());
  }
}

}  // namespace
}  // namespace ember::server::session
