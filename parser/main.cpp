// Reads a configuration once, in a sandbox, for the supervisor at the other end of descriptor 3.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "lib/ipc/sealed_memory.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "parser/exchange.hpp"
#include "parser/handed_host.hpp"
#include "parser/parse.hpp"

using namespace holdfast;

namespace {

constexpr int kChannel = 3;
constexpr std::uint32_t kProtocol = 1;
/// What the name service of the C library reads when a configuration names users, or a mail server.
constexpr const char* kNameServiceFiles[] = {
    "/etc/passwd",      "/etc/group",     "/etc/nsswitch.conf", "/etc/hosts",
    "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf"};

/// Names of routing tables, scopes and the like.
constexpr const char* kNameFolders[] = {"/etc/iproute2", "/usr/share/iproute2",
                                        "/usr/lib/iproute2"};

/// The modules of the name service are loaded once; the filter allows no executable memory later.
void warm_up() {
    for (const char* name : {"root", "no such user"}) {
        static_cast<void>(::getpwnam(name));
        static_cast<void>(::getgrnam(name));
    }
    static_cast<void>(config::SystemHost().processors());
}

std::vector<core::UniqueFd> open_all(std::span<const char* const> paths) {
    std::vector<core::UniqueFd> opened;
    for (const char* path : paths) {
        core::UniqueFd file(::open(path, O_PATH | O_CLOEXEC));
        if (file) opened.push_back(std::move(file));
    }
    return opened;
}

/// Closes everything but what the loader needs. What is missing becomes notes.
std::vector<std::string> enter_sandbox(const parser::Request& request) {
    const std::vector<core::UniqueFd> files = open_all(kNameServiceFiles);
    const std::vector<core::UniqueFd> folders = open_all(kNameFolders);
    std::vector<int> readable;
    for (const auto* opened : {&request.folders, &files, &folders}) {
        for (const core::UniqueFd& each : *opened) readable.push_back(each.get());
    }
    return sandbox::enter(sandbox::parser_profile(std::move(readable)), -1).missing;
}

messages::v1::ToSupervisor hello() {
    messages::v1::ToSupervisor message;
    auto& body = *message.mutable_hello();
    body.set_protocol(kProtocol);
    body.set_build(HOLDFAST_VERSION);
    body.set_role(messages::v1::ROLE_PARSER);
    return message;
}

core::Status answer(const parser::Request& request) {
    std::vector<std::string> folders(request.parse.folders().begin(),
                                     request.parse.folders().end());
    folders.insert(folders.end(), std::begin(kNameFolders), std::end(kNameFolders));
    parser::ConfinedFiles files(std::move(folders));
    const parser::HandedHost host(request.parse);
    const parser::Answer made = parser::parse(request.parse, files, host);
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
        const core::Status written = ipc::write_all(request.memories[i].get(), made.parts[i]);
        if (!written) return written.error().within("hand the configuration over");
    }
    for (const messages::v1::ToSupervisor& message : made.messages) {
        if (core::Status sent = parser::send_message(kChannel, message); !sent) return sent;
    }
    return core::Done{};
}

core::Status run() {
    const int flags = ::fcntl(kChannel, F_GETFL);
    if (flags < 0 || ::fcntl(kChannel, F_SETFL, flags & ~O_NONBLOCK) < 0) {
        return core::Error::last("descriptor 3");
    }
    if (core::Status sent = parser::send_message(kChannel, hello()); !sent) return sent;
    const core::Result<parser::Request> request = parser::receive_request(kChannel);
    if (!request) return request.error();
    warm_up();
    const std::vector<std::string> missing = enter_sandbox(*request);
    if (!missing.empty() && request->parse.debug_level() > 0) {
        for (const std::string& wall : missing) {
            std::fprintf(stderr, "parser: sandbox: missing %s\n", wall.c_str());
        }
    }
    return answer(*request);
}

}  // namespace

int main() {
    // Nobody else wants the answer. A supervisor that has ended already left a closed channel.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const core::Status done = run();
    if (!done) std::fprintf(stderr, "parser: %s\n", done.error().text().c_str());
    return done.ok() ? 0 : 1;
}
