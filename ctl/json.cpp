#include "ctl/json.hpp"

#include <cmath>

#include <fmt/format.h>

#include "lib/core/json_text.hpp"

namespace holdfast::ctl {
namespace {

void new_line(std::string& out, bool pretty, int depth) {
    if (pretty) out.append("\n").append(static_cast<std::size_t>(depth) * 2, ' ');
}

std::string number_text(double number) {
    return std::isfinite(number) ? fmt::format("{:.6f}", number) : "null";
}

}  // namespace

std::string Json::text(bool pretty) const {
    std::string out;
    write(out, pretty, 0);
    return out;
}

void Json::write(std::string& out, bool pretty, int depth) const {
    if (const auto* flag = std::get_if<bool>(&value_)) {
        out += *flag ? "true" : "false";
    } else if (const auto* real = std::get_if<double>(&value_)) {
        out += number_text(*real);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value_)) {
        out += fmt::format("{}", *whole);
    } else if (const auto* natural = std::get_if<std::uint64_t>(&value_)) {
        out += fmt::format("{}", *natural);
    } else if (const auto* text = std::get_if<std::string>(&value_)) {
        out += core::json_text(*text);
    } else if (const auto* array = std::get_if<Array>(&value_)) {
        out.push_back('[');
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out.push_back(',');
            new_line(out, pretty, depth + 1);
            (*array)[i].write(out, pretty, depth + 1);
        }
        if (!array->empty()) new_line(out, pretty, depth);
        out.push_back(']');
    } else if (const auto* object = std::get_if<Object>(&value_)) {
        out.push_back('{');
        for (std::size_t i = 0; i < object->size(); ++i) {
            if (i > 0) out.push_back(',');
            new_line(out, pretty, depth + 1);
            out += core::json_text((*object)[i].first);
            out += pretty ? ": " : ":";
            (*object)[i].second.write(out, pretty, depth + 1);
        }
        if (!object->empty()) new_line(out, pretty, depth);
        out.push_back('}');
    } else {
        out += "null";
    }
}

Json envelope(std::string_view kind, Json::Array items) {
    return Json::Object{{"api", "holdfast/1"}, {"kind", kind}, {"items", std::move(items)}};
}

}  // namespace holdfast::ctl
