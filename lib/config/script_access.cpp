#include "lib/config/script_access.hpp"

#include <sys/stat.h>

namespace holdfast::config {

namespace {

Barrier::Kind judge(const FileKind& found, uid_t user, gid_t group) {
    const auto unless = [&](mode_t bit) {
        return (found.mode & bit) != 0 ? Barrier::Kind::none : Barrier::Kind::certain;
    };
    if (found.uid == user) return unless(S_IXUSR);
    if (found.gid == group) return unless(S_IXGRP);
    if ((found.mode & S_IXOTH) != 0) return Barrier::Kind::none;
    // The bits of the group are also the mask of an access control list.
    return (found.mode & S_IXGRP) != 0 ? Barrier::Kind::doubtful : Barrier::Kind::certain;
}

}  // namespace

Barrier barrier_for(FileAccess& files, const std::string& program, uid_t user, gid_t group) {
    Barrier worst;
    std::string part = program;
    while (!part.empty()) {
        if (const auto found = files.inspect(part)) {
            const Barrier::Kind kind = judge(*found, user, group);
            if (kind >= worst.kind && kind != Barrier::Kind::none) worst = {kind, part};
        }
        part.resize(part.find_last_of('/') == std::string::npos ? 0 : part.find_last_of('/'));
    }
    return worst;
}

}  // namespace holdfast::config
