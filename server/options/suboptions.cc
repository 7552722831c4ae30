// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/suboptions.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <expected>
#include <filesystem>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/nearest_name.h"
#include "base/numbers.h"
#include "server/options/refusal.h"
#include "server/options/suboption_table.h"

namespace ember::server {
namespace {

/// What was given for a suboption, as its target takes it.
struct TargetValue {
  double number = 0;
  std::string text;
};

OptionError unknown_suboption(std::string_view text) {
  check(find_suboption(text.substr(0, text.find('='))) == nullptr, "an unknown word has no row");
  std::vector<std::string_view> names;
  for (const SuboptionRow& row : suboption_table()) {
    if (!row.name.ends_with('*')) {
      names.push_back(row.name);
    }
  }
  std::string message = fmt::format("Illegal suboption \"{}\"", text);
  if (const auto nearest = nearest_name(text.substr(0, text.find('=')), names)) {
    message += fmt::format("; did you mean \"{}\"?", *nearest);
  }
  return mistake(std::move(message));
}

OptionError missing_value(const SuboptionRow& row) {
  return mistake(row.missing_message.empty() ? fmt::format("Missing {} argument", row.name)
                                             : std::string(row.missing_message));
}

/// All of `text` as a number, if that is what it is.
template <typename Number>
std::optional<double> parse_as(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto value = static_cast<double>(number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

OptionError beyond_limits(const SuboptionRow& row, std::string_view value) {
  check(row.least <= row.most, "a row's limits are in order");
  if (row.limits_message.empty()) {
    return mistake(fmt::format("{} takes a number from {:.0f} to {:.0f}, not \"{}\"", row.name,
                               row.least, row.most, value));
  }
  const auto number = parse_as<double>(value);
  const bool high = number && *number > row.most;
  return mistake(fmt::format(fmt::runtime(row.limits_message), value, high ? "high" : "low"));
}

std::expected<TargetValue, OptionError> number_of(const SuboptionRow& row, std::string_view value) {
  const bool whole = row.value != SuboptionValue::real;
  const auto number = whole ? parse_as<int64_t>(value) : parse_as<double>(value);
  if (!number || *number < row.least || *number > row.most ||
      (!whole && (*number == row.least || *number == row.most))) {
    return std::unexpected(beyond_limits(row, value));
  }
  check(row.nearest.least <= row.nearest.most && row.unit > 0, "a row's bounds are in order");
  const double counted = std::clamp(*number, row.nearest.least, row.nearest.most);
  return TargetValue{.number = counted * static_cast<double>(row.unit), .text = {}};
}

/// memcached's words: of a number that is none of the choices, and of what is no number.
OptionError no_choice(const SuboptionRow& row, std::string_view value) {
  std::string words;
  for (const SuboptionChoice& choice : row.choices) {
    words += fmt::format("{}{} ({})", words.empty() ? "" : ", ", choice.number, choice.word);
  }
  const bool number = parse_u64(value).has_value() && !row.limits_message.empty();
  const std::string start = number ? std::string(row.limits_message)
                                   : fmt::format("could not parse argument to {}", row.name);
  return mistake(fmt::format("{}: it takes one of {}, not \"{}\"", start, words, value));
}

std::expected<TargetValue, OptionError> choice_of(const SuboptionRow& row, std::string_view value) {
  check(!row.choices.empty(), "a choice is one of several");
  const auto number = parse_u64(value);
  const auto found = std::ranges::find_if(row.choices, [&](const SuboptionChoice& choice) {
    return number == choice.number ||
           (value.size() == choice.word.size() &&
            ::strncasecmp(value.data(), choice.word.data(), value.size()) == 0);
  });
  if (found == row.choices.end()) {
    return std::unexpected(no_choice(row, value));
  }
  return TargetValue{.number = static_cast<double>(found->number), .text = {}};
}

std::expected<TargetValue, OptionError> text_of(const SuboptionRow& row, std::string_view value) {
  if (row.accepts != nullptr && !row.accepts(value)) {
    check(!row.limits_message.empty(), "a text that is not accepted has a message");
    return std::unexpected(
        OptionError{fmt::format(fmt::runtime(row.limits_message), value), row.exit_code});
  }
  if (row.value == SuboptionValue::path) {
    return TargetValue{
        .text =
            std::filesystem::absolute(std::filesystem::path(value)).lexically_normal().string()};
  }
  return TargetValue{.text = std::string(value)};
}

/// What the row's target becomes by `value`; or what is wrong with that.
std::expected<TargetValue, OptionError> checked_value(const SuboptionRow& row,
                                                      std::optional<std::string_view> value) {
  const bool may_lack = row.value == SuboptionValue::none || row.value == SuboptionValue::optional;
  if (row.value == SuboptionValue::none || (may_lack && !value)) {
    return TargetValue{.number = static_cast<double>(row.bare), .text = {}};
  }
  if (!value) {
    return std::unexpected(missing_value(row));
  }
  switch (row.value) {
    case SuboptionValue::text:
    case SuboptionValue::path:
      return text_of(row, *value);
    case SuboptionValue::choice:
      return choice_of(row, *value);
    default:
      return number_of(row, *value);
  }
}

/// The member that `target` points to.
template <typename Member, typename AnyOptions>
auto& member_of(Member net::TlsOptions::* target, AnyOptions& options) {
  return options.tls.*target;
}
template <typename Member, typename AnyOptions>
auto& member_of(Member Options::* target, AnyOptions& options) {
  return options.*target;
}

void set_target(const SuboptionRow& row, const TargetValue& value, Options& options) {
  std::visit(
      [&](auto target) {
        if constexpr (std::is_same_v<decltype(target), std::monostate>) {
          check(row.support != Support::works, "a suboption works and sets nothing");
        } else {
          auto& member = member_of(target, options);
          using Member = std::remove_reference_t<decltype(member)>;
          if constexpr (std::is_same_v<Member, std::string>) {
            member = value.text;
          } else if constexpr (std::is_same_v<Member, bool>) {
            member = value.number != 0;
          } else {
            member = static_cast<Member>(value.number);
          }
        }
      },
      row.target);
}

Refusal parse_one(std::string_view text, Options& options) {
  const size_t equals = text.find('=');
  const SuboptionRow* row = find_suboption(text.substr(0, equals));
  if (row == nullptr) {
    return unknown_suboption(text);
  }
  if (row->support == Support::refused) {
    return usage(fmt::format("-o {}: {}", text, row->remark));
  }
  std::optional<std::string_view> given;
  if (equals != std::string_view::npos) {
    given = text.substr(equals + 1);
  }
  const auto value = checked_value(*row, given);
  if (!value) {
    return value.error();
  }
  set_target(*row, *value, options);
  if (row->support == Support::no_effect) {
    options.notes.push_back(fmt::format("-o {} has no effect: {}", text, row->remark));
  }
  return std::nullopt;
}

/// The word for `number`, where the row has words for numbers.
std::string word_of(const SuboptionRow& row, uint64_t number) {
  const auto found = std::ranges::find(row.choices, number, &SuboptionChoice::number);
  check(found != row.choices.end(), "a choice is one of the row's");
  return std::string(found->word);
}

template <typename Member>
std::string shown(const SuboptionRow& row, const Member& member) {
  if constexpr (std::is_same_v<Member, std::string>) {
    return member;
  } else if constexpr (std::is_same_v<Member, bool>) {
    return member ? "yes" : "no";
  } else if constexpr (std::is_same_v<Member, double>) {
    return fmt::format("{:.2f}", member);
  } else if constexpr (std::is_enum_v<Member>) {
    return word_of(row, static_cast<uint64_t>(member));
  } else {
    return fmt::to_string(member);
  }
}

}  // namespace

std::optional<OptionError> parse_suboptions(std::string_view list, Options& options) {
  // As getsubopt: nothing behind the last comma is no suboption; nothing before one is.
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (Refusal refusal = parse_one(list.substr(0, comma), options)) {
      return refusal;
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return std::nullopt;
}

std::string suboption_value(std::string_view name, const Options& options) {
  const SuboptionRow* const row = find_suboption(name);
  check(row != nullptr, "a setting is of a suboption that exists");
  if (row->support != Support::works) {
    check(!row->default_value.empty(), "a setting without effect has a default to show");
    const auto number = row->unit == 1 ? std::nullopt : parse_u64(row->default_value);
    return number ? fmt::to_string(*number * row->unit) : std::string(row->default_value);
  }
  return std::visit(
      [&](auto target) -> std::string {
        if constexpr (std::is_same_v<decltype(target), std::monostate>) {
          check(false, "a suboption works and sets nothing");
          return {};
        } else {
          return shown(*row, member_of(target, options));
        }
      },
      row->target);
}

}  // namespace ember::server
