#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/core/ids.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/number_file.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::supervisor {

/// Watches the files of track_file and knows the number in each. The kernel tells what happens in a
/// file's folder: a file counts as changed when its writer closes it, or when it is replaced,
/// removed or linked. Once a second the folders themselves are looked at, since nothing tells of
/// one that comes back, is replaced by another one, or has something mounted over it.
class TrackFiles {
  public:
    using Changed = std::function<void(core::ObjectId file, std::int64_t number)>;
    TrackFiles(loop::Loop& loop, log::Logger& log, Changed changed);
    ~TrackFiles();
    TrackFiles(const TrackFiles&) = delete;
    TrackFiles& operator=(const TrackFiles&) = delete;

    /// The files of a configuration; one that was not watched before gets its initial number.
    void use(const config::v1::Config& config, mode_t initial_mode = kInitialMode);
    [[nodiscard]] std::map<core::ObjectId, std::int64_t> numbers() const;

  private:
    struct File {
        std::string name;
        std::string path;
        std::string folder;
        std::string base;  // the last component
        std::int64_t number = 0;
        bool link = false;      // symbolic
        int target_watch = -1;  // of what the link leads to
    };
    struct Folder {
        int watch = -1;  // -1: there is none, or it cannot be watched
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
    };

    void begin();
    void events();
    void event(int watch, std::uint32_t mask, const std::string& name);
    void look_at_folders();
    void watch(const std::string& path, Folder& folder);
    void unwatch(Folder& folder);
    void read(core::ObjectId id, File& file);
    void read_all();
    void follow(File& file);
    void unfollow(int watch);

    loop::Loop& loop_;
    log::Logger& log_;
    Changed changed_;
    core::UniqueFd inotify_;
    std::unique_ptr<loop::FdWatch> readable_;
    loop::Timer timer_;
    std::map<core::ObjectId, File> files_;
    std::map<std::string, Folder> folders_;
    bool warned_ = false;
};

}  // namespace holdfast::supervisor
