#pragma once

#include "lib/sandbox/sandbox.hpp"

/// The single walls of the sandbox. Each adds one entry to the report.
namespace holdfast::sandbox {

void forbid_new_privileges(Report& report);
void forbid_new_processes(Report& report);
void enter_empty_root(int empty_folder, Report& report);
void enter_landlock(const Profile& profile, Report& report);
void keep_capabilities(const std::vector<int>& kept, Report& report);
void enter_filter(const Profile& profile, Action action, Report& report);
/// Says whose uid this is, and whether groups are left.
void describe_user(Report& report);

/// "net_admin", "sys_chroot".
[[nodiscard]] std::string capability_names(const std::vector<int>& capabilities);

}  // namespace holdfast::sandbox
