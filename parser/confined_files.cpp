#include "parser/confined_files.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace holdfast::parser {

namespace {

/// Without symbolic links; empty when there is no such file.
std::string resolved(const std::string& path) {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    const std::unique_ptr<char, Free> real(::realpath(path.c_str(), nullptr));
    return real ? real.get() : "";
}

bool lies_below(const std::string& path, const std::string& folder) {
    if (!path.starts_with(folder)) return false;
    return path.size() == folder.size() || folder == "/" || path[folder.size()] == '/';
}

/// The folder in front of the first component with a wildcard.
std::string fixed_folder(const std::string& pattern) {
    const std::size_t wildcard = pattern.find_first_of("*?[{");
    const std::size_t slash = pattern.rfind('/', wildcard);
    return slash == std::string::npos || slash == 0 ? "/" : pattern.substr(0, slash);
}

}  // namespace

ConfinedFiles::ConfinedFiles(std::vector<std::string> folders) {
    for (const std::string& folder : folders) {
        if (std::string real = resolved(folder); !real.empty()) folders_.push_back(std::move(real));
    }
}

bool ConfinedFiles::may_read(const std::string& path) {
    const std::string real = resolved(path);
    if (real.empty()) return true;  // it is not there, which the caller finds out itself
    for (const std::string& folder : folders_) {
        if (lies_below(real, folder)) return true;
    }
    if (!needed_) {
        needed_ = NeededFolder{real, named_by_.file != nullptr ? named_by_.file->path : "",
                               named_by_.line, named_by_.column};
    }
    return false;
}

core::Result<std::string> ConfinedFiles::read(const std::string& path) {
    if (!may_read(path)) return core::Error::from_errno(EACCES, "open " + path);
    return SystemFiles::read(path);
}

core::Result<std::string> ConfinedFiles::read_start(const std::string& path, std::size_t limit) {
    if (!may_read(path)) return core::Error::from_errno(EACCES, "open " + path);
    return SystemFiles::read_start(path, limit);
}

std::vector<std::string> ConfinedFiles::glob(const std::string& pattern) {
    if (!may_read(fixed_folder(pattern))) return {};
    return SystemFiles::glob(pattern);
}

}  // namespace holdfast::parser
