#include "lib/config/load.hpp"

#include <google/protobuf/arena.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "lib/config/binder.hpp"
#include "lib/config/blocks.hpp"
#include "lib/config/preprocessor.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/service_tester.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/front_end.hpp"

namespace holdfast::config {

namespace {

/// By file, then by line: what the loader's later stages find stands beside what the earlier ones
/// found there.
void sort_by_place(std::vector<Diagnostic>& diagnostics) {
    std::unordered_map<const FileTrail*, std::size_t> files;
    for (const Diagnostic& found : diagnostics) {
        files.emplace(found.position.file, files.size());
    }
    const auto key = [&](const Diagnostic& found) {
        return std::tuple(files.at(found.position.file), found.position.line,
                          found.position.column);
    };
    std::ranges::stable_sort(diagnostics, {}, key);
}

constexpr std::size_t kArenaBlock = 1024UL * 1024;

/// All pages of a large block will be used at once: to ask for them together costs a fraction.
void* allocate_block(std::size_t octets) {
    if (octets < kArenaBlock) return ::operator new(octets);
    void* const block = ::mmap(nullptr, octets, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    return block;
}
void free_block(void* block, std::size_t octets) {
    if (octets < kArenaBlock) {
        ::operator delete(block);
    } else {
        ::munmap(block, octets);
    }
}

/// A configuration is built once and forgotten as a whole.
std::shared_ptr<google::protobuf::Arena> make_arena() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 16UL * 1024;
    options.max_block_size = kArenaBlock;
    options.block_alloc = [](std::size_t octets) { return allocate_block(octets); };
    options.block_dealloc = [](void* block, std::size_t octets) { free_block(block, octets); };
    return std::make_shared<google::protobuf::Arena>(options);
}

/// A file that is being written, or that somebody emptied by mistake: a reload refuses it.
void warn_of_emptiness(const LoadRequest& request, Reporter& report) {
    if (report.counts().total() > 0) return;
    const Position file{report.add_file(request.file), 0, 0};
    report.warning("empty_configuration", {file, {}}, "nothing is configured");
}

/// Both front ends put what was written into the same message.
struct Target {
    v1::Config& config;
    Places& places;
    Origins* origins;  // nothing: nobody asks
    ServiceVisitor* visitor = nullptr;
};

void read_legacy(const LoadRequest& request, FileAccess& files, Preprocessor& lines,
                 const Target& target, Reporter& report) {
    Binder binder(request, target.config, target.places, report);
    binder.read_names_from(files);
    if (target.origins != nullptr) binder.note_origins(*target.origins);
    if (target.visitor != nullptr) binder.show_services_to(*target.visitor);
    bool empty = true;
    const auto take = [&](Node& root) {
        empty = false;
        binder.take(root);
    };
    BlockReader(lines, report, take).run();
    if (empty) warn_of_emptiness(request, report);
}

void resolve(Resolution& all) {
    all.config.mutable_global();
    resolve_globals(all);
    resolve_scripts(all);
    resolve_trackers(all);
    resolve_instances(all);
    resolve_virtual_interfaces(all);
    resolve_groups(all);
    resolve_weights(all);
    resolve_network(all);
    resolve_services(all);
    resolve_tracked_services(all);
    validate(all);
}

}  // namespace

LoadResult::LoadResult()
    : memory(make_arena()),
      config(*google::protobuf::Arena::CreateMessage<v1::Config>(memory.get())) {}

LoadResult load(const LoadRequest& request, FileAccess& files) {
    LoadResult result;
    Reporter report;
    Places places;
    auto written = request.keep_written ? std::make_shared<Written>() : nullptr;
    if (written) written->files = report.files();
    Resolution all{request, files, result.config, places, report};
    ServiceTester tester(all);
    const Target target{written ? written->config : result.config, places,
                        written ? &written->origins : nullptr,
                        request.findings_only ? &tester : nullptr};
    // What places refer to must live until the end: one of these two.
    std::optional<Preprocessor> lines;
    std::optional<yaml::FrontEnd> yaml_text;
    bool readable = true;
    if (yaml::is_yaml(request, files)) {
        result.language = Language::yaml;
        yaml_text.emplace(request, files, report);
        readable = yaml_text->read(target.config, places, target.origins);
        if (readable && target.config.ByteSizeLong() == 0) warn_of_emptiness(request, report);
    } else {
        lines.emplace(request, files, report);
        read_legacy(request, files, *lines, target, report);
    }
    if (written) result.config = written->config;
    result.written = std::move(written);
    if (readable) resolve(all);
    result.usable = !report.has_fatal() && !(yaml_text && yaml_text->failed());
    result.counts = report.counts();
    result.diagnostics = report.take();
    sort_by_place(result.diagnostics);
    result.test_status = test_status(result.diagnostics);
    return result;
}

}  // namespace holdfast::config
