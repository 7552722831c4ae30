// SPDX-License-Identifier: BSD-3-Clause
// The steps a session may take, as server/session/README.md draws them; no other.
#include "server/session/session_phase.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace ember::server::session {
namespace {

template <typename State>
using Steps = std::set<std::pair<State, State>>;

template <typename State>
Steps<State> steps_up_to(State last) {
  Steps<State> steps;
  const int count = static_cast<int>(last) + 1;
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      if (may_follow(static_cast<State>(from), static_cast<State>(to))) {
        steps.emplace(static_cast<State>(from), static_cast<State>(to));
      }
    }
  }
  return steps;
}

TEST(SessionPhase, StepsAreThoseDrawn) {
  using enum SessionPhase;
  const Steps<SessionPhase> drawn{
      {unauthenticated, serving}, {unauthenticated, input_closed},
      {unauthenticated, closed},  {serving, input_closed},
      {serving, closing},         {serving, closed},
      {input_closed, closing},    {input_closed, closed},
      {closing, closed},
  };
  EXPECT_EQ(drawn, steps_up_to(closed));
}

TEST(SessionPhase, ALifeGoesForwardsOnly) {
  for (const auto& [from, to] : steps_up_to(SessionPhase::closed)) {
    EXPECT_LT(from, to);
  }
}

TEST(InputState, StepsAreThoseDrawn) {
  using enum InputState;
  const Steps<InputState> drawn{
      {flowing, blocked}, {flowing, yielded},   {flowing, suspended}, {blocked, flowing},
      {blocked, yielded}, {blocked, suspended}, {yielded, blocked},   {suspended, blocked},
  };
  EXPECT_EQ(drawn, steps_up_to(suspended));
}

}  // namespace
}  // namespace ember::server::session
