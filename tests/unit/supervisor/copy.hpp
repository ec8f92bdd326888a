#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "proto/control.pb.h"

namespace holdfast::tests {

/// One installed copy of the real supervisor with fake daemons in a folder of its own, run as a
/// child process. Everything it started has ended and the folder is gone when it goes.
class Copy {
  public:
    Copy();
    ~Copy();
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const;
    [[nodiscard]] std::string read(const std::string& name) const;
    /// The configuration, a Config in protobuf's text form.
    void configure(const std::string& text) const { write("conf/main.conf", text); }
    /// What a fake daemon is to do from its next start on.
    void order(const std::string& role, const std::string& words) const {
        write("conf/" + role + ".do", words);
    }

    /// In the foreground, logging to the file "log", with all three pid files and a run folder.
    void start(const std::vector<std::string>& more = {});
    /// Runs to its end and returns the exit status; standard error goes to "log".
    int run(const std::vector<std::string>& arguments) const;
    void signal(int number) const;
    /// Waits for the end of the started supervisor.
    int exit_status();
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The pid in one of its pid files, 0 if there is none.
    [[nodiscard]] pid_t pid_in(const std::string& file) const;

    /// Waits, with a generous limit, until `holds`; false if it never does.
    [[nodiscard]] static bool eventually(const std::function<bool()>& holds);
    /// Until that many lines of the daemons' journal have `words` in them.
    [[nodiscard]] bool journal_has(const std::string& words, unsigned times = 1) const;
    [[nodiscard]] unsigned journal_count(const std::string& words) const;
    [[nodiscard]] bool log_has(const std::string& words) const;

    /// One request to a control socket of it; the last reply, or one with exit status 3.
    [[nodiscard]] messages::v1::CtlReply ask(const messages::v1::CtlRequest& request,
                                             const std::string& socket = "control.sock") const;

  private:
    [[nodiscard]] pid_t spawn(const std::vector<std::string>& arguments) const;

    std::string folder_;
    pid_t pid_ = -1;
};

}  // namespace holdfast::tests
