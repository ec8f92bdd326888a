#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/notify_fifo.hpp"
#include "supervisor/script_book.hpp"

namespace holdfast::supervisor {

/// The notification pipes of the configuration (notify_fifo, vrrp_notify_fifo, lvs_notify_fifo) and
/// the programs that it starts to read them. A reload keeps a pipe that it does not change, and its
/// reader. A full pipe drops lines: they are counted, and said once until it takes lines again.
/// Nothing here ever waits.
class NotifyFifos {
  public:
    enum class Topic : std::uint8_t { vrrp, services };

    NotifyFifos(loop::Loop& loop, log::Logger& log);
    ~NotifyFifos();
    NotifyFifos(const NotifyFifos&) = delete;
    NotifyFifos& operator=(const NotifyFifos&) = delete;

    /// `book` has looked at the scripts of the same configuration; `mode` is of pipes that are made
    /// now.
    void use(const config::v1::GlobalDefs& global, const ScriptBook& book, mode_t mode);
    /// To the common pipe and to that of the topic.
    void say(Topic topic, std::string_view line);
    /// Closes all pipes. Readers see the end of the file; who still runs 1 s later gets TERM, then
    /// KILL. `done` is called once, when all have ended.
    void close(std::function<void()> done);

  private:
    struct Reader;
    struct Pipe;
    struct Wanted {
        NotifyFifo::Wish wish;
        std::optional<ScriptCommand> reader;
    };
    static constexpr std::size_t kPipes = 3;

    void adapt(std::unique_ptr<Pipe>& pipe, const std::optional<Wanted>& wanted);
    std::optional<Wanted> wanted(std::size_t which, const config::v1::GlobalDefs& global,
                                 const ScriptBook& book);
    void start_reader(Pipe& pipe, const ScriptCommand& command);
    void retire(std::unique_ptr<Pipe>& pipe);
    void write(Pipe& pipe, std::string_view line);
    void check_closed();

    loop::Loop& loop_;
    log::Logger& log_;
    mode_t mode_ = 0;
    std::array<std::unique_ptr<Pipe>, kPipes> pipes_;
    std::list<std::shared_ptr<Reader>> leaving_;  // readers of pipes that are closed
    std::function<void()> closed_;
};

}  // namespace holdfast::supervisor
