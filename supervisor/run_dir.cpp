#include "supervisor/run_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "supervisor/child.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

// At grace 0 orphans end within 100 ms by themselves; then they are helped.
constexpr auto kOrphansEnd = 500ms;
constexpr auto kKilledEnd = 2000ms;
constexpr auto kRetry = 10ms;

bool try_lock(int fd) {
    return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/// Before the loop runs there is nobody else to serve: waiting here is right.
bool wait_for_lock(int fd, std::chrono::milliseconds limit) {
    for (auto waited = 0ms; waited <= limit; waited += kRetry) {
        if (try_lock(fd)) return true;
        std::this_thread::sleep_for(kRetry);
    }
    return false;
}

bool still_is(const KnownProcess& process) {
    return start_time_of(process.pid) == process.start_time;
}

/// Through a pidfd and after a look at the start time: never another process with a reused number.
void kill_process(const KnownProcess& process) {
    const core::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    if (!pidfd || !still_is(process)) return;
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    pollfd end{pidfd.get(), POLLIN, 0};
    ::poll(&end, 1, static_cast<int>(kKilledEnd.count()));
}

bool names(const std::string& path, int fd) {
    struct stat open {};
    struct stat named {};
    return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

core::Result<core::UniqueFd> open_folder(const std::string& path) {
    core::UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return core::Error::last("open " + path);
    return folder;
}

}  // namespace

std::string to_text(const ChildrenFile& file) {
    std::string text = fmt::format("grace {}\n", file.restart_grace.count());
    for (const KnownProcess& process : file.processes) {
        text += fmt::format("{} {} {}\n", process.role, process.pid, process.start_time);
    }
    return text;
}

ChildrenFile parse_children(const std::string& text) {
    ChildrenFile file;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first;
        words >> first;
        if (first == "grace") {
            long long milliseconds = 0;
            if (words >> milliseconds) file.restart_grace = std::chrono::milliseconds(milliseconds);
            continue;
        }
        KnownProcess process{first, 0, 0};
        if (words >> process.pid >> process.start_time && process.pid > 1) {
            file.processes.push_back(process);
        }
    }
    return file;
}

core::Status make_folder(const std::string& path, mode_t mode) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    struct stat found {};
    if (parent.size() > 1 && ::lstat(parent.c_str(), &found) != 0) {
        if (core::Status made = make_folder(parent, 0755); !made) return made;
    }
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        return core::Error::last("make folder " + path);
    }
    const core::UniqueFd folder(::open(path.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder || ::fstat(folder.get(), &found) != 0) {
        return core::Error::last("open folder " + path);
    }
    if (found.st_uid != ::geteuid()) {
        return core::Error::from_errno(EPERM, "folder " + path + " is not ours");
    }
    if (::fchmod(folder.get(), mode) != 0) return core::Error::last("set mode of " + path);
    return core::Done{};
}

core::Result<RunDir> RunDir::open(const std::string& path) {
    RunDir dir;
    dir.path_ = path;
    const std::string lock = path + "/lock";
    do {
        if (core::Status made = make_folder(path, 0755); !made) return made.error();
        dir.lock_ =
            core::UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!dir.lock_) return core::Error::last("open " + lock);
        if (core::Status locked = dir.take_lock(); !locked) return locked.error();
        // A supervisor that stopped meanwhile took the name away.
    } while (!names(lock, dir.lock_.get()));
    for (const auto& [name, mode] : {std::pair{"/state", 0700}, std::pair{"/empty", 0755}}) {
        const core::Status made = make_folder(path + name, static_cast<mode_t>(mode));
        if (!made) return made.error();
    }
    core::Result<core::UniqueFd> empty = open_folder(path + "/empty");
    if (!empty) return empty.error();
    dir.empty_ = std::move(empty).value();
    return dir;
}

core::Status RunDir::take_lock() {
    std::ifstream children(path_ + "/children");
    std::ostringstream text;
    text << children.rdbuf();
    predecessors_ = parse_children(text.str());
    if (try_lock(lock_.get())) return core::Done{};

    std::vector<KnownProcess> orphans;
    for (const KnownProcess& process : predecessors_.processes) {
        if (!still_is(process)) continue;
        if (process.role == "supervisor" && process.pid != ::getpid()) {
            return core::Error(
                fmt::format("run-time folder {} is in use by process {}", path_, process.pid),
                EBUSY);
        }
        orphans.push_back(process);
    }
    found_ = Found::orphans;
    if (predecessors_.restart_grace.count() == 0 && wait_for_lock(lock_.get(), kOrphansEnd)) {
        return core::Done{};
    }
    std::ranges::for_each(orphans, kill_process);
    if (wait_for_lock(lock_.get(), kOrphansEnd)) return core::Done{};
    return core::Error(
        "lock " + path_ + "/lock is held by processes that " + path_ + "/children does not name",
        EBUSY);
}

core::Status RunDir::write_children(const ChildrenFile& file) const {
    const std::string path = path_ + "/children";
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str());
    const core::UniqueFd out(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const std::string text = to_text(file);
    if (!out || ::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::rename(fresh.c_str(), path.c_str()) != 0) {
        return core::Error::last("write " + path);
    }
    return core::Done{};
}

void RunDir::clear() const {
    std::error_code ignored;
    for (const char* name : {"/state", "/children", "/status.sock", "/control.sock", "/empty"}) {
        std::filesystem::remove_all(path_ + name, ignored);
    }
    // Whoever opened the lock before this and gets it afterwards sees that it has no name any more.
    ::unlink((path_ + "/lock").c_str());
    if (std::filesystem::path(path_).filename().string().starts_with("i-")) ::rmdir(path_.c_str());
}

}  // namespace holdfast::supervisor
