#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proto/supervisor.pb.h"

namespace holdfast::supervisor {

using Findings = std::vector<messages::v1::Diagnostic>;

/// Pure: everything fatal in `next`, and what refuses a reload (class and object) and is not in
/// `running`: the reasons to refuse one, in order.
[[nodiscard]] Findings reasons_to_refuse(const Findings& running, const Findings& next);

/// "FILE:LINE:COLUMN: error: TEXT (1 fatal, 3 errors)": the worst of the reasons, which must not be
/// none, and how many there are. One line, whatever the texts hold.
[[nodiscard]] std::string line_of(const Findings& reasons);

/// At most `most` findings as people read them, the gravest chosen first, and a line about the
/// rest.
[[nodiscard]] std::vector<std::string> shown_of(const Findings& findings, std::size_t most);

/// What the log shows of a finding that people see with its source line and hint.
[[nodiscard]] std::string first_line(const std::string& rendered);

}  // namespace holdfast::supervisor
