#include "supervisor/track_files.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Interval kPeriod = 1s;
/// Not IN_MODIFY: between truncating and writing a file is empty, which would count as 0.
constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                        IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kTargetEvents = IN_CLOSE_WRITE;

bool is_link(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

/// A file that was just made and is still being written is told by IN_CLOSE_WRITE.
bool is_complete(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 && (S_ISLNK(info.st_mode) || info.st_nlink > 1);
}

std::string folder_of(const std::string& path) {
    const std::size_t last = path.rfind('/');
    return last == 0 || last == std::string::npos ? "/" : path.substr(0, last);
}

}  // namespace

TrackFiles::TrackFiles(loop::Loop& loop, log::Logger& log, Changed changed)
    : loop_(loop), log_(log), changed_(std::move(changed)), timer_(loop, [this] {
          look_at_folders();
          timer_.after(kPeriod);
      }) {}

TrackFiles::~TrackFiles() = default;

void TrackFiles::begin() {
    if (inotify_) return;
    inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_) {
        log_.warning("TRACK_FILE", core::Error::last("tracked files are only read once a second: "
                                                     "inotify")
                                       .text());
        return;
    }
    readable_ = std::make_unique<loop::FdWatch>(loop_, inotify_.get(), [this] { events(); });
}

void TrackFiles::use(const config::v1::Config& config, mode_t initial_mode) {
    std::map<core::ObjectId, File> before = std::exchange(files_, {});
    std::set<std::string> wanted;
    for (const config::v1::TrackFile& from : config.track_files()) {
        const core::ObjectId id{from.id()};
        const auto known = before.find(id);
        const bool same = known != before.end() && known->second.path == from.file();
        if (!same && from.has_initial_value()) {
            const auto written = write_number_file(from.file(), from.initial_value(),
                                                   from.overwrite(), initial_mode);
            if (!written)
                log_.warning("TRACK_FILE", fmt::format("{}: the initial number is not written: {}",
                                                       from.name(), written.error().text()));
        }
        File& file = files_[id];
        if (same) file = known->second;
        file.name = from.name();
        file.path = from.file();
        file.folder = folder_of(from.file());
        file.base = from.file().substr(from.file().rfind('/') + 1);
        wanted.insert(file.folder);
    }
    for (const auto& [id, file] : before) unfollow(file.target_watch);
    for (auto each = folders_.begin(); each != folders_.end();) {
        if (!wanted.contains(each->first)) unwatch(each->second);
        each = wanted.contains(each->first) ? std::next(each) : folders_.erase(each);
    }
    for (const std::string& path : wanted) folders_.try_emplace(path);
    if (files_.empty()) return timer_.cancel();
    begin();
    look_at_folders();
    timer_.after(kPeriod);
    read_all();
}

std::map<core::ObjectId, std::int64_t> TrackFiles::numbers() const {
    std::map<core::ObjectId, std::int64_t> all;
    for (const auto& [id, file] : files_) all[id] = file.number;
    return all;
}

void TrackFiles::unwatch(Folder& folder) {
    if (folder.watch >= 0) ::inotify_rm_watch(inotify_.get(), folder.watch);
    folder = {};
}

void TrackFiles::watch(const std::string& path, Folder& folder) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return unwatch(folder);
    if (folder.watch >= 0 && folder.device == info.st_dev && folder.inode == info.st_ino) return;
    unwatch(folder);
    folder = {inotify_ ? ::inotify_add_watch(inotify_.get(), path.c_str(), kFolderEvents) : -1,
              info.st_dev, info.st_ino};
    if (folder.watch >= 0 || std::exchange(warned_, true)) return;
    log_.warning("TRACK_FILE", core::Error::last("tracked files are only read once a second: "
                                                 "watch " +
                                                 path)
                                   .text());
}

/// What lies in a folder that is watched only now may have changed before.
void TrackFiles::look_at_folders() {
    std::set<std::string> changed;
    for (auto& [path, folder] : folders_) {
        const int before = folder.watch;
        watch(path, folder);
        if (folder.watch < 0 || folder.watch != before) changed.insert(path);
    }
    for (auto& [id, file] : files_)
        if (changed.contains(file.folder)) read(id, file);
}

void TrackFiles::read_all() {
    for (auto& [id, file] : files_) read(id, file);
}

void TrackFiles::follow(File& file) {
    file.link = is_link(file.path);
    // The same target again is the same watch.
    const int before = std::exchange(
        file.target_watch,
        file.link && inotify_
            ? ::inotify_add_watch(inotify_.get(), file.path.c_str(), kTargetEvents | IN_MASK_ADD)
            : -1);
    unfollow(before);
}

/// Whoever may change a link could otherwise use up the watches of this host's root.
void TrackFiles::unfollow(int watch) {
    const auto has = [watch](const auto& file) { return file.second.target_watch == watch; };
    const auto is = [watch](const auto& folder) { return folder.second.watch == watch; };
    if (watch < 0 || std::ranges::any_of(files_, has) || std::ranges::any_of(folders_, is)) return;
    ::inotify_rm_watch(inotify_.get(), watch);
}

void TrackFiles::read(core::ObjectId id, File& file) {
    follow(file);
    const std::int64_t number = read_number_file(file.path);
    if (std::exchange(file.number, number) != number) changed_(id, number);
}

void TrackFiles::events() {
    constexpr std::size_t kRoom = 16384;
    alignas(inotify_event) std::array<char, kRoom> buffer{};
    const ssize_t length = ::read(inotify_.get(), buffer.data(), buffer.size());
    for (ssize_t at = 0; at < length;) {
        inotify_event head{};
        std::memcpy(&head, buffer.data() + at, sizeof head);
        const char* name = buffer.data() + at + sizeof head;
        event(head.wd, head.mask, std::string(name, ::strnlen(name, head.len)));
        at += static_cast<ssize_t>(sizeof head + head.len);
    }
}

void TrackFiles::event(int watch, std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) return read_all();
    constexpr std::uint32_t kFolderGone = IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;
    for (auto& [path, folder] : folders_) {
        if (folder.watch != watch || (mask & kFolderGone) == 0) continue;
        if ((mask & IN_IGNORED) != 0) folder.watch = -1;  // the kernel has removed it already
        unwatch(folder);
        look_at_folders();
        return;
    }
    for (auto& [id, file] : files_) {
        const auto folder = folders_.find(file.folder);
        const bool here = folder != folders_.end() && folder->second.watch == watch;
        const bool named = here && name == file.base;
        const bool being_written = named && (mask & IN_CREATE) != 0 && !is_complete(file.path);
        // A link may lead through another name of its folder, which is replaced as a whole.
        const bool through = here && file.link;
        const bool of_target = file.target_watch >= 0 && file.target_watch == watch;
        if ((named && !being_written) || through || of_target) read(id, file);
    }
}

}  // namespace holdfast::supervisor
