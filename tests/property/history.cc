// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "base/numbers.h"

namespace ember::property {
using storage::Outcome;
using Kind = Operation::Kind;

namespace {

const KeyState kAbsent{};

std::optional<KeyState> keep_if(bool explained, const KeyState& state) {
  return explained ? std::optional(state) : std::nullopt;
}

std::optional<KeyState> apply_get(const Operation& operation, const KeyState& state) {
  if (operation.outcome == Outcome::not_found) {
    return keep_if(!state.present, state);
  }
  return keep_if(state == operation.seen, state);
}

/// set, add, replace, append and increment: `allowed` says what the state admits.
std::optional<KeyState> apply_write(const Operation& operation, const KeyState& state,
                                    Outcome allowed, std::string value) {
  if (operation.outcome != allowed) {
    return std::nullopt;
  }
  if (allowed != Outcome::stored) {
    return state;
  }
  return KeyState{.present = true,
                  .value = std::move(value),
                  .cas = operation.seen.cas,
                  .exptime = operation.kind == Kind::append ? state.exptime : 0};
}

Outcome allowed_by_compare(const Operation& operation, const KeyState& state) {
  if (!operation.cas_compare) {
    return Outcome::stored;
  }
  if (!state.present) {
    return Outcome::not_found;
  }
  return state.cas == *operation.cas_compare ? Outcome::stored : Outcome::exists;
}

std::optional<KeyState> apply_increment(const Operation& operation, const KeyState& state) {
  if (!state.present) {
    return keep_if(operation.outcome == Outcome::not_found, state);
  }
  const auto before = parse_u64(state.value);
  if (!before) {
    return keep_if(operation.outcome == Outcome::non_numeric, state);
  }
  const std::string after = std::to_string(*before + *parse_u64(operation.argument));
  if (operation.outcome != Outcome::stored || operation.seen.value != after) {
    return std::nullopt;
  }
  return KeyState{
      .present = true, .value = after, .cas = operation.seen.cas, .exptime = state.exptime};
}

std::optional<KeyState> apply_touch(const Operation& operation, const KeyState& state) {
  if (!state.present) {
    return keep_if(operation.outcome == Outcome::not_found, state);
  }
  KeyState touched = state;
  touched.exptime = operation.exptime;
  return keep_if(operation.outcome == Outcome::stored, touched);
}

std::optional<KeyState> apply_remove(const Operation& operation, const KeyState& state) {
  Outcome allowed = state.present ? Outcome::stored : Outcome::not_found;
  if (state.present && operation.cas_compare && *operation.cas_compare != state.cas) {
    allowed = Outcome::exists;
  }
  if (operation.outcome != allowed) {
    return std::nullopt;
  }
  return allowed == Outcome::stored ? kAbsent : state;
}

/// One way things may be: the state of the key, and which pending operations have had their effect.
struct Possibility {
  KeyState state;
  std::vector<size_t> done;  // indexes of pending operations, ascending
  auto operator<=>(const Possibility&) const = default;
};

class Checker {
 public:
  Checker(std::vector<Operation> history, const HistoryRule& rule)
      : history_(std::move(history)), rule_(rule), possible_{{}} {}

  std::optional<std::string> run();

 private:
  void expand();
  bool let_return(size_t index);
  std::string complaint(size_t index) const;

