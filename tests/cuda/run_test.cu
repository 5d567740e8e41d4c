// The arithmetic of look_back's kernel, walked on the CPU: a run in its slot, forward and reversed, packed and not, of every
// length, as the recurrence itself has it; and heinsen.fused's logarithms, exponentials and runs. Needs no GPU.
#include <cmath>
#include <random>

#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/heinsen_steps.cuh>
#include <ssmscan/scan/backends/cuda/look_back_run.cuh>
#include <ssmscan/scan/reference/math_library.hpp>

namespace ssmscan::device {
namespace {

using random_bits = std::mt19937_64;

template <class T>
T draw(random_bits& random) {
  if constexpr (is_complex<T>) {
    auto const real = draw<typename T::value_type>(random);
    return T(real, draw<typename T::value_type>(random));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random());
  } else {
    return static_cast<T>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
  }
}

// Of at most 20 steps of |a| and |b| below 1 (complex: sqrt 2, so that a product of five is below 6): their S is below
// `size`, and each of the 60 roundings on either way is at most u of it.
template <class T>
bool is_near(T got, T needed) {
  if constexpr (std::is_integral_v<T>) {
    return got == needed;
  } else {
    using real = decltype(std::abs(T()));
    constexpr double size = is_complex<T> ? 1500 : 25, roundings = 60;
    return std::abs(got - needed) <= roundings * size * std::numeric_limits<real>::epsilon() / 2;
  }
}

template <class Steps_, copies How_>
struct form {
  using Steps = Steps_;
  static constexpr copies How = How_;
};

template <class Form>
class cuda_run : public testing::Test {};
using forms = testing::Types<
    form<affine_steps<std::uint32_t>, copies::bulk>, form<affine_steps<std::uint32_t>, copies::bulk_reversed>,
    form<affine_steps<float>, copies::bulk_reversed>, form<affine_steps<std::complex<double>>, copies::by_element>,
    form<segmented_steps<std::uint32_t>, copies::bulk>, form<segmented_steps<std::uint32_t>, copies::bulk_reversed>,
    form<segmented_steps<double>, copies::by_element>,
    form<segmented_steps<std::complex<float>>, copies::bulk_reversed>, form<heinsen_steps, copies::bulk>,
    form<heinsen_steps, copies::bulk_reversed>>;
TYPED_TEST_SUITE(cuda_run, forms);

enum class at { the_lanes_beginning, a_later_place };

// One run: folded and passed over a state, and walked from it.
template <class Form>
void expect_the_recurrence(int count, at where, random_bits& random) {
  using Steps = typename Form::Steps;
  using T = typename Steps::scalar;
  constexpr int length = look_back_tile<T>::run;
  constexpr bool reversed = Form::How == copies::bulk_reversed;
  static typename Steps::tables const tables = [] {
    typename Steps::tables made;
    made.fill(0, 1);
    return made;
  }();
  alignas(16) T a[length], b[length];
  std::vector<T> ordered_a(count), ordered_b(count), needed(count), initial(length + 2), final(length + 2),
      left(length + 2);
  auto const place = [&](int e) { return reversed ? count - 1 - e : e; };
  for (int e = 0; e < count; ++e) {
    bool const forgets = std::same_as<Steps, heinsen_steps> && random() % 8 == 0;
    a[place(e)] = ordered_a[e] = forgets ? T(0) : draw<T>(random);
    b[place(e)] = ordered_b[e] = draw<T>(random);
  }
  for (T& v : initial) v = draw<T>(random);
  index_t const begin = where == at::the_lanes_beginning ? 0 : 1000;
  std::uint32_t heads = 0;
  std::vector<index_t> offsets{0};
  if constexpr (is_packed<Steps>) {
    heads = static_cast<std::uint32_t>(random() & random()) & ((1u << (count + 1)) - 1);
    if (begin == 0) heads |= 1;
    for (int e = 0; e <= count; ++e)
      if ((heads >> e & 1) != 0 && begin + e > 0) offsets.push_back(begin + e);
  }
  offsets.push_back(begin + count + 1);

  tensor_shape const states{1, 1, length + 2};
  ssmscan::detail::recurrence_problem<T> problem;
  problem.size = {1, begin + count + 1};
  if (random() % 2 == 0) problem.initial = ssmscan::detail::lane_view<T const>({initial.data(), states});
  if (random() % 2 == 0) problem.final = ssmscan::detail::lane_view<T>({final.data(), states});
  if constexpr (is_packed<Steps>) problem.offsets = offsets;

  T const entering = draw<T>(random);
  T x = entering;
  for (int e = 0; e < count; ++e) {
    bool const starts = is_packed<Steps> ? (heads >> e & 1) != 0 : begin + e == 0;
    index_t const sequence = is_packed<Steps> ? problem.sequence_at(begin + e) : 0;
    T const state = !starts ? x : problem.initial ? initial[sequence] : T(0);
    needed[e] = x = starts && !problem.initial ? ordered_b[e] : multiply_add(ordered_a[e], state, ordered_b[e]);
    if (is_packed<Steps> && problem.final && (heads >> (e + 1) & 1) != 0) left[sequence] = x;
  }

  slot_run<Steps, Form::How> const run{tables, problem, a + place(0), b + place(0), count, 0, begin};
  // Separately: as it has to be where a sequence starts inside, and may be elsewhere.
  bool const has_start = is_packed<Steps> && run.starts_inside(heads, count + 1);
  auto const how = has_start || random() % 2 == 0 ? elements::separately : elements::in_one_run;
  auto const map = run.fold(heads, how);
  auto const state = typename Steps::state(entering);
  bool const first = is_packed<Steps> ? run.starts_inside(heads, count) : begin == 0;
  EXPECT_TRUE(is_near(static_cast<T>(first ? Steps::after_start(map) : Steps::after(tables, map, state)), x));
  auto const published = Steps::published(tables, map);
  EXPECT_TRUE(is_near(static_cast<T>(first ? Steps::passed_first(published) : Steps::pass(published, state)), x));
  EXPECT_TRUE(is_near(run.recur(state, heads, how), x)) << count;
  for (int e = 0; e < count; ++e) EXPECT_TRUE(is_near(b[place(e)], needed[e])) << e << " of " << count;
  for (std::size_t k = 0; k < left.size(); ++k) EXPECT_TRUE(is_near(final[k], left[k])) << "state " << k;
}

TYPED_TEST(cuda_run, is_the_recurrence) {
  using T = typename TypeParam::Steps::scalar;
  constexpr int length = look_back_tile<T>::run, unit = 16 / static_cast<int>(sizeof(T)), rounds = 200;
  random_bits random(3);
  for (int round = 0; round < rounds; ++round)
    for (int count = 1; count <= length; ++count)
      for (at const where : {at::the_lanes_beginning, at::a_later_place})
        if (TypeParam::How != copies::bulk_reversed || count % unit == 0)  // what is reversed is copied in bulk
          expect_the_recurrence<TypeParam>(count, where, random);
}

// As heinsen_steps.cuh says, and as the bound of heinsen.fused presumes.
TEST(cuda_run, tables_are_as_exact_as_they_say) {
  log2_tables tables;
  tables.fill(0, 1);
  random_bits random(5);
  double worst_log = 0, worst_power = 0;
  auto const look_at = [&](float v) {
    long double const exact = std::log2(static_cast<long double>(v));
    auto const error = static_cast<double>(std::abs(tables.log2_of(v) - exact));
    if (v != 1.0f) worst_log = tests::worse(worst_log, error / static_cast<double>(std::abs(exact)));
  };
  EXPECT_EQ(tables.log2_of(1.0f), 0.0);
  for (int k = 0; k < 1000000; ++k) {
    constexpr std::int32_t infinity = 0x7f800000;
    look_at(std::bit_cast<float>(static_cast<std::int32_t>(1 + random() % (infinity - 1))));  // of every exponent
    look_at(1 + static_cast<float>(static_cast<std::int32_t>(random() % 65536) - 32768) * 0x1p-22f);
    double const v = draw<double>(random) * heinsen_steps::most * (k % 2 == 0 ? 1 : 0x1p-12);
    long double const exact = std::exp2(static_cast<long double>(v));
    worst_power = tests::worse(worst_power, static_cast<double>(std::abs(tables.exp2_of(v) / exact - 1)));
  }
  look_at(std::nextafter(1.0f, 0.0f)), look_at(std::nextafter(1.0f, 2.0f));
  std::printf("2^%.2f of the logarithm, 2^%.2f of the exponential\n", std::log2(worst_log), std::log2(worst_power));
  EXPECT_LE(worst_log, reference::fused_library.log * 0x1p-53);
  EXPECT_LE(worst_power, 0x1p-49);
}

}  // namespace
}  // namespace ssmscan::device
