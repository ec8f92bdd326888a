// What an instance takes from global_defs when it says nothing itself.
#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
/// keepalived: never. An announcement that was lost while routers did not hear each other is made
/// up for by nothing else.
constexpr std::uint64_t kRefresh = 60 * kSecond;

void inherit_announcements(const v1::GlobalDefs& global, v1::VrrpInstance& instance) {
    if (!instance.has_garp_master_delay_us()) {
        instance.set_garp_master_delay_us(
            global.has_garp_master_delay_us() ? global.garp_master_delay_us() : 5 * kSecond);
    }
    if (!instance.has_garp_master_repeat()) {
        instance.set_garp_master_repeat(
            global.has_garp_master_repeat() ? global.garp_master_repeat() : 5);
    }
    if (!instance.has_garp_master_refresh_us()) {
        instance.set_garp_master_refresh_us(
            global.has_garp_master_refresh_us() ? global.garp_master_refresh_us() : kRefresh);
    }
    if (!instance.has_garp_master_refresh_repeat()) {
        instance.set_garp_master_refresh_repeat(
            global.has_garp_master_refresh_repeat() ? global.garp_master_refresh_repeat() : 1);
    }
    if (!instance.has_garp_lower_priority_delay_us()) {
        instance.set_garp_lower_priority_delay_us(global.has_garp_lower_priority_delay_us()
                                                      ? global.garp_lower_priority_delay_us()
                                                      : instance.garp_master_delay_us());
    }
    if (!instance.has_garp_lower_priority_repeat()) {
        instance.set_garp_lower_priority_repeat(global.has_garp_lower_priority_repeat()
                                                    ? global.garp_lower_priority_repeat()
                                                    : instance.garp_master_repeat());
    }
    if (!instance.has_garp_extra_interval_us() && global.has_garp_extra_interval_us()) {
        instance.set_garp_extra_interval_us(global.garp_extra_interval_us());
        if (global.garp_extra_all()) instance.set_garp_extra_all(true);
    }
}

void inherit_protocol(const v1::GlobalDefs& global, v1::VrrpInstance& instance) {
    if (!instance.has_down_timer_adverts()) {
        instance.set_down_timer_adverts(
            global.has_down_timer_adverts() ? global.down_timer_adverts() : kDownTimerAdverts);
    }
    if (!instance.has_lower_priority_no_advert()) {
        instance.set_lower_priority_no_advert(global.lower_priority_no_advert());
    }
    if (!instance.has_higher_priority_send_advert()) {
        instance.set_higher_priority_send_advert(global.higher_priority_send_advert());
    }
    if (!instance.has_accept()) instance.set_accept(true);
    if (!instance.has_skip_check_adv_addr()) {
        instance.set_skip_check_adv_addr(global.skip_check_adv_addr());
    }
    if (!instance.has_v3_checksum_as_v2() && global.v3_checksum_as_v2()) {
        instance.set_v3_checksum_as_v2(true);
    }
    if (!instance.has_check_unicast_source() && instance.unicast() && global.check_unicast_src()) {
        instance.set_check_unicast_source(true);
    }
    if (!instance.has_owner_ignore_adverts() && instance.priority() == kOwner &&
        global.owner_ignore_adverts()) {
        instance.set_owner_ignore_adverts(true);
    }
}

}  // namespace

void inherit_from_globals(const v1::GlobalDefs& global, v1::VrrpInstance& instance) {
    inherit_announcements(global, instance);
    inherit_protocol(global, instance);
    if (!instance.has_smtp_alert()) instance.set_smtp_alert(global.smtp_alert_vrrp());
}

}  // namespace holdfast::config
