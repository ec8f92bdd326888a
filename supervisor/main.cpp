#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "supervisor/config_test.hpp"
#include "supervisor/options.hpp"
#include "supervisor/start_up.hpp"
#include "supervisor/surroundings.hpp"

int main(int argc, char** argv) {
    using namespace holdfast::supervisor;
    normalise_inheritance();
    const std::vector<std::string> words(argv, argv + argc);
    const auto parsed = parse_options(words);
    if (const auto* answer = std::get_if<ExitNow>(&parsed)) {
        std::fputs(answer->output.c_str(), stdout);
        std::fputs(answer->errors.c_str(), stderr);
        return answer->status;
    }
    const Options& options = *std::get_if<Options>(&parsed);
    if (options.config_test) return run_config_test(options);
    leave_first_process();
    return run_daemon(options);
}
