// IDX, plain and gzipped: pixels that Python wrote, and every way for a file to be wrong.
#include <cstring>

#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/io/idx.hpp>

namespace ssmscan::ssm {
namespace {

using test::data_path;
using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (int const value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

TEST(Idx, ReadsGzippedImages) {
  idx_array const images = read_idx(data_path("io/images.idx3-ubyte.gz"));
  EXPECT_EQ(images.type, idx_type::u8);
  EXPECT_THAT(images.shape, ElementsAre(3, 2, 4));
  ASSERT_EQ(images.values.size(), 24u);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(images.values[i], static_cast<double>((37 * i + 5) % 256));
}

TEST(Idx, ReadsEveryType) {
  EXPECT_THAT(parse_idx(bytes({0, 0, 8, 1, 0, 0, 0, 2, 7, 255}), "x").values, ElementsAre(7, 255));
  EXPECT_THAT(parse_idx(bytes({0, 0, 9, 1, 0, 0, 0, 2, 7, 255}), "x").values, ElementsAre(7, -1));
  EXPECT_THAT(parse_idx(bytes({0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe}), "x").values, ElementsAre(258, -2));
  EXPECT_THAT(parse_idx(bytes({0, 0, 12, 1, 0, 0, 0, 1, 0xff, 0, 0, 0}), "x").values, ElementsAre(-16777216));
  EXPECT_THAT(parse_idx(bytes({0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0}), "x").values, ElementsAre(1.5));
  EXPECT_THAT(parse_idx(bytes({0, 0, 14, 1, 0, 0, 0, 1, 0xc0, 4, 0, 0, 0, 0, 0, 0}), "x").values, ElementsAre(-2.5));
  EXPECT_THAT(parse_idx(bytes({0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 9}), "x").shape, ElementsAre(0, 9));
}

TEST(Idx, RefusesMalformedFiles) {
  struct bad {
    std::vector<std::byte> file;
    std::string said;
  };
  std::vector<bad> const table{
      {bytes({}), "ends before"},
      {bytes({1, 0, 8, 1, 0, 0, 0, 0}), "two zero bytes"},
      {bytes({0, 0, 10, 1, 0, 0, 0, 0}), "IDX element type 10"},
      {bytes({0, 0, 8, 0}), "IDX rank 0"},
      {bytes({0, 0, 8, 5, 0, 0, 0, 0}), "IDX rank 5"},
      {bytes({0, 0, 8, 1, 0, 0, 0}), "ends before"},
      {bytes({0, 0, 8, 1, 0, 0, 0, 2, 1}), "ends before"},
      {bytes({0, 0, 8, 1, 0, 0, 0, 1, 1, 2}), "1 bytes too many"},
      {bytes({0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}), "2^63 - 1"},
      {bytes({0, 0, 8, 1, 255, 255, 255, 255, 1}), "bytes of values; need at most"},
  };
  for (bad const& one : table) EXPECT_THAT(refusal([&] { parse_idx(one.file, "x"); }), HasSubstr(one.said)) << one.said;
}

TEST(Idx, RefusesEveryPrefixOfAGzippedFileAndWhatFollowsIt) {
  std::vector<std::byte> whole = read_file(data_path("io/images.idx3-ubyte.gz"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_idx(std::span(whole).first(size), "x"), std::invalid_argument) << size;
  }
  EXPECT_NO_THROW(parse_idx(whole, "x"));
  std::vector<std::byte> longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_THAT(refusal([&] { parse_idx(longer, "x"); }), HasSubstr("1 bytes after the gzip stream"));
  std::vector<std::byte> broken = whole;
  broken[broken.size() - 8] ^= std::byte{1};  // the checksum
  EXPECT_THAT(refusal([&] { parse_idx(broken, "x"); }), HasSubstr("broken gzip stream"));
}

// gzip with one stored block: written by hand, so that it can hold more than its IDX header says.
TEST(Idx, InflatesNoMoreThanTheHeaderSays) {
  auto file = bytes({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 10, 0, 0xf5, 0xff, 0, 0, 8, 1, 0, 0, 0, 1, 42, 43});
  EXPECT_THAT(refusal([&] { parse_idx(file, "x"); }), HasSubstr("more inflated bytes"));
}

TEST(Idx, RespectsTheLimit) {
  EXPECT_THAT(refusal([] {
                parse_idx(bytes({0, 0, 8, 1, 0, 0, 0, 2, 7, 255}), "x", 15);
              }),
              HasSubstr("16 bytes of values; need at most 15"));
}

}  // namespace
}  // namespace ssmscan::ssm
