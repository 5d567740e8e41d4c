// look_back on the GPU does the combines that its info states, in chains as long: counted at the text of its tree, whose bits are the
// kernel's (look_back_test.cu). Needs no GPU.
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/look_back_tree.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::device {
namespace {

// The length of the longest chain below a value; every combine is counted.
struct counting_monoid {
  using value_type = index_t;
  index_t* combines;
  index_t identity() const { return 0; }
  index_t operator()(index_t earlier, index_t later) const {
    ++*combines;
    return std::max(earlier, later) + 1;
  }
};

TEST(cuda_work, of_look_back_is_what_its_info_says) {
  constexpr int run_of_float = 80 / sizeof(float);
  index_t constexpr run = run_of_float, row = 32 * run, tile = 8 * row;
  std::vector<index_t> lengths;
  for (index_t n = 0; n <= 3 * row; ++n) lengths.push_back(n);
  for (index_t const n : {tile, 2 * tile, 3 * tile, 7 * tile})
    for (index_t const off : {-row - 1, -row, -run - 1, -run, index_t{-1}, index_t{0}, index_t{1}, run - 1, run,
                              run + 1, 2 * run, row - 1, row, row + 1, row + run + 1})
      lengths.push_back(n + off);
  for (index_t const n : lengths) {
    index_t combines = 0, longest = 0;
    serial on;
    scan(
        on, look_back_tree<run_of_float>{}, counting_monoid{&combines}, {1, n},
        [](index_t, index_t) { return index_t{0}; },
        [&](index_t, index_t, index_t chain) { longest = std::max(longest, chain); });
    ASSERT_EQ(combines, look_back::info.work(n)) << "work, n = " << n;
    ASSERT_EQ(longest, look_back::info.span(n)) << "span, n = " << n;
  }
}

}  // namespace
}  // namespace ssmscan::device
