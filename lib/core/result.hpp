#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace holdfast::core {

/// What went wrong outside of our own code (network, kernel, file, user), with the task in words.
/// `code` is an errno value, or 0 where none applies.
class Error {
  public:
    explicit Error(std::string text, int code = 0) : text_(std::move(text)), code_(code) {}

    /// "TASK: STRERROR(code)"
    [[nodiscard]] static Error from_errno(int code, std::string_view task);
    /// from_errno with the present value of errno.
    [[nodiscard]] static Error last(std::string_view task);

    /// The same error with the surrounding task put in front: "TASK: text".
    [[nodiscard]] Error within(std::string_view task) const;

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] int code() const { return code_; }

  private:
    std::string text_;
    int code_;
};

/// Value of a Status that carries nothing but "it worked".
struct Done {};

/// A value or an Error. Callers must look: reading `value()` of a failed Result ends the process
/// with the error's text, since only a mistake in our own code gets there.
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor): `return value;`
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor): `return error;`

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    [[nodiscard]] T& value() & {
        require_value();
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const T& value() const& {
        require_value();
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] T&& value() && {
        require_value();
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const {
        require_error();
        return *std::get_if<1>(&state_);
    }

  private:
    void require_value() const;
    void require_error() const;

    std::variant<T, Error> state_;
};

using Status = Result<Done>;

/// Ends this process with one clear line on stderr and SIGABRT: our own code is wrong.
[[noreturn]] void broken_invariant(std::string_view what);

template <class T>
void Result<T>::require_value() const {
    if (!ok()) broken_invariant("value of a failed Result: " + std::get_if<1>(&state_)->text());
}
template <class T>
void Result<T>::require_error() const {
    if (ok()) broken_invariant("error of a Result that holds a value");
}

}  // namespace holdfast::core
