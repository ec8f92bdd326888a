// Delivers one batch of mails for the supervisor at the other end of descriptor 3, in a sandbox.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "helpers/mailer/conversation.hpp"
#include "helpers/mailer/delivery.hpp"
#include "helpers/mailer/message.hpp"
#include "lib/daemon/role.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/loop/loop.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "proto/mail.pb.h"

using namespace holdfast;

namespace {

bool is_channel(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
}

/// One batch, from its arrival to the end of this process.
class Work {
  public:
    explicit Work(loop::Loop& loop)
        : loop_(loop),
          channel_(loop, core::UniqueFd(daemon::kChannel), ipc::Peer::supervisor, {},
                   {[this](const ipc::Channel::Frame& frame) { return received(frame.bytes); },
                    [this](const core::Error&) { loop_.stop(); }}) {}

  private:
    core::Status received(const std::string& frame) {
        messages::v1::ToMailer message;
        if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
        if (delivery_) return core::Error::from_errno(EPROTO, "second batch");
        batch_ = message.batch();
        conversation_.emplace(batch_,
                              mailer::date_text(static_cast<long long>(loop_.wall_clock_seconds())),
                              [this](std::size_t mail, mailer::Conversation::Outcome outcome,
                                     const std::string& why) { tell(mail, outcome, why); });
        delivery_ = std::make_unique<mailer::Delivery>(loop_, batch_, *conversation_,
                                                       [this] { loop_.stop(); });
        return core::Done{};
    }

    void tell(std::size_t mail, mailer::Conversation::Outcome outcome, const std::string& why) {
        messages::v1::FromMailer message;
        auto& result = *message.mutable_result();
        result.set_mail(static_cast<std::uint32_t>(mail));
        result.set_outcome(outcome);
        result.set_reason(why);
        // Whoever does not listen any more ends this process as well.
        static_cast<void>(channel_.send(message).ok());
    }

    loop::Loop& loop_;
    ipc::Channel channel_;
    messages::v1::MailBatch batch_;
    std::optional<mailer::Conversation> conversation_;
    std::unique_ptr<mailer::Delivery> delivery_;
};

}  // namespace

int main() {
    if (!is_channel(daemon::kChannel)) {
        std::fputs("This program is a part of Holdfast; only its supervisor starts it.\n", stderr);
        return 1;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "holdfast-mailer", 0, 0, 0);
    static_cast<void>(mailer::date_text(0));  // reads the time zone while files can be opened
    loop::Loop loop;
    Work work(loop);
    static_cast<void>(sandbox::enter(sandbox::mailer_profile(), daemon::kEmptyFolder));
    loop.run();
    return 0;
}
