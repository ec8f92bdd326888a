#include "supervisor/mail_desk.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "proto/mail.pb.h"
#include "supervisor/roles.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using messages::v1::MailBatch;
using messages::v1::MailResult;

constexpr core::Interval kFirstPause = 1s;
constexpr core::Interval kLongestPause = 60s;
constexpr core::Interval kStepLimit = 30s;  // keepalived's smtp_connect_timeout
constexpr core::Interval kBatchLimit = 120s;
/// What the mailer may take to start and to end beyond its own limit.
constexpr core::Interval kMargin = 5s;
constexpr core::Interval kClosingLimit = 5s;
constexpr std::uint32_t kSmtpPort = 25;
/// Of 64 KiB, which hold the settings and the frame of each mail as well.
constexpr std::size_t kOctetsOfABatch = 24UL * 1024;

std::vector<std::string> mailer_environment() {
    const char* sandbox = ::getenv("HOLDFAST_SANDBOX");
    if (sandbox == nullptr) return {};
    return {fmt::format("HOLDFAST_SANDBOX={}", sandbox)};
}

core::Interval step_limit(const config::v1::GlobalDefs& global) {
    return global.has_smtp_connect_timeout_us()
               ? core::Interval(static_cast<core::Interval::rep>(global.smtp_connect_timeout_us()))
               : kStepLimit;
}

}  // namespace

MailDesk::MailDesk(loop::Loop& loop, log::Logger& log, int empty_folder)
    : loop_(loop),
      log_(log),
      empty_folder_(empty_folder),
      again_(loop, [this] { start_batch(); }),
      limit_(loop,
             [this] {
                 trouble_ = "the mailer took too long";
                 if (mailer_) mailer_->signal(SIGKILL);
             }),
      closing_(loop, [this] { finish(); }) {}

MailDesk::~MailDesk() = default;

void MailDesk::use(const config::v1::GlobalDefs& global) {
    global_ = global;
    address_ = 0;
}

void MailDesk::post(core::ObjectId object, MailText text) {
    if (global_.smtp_addresses().empty() || global_.notification_email().empty()) return;
    const MailQueue::Item item{object, std::move(text), loop_.now()};
    for (const MailQueue::Item& dropped : queue_.push(item)) lost(dropped, "too many mails wait");
    if (!again_.pending()) again_.after({});  // with what else is told in this turn
}

MailBatch MailDesk::next_batch() {
    MailBatch batch;
    batch.set_address(global_.smtp_addresses(address_ % global_.smtp_addresses_size()));
    batch.set_port(global_.has_smtp_port() ? global_.smtp_port() : kSmtpPort);
    batch.set_helo_name(global_.smtp_helo_name());
    batch.set_from(global_.notification_email_from());
    *batch.mutable_to() = global_.notification_email();
    batch.set_step_limit_us(static_cast<std::uint64_t>(step_limit(global_).count()));
    batch.set_total_limit_us(static_cast<std::uint64_t>(kBatchLimit.count()));
    under_way_.clear();
    for (MailQueue::Item& item : queue_.take(kOctetsOfABatch)) {
        auto& mail = *batch.add_mails();
        mail.set_subject(item.text.subject);
        mail.set_body(item.text.body);
        under_way_.emplace_back(std::move(item));
    }
    return batch;
}

void MailDesk::start_batch() {
    if (mailer_) return;  // goes on when it has ended
    for (const MailQueue::Item& item : queue_.expired(loop_.now())) lost(item, "too old");
    if (queue_.empty()) return finish();
    const bool nowhere = global_.smtp_addresses().empty() || global_.notification_email().empty();
    if (nowhere) return finish();  // a reload took the server away
    trouble_.clear();
    const MailBatch batch = next_batch();
    if (core::Status started = launch_mailer(batch); !started) {
        mailer_.reset();
        channel_.reset();
        try_again(started.error().text());
    }
}

