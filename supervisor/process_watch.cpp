#include "supervisor/process_watch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Interval kScanPeriod = 1s;
/// Between two looks at /proc after lost events.
constexpr core::Interval kScanGap = 200ms;
/// Longer command lines are compared as far as this.
constexpr std::size_t kLongestCommandLine = std::size_t{128} * 1024;
/// Datagrams read in one call, so that a storm of forks does not keep the loop from its timers.
constexpr int kEventsAtOnce = 1024;

struct FreeDir {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::string read_proc(pid_t pid, const char* file, std::size_t most) {
    const core::UniqueFd opened(
        ::open(fmt::format("/proc/{}/{}", pid, file).c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> part{};
    while (opened && text.size() < most) {
        const ssize_t length = ::read(opened.get(), part.data(), part.size());
        if (length <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(length));
    }
    return text;
}

/// The octets of one request: a netlink header, a connector header, one operation.
std::vector<std::byte> listen_request() {
    const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
    nlmsghdr head{};
    head.nlmsg_type = NLMSG_DONE;
    head.nlmsg_len = NLMSG_LENGTH(sizeof(cn_msg) + sizeof operation);
    cn_msg message{};
    message.id = {CN_IDX_PROC, CN_VAL_PROC};
    message.len = sizeof operation;
    std::vector<std::byte> request(head.nlmsg_len);
    std::memcpy(request.data(), &head, sizeof head);
    std::memcpy(request.data() + NLMSG_HDRLEN, &message, sizeof message);
    std::memcpy(request.data() + NLMSG_HDRLEN + sizeof message, &operation, sizeof operation);
    return request;
}

core::Result<core::UniqueFd> open_connector() {
    core::UniqueFd opened(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_CONNECTOR));
    if (!opened) return core::Error::last("process events");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = CN_IDX_PROC;
    if (::bind(opened.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return core::Error::last("join the group of process events");
    const auto request = listen_request();
    if (::send(opened.get(), request.data(), request.size(), 0) < 0)
        return core::Error::last("ask for process events");
    return opened;
}

}  // namespace

ProcessWatch::ProcessWatch(loop::Loop& loop, log::Logger& log, Changed changed)
    : loop_(loop), log_(log), changed_(std::move(changed)), timer_(loop, [this] {
          if (lost_) return recover();
          scan();
          if (!has_events_) timer_.after(kScanPeriod);
      }) {}

ProcessWatch::~ProcessWatch() = default;

void ProcessWatch::use(const config::v1::Config& config) {
    patterns_.clear();
    counts_.clear();
    matching_.clear();
    needs_arguments_ = false;
    for (const config::v1::TrackProcess& from : config.track_processes()) {
        patterns_.push_back(pattern_of(from));
        needs_arguments_ = needs_arguments_ || patterns_.back().full_command;
        counts_[patterns_.back().id] = 0;
    }
    if (patterns_.empty()) {
        readable_.reset();
        connector_.reset();
        has_events_ = lost_ = false;
        return timer_.cancel();
    }
    // First the events, then the present state: nothing falls between them.
    const config::v1::GlobalDefs& global = config.global();
    listen({static_cast<int>(global.process_monitor_rcv_bufs()),
            global.process_monitor_rcv_bufs_force()});
    scan();
    // Until the kernel has said that it will tell.
    if (!has_events_) timer_.after(kScanPeriod);
}

std::map<core::ObjectId, std::int64_t> ProcessWatch::counts() const {
    return counts_;
}

void ProcessWatch::listen(BufferSize buffer) {
    if (!connector_) {
        auto opened = open_connector();
        if (!opened) {
            log_.info("TRACK_PROCESS",
                      "processes are looked for once a second, since the kernel "
                      "tells nothing here: " +
                          opened.error().text());
            return;
        }
        connector_ = std::move(*opened);
        readable_ = std::make_unique<loop::FdWatch>(loop_, connector_.get(), [this] { events(); });
    }
    if (buffer.octets <= 0) return;
    ::setsockopt(connector_.get(), SOL_SOCKET, buffer.force ? SO_RCVBUFFORCE : SO_RCVBUF,
                 &buffer.octets, sizeof buffer.octets);
}

void ProcessWatch::events() {
    const bool drained = read_events();
    if (lost_ && drained) return recover();
    tell_changes();
}

/// What was read before the loss was noticed is older than what was lost: a fork would count a
/// process whose end nobody tells any more. So first everything is read, then /proc is looked at;
/// in a storm of forks not more often than the storm lets us read.
void ProcessWatch::recover() {
    const core::Instant next = scanned_ + kScanGap;
    if (loop_.now() < next) return timer_.at(next);
    if (!read_events()) return timer_.after(kScanGap);
    lost_ = false;
    scan();
    if (!has_events_) timer_.after(kScanPeriod);
}

bool ProcessWatch::read_events() {
    alignas(nlmsghdr) std::array<std::byte, 4096> buffer{};
    for (int left = kEventsAtOnce; left > 0; --left) {
        sockaddr_nl from{};
        socklen_t size = sizeof from;
        const ssize_t length = ::recvfrom(connector_.get(), buffer.data(), buffer.size(), 0,
                                          reinterpret_cast<sockaddr*>(&from), &size);
        if (length < 0 && errno == ENOBUFS) {
            lost_ = true;
        } else if (length <= 0) {
            return true;
        } else if (from.nl_pid == 0 && !lost_) {
            event({buffer.data(), static_cast<std::size_t>(length)});
        }
    }
    return false;
}

void ProcessWatch::event(std::span<const std::byte> datagram) {
    nlmsghdr head{};
    cn_msg message{};
    proc_event what{};
    constexpr std::size_t kBody = NLMSG_HDRLEN + sizeof message;
    // Kernels differ in how much of the union they send.
    constexpr std::size_t kLeast = kBody + offsetof(proc_event, event_data);
    if (datagram.size() < kLeast) return;
    std::memcpy(&head, datagram.data(), sizeof head);
    std::memcpy(&message, datagram.data() + NLMSG_HDRLEN, sizeof message);
    std::memcpy(&what, datagram.data() + kBody, std::min(sizeof what, datagram.size() - kBody));
    if (head.nlmsg_type != NLMSG_DONE || message.id.idx != CN_IDX_PROC) return;
    using Event = proc_event;
    switch (what.what) {
        case Event::PROC_EVENT_NONE:  // the answer to our request
            if (what.event_data.ack.err != 0) break;
            has_events_ = true;
            timer_.cancel();
            break;
        case Event::PROC_EVENT_FORK:
            if (what.event_data.fork.child_pid == what.event_data.fork.child_tgid)
                forked(what.event_data.fork.parent_tgid, what.event_data.fork.child_tgid);
            break;
        case Event::PROC_EVENT_EXEC:
            look_at(what.event_data.exec.process_tgid);
            break;
        case Event::PROC_EVENT_COMM:
            if (what.event_data.comm.process_pid == what.event_data.comm.process_tgid)
                look_at(what.event_data.comm.process_tgid);
            break;
        case Event::PROC_EVENT_EXIT:
            if (what.event_data.exit.process_pid == what.event_data.exit.process_tgid)
                forget(what.event_data.exit.process_tgid);
            break;
        default:
            break;
    }
}

void ProcessWatch::scan() {
    scanned_ = loop_.now();
    const std::unique_ptr<DIR, FreeDir> folder(::opendir("/proc"));
    if (!folder) return;
    std::set<pid_t> gone;
    for (const auto& [pid, ids] : matching_) gone.insert(pid);
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        pid_t pid = 0;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (read.ec != std::errc{} || read.ptr != name.data() + name.size()) continue;
        gone.erase(pid);
        look_at(pid);
    }
    for (const pid_t pid : gone) forget(pid);
    tell_changes();
}

void ProcessWatch::look_at(pid_t pid) {
    std::set<core::ObjectId> now;
    if (const auto name = name_in_stat(read_proc(pid, "stat", 1))) {
        SeenProcess seen{.name = *name, .arguments = {}};
        if (needs_arguments_)
            seen.arguments = words_in_cmdline(read_proc(pid, "cmdline", kLongestCommandLine));
        for (const ProcessPattern& pattern : patterns_)
            if (matches(pattern, seen)) now.insert(pattern.id);
    }
    set(pid, std::move(now));
}

/// A child is what its parent is until it executes something else; nothing is read for the many
/// that do not matter.
void ProcessWatch::forked(pid_t parent, pid_t child) {
    const auto known = matching_.find(parent);
    set(child, known == matching_.end() ? std::set<core::ObjectId>{} : known->second);
}

void ProcessWatch::forget(pid_t pid) {
    set(pid, {});
}

void ProcessWatch::set(pid_t pid, std::set<core::ObjectId> now) {
    const auto known = matching_.find(pid);
    if (known == matching_.end() && now.empty()) return;
    if (known != matching_.end())
        for (const core::ObjectId id : known->second) --counts_[id];
    for (const core::ObjectId id : now) ++counts_[id];
    if (now.empty())
        matching_.erase(known);
    else
        matching_[pid] = std::move(now);
}

void ProcessWatch::tell_changes() {
    for (const auto& [id, count] : counts_)
        if (const auto told = told_.find(id); told == told_.end() || told->second != count)
            changed_(id, count);
    told_ = counts_;
}

}  // namespace holdfast::supervisor
