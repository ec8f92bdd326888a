#include "ctl/console.hpp"

#include <fmt/format.h>

#include "ctl/json.hpp"

namespace holdfast::ctl {

int Console::fail(ExitStatus status, std::string_view text) const {
    fmt::print(complaints, "holdfastctl: {}\n", text);
    if (for_machines()) {
        print(Json::Object{
            {"error", Json::Object{{"code", static_cast<int>(status)}, {"message", text}}}});
    }
    return status;
}

void Console::print(const Json& value) const {
    fmt::print(out, "{}\n", value.text(options.format == Format::pretty_json));
}

}  // namespace holdfast::ctl
