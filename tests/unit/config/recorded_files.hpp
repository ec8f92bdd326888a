#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "lib/config/system_access.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config::testing {

inline const std::filesystem::path kRecordedFolder = HOLDFAST_RECORDED_CONFIG;

/// The recorded files are real, the programs they name are not.
class RecordedFiles : public SystemFiles {
  public:
    core::Result<FileKind> inspect(const std::string& path) override {
        return path.starts_with(kRecordedFolder.string()) ? SystemFiles::inspect(path)
                                                          : programs_.inspect(path);
    }

  private:
    MemoryFiles programs_;
};

inline LoadResult load_recorded(const std::filesystem::path& file, bool keep_written = false) {
    const FakeHost host;
    RecordedFiles files;
    LoadRequest request = request_for(host);
    request.file = file.string();
    request.keep_written = keep_written;
    return load(request, files);
}

inline std::string content(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

}  // namespace holdfast::config::testing
