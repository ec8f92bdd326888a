#include "supervisor/status_broker.hpp"

#include "supervisor/tell.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Interval kAnswerLimit = 1s;
constexpr std::size_t kMostQuestions = 256;

}  // namespace

void StatusBroker::ask(ipc::Peer role, messages::v1::StatusTopic topic, Asker asker) {
    ipc::Channel* channel = find_(role);
    if (channel == nullptr || questions_.size() >= kMostQuestions) return asker.end(true);
    const std::uint64_t id = ++last_id_;
    const core::Status asked = tell(*channel, [&](auto& to) {
        to.mutable_status_request()->set_request_id(id);
        to.mutable_status_request()->set_topic(topic);
    });
    if (!asked) return asker.end(true);
    auto limit = std::make_unique<loop::Timer>(loop_, [this, id] { end(id, true); });
    limit->after(kAnswerLimit);
    questions_.emplace(id, Question{role, std::move(asker), 0, std::move(limit)});
}

core::Status StatusBroker::take(ipc::Peer role, const messages::v1::StatusReply& reply) {
    if (reply.request_id() > last_id_) {
        return core::Error::from_errno(EPROTO, "answer to a question that was never asked");
    }
    const auto found = questions_.find(reply.request_id());
    if (found == questions_.end()) return core::Done{};
    Question& question = found->second;
    if (question.role != role || reply.part() != question.next_part) {
        return core::Error::from_errno(EPROTO, "part of an answer out of order");
    }
    ++question.next_part;
    question.asker.part(reply.payload());
    if (reply.last()) end(reply.request_id(), false);
    return core::Done{};
}

void StatusBroker::end(std::uint64_t id, bool stale) {
    auto question = questions_.extract(id);
    if (question.empty()) return;
    // The limit may be what calls us: it goes in a later turn. Until then it must not fire.
    question.mapped().limit->cancel();
    loop_.defer([limit = std::shared_ptr<loop::Timer>(std::move(question.mapped().limit))] {});
    question.mapped().asker.end(stale);
}

}  // namespace holdfast::supervisor
