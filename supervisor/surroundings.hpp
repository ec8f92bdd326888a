#pragma once

namespace holdfast::supervisor {

/// What a parent may have left us that would break everything later: closed standard descriptors
/// (the next file we open would be taken for one of them), blocked signals, and an ignored SIGCHLD
/// (nobody could tell how a process ended).
void normalise_inheritance();

/// Process 1 of a container inherits every orphan, also what scripts leave behind, and must reap
/// it. That is made the work of a process of its own: this returns in a child, while process 1
/// reaps, passes signals on, and ends with the child's status. Does nothing for any other process.
void leave_first_process();

}  // namespace holdfast::supervisor
