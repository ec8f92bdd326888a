#include "supervisor/options.hpp"

#include <fmt/format.h>
#include <getopt.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "lib/core/text.hpp"

namespace holdfast::supervisor {
namespace {

enum LongOnly : int {
    kAll = 256,
    kSignum,
    kIgnoreSigint,
    kRunDir,
    kRestartGrace,
    kFlushLogFile,
    kConfigFd,
};

// Abbreviations work as getopt_long does them: any unambiguous beginning.
const option kLongOptions[] = {
    {"use-file", required_argument, nullptr, 'f'},
    {"vrrp", no_argument, nullptr, 'P'},
    {"check", no_argument, nullptr, 'C'},
    {"no_bfd", no_argument, nullptr, 'B'},
    {"all", no_argument, nullptr, kAll},
    {"log-console", no_argument, nullptr, 'l'},
    {"log-detail", no_argument, nullptr, 'D'},
    {"log-facility", required_argument, nullptr, 'S'},
    {"log-file", optional_argument, nullptr, 'g'},
    {"flush-log-file", no_argument, nullptr, kFlushLogFile},
    {"no-syslog", no_argument, nullptr, 'G'},
    {"umask", required_argument, nullptr, 'u'},
    {"release-vips", no_argument, nullptr, 'X'},
    {"dont-release-vrrp", no_argument, nullptr, 'V'},
    {"dont-release-ipvs", no_argument, nullptr, 'I'},
    {"dont-respawn", no_argument, nullptr, 'R'},
    {"dont-fork", no_argument, nullptr, 'n'},
    {"dump-conf", no_argument, nullptr, 'd'},
    {"pid", required_argument, nullptr, 'p'},
    {"vrrp_pid", required_argument, nullptr, 'r'},
    {"checkers_pid", required_argument, nullptr, 'c'},
    {"bfd_pid", required_argument, nullptr, 'b'},
    {"address-monitoring", no_argument, nullptr, 'a'},
    {"namespace", required_argument, nullptr, 's'},
    {"snmp", no_argument, nullptr, 'x'},
    {"snmp-agent-socket", required_argument, nullptr, 'A'},
    {"core-dump", no_argument, nullptr, 'm'},
    {"core-dump-pattern", optional_argument, nullptr, 'M'},
    {"config-id", required_argument, nullptr, 'i'},
    {"all-config", no_argument, nullptr, 'e'},
    {"config-test", optional_argument, nullptr, 't'},
    {"config-fd", required_argument, nullptr, kConfigFd},
    {"signum", required_argument, nullptr, kSignum},
    {"ignore-sigint", no_argument, nullptr, kIgnoreSigint},
    {"run-dir", required_argument, nullptr, kRunDir},
    {"restart-grace", required_argument, nullptr, kRestartGrace},
    {"version", no_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0},
};
constexpr const char* kShortOptions = ":f:PCBlDS:g::Gu:XVIRndp:r:c:b:as:xA:mM::i:et::vh";

struct SignalName {
    std::string_view name;
    int number;
};

std::optional<int> signal_number(std::string_view name) {
    const SignalName names[] = {
        {"STOP", SIGTERM},   {"RELOAD", SIGHUP},     {"DATA", SIGUSR1},
        {"STATS", SIGUSR2},  {"JSON", SIGRTMIN + 2}, {"STATS_CLEAR", SIGRTMAX - 1},
        {"TDUMP", SIGRTMAX},
    };
    const auto* found = std::ranges::find(names, name, &SignalName::name);
    if (found == std::end(names)) return std::nullopt;
    return found->number;
}

std::string help_text(std::string_view program) {
    return fmt::format(
        "Usage: {} [OPTION...]\n"
        "  -f, --use-file=FILE          configuration file (keepalived.conf; may be a "
        "pattern)\n"
        "  -P, --vrrp                   only VRRP\n"
        "  -C, --check                  only health checks\n"
        "      --all                    accepted; what the configuration needs is started\n"
        "  -l, --log-console            log to standard error\n"
        "  -D, --log-detail             more detail (twice: debug)\n"
        "  -S, --log-facility=FACILITY  syslog facility\n"
        "  -g, --log-file[=FILE]        accepted; the journal keeps the log\n"
        "  -G, --no-syslog              do not log to the journal\n"
        "  -u, --umask=MASK             rights that files made by us and by scripts do not give\n"
        "  -X, --release-vips           accepted; addresses are always released\n"
        "  -V, --dont-release-vrrp      at stop keep addresses, send no priority 0\n"
        "  -I, --dont-release-ipvs      at stop keep the IPVS services\n"
        "  -R, --dont-respawn           stop when a daemon is lost instead of starting it again\n"
        "  -n, --dont-fork              stay in the foreground\n"
        "  -d, --dump-conf              log the configuration's objects at start\n"
        "  -p, --pid=FILE               pid file of the supervisor\n"
        "  -r, --vrrp_pid=FILE          pid file of vrrpd\n"
        "  -c, --checkers_pid=FILE      pid file of checkerd\n"
        "  -m, --core-dump              allow core dumps of the supervisor\n"
        "  -i, --config-id=ID           use the lines of the configuration marked @ID\n"
        "  -e, --all-config             an include that finds nothing is an error\n"
        "  -t, --config-test[=FILE]     check the configuration; findings go to standard error or "
        "FILE\n"
        "      --signum=NAME            print the number of STOP, RELOAD, DATA, STATS, "
        "STATS_CLEAR, "
        "JSON\n"
        "      --ignore-sigint          do not stop at SIGINT\n"
        "      --run-dir=DIR            folder of control sockets and state\n"
        "      --restart-grace=SECONDS  how long the daemons go on when the supervisor is lost\n"
        "  -v, --version                print the version\n"
        "  -h, --help                   print this\n",
        program);
}

/// Collects the options one by one; mistakes are gathered, not thrown.
class Reader {
  public:
    explicit Reader(std::string_view program) : program_(program) {
        options_.drop_in = program == "keepalived";
    }

