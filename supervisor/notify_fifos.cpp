#include "supervisor/notify_fifos.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using config::v1::GlobalDefs;

/// From the end of the file to TERM.
constexpr core::Interval kTimeToRead = 1s;

/// One row for each pipe: its settings, and what it hears.
struct Row {
    const config::v1::NotifyFifo& (GlobalDefs::*pipe)() const;
    bool (GlobalDefs::*has_pipe)() const;
    const config::v1::Script& (GlobalDefs::*reader)() const;
    bool (GlobalDefs::*has_reader)() const;
    bool vrrp;
    bool services;
};
constexpr std::array kRows = {
    Row{&GlobalDefs::notify_fifo, &GlobalDefs::has_notify_fifo, &GlobalDefs::notify_fifo_script,
        &GlobalDefs::has_notify_fifo_script, true, true},
    Row{&GlobalDefs::vrrp_notify_fifo, &GlobalDefs::has_vrrp_notify_fifo,
        &GlobalDefs::vrrp_notify_fifo_script, &GlobalDefs::has_vrrp_notify_fifo_script, true,
        false},
    Row{&GlobalDefs::lvs_notify_fifo, &GlobalDefs::has_lvs_notify_fifo,
        &GlobalDefs::lvs_notify_fifo_script, &GlobalDefs::has_lvs_notify_fifo_script, false, true},
};

core::Result<NotifyFifo::Wish> wish_of(const config::v1::NotifyFifo& pipe) {
    NotifyFifo::Wish wish{pipe.path(), ::geteuid(), ::getegid()};
    if (pipe.user().empty() && pipe.group().empty()) return wish;
    const std::string user = pipe.user().empty() ? std::to_string(wish.uid) : pipe.user();
    const auto owner = find_script_user(user, pipe.group(), false);
    if (!owner) return owner.error();
    wish.uid = owner->uid;
    wish.gid = owner->gid;
    return wish;
}

}  // namespace

struct NotifyFifos::Reader {
    explicit Reader(loop::Loop& loop)
        : patience(loop, [this] {
              if (process) process->stop();
          }) {}
    ScriptCommand command;
    std::unique_ptr<ScriptProcess> process;  // empty: it has ended
    loop::Timer patience;
};

struct NotifyFifos::Pipe {
    NotifyFifo fifo;
    std::shared_ptr<Reader> reader;
    std::uint64_t dropped = 0;  // since the pipe was full
};

NotifyFifos::NotifyFifos(loop::Loop& loop, log::Logger& log) : loop_(loop), log_(log) {}
NotifyFifos::~NotifyFifos() = default;

std::optional<NotifyFifos::Wanted> NotifyFifos::wanted(std::size_t which, const GlobalDefs& global,
                                                       const ScriptBook& book) {
    static_assert(kRows.size() == kPipes);
    const Row& row = kRows.at(which);
    if (!(global.*row.has_pipe)()) return std::nullopt;
    auto wish = wish_of((global.*row.pipe)());
    if (!wish) {
        log_.warning("NOTIFY_FIFO", wish.error().text());
        return std::nullopt;
    }
    Wanted wanted{std::move(*wish), std::nullopt};
    if ((global.*row.has_reader)()) {
        // A disabled one was named when the configuration was loaded.
        auto command = book.command((global.*row.reader)(), {wanted.wish.path});
        if (command) wanted.reader = std::move(*command);
    }
    return wanted;
}

void NotifyFifos::use(const GlobalDefs& global, const ScriptBook& book, mode_t mode) {
    mode_ = mode;
    std::array<std::optional<Wanted>, kPipes> wishes;
    for (std::size_t i = 0; i < kPipes; ++i) {
        wishes.at(i) = wanted(i, global, book);
        const bool same =
            pipes_.at(i) && wishes.at(i) && pipes_.at(i)->fifo.wish() == wishes.at(i)->wish;
        if (!same) retire(pipes_.at(i));
    }
    // Only when all that goes is gone: a path may have changed its place.
    for (std::size_t i = 0; i < kPipes; ++i) adapt(pipes_.at(i), wishes.at(i));
}

void NotifyFifos::adapt(std::unique_ptr<Pipe>& pipe, const std::optional<Wanted>& wanted) {
    if (!wanted) return;
    if (!pipe) {
        auto opened = NotifyFifo::open(wanted->wish, mode_);
        if (!opened) {
            log_.warning("NOTIFY_FIFO", opened.error().text() + "; nothing is written there");
            return;
        }
        pipe = std::make_unique<Pipe>(Pipe{std::move(*opened), nullptr, 0});
    }
    const bool same = pipe->reader && pipe->reader->process && wanted->reader &&
                      pipe->reader->command == *wanted->reader;
    if (same) return;
    if (pipe->reader && pipe->reader->process) {
        pipe->reader->process->stop();
        leaving_.push_back(std::move(pipe->reader));
    }
    pipe->reader.reset();
    if (wanted->reader) start_reader(*pipe, *wanted->reader);
}

void NotifyFifos::start_reader(Pipe& pipe, const ScriptCommand& command) {
    pipe.reader = std::make_shared<Reader>(loop_);
    pipe.reader->command = command;
    const std::weak_ptr<Reader> reader = pipe.reader;
    pipe.reader->process = std::make_unique<ScriptProcess>(
        loop_, command, std::nullopt, [this, reader](const ScriptResult& result) {
            const auto ended = reader.lock();
            if (!ended) return;
            ended->patience.cancel();
            // The process object is in the middle of its own callback.
            loop_.defer([gone = std::shared_ptr<ScriptProcess>(std::move(ended->process))] {});
            const auto left = std::ranges::find(leaving_, ended);
            if (left == leaving_.end()) {
                log_.warning("NOTIFY_FIFO", fmt::format("the reader {} ended: {}",
                                                        ended->command.argv[0], result.text()));
                return;
            }
            leaving_.erase(left);
            check_closed();
        });
}

void NotifyFifos::retire(std::unique_ptr<Pipe>& pipe) {
    if (!pipe) return;
    if (pipe->reader && pipe->reader->process) {
        pipe->reader->patience.after(kTimeToRead);
        leaving_.push_back(std::move(pipe->reader));
    }
    pipe.reset();
}

void NotifyFifos::say(Topic topic, std::string_view line) {
    for (std::size_t i = 0; i < kPipes; ++i) {
        const bool hears = topic == Topic::vrrp ? kRows.at(i).vrrp : kRows.at(i).services;
        if (hears && pipes_.at(i)) write(*pipes_.at(i), line);
    }
}

void NotifyFifos::write(Pipe& pipe, std::string_view line) {
    const std::string& path = pipe.fifo.wish().path;
    if (!pipe.fifo.write(line)) {
        if (pipe.dropped++ == 0) {
            log_.warning("NOTIFY_FIFO",
                         path + " is full, nobody reads it: lines are dropped from now on");
        }
        return;
    }
    if (pipe.dropped == 0) return;
    log_.notice("NOTIFY_FIFO",
                fmt::format("{} is read again, {} lines were dropped", path, pipe.dropped));
    pipe.dropped = 0;
}

void NotifyFifos::close(std::function<void()> done) {
    closed_ = std::move(done);
    for (auto& pipe : pipes_) retire(pipe);
    check_closed();
}

void NotifyFifos::check_closed() {
    if (closed_ && leaving_.empty()) loop_.defer(std::exchange(closed_, nullptr));
}

}  // namespace holdfast::supervisor
