#pragma once

#include <optional>
#include <string>

#include "proto/config.pb.h"

namespace holdfast::parser {

/// Says in numbers what the mailer needs, since it resolves nothing: the addresses of smtp_server;
/// and the names that keepalived takes from the host where nothing is said (router_id,
/// smtp_helo_name, notification_email_from). Does nothing where nobody gets mails. What it returns
/// is why there will be none.
///
/// Asks the name service, a few seconds at most.
[[nodiscard]] std::optional<std::string> complete_mail(config::v1::GlobalDefs& global);

}  // namespace holdfast::parser
