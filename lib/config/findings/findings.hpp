#pragma once

namespace holdfast::config {

namespace v1 {
class VirtualServer;
}
struct ObjectPlaces;
struct Resolution;

// What keepalived lets pass and somebody will search for one day. Warnings and notes only; each
// function looks at the resolved configuration and changes nothing.

/// What lies between virtual servers: addresses that two of them listen on, groups nobody uses.
void find_in_services(const Resolution& all);
/// One virtual server: quorum, servers and checks that cannot do what is meant.
void find_in_service(const Resolution& all, const v1::VirtualServer& service,
                     const ObjectPlaces& places);
/// Virtual addresses: in two instances, an interface's own, in a network of their own.
void find_in_addresses(const Resolution& all);

/// Scripts, tracked files and processes, BFD sessions: what nobody uses, names that lead nowhere.
void find_in_scripts(const Resolution& all);

/// Virtual routers: ids used twice, weights that change nothing, peers that are none.
void find_in_routers(const Resolution& all);

}  // namespace holdfast::config
