// SPDX-License-Identifier: BSD-3-Clause
// suboptions: the list behind -o.
#pragma once

#include <optional>
#include <string_view>

#include "server/options/options.h"

namespace ember::server {

/// What is checked when the whole command line is read: values that must fit together.
struct SuboptionsSeen {
  double hot_lru_pct = 20;
  double warm_lru_pct = 40;
};

/// Takes one list, "a,b=c", into `options`; what has no effect becomes a note there.
std::optional<OptionError> parse_suboptions(std::string_view list, Options& options,
                                            SuboptionsSeen& seen);

/// What does not fit together after all lists were taken.
std::optional<OptionError> check_suboptions(const SuboptionsSeen& seen);

}  // namespace ember::server