  std::vector<Operation> history_;
  HistoryRule rule_;
  std::set<Possibility> possible_;
  std::vector<size_t> pending_;
};

/// Adds to what is possible every further effect the pending operations may have had by now.
void Checker::expand() {
  std::vector<Possibility> todo(possible_.begin(), possible_.end());
  while (!todo.empty()) {
    const Possibility from = std::move(todo.back());
    todo.pop_back();
    const auto add = [&](Possibility to) {
      if (possible_.insert(to).second) {
        todo.push_back(std::move(to));
      }
    };
    if (rule_.may_vanish && from.state.present) {
      add({.state = kAbsent, .done = from.done});
    }
    for (const size_t index : pending_) {
      if (std::ranges::binary_search(from.done, index)) {
        continue;
      }
      if (auto state = apply(history_[index], from.state)) {
        Possibility to{.state = std::move(*state), .done = from.done};
        to.done.insert(std::ranges::upper_bound(to.done, index), index);
        add(std::move(to));
      }
    }
  }
}

/// The operation has returned: it must have had its effect. False if it cannot have.
bool Checker::let_return(size_t index) {
  expand();
  std::set<Possibility> remaining;
  for (Possibility possibility : possible_) {
    if (std::erase(possibility.done, index) != 0) {
      remaining.insert(std::move(possibility));
    }
  }
  std::erase(pending_, index);
  if (remaining.empty()) {
    return false;
  }
  possible_ = std::move(remaining);
  return true;
}

std::string Checker::complaint(size_t index) const {
  std::string text = "no order explains this answer:\n  " + describe(history_[index]) +
                     "\nthe key may have been, with what was under way:\n";
  for (const Possibility& possibility : possible_) {
    text += possibility.state.present
                ? fmt::format("  '{}' cas {} exptime {}\n", possibility.state.value,
                              possibility.state.cas, possibility.state.exptime)
                : "  absent\n";
  }
  text += "around it:\n";
  for (size_t i = index < 12 ? 0 : index - 12; i < std::min(index + 4, history_.size()); ++i) {
    text += "  " + describe(history_[i]) + "\n";
  }
  return text;
}

std::optional<std::string> Checker::run() {
  std::ranges::sort(history_, {}, &Operation::called);
  // Calls before returns at the same instant: overlapping explains more, and is never wrong.
  std::vector<std::tuple<int64_t, bool, size_t>> events;
  for (size_t i = 0; i < history_.size(); ++i) {
    events.emplace_back(history_[i].called, false, i);
    events.emplace_back(history_[i].returned, true, i);
  }
  std::ranges::sort(events);
  for (const auto& [time, is_return, index] : events) {
    if (!is_return) {
      pending_.push_back(index);
    } else if (!let_return(index)) {
      return complaint(index);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<KeyState> apply(const Operation& operation, const KeyState& state) {
  switch (operation.kind) {
    case Kind::get:
      return apply_get(operation, state);
    case Kind::set:
      return apply_write(operation, state, allowed_by_compare(operation, state),
                         operation.argument);
    case Kind::add:
      return apply_write(operation, state, state.present ? Outcome::not_stored : Outcome::stored,
                         operation.argument);
    case Kind::replace:
      return apply_write(operation, state, state.present ? Outcome::stored : Outcome::not_stored,
                         operation.argument);
    case Kind::append:
      return apply_write(operation, state, state.present ? Outcome::stored : Outcome::not_stored,
                         state.value + operation.argument);
    case Kind::increment:
      return apply_increment(operation, state);
    case Kind::touch:
      return apply_touch(operation, state);
    case Kind::remove:
      return apply_remove(operation, state);
    case Kind::flush:
      return kAbsent;
  }
  return std::nullopt;
}

std::optional<std::string> explain(std::vector<Operation> history, const HistoryRule& rule) {
  return Checker(std::move(history), rule).run();
}

std::string describe(const Operation& operation) {
  constexpr std::array kKinds = {"get",       "set",   "add",    "replace", "append",
                                 "increment", "touch", "remove", "flush"};
  constexpr std::array kOutcomes = {"stored",      "not_stored", "exists",   "not_found",
                                    "non_numeric", "too_large",  "no_memory"};
  std::string text =
      fmt::format("[{} {}] {} '{}'", operation.called, operation.returned,
                  kKinds.at(static_cast<size_t>(operation.kind)), operation.argument);
  if (operation.kind == Kind::touch) {
    text += fmt::format(" exptime {}", operation.exptime);
  }
  if (operation.cas_compare) {
    text += fmt::format(" if cas {}", *operation.cas_compare);
  }
  text += fmt::format(" -> {}", kOutcomes.at(static_cast<size_t>(operation.outcome)));
  if (operation.seen.present) {
    text += fmt::format(" '{}' cas {} exptime {}", operation.seen.value, operation.seen.cas,
                        operation.seen.exptime);
  }
  return text;
}

}  // namespace ember::property
