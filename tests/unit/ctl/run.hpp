#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ctl/options.hpp"
#include "ctl/verbs.hpp"

namespace holdfast::ctl::tests {

/// What one call of holdfastctl gave.
struct Outcome {
    int status = 0;
    std::string out;
    std::string complaints;
};

/// Collects what is printed to a stream.
class Paper {
  public:
    Paper() : stream_(::open_memstream(&text_, &size_)) {}
    ~Paper() {
        if (stream_ != nullptr) std::fclose(stream_);
        std::free(text_);
    }
    Paper(const Paper&) = delete;
    Paper& operator=(const Paper&) = delete;
    [[nodiscard]] std::FILE* stream() const { return stream_; }
    [[nodiscard]] std::string take() {
        std::fclose(stream_);
        stream_ = nullptr;
        return {text_, size_};
    }

  private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* stream_;
};

/// As the command line would call it.
inline Outcome run(std::initializer_list<std::string> arguments) {
    std::vector<const char*> words;
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    const auto options = read_options(words);
    if (!options) return {kUsage, "", options.error().text()};
    Paper out;
    Paper complaints;
    const int status = run_verb(*options, out.stream(), complaints.stream());
    return {status, out.take(), complaints.take()};
}

/// A folder of its own that goes away again.
class Folder {
  public:
    Folder() {
        std::string pattern = testing::TempDir() + "holdfastctl-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        return path(name);
    }

  private:
    std::string path_;
};

}  // namespace holdfast::ctl::tests
