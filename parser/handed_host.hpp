#pragma once

#include <map>
#include <string>

#include "lib/config/system_access.hpp"
#include "proto/supervisor.pb.h"

namespace holdfast::parser {

/// This host, with the environment of the supervisor instead of our own.
class HandedHost : public config::SystemHost {
  public:
    explicit HandedHost(const messages::v1::ParseRequest& request) {
        for (const auto& variable : request.environment()) {
            variables_.emplace(variable.name(), variable.value());
        }
    }
    [[nodiscard]] std::string environment(const std::string& name) const override {
        const auto found = variables_.find(name);
        return found != variables_.end() ? found->second : "";
    }

  private:
    std::map<std::string, std::string> variables_;
};

}  // namespace holdfast::parser
