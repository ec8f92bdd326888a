// holdfastctl schema
#include "lib/config/yaml/schema.hpp"

#include "ctl/config_verbs.hpp"
#include "ctl/output_file.hpp"

namespace holdfast::ctl {

int schema(const Console& console, std::span<const std::string>) {
    return write_out(console, config::yaml::make_schema());
}

}  // namespace holdfast::ctl