    std::variant<Options, ExitNow> read(std::span<const std::string> argv);

  private:
    void take(int what, const std::string& written);
    bool take_mode(int what);
    bool take_logging(int what);
    bool take_file(int what);
    bool take_own(int what);
    void complain(const std::string& text) { errors_ += fmt::format("{}: {}\n", program_, text); }

    std::string program_;
    Options options_;
    std::string errors_;
    std::optional<ExitNow> answer_;
};

bool Reader::take_mode(int what) {
    switch (what) {
        case 'P':
            options_.vrrp_only = true;
            return true;
        case 'C':
            options_.checks_only = true;
            return true;
        case 'n':
            options_.foreground = true;
            return true;
        case 'd':
            options_.dump_config = true;
            return true;
        case 'V':
            options_.keep_vrrp = true;
            return true;
        case 'I':
            options_.keep_services = true;
            return true;
        case 'R':
            options_.respawn = false;
            return true;
        case 'm':
            options_.core_dump = true;
            return true;
        case 'i':
            options_.config_id = optarg;
            return true;
        case 'e':
            options_.all_include_checks = true;
            return true;
        case kIgnoreSigint:
            options_.ignore_sigint = true;
            return true;
        default:
            return false;
    }
}

bool Reader::take_logging(int what) {
    switch (what) {
        case 'l':
            options_.log_console = true;
            return true;
        case 'D':
            ++options_.log_detail;
            return true;
        case 'G':
            options_.no_syslog = true;
            return true;
        default:
            return false;
    }
}

bool Reader::take_file(int what) {
    switch (what) {
        case 'f':
            options_.config_file = optarg;
            return true;
        case 'p':
            options_.main_pid_file = optarg;
            return true;
        case 'r':
            options_.vrrp_pid_file = optarg;
            return true;
        case 'c':
            options_.checkers_pid_file = optarg;
            return true;
        case 't':
            options_.config_test = true;
            if (optarg != nullptr) options_.config_test_file = optarg;
            return true;
        default:
            return false;
    }
}

bool Reader::take_own(int what) {
    if (what == kRunDir) {
        options_.run_dir = optarg;
        return true;
    }
    if (what == kRestartGrace) {
        char* end = nullptr;
        const double seconds = std::strtod(optarg, &end);
        if (end == optarg || *end != '\0' || !(seconds >= 0 && seconds <= 60)) {
            complain(fmt::format("--restart-grace wants seconds from 0 to 60, not \"{}\"", optarg));
        } else {
            options_.restart_grace = std::chrono::milliseconds(std::lround(seconds * 1000));
        }
        return true;
    }
    if (what == 'u') {
        char* end = nullptr;
        const unsigned long mask = std::strtoul(optarg, &end, 0);
        if (end == optarg || *end != '\0' || mask > 0777) {
            complain(fmt::format("-u wants a umask, not \"{}\"", optarg));
        } else {
            options_.umask = static_cast<unsigned>(mask);
        }
        return true;
    }
    return false;
}

void Reader::take(int what, const std::string& written) {
    if (take_mode(what) || take_logging(what) || take_file(what) || take_own(what)) return;
    if (what == 'v') {
        answer_ = ExitNow{0, "", version_text(options_.drop_in)};
    } else if (what == 'h') {
        answer_ = ExitNow{0, "", help_text(program_)};
    } else if (what == kSignum) {
        if (const auto number = signal_number(optarg)) {
            answer_ = ExitNow{0, fmt::format("{}\n", *number), ""};
        } else {
            answer_ = ExitNow{1, "", fmt::format("{}: unknown signal name {}\n", program_, optarg)};
        }
    } else if (what == ':') {
        complain(fmt::format("option '{}' requires an argument", written));
    } else if (what == '?') {
        complain(optopt != 0 && optopt < kAll && !written.starts_with("--")
                     ? fmt::format("unknown option '-{}'", static_cast<char>(optopt))
                     : fmt::format("unknown or ambiguous option '{}'", written));
    } else {
        options_.without_effect.push_back(written);
    }
}

std::variant<Options, ExitNow> Reader::read(std::span<const std::string> argv) {
    std::vector<std::string> words(argv.begin(), argv.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const int count = static_cast<int>(words.size());

    optind = 0;  // getopt keeps its place in globals; 0 makes glibc begin anew
    opterr = 0;
    while (true) {
        const int before = optind == 0 ? 1 : optind;
        const int what =
            ::getopt_long(count, pointers.data(), kShortOptions, kLongOptions, nullptr);
        if (what == -1) break;
        // The word that held the option; within a cluster such as -nlD optind has not moved yet.
        const int at = optind > before ? std::max(before, optind - 1) : before;
        const std::string shown = at < count ? pointers[static_cast<std::size_t>(before)] : "";
        take(what, shown);
        if (answer_) return *answer_;
    }
    std::string notices;
    for (int word = optind; word < count; ++word) {
        notices += fmt::format("{}: unexpected argument '{}'\n", program_,
                               pointers[static_cast<std::size_t>(word)]);
    }
    if (!errors_.empty()) {
        return ExitNow{1, "", errors_ + notices + fmt::format("Try '{} --help'.\n", program_)};
    }
    if (options_.vrrp_only && options_.checks_only) {
        options_.vrrp_only = options_.checks_only = false;  // both: everything, as keepalived
    }
    options_.arguments.assign(argv.begin() + 1, argv.end());
    if (!notices.empty()) options_.without_effect.push_back(std::string(core::trim(notices)));
    return options_;
}

}  // namespace

std::string version_text(bool drop_in) {
    if (!drop_in) return fmt::format("Holdfast v{}\n", HOLDFAST_VERSION);
    // Tools read word 2 of line 1, want a second line, and look for --enable-json.
    return fmt::format(
        "Keepalived v2.4.3 (08/13,2026)\n"
        "\n"
        "Provided by Holdfast v{}\n"
        "configure options: --enable-json\n",
        HOLDFAST_VERSION);
}

std::variant<Options, ExitNow> parse_options(std::span<const std::string> argv) {
    const std::string program =
        argv.empty() ? "holdfast" : std::filesystem::path(argv.front()).filename().string();
    return Reader(program).read(argv);
}

}  // namespace holdfast::supervisor
