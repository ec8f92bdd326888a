// global_defs and bfd_instance: what follows from what was said, and what keepalived drops.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kMillisecond = 1'000;

class GlobalResolver {
  public:
    explicit GlobalResolver(Resolution& all) : all_(all), global_(*all.config.mutable_global()) {}

    void run() {
        announce_once();
        complete_real_time_limits();
        check_umask();
        check_save_folder();
        drop_pipes();
        complete_sync_daemon();
        complete_alerts();
        name_packet_filter();
    }

  private:
    const Place& place_of(std::string_view keyword) const { return all_.places.global.of(keyword); }

    /// What keepalived does by iptables and sets is done by nftables.
    void name_packet_filter() {
        constexpr const char* kHint = "nftables NAME names the table";
        for (const auto& [keyword, written] : {std::pair{"vrrp_iptables", global_.has_iptables()},
                                               std::pair{"vrrp_ipsets", global_.has_ipsets()}}) {
            if (!written) continue;
            all_.report
                .warning("filtered_by_nftables", place_of(keyword),
                         fmt::format("{}: a table of nftables filters packets to virtual addresses "
                                     "here, without chains or sets of these names",
                                     keyword))
                .hint = kHint;
        }
    }

    /// vrrp_min_garp: whatever else is said counts more.
    void announce_once() {
        if (!global_.minimal_garp()) return;
        if (!global_.has_garp_master_repeat()) global_.set_garp_master_repeat(1);
        if (!global_.has_garp_master_delay_us()) global_.set_garp_master_delay_us(0);
        if (!global_.has_garp_master_refresh_us()) global_.set_garp_master_refresh_us(0);
        if (!global_.has_garp_master_refresh_repeat()) global_.set_garp_master_refresh_repeat(0);
    }

    /// A limit of 1 us would be none: the kernel warns at the limit and kills behind it.
    void complete_real_time_limits() {
        if (global_.vrrp_rlimit_rttime_us() == 1) global_.set_vrrp_rlimit_rttime_us(2);
        if (global_.checker_rlimit_rttime_us() == 1) global_.set_checker_rlimit_rttime_us(2);
        if (global_.bfd_rlimit_rttime_us() == 1) global_.set_bfd_rlimit_rttime_us(2);
    }

    /// The text of a mask may come from a front end that takes any text.
    void check_umask() {
        if (!global_.has_umask()) return;
        const std::string& mask = global_.umask();
        const bool good = !mask.empty() && mask.size() <= 4 &&
                          (mask.size() < 4 || mask.front() == '0') &&
                          mask.find_first_not_of("01234567") == std::string::npos;
        if (good) return;
        all_.report.error(Complaint::general, "bad_value", place_of("umask"),
                          fmt::format("umask: '{}' is no octal number such as 0177", mask));
        global_.clear_umask();
    }

    void check_save_folder() {
        if (!global_.has_config_save_dir() || all_.request.host == nullptr) return;
        const auto kind = all_.files.inspect(global_.config_save_dir());
        if (!kind || kind->folder) return;
        all_.report.error(Complaint::general, "no_folder", place_of("config_save_dir"),
                          fmt::format("{} is there and is no folder", global_.config_save_dir()));
        global_.clear_config_save_dir();
    }

    /// False when its owner does not exist; keepalived only logs that.
    bool has_owner(const v1::NotifyFifo& pipe, std::string_view keyword) {
        const HostFacts* host = all_.request.host;
        if (host == nullptr) return true;
        std::string missing;
        if (pipe.has_user() && !host->user(pipe.user())) {
            missing = "user " + pipe.user();
        } else if (pipe.has_group() && !host->group(pipe.group())) {
            missing = "group " + pipe.group();
        }
        if (missing.empty()) return true;
        all_.report.warning(
            "unknown_user", place_of(keyword),
            fmt::format("{}: there is no {}; the pipe is ignored", keyword, missing));
        return false;
    }

    void drop_pipes() {
        if (global_.has_notify_fifo() && !has_owner(global_.notify_fifo(), "notify_fifo")) {
            global_.clear_notify_fifo();
        }
        if (global_.has_vrrp_notify_fifo() &&
            !is_pipe_of_its_own(global_.vrrp_notify_fifo(), "vrrp_notify_fifo")) {
            global_.clear_vrrp_notify_fifo();
        }
        if (global_.has_lvs_notify_fifo() &&
            !is_pipe_of_its_own(global_.lvs_notify_fifo(), "lvs_notify_fifo")) {
            global_.clear_lvs_notify_fifo();
        }
        if (global_.has_lvs_notify_fifo_script() && global_.has_vrrp_notify_fifo_script() &&
            global_.has_vrrp_notify_fifo() &&
            global_.vrrp_notify_fifo().path() == global_.lvs_notify_fifo().path()) {
            all_.report.warning("shared_pipe", place_of("lvs_notify_fifo_script"),
                                "vrrp_notify_fifo is the same pipe and has a reader; this one is "
                                "not started");
            global_.clear_lvs_notify_fifo_script();
        }
    }

