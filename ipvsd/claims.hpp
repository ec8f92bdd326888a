#pragma once

#include <functional>
#include <vector>

#include "ipvsd/plan.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::ipvsd {

using WishOf = std::function<Wish(core::ObjectId instance)>;

/// Who has an object of the kernel in his configuration: usually one instance.
template <class Configured>
struct Claim {
    core::ObjectId instance;
    const Configured* object = nullptr;
};

/// What all claims together wish: present while one of them does. The object is that of a claim
/// that wishes so.
template <class Configured>
struct Claimed {
    Wish wish = Wish::absent;
    const Configured* object = nullptr;
};

template <class Configured>
[[nodiscard]] Claimed<Configured> claimed(const std::vector<Claim<Configured>>& claims,
                                          const WishOf& wish_of) {
    Claimed<Configured> result{.object = claims.front().object};
    for (const Claim<Configured>& claim : claims) {
        const Wish one = wish_of(claim.instance);
        if (one == Wish::present) result.object = claim.object;
        if (one == Wish::present || (one == Wish::unknown && result.wish == Wish::absent)) {
            result.wish = one;
        }
    }
    return result;
}

}  // namespace holdfast::ipvsd
