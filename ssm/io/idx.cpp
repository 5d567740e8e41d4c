#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>

#include <zlib.h>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/io/file.hpp>
#include <ssmscan/ssm/io/idx.hpp>
#include <ssmscan/ssm/io/npy.hpp>

namespace ssmscan::ssm {
namespace {

constexpr std::size_t word = 4;  // the magic word and each size
constexpr std::size_t greatest_rank = 4;

// Bytes from a file, as they stand or inflated on the way: take(n) gives the next n.
class byte_source {
 public:
  byte_source(std::span<std::byte const> file, std::string const& name) : rest_(file), name_(name) {}
  byte_source(byte_source const&) = delete;
  byte_source& operator=(byte_source const&) = delete;
  virtual ~byte_source() = default;

  virtual void take(std::span<std::byte> out) {
    if (rest_.size() < out.size()) cut_short();
    std::copy_n(rest_.begin(), out.size(), out.begin());
    rest_ = rest_.subspan(out.size());
  }
  virtual void finish() {
    if (!rest_.empty())
      throw_invalid(name_, std::to_string(rest_.size()) + " bytes too many", "as many as its sizes say");
  }

 protected:
  [[noreturn]] void cut_short() const {
    throw_invalid(name_, "a file that ends before its elements do", "as many bytes as its sizes say");
  }
  std::span<std::byte const> rest_;
  std::string const& name_;
};

class gzip_source : public byte_source {
 public:
  gzip_source(std::span<std::byte const> file, std::string const& name) : byte_source(file, name) {
    constexpr int gzip_only = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~gzip_source() override { inflateEnd(&stream_); }

  void take(std::span<std::byte> out) override {
    if (inflate_into(out) < out.size()) cut_short();
  }
  void finish() override {
    std::byte one_more;
    if (inflate_into({&one_more, 1}) != 0) throw_invalid(name_, "more inflated bytes", "as many as its sizes say");
    if (!ended_) throw_invalid(name_, "a gzip stream without its end", "a whole gzip file");
    if (!rest_.empty()) throw_invalid(name_, std::to_string(rest_.size()) + " bytes after the gzip stream", "none");
  }

 private:
  // As many bytes as there are, at most out.size(). zlib counts in 32 bits, hence the portions.
  std::size_t inflate_into(std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size() && !ended_) {
      constexpr std::size_t portion = std::size_t{1} << 30;
      std::size_t const room = std::min(out.size() - done, portion);
      std::size_t const given = std::min(rest_.size(), portion);
      // zlib does not write to its input; its type predates const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
      stream_.avail_in = static_cast<uInt>(given);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + done);
      stream_.avail_out = static_cast<uInt>(room);
      int const result = ::inflate(&stream_, Z_NO_FLUSH);
      std::size_t const used = given - stream_.avail_in;
      std::size_t const made = room - stream_.avail_out;
      rest_ = rest_.subspan(used);
      done += made;
      if (result == Z_STREAM_END) {
        ended_ = true;
      } else if (result == Z_BUF_ERROR || (result == Z_OK && used == 0 && made == 0)) {
        throw_invalid(name_, "a gzip stream that is cut short", "a whole gzip file");
      } else if (result == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (result != Z_OK) {
        throw_invalid(name_, std::string("a broken gzip stream (") + (stream_.msg ? stream_.msg : "zlib") + ")",
                      "a whole gzip file");
      }
    }
    return done;
  }

  z_stream stream_{};
  bool ended_ = false;
};

template <class Unsigned>
Unsigned big_endian(std::byte const* at) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>((value << (sizeof(Unsigned) > 1 ? 8 : 0)) | std::to_integer<Unsigned>(at[i]));
  }
  return value;
}

double element(std::byte const* at, idx_type type) {
  switch (type) {
    case idx_type::u8:
      return big_endian<std::uint8_t>(at);
    case idx_type::i8:
      return std::bit_cast<std::int8_t>(big_endian<std::uint8_t>(at));
    case idx_type::i16:
      return std::bit_cast<std::int16_t>(big_endian<std::uint16_t>(at));
    case idx_type::i32:
      return std::bit_cast<std::int32_t>(big_endian<std::uint32_t>(at));
    case idx_type::f32:
      return static_cast<double>(std::bit_cast<float>(big_endian<std::uint32_t>(at)));
    case idx_type::f64:
      return std::bit_cast<double>(big_endian<std::uint64_t>(at));
  }
  return 0;
}

index_t element_bytes(std::byte type, std::string const& name) {
  switch (static_cast<idx_type>(type)) {
    case idx_type::u8:
    case idx_type::i8:
      return 1;
    case idx_type::i16:
      return 2;
    case idx_type::i32:
    case idx_type::f32:
      return 4;
    case idx_type::f64:
      return 8;
  }
  throw_invalid(name, "IDX element type " + std::to_string(std::to_integer<int>(type)), "8, 9, 11, 12, 13 or 14");
}

idx_array parse(byte_source& source, std::string const& name, index_t limit) {
  std::array<std::byte, word> head;
  source.take(head);
  if (head[0] != std::byte{0} || head[1] != std::byte{0}) {
    throw_invalid(name, "a file that does not begin with two zero bytes", "an IDX file");
  }
  index_t const bytes = element_bytes(head[2], name);
  std::size_t const rank = std::to_integer<std::size_t>(head[3]);
  if (rank < 1 || rank > greatest_rank) throw_invalid(name, "IDX rank " + std::to_string(rank), "1 to 4");

  idx_array array{static_cast<idx_type>(head[2]), {}, {}};
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::array<std::byte, word> size;
    source.take(size);
    array.shape.push_back(big_endian<std::uint32_t>(size.data()));
  }
  index_t const in_memory = detail::checked_bytes(array.shape, sizeof(double), name);
  if (in_memory > limit) {
    throw_invalid(name, std::to_string(in_memory) + " bytes of values", "at most " + std::to_string(limit));
  }
  // Grown as the bytes arrive: a header alone, whatever it promises, does not allocate much.
  index_t const count = in_memory / static_cast<index_t>(sizeof(double));
  std::vector<std::byte> portion;
  constexpr index_t portion_elements = 1 << 16;
  for (index_t done = 0; done < count; done += portion_elements) {
    index_t const now = std::min(portion_elements, count - done);
    portion.resize(static_cast<std::size_t>(now * bytes));
    source.take(portion);
    for (index_t i = 0; i < now; ++i) array.values.push_back(element(portion.data() + i * bytes, array.type));
  }
  source.finish();
  return array;
}

}  // namespace

idx_array parse_idx(std::span<std::byte const> file, std::string const& name, index_t limit) {
  bool const gzipped = file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
  if (gzipped) {
    gzip_source source(file, name);
    return parse(source, name, limit);
  }
  byte_source source(file, name);
  return parse(source, name, limit);
}

idx_array read_idx(std::filesystem::path const& path, index_t limit) {
  return parse_idx(read_file(path), path.string(), limit);
}

}  // namespace ssmscan::ssm
