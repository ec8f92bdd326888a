#include "lib/core/result.hpp"
#include "vrrpd/advertisement.hpp"

namespace holdfast::vrrp {

namespace {

struct Words {
    std::string_view what;
    std::string_view advice;
};

Words words_of(Rejection rejection) {
    switch (rejection) {
        case Rejection::ip_header:
            return {"broken IP header", "look for what garbles packets on this network"};
        case Rejection::unknown_vrid:
            return {"unknown virtual router id", "choose another id there, or configure it here"};
        case Rejection::unexpected_ah:
            return {"authentication header does not fit the configuration",
                    "give every router the same auth_type"};
        case Rejection::incomplete:
            return {"shorter than its address count says",
                    "look for what cuts packets on this network"};
        case Rejection::time_to_live:
            return {"TTL or hop limit is not 255",
                    "VRRP does not cross routers; something between rewrites or forwards it"};
        case Rejection::version:
            return {"another VRRP version", "give every router of this id the same version"};
        case Rejection::trailer:
            return {"keyed trailer, but no keys are configured",
                    "configure auth_hmac here, or take it out there"};
        case Rejection::no_trailer:
            return {"no keyed trailer, but one is demanded",
                    "configure auth_hmac there; until then mode permissive accepts it"};
        case Rejection::trailer_malformed:
            return {"keyed trailer of an unknown scheme", "use the same version on every router"};
        case Rejection::trailer_stale:
            return {"keyed trailer of another time",
                    "synchronise the clocks of the routers, or widen time_window"};
        case Rejection::trailer_key:
            return {"keyed trailer under a key that is not configured",
                    "configure the key with this id on every router before one signs with it"};
        case Rejection::trailer_forged:
            return {"wrong HMAC in its keyed trailer",
                    "compare the keys; if they agree, somebody forges advertisements"};
        case Rejection::trailer_replayed:
            return {"keyed trailer was used before",
                    "somebody repeats old advertisements, or two routers have one address"};
        case Rejection::authentication_type:
            return {"another authentication type", "give every router the same auth_type"};
        case Rejection::authentication_data:
            return {"wrong password",
                    "compare the auth_pass of the routers, of which 8 octets count"};
        case Rejection::header_malformed:
            return {"authentication header of another form",
                    "its sender is no keepalived, or its address was translated on the way"};
        case Rejection::header_forged:
            return {"wrong sum in its authentication header",
                    "compare the auth_pass of the routers; if they agree, somebody forges"};
        case Rejection::header_replayed:
            return {"authentication header was used before",
                    "somebody repeats old advertisements, or its sender has just started anew"};
        case Rejection::interval:
            return {"advertisement interval differs",
                    "version 2 needs the same advert_int on every router"};
        case Rejection::type:
            return {"not an advertisement", "its sender speaks something else than VRRP"};
        case Rejection::total_length:
            return {"octets behind the message",
                    "its sender adds what VRRP does not know; compare versions and vendors"};
        case Rejection::checksum:
            return {"wrong checksum", "packets are garbled, or addresses translated on the way"};
        case Rejection::destination:
            return {"its destination does not fit the configuration",
                    "use unicast_peer and multicast groups alike on every router"};
        case Rejection::unicast_source:
            return {"its sender is no peer",
                    "add it to unicast_peer, or find out who speaks for this virtual router"};
        case Rejection::unicast_time_to_live:
            return {"TTL or hop limit is out of the peer's range",
                    "compare min_ttl and max_ttl with the way between the routers"};
    }
    core::broken_invariant("rejection without words");
}

}  // namespace

std::string_view to_text(Rejection rejection) {
    return words_of(rejection).what;
}

std::string_view advice_for(Rejection rejection) {
    return words_of(rejection).advice;
}

}  // namespace holdfast::vrrp
