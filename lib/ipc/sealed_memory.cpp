#include "lib/ipc/sealed_memory.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace holdfast::ipc {

namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new()) {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
            core::broken_invariant("SHA-256 is not available");
        }
    }
    void add(std::string_view bytes) {
        if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) {
            core::broken_invariant("SHA-256 failed");
        }
    }
    [[nodiscard]] std::string finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) {
            core::broken_invariant("SHA-256 failed");
        }
        return {reinterpret_cast<const char*>(digest.data()), size};
    }

  private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

core::Result<std::uint64_t> size_of(int memory) {
    struct stat what {};
    if (::fstat(memory, &what) != 0) return core::Error::last("size of memory file");
    const auto size = static_cast<std::uint64_t>(what.st_size);
    if (what.st_size < 0 || size > kMaxSealed) {
        return core::Error::from_errno(EFBIG, "memory file");
    }
    return size;
}

/// Reads `size` octets from the start and hands them on piece by piece.
template <class Sink>
core::Status read_pieces(int memory, std::uint64_t size, Sink sink) {
    std::string piece(std::min<std::uint64_t>(size, 1ULL << 20U), '\0');
    std::uint64_t done = 0;
    while (done < size) {
        const std::uint64_t wanted = std::min<std::uint64_t>(piece.size(), size - done);
        const ssize_t got = ::pread(memory, piece.data(), wanted, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return core::Error::last("read memory file");
        if (got == 0) return core::Error("memory file shrank", EBADMSG);
        sink(std::string_view(piece.data(), static_cast<std::size_t>(got)));
        done += static_cast<std::uint64_t>(got);
    }
    return core::Done{};
}

}  // namespace

core::Result<core::UniqueFd> make_memory(const char* name) {
    core::UniqueFd memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return core::Error::last("make memory file");
    return memory;
}

core::Status seal(int memory) {
    if (::fcntl(memory, F_ADD_SEALS, kSeals) != 0) return core::Error::last("seal memory file");
    return core::Done{};
}

core::Status write_all(int memory, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(memory, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return core::Error::last("write memory file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return core::Done{};
}

core::Result<Digest> digest_of(int memory) {
    const auto size = size_of(memory);
    if (!size) return size.error();
    Sha256 hash;
    const core::Status read =
        read_pieces(memory, *size, [&](std::string_view piece) { hash.add(piece); });
    if (!read) return read.error();
    return Digest{*size, hash.finish()};
}

core::Result<std::string> read_sealed(int memory, const Digest& expected) {
    const int seals = ::fcntl(memory, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals) {
        return core::Error("memory file is not sealed", EPERM);
    }
    const auto size = size_of(memory);
    if (!size) return size.error();
    if (*size != expected.size) return core::Error("memory file of another size", EBADMSG);
    std::string content;
    content.reserve(*size);
    Sha256 hash;
    const core::Status read = read_pieces(memory, *size, [&](std::string_view piece) {
        hash.add(piece);
        content.append(piece);
    });
    if (!read) return read.error();
    if (hash.finish() != expected.sha256) {
        return core::Error("memory file with another digest", EBADMSG);
    }
    return content;
}

}  // namespace holdfast::ipc
