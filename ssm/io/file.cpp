#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/io/file.hpp>

namespace ssmscan::ssm {
namespace {

[[noreturn]] void throw_errno(std::string const& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Closes its file descriptor; -1 is none.
class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int close() {
    int const result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

// Removes the temporary file unless it has taken its place.
struct temporary {
  std::string name;
  ~temporary() {
    if (!name.empty()) ::unlink(name.c_str());
  }
};

void write_all(int fd, std::span<std::byte const> bytes, std::string const& name) {
  while (!bytes.empty()) {
    ssize_t const written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_errno("writing " + name);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void throw_exists(std::string const& name) {
  throw_invalid(name, "a file that is already there", "a new name, or leave to replace it");
}

}  // namespace

std::vector<std::byte> read_file(std::filesystem::path const& path, index_t limit) {
  std::string const name = path.string();
  // O_NONBLOCK: opening a pipe must not wait for a writer; it has no effect on a regular file.
  descriptor const file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0)
    throw_invalid(name, std::string("no file to read (") + std::strerror(errno) + ")", "a readable file");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("examining " + name);
  if (!S_ISREG(status.st_mode)) throw_invalid(name, "something that is not a regular file", "a regular file");
  if (status.st_size > limit) {
    throw_invalid(name, std::to_string(status.st_size) + " bytes", "at most " + std::to_string(limit) + " bytes");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    ssize_t const got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno("reading " + name);
    }
    if (got == 0) break;  // the file shrank while it was read: what is missing is found by the format's own check
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void write_file(std::filesystem::path const& path, std::span<std::span<std::byte const> const> pieces,
                existing_file existing) {
  static std::atomic<unsigned> counter{0};
  std::string const name = path.string();
  std::error_code ignored;
  if (name.empty() || std::filesystem::is_directory(path, ignored)) {
    throw_invalid(name.empty() ? "path" : name, name.empty() ? "an empty name" : "a folder", "the name of a file");
  }
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
    throw_invalid(name, "a device, pipe or socket", "the name of a regular file");  // rename would take its place
  if (existing == existing_file::keep && std::filesystem::exists(path, ignored)) throw_exists(name);

  temporary temp{name + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter++)};
  descriptor file(::open(temp.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) {
    int const reason = errno;
    temp.name.clear();  // not ours to remove
    throw std::system_error(reason, std::generic_category(), "creating a file beside " + name);
  }
  for (std::span<std::byte const> piece : pieces) write_all(file.get(), piece, name);
  if (::fsync(file.get()) != 0 && errno != EINVAL) throw_errno("flushing " + name);
  if (file.close() != 0) throw_errno("closing " + name);

  if (existing == existing_file::keep) {
    // A hard link fails when the name has been taken meanwhile, which rename would not notice.
    if (::link(temp.name.c_str(), name.c_str()) == 0) return;  // `temp` removes the other name
    if (errno == EEXIST) throw_exists(name);
    // A file system without hard links: the check above has to do.
  }
  if (::rename(temp.name.c_str(), name.c_str()) != 0) throw_errno("putting " + name + " in its place");
  temp.name.clear();
}

void write_file(std::filesystem::path const& path, std::string_view text, existing_file existing) {
  std::span<std::byte const> const piece = std::as_bytes(std::span(text.data(), text.size()));
  write_file(path, std::span(&piece, 1), existing);
}

}  // namespace ssmscan::ssm
