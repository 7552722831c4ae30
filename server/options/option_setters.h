// SPDX-License-Identifier: BSD-3-Clause
// option_setters: what each option of the table does to Options, and the limits of its value.
#pragma once

#include <optional>

#include "server/options/option_flags.h"
#include "server/options/options.h"
#include "server/options/suboptions.h"

namespace ember::server {

/// What is being built while the arguments are read.
struct Reading {
  Options options;
  SuboptionsSeen suboptions;
};

/// Takes one value into `reading`. Not for actions, counts and refused options.
std::optional<OptionError> set_option(const OptionRow& row, const FlagValue& value,
                                      Reading& reading);

}  // namespace ember::server
