#include "tests/unit/supervisor/copy.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace holdfast::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A machine that is busy with other work must not fail a test.
constexpr auto kGenerous = 60s;

}  // namespace

Copy::Copy() {
    std::string pattern = (fs::temp_directory_path() / "holdfast-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    ::chmod(folder_.c_str(), 0755);
    for (const char* name : {"sbin", "libexec/holdfast", "conf"})
        fs::create_directories(path(name));
    fs::copy_file(HOLDFAST_SUPERVISOR, path("sbin/holdfast"));
    for (const char* role : {"vrrpd", "checkerd", "ipvsd", "parser"}) {
        fs::copy_file(HOLDFAST_FAKE_ROLE, path(std::string("libexec/holdfast/") + role));
    }
    write("conf/journal", "");
    ::chmod(path("conf/journal").c_str(), 0666);  // fake daemons have users of their own
}

Copy::~Copy() {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        static_cast<void>(eventually([&] { return ::kill(pid_, 0) != 0 || exit_status() >= 0; }));
        if (pid_ > 0) ::kill(pid_, SIGKILL);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void Copy::write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
}

std::string Copy::read(const std::string& name) const {
    std::ifstream file(path(name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

pid_t Copy::spawn(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {path("sbin/holdfast")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = path("log");
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

void Copy::start(const std::vector<std::string>& more) {
    std::vector<std::string> words = {"-n",        "-l",
                                      "-f",        path("conf/main.conf"),
                                      "-p",        path("ka.pid"),
                                      "-r",        path("vrrp.pid"),
                                      "-c",        path("chk.pid"),
                                      "--run-dir", path("run")};
    words.insert(words.end(), more.begin(), more.end());
    pid_ = spawn(words);
}

int Copy::run(const std::vector<std::string>& arguments) const {
    const pid_t child = spawn(arguments);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Copy::signal(int number) const {
    ::kill(pid_, number);
}

int Copy::exit_status() {
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, 0) != pid_) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t Copy::pid_in(const std::string& file) const {
    const std::string text = read(file);
    return text.empty() ? 0 : std::stoi(text);
}

bool Copy::eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kGenerous;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

unsigned Copy::journal_count(const std::string& words) const {
    std::istringstream lines(read("conf/journal"));
    unsigned found = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(words) != std::string::npos) ++found;
    }
    return found;
}

bool Copy::journal_has(const std::string& words, unsigned times) const {
    return eventually([&] { return journal_count(words) >= times; });
}

bool Copy::log_has(const std::string& words) const {
    return eventually([&] { return read("log").find(words) != std::string::npos; });
}

messages::v1::CtlReply Copy::ask(const messages::v1::CtlRequest& request,
                                 const std::string& socket) const {
    messages::v1::CtlReply reply;
    reply.set_exit_status(3);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string where = path("run/" + socket);
    std::strncpy(address.sun_path, where.c_str(), sizeof address.sun_path - 1);
    const int client = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const std::string bytes = request.SerializeAsString();
    if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
        std::string buffer(64UL * 1024, '\0');
        do {
            const ssize_t got = ::recv(client, buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            reply.ParseFromArray(buffer.data(), static_cast<int>(got));
        } while (!reply.last());
    }
    ::close(client);
    return reply;
}

}  // namespace holdfast::tests
