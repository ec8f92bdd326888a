#pragma once

namespace holdfast::config {

struct Resolution;

// What keepalived lets pass and somebody will search for one day. Warnings and notes only; each
// function looks at the resolved configuration and changes nothing.

/// Virtual servers: quorums, addresses used twice, servers and checks that cannot do what is meant.
void find_in_services(const Resolution& all);
/// Virtual addresses: in two instances, an interface's own, in a network of their own.
void find_in_addresses(const Resolution& all);

/// Scripts, tracked files and processes, BFD sessions: what nobody uses, names that lead nowhere.
void find_in_scripts(const Resolution& all);

/// Virtual routers: ids used twice, weights that change nothing, peers that are none. Errors too,
/// for weights that keepalived complains about.
void find_in_routers(const Resolution& all);

}  // namespace holdfast::config
