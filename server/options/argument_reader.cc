// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/argument_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/nearest_name.h"

namespace ember::server {
namespace {

bool takes_value(const OptionRow& row) { return !row.value_name.empty(); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::unexpected<OptionError> refuse(std::string message) {
  return std::unexpected(OptionError{.message = std::move(message), .exit_code = 1});
}

std::vector<std::string_view> long_names() {
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_table()) {
    names.push_back(row.long_name);
  }
  return names;
}

std::unexpected<OptionError> refuse_unknown(std::string_view name) {
  std::string message = fmt::format("ember: unrecognized option '--{}'", name);
  std::string dashed(name);
  std::ranges::replace(dashed, '_', '-');
  if (const auto nearest = nearest_name(dashed, long_names())) {
    message += fmt::format("; did you mean '--{}'?", *nearest);
  } else {
    message += "; ember -h lists all options";
  }
  return refuse(std::move(message));
}

/// The option that `name` is, or is the beginning of.
std::expected<const OptionRow*, OptionError> find_long(std::string_view name) {
  if (const OptionRow* row = find_option(name)) {
    return row;
  }
  std::string dashed(name);
  std::ranges::replace(dashed, '_', '-');
  std::vector<const OptionRow*> fitting;
  for (const OptionRow& row : option_table()) {
    if (!name.empty() && row.long_name.starts_with(dashed)) {
      fitting.push_back(&row);
    }
  }
  if (fitting.empty()) {
    return refuse_unknown(name);
  }
  if (fitting.size() > 1) {
    std::string message = fmt::format("ember: option '--{}' is ambiguous; possibilities:", name);
    for (const OptionRow* row : fitting) {
      message += fmt::format(" '--{}'", row->long_name);
    }
    return refuse(std::move(message));
  }
  check(find_option(fitting.front()->long_name) == fitting.front(), "long names differ");
  return fitting.front();
}

}  // namespace

std::expected<std::optional<GivenOption>, OptionError> ArgumentReader::next() {
  if (!cluster_.empty()) {
    return next_short();
  }
  while (index_ < arguments_.size()) {
    const std::string_view argument = arguments_[index_++];
    if (argument == "--") {
      ignored_words_.insert(ignored_words_.end(),
                            arguments_.begin() + static_cast<std::ptrdiff_t>(index_),
                            arguments_.end());
      index_ = arguments_.size();
    } else if (argument.starts_with("--")) {
      return next_long(argument.substr(2));
    } else if (argument.starts_with("-") && argument.size() > 1) {
      cluster_ = argument.substr(1);
      return next_short();
    } else {
      ignored_words_.emplace_back(argument);
    }
  }
  check(index_ == arguments_.size() && cluster_.empty(), "all arguments are taken");
  return std::nullopt;
}

ArgumentReader::Given ArgumentReader::next_short() {
  check(!cluster_.empty(), "a short option is taken from a cluster that has one");
  const char name = cluster_.front();
  cluster_.remove_prefix(1);
  const OptionRow* row = find_option(name);
  if (row == nullptr) {
    return refuse(fmt::format("ember: invalid option -- '{}'; ember -h lists all options", name));
  }
  if (!takes_value(*row)) {
    return GivenOption{row, std::nullopt};
  }
  std::optional<std::string> value;
  if (!cluster_.empty()) {
    value = std::string(trimmed(cluster_));
    cluster_ = {};
  } else {
    value = take_argument();
  }
  if (!value) {
    return refuse(fmt::format("ember: option requires an argument -- '{}'", name));
  }
  return GivenOption{row, std::move(value)};
}

ArgumentReader::Given ArgumentReader::next_long(std::string_view text) {
  const size_t equals = text.find('=');
  const auto row = find_long(text.substr(0, equals));
  if (!row) {
    return std::unexpected(row.error());
  }
  check(*row != nullptr, "a name that is found has a row");
  GivenOption given{*row, std::nullopt};
  if (equals != std::string_view::npos) {
    given.value = std::string(trimmed(text.substr(equals + 1)));
    if ((*row)->type == OptionType::action) {
      return refuse(
          fmt::format("ember: option '--{}' doesn't allow an argument", (*row)->long_name));
    }
  } else if (takes_value(**row)) {
    given.value = take_argument();
    if (!given.value) {
      return refuse(fmt::format("ember: option '--{}' requires an argument", (*row)->long_name));
    }
  }
  return given;
}

std::optional<std::string> ArgumentReader::take_argument() {
  if (index_ == arguments_.size()) {
    return std::nullopt;
  }
  return std::string(trimmed(arguments_[index_++]));
}

}  // namespace ember::server
