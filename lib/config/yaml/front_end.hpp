#pragma once

#include "lib/config/binder.hpp"
#include "lib/config/yaml/documents.hpp"

namespace holdfast::config {
class Origins;
}

namespace holdfast::config::yaml {

/// The whole of YAML: files, merging, reading into a written Config. It must live as long as the
/// places that it notes.
class FrontEnd {
  public:
    FrontEnd(const LoadRequest& request, FileAccess& files, Reporter& report)
        : request_(request), files_(files), report_(report), documents_(request, files, report) {}

    /// False when there is nothing that the later stages could look at.
    bool read(v1::Config& config, Places& places, Origins* origins);

    /// True when something is wrong; such a configuration is not used.
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    /// Keeps the later stages from complaining about objects that could not be read whole.
    void leave_out_consequences(const v1::Config& config, const Places& places);

    const LoadRequest& request_;
    FileAccess& files_;
    Reporter& report_;
    Documents documents_;
    bool failed_ = false;
};

}  // namespace holdfast::config::yaml
