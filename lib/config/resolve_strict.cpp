// vrrp_strict and strict_mode: what the standard does not have is changed or refused.
#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

class StrictRules {
  public:
    StrictRules(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places)
        : all_(all), global_(all.config.global()), instance_(instance), places_(places) {}

    void run() {
        if (instance_.unicast() && !instance_.interface().empty()) {
            auto& found = all_.report.fatal(
                Complaint::none, "strict_unicast", places_.of("unicast_peer"),
                "strict mode: no unicast peers on an interface that can multicast");
            found.hint = "take the peers or strict mode out; keepalived ends here when it starts";
        }
        auto& i = instance_;
        if (i.garp_lower_priority_repeat() > 0) {
            refuse("garp_lower_prio_repeat",
                   "announces nothing after a lower priority; it becomes 0");
        }
        if (i.garp_lower_priority_delay_us() > 0) {
            refuse("garp_lower_prio_delay",
                   "announces nothing after a lower priority; it becomes 0");
        }
        i.set_garp_lower_priority_repeat(0);
        i.set_garp_lower_priority_delay_us(0);
        if (i.has_lower_priority_no_advert() && !i.lower_priority_no_advert()) {
            refuse("lower_prio_no_advert", "does not answer a lower priority; it is switched on");
        }
        i.set_lower_priority_no_advert(true);
        if (i.higher_priority_send_advert()) {
            refuse("higher_prio_send_advert", "gives way at once; it is switched off");
        }
        i.set_higher_priority_send_advert(false);
        look_at_interface();
        look_at_acceptance();
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint = {}) {
        all_.report.error(Complaint::general, class_name, places_.of(keyword), std::move(text))
            .hint = std::move(hint);
    }
    void refuse(std::string_view keyword, const std::string& text) {
        error(keyword, "strict_mode", "strict mode " + text);
    }
    [[nodiscard]] bool is_owner() const { return instance_.priority() == kOwner; }

    void look_at_interface() {
        if (instance_.vmac().transmit_from_base()) {
            error("vmac_xmit_base", "strict_mode",
                  "strict mode sends from the virtual MAC address; vmac_xmit_base is cleared");
            instance_.mutable_vmac()->clear_transmit_from_base();
        }
        if (instance_.vmac().has_address()) {
            error("use_vmac", "strict_mode",
                  "strict mode has no MAC address but the standard's; the one written is ignored");
            instance_.mutable_vmac()->clear_address();
        }
        const std::uint32_t adverts = instance_.has_down_timer_adverts()
                                          ? instance_.down_timer_adverts()
                                          : global_.down_timer_adverts();
        if (adverts != 0 && adverts != kDownTimerAdverts) {
            error("down_timer_adverts", "strict_mode",
                  "strict mode waits for 3 advertisements; down_timer_adverts is ignored");
        }
        instance_.set_down_timer_adverts(kDownTimerAdverts);
        for (const auto& address : instance_.addresses()) {
            if (address.excluded()) continue;
            const auto first = core::Address::from_bytes(std::string_view(address.address()));
            if (instance_.ipv6() && first && !first->is_link_local()) {
                error("virtual_ipaddress", "first_address_not_link_local",
                      "strict mode: the first IPv6 address must be link-local",
                      "write an address of fe80::/10 first (RFC 9568 5.2.9)");
            }
            break;
        }
    }
    void look_at_acceptance() {
        if (is_owner()) {
            if (!instance_.has_owner_ignore_adverts()) instance_.set_owner_ignore_adverts(true);
            return;
        }
        if (instance_.accept() && instance_.version() == 2) {
            error("accept", "strict_mode",
                  "strict mode of version 2 takes no packets to addresses that are not its own; "
                  "accept is ignored");
            instance_.set_accept(false);
        }
        if (instance_.has_accept()) return;
        all_.report
            .warning("strict_no_accept",
                     places_.has("strict_mode") ? places_.of("strict_mode")
                                                : all_.places.global.of("vrrp_strict"),
                     fmt::format("strict mode: with keepalived the virtual addresses of {} answer "
                                 "nobody, not even ping",
                                 instance_.name()))
            .hint = instance_.version() == 3
                        ? "write accept, or take strict mode out"
                        : "take strict mode out, or write version 3 and accept on every router";
        instance_.set_accept(false);
    }

    Resolution& all_;
    const v1::GlobalDefs& global_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
};

}  // namespace

void apply_strict_rules(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places) {
    StrictRules(all, instance, places).run();
}

}  // namespace holdfast::config