    bool is_pipe_of_its_own(const v1::NotifyFifo& pipe, std::string_view keyword) {
        if (!has_owner(pipe, keyword)) return false;
        if (!global_.has_notify_fifo() || global_.notify_fifo().path() != pipe.path()) return true;
        all_.report.warning("shared_pipe", place_of(keyword),
                            fmt::format("notify_fifo is the same pipe; {} is ignored", keyword));
        return false;
    }

    void complete_sync_daemon() {
        if (!global_.has_lvs_sync_daemon()) return;
        auto& daemon = *global_.mutable_lvs_sync_daemon();
        if (daemon.has_id() || !daemon.has_instance()) return;
        for (const auto& instance : all_.config.vrrp_instances()) {
            if (instance.name() == daemon.instance()) daemon.set_id(instance.virtual_router_id());
        }
    }

    /// smtp_alert is the less specific word.
    void complete_alerts() {
        if (!global_.has_smtp_alert()) return;
        if (!global_.has_smtp_alert_vrrp()) global_.set_smtp_alert_vrrp(global_.smtp_alert());
        if (!global_.has_smtp_alert_checker()) {
            global_.set_smtp_alert_checker(global_.smtp_alert());
        }
    }

    Resolution& all_;
    v1::GlobalDefs& global_;
};

class BfdResolver {
  public:
    explicit BfdResolver(Resolution& all) : all_(all) {}

    void run() {
        auto& instances = *all_.config.mutable_bfd_instances();
        std::vector<bool> drop(static_cast<std::size_t>(instances.size()));
        for (int i = 0; i < instances.size(); ++i) {
            const auto index = static_cast<std::size_t>(i);
            all_.report.set_object("bfd_instance " + instances.Get(i).name());
            drop[index] = !is_usable(instances.Get(i), all_.places.bfd[index]);
            if (!drop[index]) complete(*instances.Mutable(i), all_.places.bfd[index]);
        }
        drop_marked(instances, all_.places.bfd, drop);
        all_.report.set_object({});
    }

  private:
    bool is_usable(const v1::BfdInstance& instance, const ObjectPlaces& places) {
        const auto refuse = [&](std::string_view keyword, std::string_view class_name,
                                std::string text) {
            all_.report.error(Complaint::general, class_name, places.of(keyword),
                              fmt::format("bfd_instance {}: {}", instance.name(), text));
            return false;
        };
        if (!instance.has_neighbor_address()) {
            return refuse("neighbor_ip", "no_neighbor", "there is no neighbour; it is dropped");
        }
        if (instance.has_source_address() &&
            instance.source_address().size() != instance.neighbor_address().size()) {
            return refuse("source_ip", "mixed_families",
                          "the two ends are of different families; it is dropped");
        }
        if (!seen_.emplace(instance.neighbor_address(), instance.source_address()).second) {
            return refuse("neighbor_ip", "duplicate",
                          "another one has the same two ends; this one is dropped");
        }
        return true;
    }

    void complete(v1::BfdInstance& instance, const ObjectPlaces& places) {
        instance.set_id(core::object_id("bfd_instance", instance.name()).value);
        if (!instance.has_min_rx_us()) instance.set_min_rx_us(10 * kMillisecond);
        if (!instance.has_min_tx_us()) instance.set_min_tx_us(10 * kMillisecond);
        if (!instance.has_idle_tx_us()) instance.set_idle_tx_us(1000 * kMillisecond);
        if (!instance.has_multiplier()) instance.set_multiplier(5);
        if (!instance.has_ttl())
            instance.set_ttl(instance.neighbor_address().size() == 4 ? 255 : 64);
        if (instance.max_hops() > static_cast<std::int32_t>(instance.ttl())) {
            all_.report.error(Complaint::general, "max_hops_lowered", places.of("max_hops"),
                              fmt::format("max_hops {} is more than the ttl; it becomes {}",
                                          instance.max_hops(), instance.ttl()));
            instance.set_max_hops(static_cast<std::int32_t>(instance.ttl()));
        }
        if (!instance.for_vrrp() && !instance.for_checks()) {
            instance.set_for_vrrp(true);
            instance.set_for_checks(true);
        }
    }

    Resolution& all_;
    std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace

void resolve_globals(Resolution& all) {
    GlobalResolver(all).run();
    BfdResolver(all).run();
}

}  // namespace holdfast::config
