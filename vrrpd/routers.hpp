#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vrrpd/instance.hpp"
#include "vrrpd/links.hpp"
#include "vrrpd/places.hpp"
#include "vrrpd/scripts.hpp"
#include "vrrpd/sync_group.hpp"
#include "vrrpd/tracked_values.hpp"

namespace holdfast::vrrp {

/// All routers of this process: makes them from the configuration, changes them by a later one
/// without touching those that stay, and tells each what became of the things it watches.
class Routers {
  public:
    Routers(const Tools& tools, const Links& links, const Scripts& scripts,
            const TrackedValues& values);
    ~Routers();
    Routers(const Routers&) = delete;
    Routers& operator=(const Routers&) = delete;

    /// The first configuration of this process; takes over what a predecessor left.
    void start(const Model& model);
    /// A later one. Routers of unchanged groups are not visited. What is removed says priority 0.
    void adopt(const Model& model);

    /// Brings nearer what the routers of these packets know.
    void fetch(const WireKey& where, std::span<const Datagram> datagrams) const;
    /// False if there is no such router.
    bool arrived(const WireKey& where, const Datagram& datagram);
    void take_all(const Event& event);
    /// Looks again at everything that may keep an instance from its role.
    void judge(Instance& instance);
    void judge_interface(const std::string& interface);
    /// Of a script, file, process or service.
    void judge_object(core::ObjectId object);

    /// What each tracker of the instance says now, for people.
    [[nodiscard]] std::vector<std::string> votes(const Instance& instance) const;

    /// The interface is there, but sockets that fit it are not.
    [[nodiscard]] bool lacks_virtual_interface(const Instance& instance) const;
    [[nodiscard]] bool lacks_sockets(const Instance& instance) const;
    [[nodiscard]] Instance* find(core::ObjectId id) const;
    [[nodiscard]] const std::map<core::ObjectId, std::unique_ptr<Instance>>& instances() const {
        return instances_;
    }
    [[nodiscard]] WiresInUse wires() const;
    /// Those that use the interface, or watch it.
    [[nodiscard]] const std::vector<Instance*>& on_interface(const std::string& interface) const;

  private:
    [[nodiscard]] Standing standing_of(const Instance& instance, bool begins) const;
    /// What keeps it from sending as it is configured.
    void add_wire_causes(const Instance& instance, std::vector<Cause>& causes) const;
    /// 0 or an errno.
    [[nodiscard]] int socket_problem(const InstanceSetting& setting, const WireKey& where) const;
    [[nodiscard]] Tracker look_at(const TrackerSetting& setting) const;
    [[nodiscard]] std::optional<core::Address> source_of(const Instance& instance) const;

    /// A running router on its way from one configuration to the next, by its new id.
    struct Carried {
        InstanceSetting setting;  // as it was
        RouterParameters parameters;
        Router router;
        bool renamed = false;
    };
    using Taken = std::map<core::ObjectId, Carried>;
    [[nodiscard]] bool unchanged(const SyncGroup& group, const Model& model) const;
    /// Ends the groups that change. Their routers are taken along, or removed.
    Taken take_apart(const Model& model);
    /// Who has a place in the next configuration that it does not have now.
    struct Newcomers {
        std::map<Place, core::ObjectId> by_place;
        std::set<Place> occupied;  // now, by anybody
    };
    [[nodiscard]] core::ObjectId next_id(const Instance& instance, const Model& model,
                                         const Newcomers& newcomers) const;
    void remove(Instance& instance);
    void make_group(const GroupSetting& setting, const Model& model, const Taken& taken);
    Instance& instance_for(const InstanceSetting& setting);
    [[nodiscard]] Router fresh(const Instance& instance) const;
    void begin(SyncGroup& group, const Event& event);
    void index();

    const Tools& tools_;
    const Links& links_;
    const Scripts& scripts_;
    const TrackedValues& values_;
    std::map<core::ObjectId, std::unique_ptr<Instance>> instances_;
    std::map<core::ObjectId, std::unique_ptr<SyncGroup>> groups_;
    Places places_;
    // Who is concerned when something changes.
    std::unordered_map<std::string, std::vector<Instance*>> on_interface_;
    std::unordered_map<core::ObjectId, std::vector<Instance*>> watching_;
};

}  // namespace holdfast::vrrp
