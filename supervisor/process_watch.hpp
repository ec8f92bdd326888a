#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/process_match.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::supervisor {

/// Counts the processes that each vrrp_track_process means. The kernel tells of every fork, exec
/// and end (process events connector); where it does not, as in a network or process namespace that
/// is not the first one, /proc is looked at once a second. When events were lost, /proc is read
/// anew.
class ProcessWatch {
  public:
    using Changed = std::function<void(core::ObjectId process, std::int64_t count)>;
    ProcessWatch(loop::Loop& loop, log::Logger& log, Changed changed);
    ~ProcessWatch();
    ProcessWatch(const ProcessWatch&) = delete;
    ProcessWatch& operator=(const ProcessWatch&) = delete;

    void use(const config::v1::Config& config);
    [[nodiscard]] std::map<core::ObjectId, std::int64_t> counts() const;
    /// Whether the kernel tells; else /proc is looked at.
    [[nodiscard]] bool has_events() const { return has_events_; }

  private:
    struct BufferSize {
        int octets = 0;  // 0: the system's
        bool force = false;
    };

    void listen(BufferSize buffer);
    void events();
    /// True when nothing is left to read.
    bool read_events();
    void recover();
    void event(std::span<const std::byte> datagram);
    void scan();
    void look_at(pid_t pid);
    void forked(pid_t parent, pid_t child);
    void forget(pid_t pid);
    void set(pid_t pid, std::set<core::ObjectId> now);
    void tell_changes();

    loop::Loop& loop_;
    log::Logger& log_;
    Changed changed_;
    std::vector<ProcessPattern> patterns_;
    bool needs_arguments_ = false;
    std::map<pid_t, std::set<core::ObjectId>> matching_;
    std::map<core::ObjectId, std::int64_t> counts_;
    std::map<core::ObjectId, std::int64_t> told_;
    core::UniqueFd connector_;
    std::unique_ptr<loop::FdWatch> readable_;
    bool has_events_ = false;
    bool lost_ = false;  // the kernel has dropped events; what is left of them misleads
    core::Instant scanned_{};
    loop::Timer timer_;
};

}  // namespace holdfast::supervisor
