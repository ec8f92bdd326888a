#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

class HostFacts;

/// Names that a misspelt one is compared with, at most.
inline constexpr int kCandidates = 64;

/// The names of the first objects of a repeated field, as candidates.
template <class Objects>
[[nodiscard]] std::vector<std::string> first_names(const Objects& objects) {
    std::vector<std::string> names;
    for (int i = 0; i < std::min(objects.size(), kCandidates); ++i) {
        names.push_back(objects.Get(i).name());
    }
    return names;
}

/// "did you mean NAME?" for the candidate that `word` is likely to stand for; empty if there is
/// none.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates);

/// Whether the host has this user and, when one is named, this group. Without a host nothing is
/// doubted.
[[nodiscard]] bool knows_account(const HostFacts* host, const std::string& user,
                                 const std::string& group);
/// "did you mean NAME?" for the one of the two that the host does not know, out of the accounts
/// that scripts usually run as.
[[nodiscard]] std::string did_you_mean_account(const HostFacts& host, const std::string& user,
                                               const std::string& group);

}  // namespace holdfast::config
