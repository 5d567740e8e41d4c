// look_back and heinsen.fused on the GPU do the combines that their infos state, in chains as long: counted at the text of look_back's
// tree, whose bits are the kernel's (look_back_test.cu), and for heinsen.fused with its runs in it. Needs no GPU.
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/heinsen_fused.hpp>
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

// As heinsen_steps::running: in each step the sum of logarithms grows, then that of terms, which begins with the state.
struct in_logarithms {
  template <class Load, class Store>
  void operator()(counting_monoid const& combine, std::optional<index_t> state, int count, Load const& load,
                  Store const& store) const {
    index_t logarithms = combine.identity(), terms = state.value_or(combine.identity());
    for (int k = 0; k < count; ++k) {
      logarithms = combine(logarithms, load(k));
      terms = combine(terms, logarithms);
      store(k, terms);
    }
  }
};

constexpr int run_of_float = 80 / sizeof(float);

template <class Walk>
void expect_the_work_of(algorithm_info const& info) {
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
        on, look_back_tree<run_of_float, Walk>{}, counting_monoid{&combines}, {1, n},
        [](index_t, index_t) { return index_t{0}; },
        [&](index_t, index_t, index_t chain) { longest = std::max(longest, chain); });
    ASSERT_EQ(combines, info.work(n)) << "work, n = " << n;
    ASSERT_EQ(longest, info.span(n)) << "span, n = " << n;
  }
}

TEST(cuda_work, of_look_back_is_what_its_info_says) { expect_the_work_of<recurring>(look_back::info); }
TEST(cuda_work, of_heinsen_fused_is_what_its_info_says) { expect_the_work_of<in_logarithms>(heinsen_fused::info); }

}  // namespace
}  // namespace ssmscan::device
