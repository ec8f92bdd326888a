#include "supervisor/starvation.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/text.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

struct FreeDir {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::string first_part_of(const std::string& path) {
    const core::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> octets{};
    const ssize_t length = file ? ::read(file.get(), octets.data(), octets.size()) : 0;
    return {octets.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

std::optional<std::int64_t> number(std::string_view word) {
    std::int64_t value = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    if (read.ec != std::errc{}) return std::nullopt;
    return value;
}

core::Interval whole(Nanoseconds time) {
    return std::chrono::duration_cast<core::Interval>(time);
}

core::Interval time_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds{now.tv_sec} + whole(Nanoseconds{now.tv_nsec});
}

}  // namespace

std::optional<Scheduling> scheduling_in(std::string_view stat, std::string_view schedstat,
                                        core::Interval up) {
    // After the name, which may hold anything: state, parent, group, ... start (the 20th).
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos || name_end + 2 > stat.size()) return std::nullopt;
    const auto words = core::split(stat.substr(name_end + 2), ' ');
    const auto times = core::split(schedstat, ' ');
    constexpr std::size_t kGroup = 2;
    constexpr std::size_t kStart = 19;
    if (words.size() <= kStart || times.size() < 2 || words[0].empty()) return std::nullopt;
    const auto group = number(words[kGroup]);
    const auto start = number(words[kStart]);
    const auto ran = number(times[0]);
    const auto waited = number(times[1]);
    if (!group || !start || !ran || !waited) return std::nullopt;
    const core::Interval started = std::chrono::seconds{1} * *start / ::sysconf(_SC_CLK_TCK);
    return Scheduling{.group = static_cast<pid_t>(*group),
                      .state = words[0][0],
                      .age = std::max(core::Interval{0}, up - started),
                      .ran = whole(Nanoseconds{*ran}),
                      .waited = whole(Nanoseconds{*waited})};
}

core::Interval wait_of(const Scheduling& process) {
    if (process.state != 'R') return process.waited;
    return std::max(process.waited, process.age - process.ran);
}

core::Interval own_wait() {
    const auto times = first_part_of("/proc/self/schedstat");
    const auto words = core::split(times, ' ');
    const auto waited = words.size() < 2 ? std::nullopt : number(words[1]);
    return whole(Nanoseconds{waited.value_or(0)});
}

core::Interval wait_of_group(pid_t group) {
    core::Interval sum{0};
    const std::unique_ptr<DIR, FreeDir> folder(::opendir("/proc"));
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
        if (!number(entry->d_name)) continue;
        const std::string process = fmt::format("/proc/{}/", entry->d_name);
        const auto seen = scheduling_in(first_part_of(process + "stat"),
                                        first_part_of(process + "schedstat"), time_since_boot());
        if (seen && seen->group == group) sum += wait_of(*seen);
    }
    return sum;
}

}  // namespace holdfast::supervisor
