#include "lib/config/check_kind.hpp"

#include "lib/config/model_index.hpp"
#include "proto/config/checks.pb.h"

namespace holdfast::config {

CheckKind kind_of(const v1::Check& check) {
    const auto* reflection = check.GetReflection();
    const auto* field =
        reflection->GetOneofFieldDescriptor(check, check.GetDescriptor()->oneof_decl(0));
    if (field == nullptr) return {};
    const std::string_view keyword = setting_of(field).keyword();
    return {check.has_http() && check.http().tls() ? "SSL_GET" : keyword,
            &reflection->GetMessage(check, field)};
}

}  // namespace holdfast::config
