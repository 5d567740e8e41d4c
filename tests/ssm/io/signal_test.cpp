// What --signal accepts, and how it becomes sequences.
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/io/signal.hpp>

namespace ssmscan::ssm {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::filesystem::path write(test::scratch_folder const& folder, std::vector<index_t> shape,
                            std::vector<T> const& values) {
  write_npy(folder / "x", make_npy<T>(std::move(shape), values), existing_file::replace);
  return folder / "x";
}

TEST(Signal, ImagesBecomeSequencesOfPixels) {
  signal const s = read_signal(test::data_path("io/images.idx3-ubyte.gz"));
  EXPECT_EQ(s.batch, 3);
  EXPECT_EQ(s.length, 8);
  ASSERT_EQ(s.values.size(), 24u);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(s.values[i], static_cast<double>((37 * i + 5) % 256) / 255);
  EXPECT_EQ(s.description, "images.idx3-ubyte.gz: 3 images of 8 pixels");
}

TEST(Signal, ArraysOfOneAndTwoAxes) {
  test::scratch_folder const folder;
  signal const one = read_signal(write<float>(folder, {3}, {1, 2, 4}));
  EXPECT_EQ(one.batch, 1);
  EXPECT_THAT(one.values, ElementsAre(1, 2, 4));
  signal const two = read_signal(write<std::uint8_t>(folder, {2, 2}, {1, 2, 3, 255}));
  EXPECT_EQ(two.batch, 2);
  EXPECT_EQ(two.length, 2);
  EXPECT_THAT(two.values, ElementsAre(1, 2, 3, 255));  // two axes are not images: as they stand
  signal const images = read_signal(write<std::uint8_t>(folder, {1, 1, 2}, {51, 255}));
  EXPECT_THAT(images.values, ElementsAre(51.0 / 255, 1));
}

TEST(Signal, KeepsTheFirst64AndSaysSo) {
  test::scratch_folder const folder;
  std::vector<double> values(100 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  signal const s = read_signal(write<double>(folder, {100, 3}, values));
  EXPECT_EQ(s.batch, 64);
  EXPECT_EQ(s.values.size(), 192u);
  EXPECT_EQ(s.values.back(), 191);
  EXPECT_EQ(s.description, "x: first 64 of 100 sequences of 3 samples");
}

TEST(Signal, RefusesWhatIsNoSignal) {
  test::scratch_folder const folder;
  EXPECT_THAT(refusal([&] { read_signal(write<std::complex<double>>(folder, {1}, {1.0})); }),
              HasSubstr(": real numbers"));
  EXPECT_THAT(refusal([&] { read_signal(write<double>(folder, {1, 1, 2}, {1, 2})); }), HasSubstr("3 axes"));
  EXPECT_THAT(refusal([&] { read_signal(write<double>(folder, {}, {1})); }), HasSubstr("0 axes"));
  EXPECT_THAT(refusal([&] { read_signal(write<double>(folder, {0}, {})); }), HasSubstr("no samples"));
  EXPECT_THAT(refusal([&] { read_signal(write<double>(folder, {2, 0}, {})); }), HasSubstr("no samples"));
  EXPECT_THAT(refusal([&] { read_signal(write<double>(folder, {2}, {1, NAN})); }), HasSubstr("NaN or infinite"));
  EXPECT_THAT(refusal([&] { read_signal(write<float>(folder, {2}, {1, INFINITY})); }), HasSubstr("NaN or infinite"));
  write_file(folder / "x", "RIFF....WAVE", existing_file::replace);
  EXPECT_THAT(refusal([&] { read_signal(folder / "x"); }), HasSubstr("need npy, IDX or gzipped IDX"));
  write_file(folder / "x", "", existing_file::replace);
  EXPECT_THAT(refusal([&] { read_signal(folder / "x"); }), HasSubstr("need npy, IDX or gzipped IDX"));
}

TEST(Signal, BuiltInIsBoundedAndVaried) {
  signal const s = built_in_signal(3, 500);
  ASSERT_EQ(s.values.size(), 1500u);
  EXPECT_EQ(s.values, built_in_signal(3, 500).values);
  for (double const x : s.values) ASSERT_LE(std::abs(x), 1.1);
  EXPECT_FALSE(std::equal(s.values.begin(), s.values.begin() + 500, s.values.begin() + 500));
  EXPECT_THAT(refusal([] { built_in_signal(0, 1); }), HasSubstr("batch: got 0"));
  EXPECT_THAT(refusal([] { built_in_signal(1, 0); }), HasSubstr("length: got 0"));
}

}  // namespace
}  // namespace ssmscan::ssm