core::Status MailDesk::launch_mailer(const MailBatch& batch) {
    const RoleSpec& role = role_of(ipc::Peer::mailer);
    auto program = open_program(role);
    if (!program) return program.error();
    auto pair = ipc::make_pair();
    if (!pair) return pair.error();
    LaunchPlan plan;
    plan.program = program->file.get();
    plan.name = program->path;
    plan.environment = mailer_environment();
    plan.channel = pair->second.get();
    plan.empty_folder = empty_folder_;
    if (::geteuid() == 0) {
        plan.descent = sandbox::descent_of(role.user, sandbox::account_of(role.user));
    }
    auto launched = launch(plan);
    if (!launched) return launched.error();
    mailer_ = std::make_unique<Child>(loop_, std::move(*launched),
                                      [this](ExitStatus how) { ended(how); });
    channel_ = std::make_unique<ipc::Channel>(
        loop_, std::move(pair->first), ipc::Peer::mailer, ipc::Channel::Limits{},
        ipc::Channel::Handlers{[this](ipc::Channel::Frame frame) { return received(frame.bytes); },
                               [this](const core::Error& why) {
                                   if (why.code() != 0) trouble_ = why.text();
                                   if (mailer_) mailer_->signal(SIGKILL);
                               }});
    limit_.after(kBatchLimit + kMargin);
    messages::v1::ToMailer message;
    *message.mutable_batch() = batch;
    return channel_->send(message);
}

core::Status MailDesk::received(const std::string& frame) {
    messages::v1::FromMailer message;
    if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
    const MailResult& result = message.result();
    if (result.mail() >= under_way_.size() || !under_way_[result.mail()]) {
        return core::Error::from_errno(EPROTO, "a result of no mail");
    }
    take(result);
    return core::Done{};
}

void MailDesk::take(const MailResult& result) {
    auto& item = under_way_[result.mail()];
    constexpr std::size_t kLongestReason = 200;
    const std::string reason = result.reason().substr(0, kLongestReason);
    switch (result.outcome()) {
        case MailResult::DELIVERED:
            // With a reason it has not reached everybody.
            if (reason.empty()) {
                log_.info("MAIL_SENT", item->text.subject);
            } else {
                log_.warning("MAIL_SENT", fmt::format("{}: {}", item->text.subject, reason));
            }
            break;
        case MailResult::REFUSED:
            lost(*item, reason);
            break;
        case MailResult::TRY_AGAIN:
            trouble_ = reason;
            return;
    }
    item.reset();
}

void MailDesk::ended(ExitStatus how) {
    limit_.cancel();
    channel_->drain();  // what it said before its end
    // Both are in the middle of a call of theirs.
    loop_.defer([child = std::shared_ptr<Child>(std::move(mailer_)),
                 channel = std::shared_ptr<ipc::Channel>(std::move(channel_))] {});
    const bool complete =
        std::ranges::none_of(under_way_, &std::optional<MailQueue::Item>::has_value);
    if (!complete) {
        return try_again(trouble_.empty() ? "the mailer ended with " + how.text() : trouble_);
    }
    under_way_.clear();
    pause_ = {};
    if (queue_.empty()) return finish();
    again_.after({});
}

void MailDesk::try_again(const std::string& why) {
    if (pause_.count() == 0) {
        log_.warning("MAIL_FAILED",
                     fmt::format("{} mails wait: {}; tried again for {} minutes",
                                 std::ranges::count_if(under_way_,
                                                       &std::optional<MailQueue::Item>::has_value),
                                 why, MailQueue::kGiveUp / 1min));
    }
    for (auto& item : under_way_) {
        if (item) queue_.put_back(std::move(*item));
    }
    under_way_.clear();
    if (closed_) return finish();
    pause_ = pause_.count() == 0 ? kFirstPause : std::min(2 * pause_, kLongestPause);
    ++address_;
    again_.after(pause_);
}

void MailDesk::lost(const MailQueue::Item& item, const std::string& why) {
    log_.warning("MAIL_LOST", fmt::format("{}: {}", item.text.subject, why));
}

void MailDesk::close(std::function<void()> done) {
    closed_ = std::move(done);
    closing_.after(kClosingLimit);
    if (!mailer_) again_.after({});
}

/// When nothing is left, or there is no time left.
void MailDesk::finish() {
    if (!closed_) return;
    closing_.cancel();
    again_.cancel();
    for (auto& item : under_way_) {
        if (item) lost(*item, "Holdfast stops");
    }
    under_way_.clear();
    for (const MailQueue::Item& item : queue_.take(~std::size_t{0})) lost(item, "Holdfast stops");
    loop_.defer(std::exchange(closed_, nullptr));
}

}  // namespace holdfast::supervisor
