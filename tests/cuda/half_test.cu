// a, b and x of 16 bits: x is the float result of the widened elements, rounded once, bit for bit; final is float's own. So
// whatever the laws and bounds say of float's look_back holds here, and one rounding more.
#include <cmath>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/laws/effort.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {
namespace {

float wide(bfloat16 x) { return from_bfloat16(x.bits); }
float wide(float16 x) { return from_half(x.bits); }
template <class S>
S rounded(float x) {
  if constexpr (std::same_as<S, bfloat16>) return {to_bfloat16(x)};
  if constexpr (std::same_as<S, float16>) return {to_half(x)};
}

template <class S>
bool same(S got, S needed) {
  return got.bits == needed.bits || (std::isnan(wide(got)) && std::isnan(wide(needed)));
}

// large: x leaves the range of float16; special: with NaN, infinities, zeros, subnormal numbers.
enum class data { plain, large, special };
// odd: no lane is a multiple of 16 bytes away from another, and so goes by element.
enum class order { forward, reverse, odd, time_major };
enum class sequences { one, by_offsets, by_reset };

struct shape {
  index_t lanes, time;
  order how;
  sequences packed;
  bool with_states;
};

std::string words_of(shape const& s, data which) {
  return std::to_string(s.lanes) + " x " + std::to_string(s.time) + ", order " +
         std::to_string(static_cast<int>(s.how)) + ", packed " + std::to_string(static_cast<int>(s.packed)) +
         ", data " + std::to_string(static_cast<int>(which)) + (s.with_states ? ", states" : "");
}

template <class S>
std::vector<S> values(std::mt19937_64& random, index_t n, double low, double high, data which) {
  std::uniform_real_distribution<float> draw(static_cast<float>(low), static_cast<float>(high));
  float const unusual[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 0x1p-24f, 0x1p-130f};
  std::vector<S> made(static_cast<std::size_t>(n));
  for (S& v : made)
    v = rounded<S>(which == data::special && random() % 64 == 0 ? unusual[random() % std::size(unusual)]
                                                                : draw(random) * (which == data::large ? 0x1p12f : 1));
  return made;
}

std::vector<index_t> some_offsets(std::mt19937_64& random, index_t time) {
  std::vector<index_t> made{0, time};
  for (int k = 0; k < 9; ++k) made.push_back(static_cast<index_t>(random() % static_cast<std::uint64_t>(time + 1)));
  std::sort(made.begin(), made.end());
  return made;
}

// Problem and arrays of either kind.
template <class T>
struct on_device {
  gpu::array<T> a, b, x;
  gpu::array<float> final;

  on_device(std::vector<T> const& of_a, std::vector<T> const& of_b, index_t states)
      : a(of_a), b(of_b), x(static_cast<index_t>(of_a.size())), final(std::max<index_t>(states, 1)) {
    x.fill_bytes(0), final.fill_bytes(0);
  }
  void run(shape const& s, tensor_shape const& stride, index_t offset, float const* initial,
           std::span<index_t const> offsets, std::span<std::uint8_t const> reset, index_t states) {
    tensor_shape const all{1, s.lanes, s.time}, of_states{1, s.lanes, states};
    recurrence<T> problem{.a = {a.data() + offset, all, stride},
                          .b = {b.data() + offset, all, stride},
                          .x = {x.data() + offset, all, stride}};
    if (s.with_states) problem.initial = {initial, of_states}, problem.final = {final.data(), of_states};
    problem.offsets = offsets, problem.reset = reset;
    if (s.how == order::reverse) problem.direction = direction::reverse;
    device::execution call{.algorithm = "look_back"};
    auto const bytes = device::workspace_bytes(problem, call);
    gpu::array<std::byte> workspace(static_cast<index_t>(bytes));
    workspace.fill_bytes(0xa5);
    call.workspace = {workspace.data(), bytes};
    device::linear_recurrence(problem, call);
  }
};

template <class S>
void expect_floats_result_rounded(shape const& s, data which) {
  std::mt19937_64 random(static_cast<std::uint64_t>(s.time * 131 + s.lanes));
  constexpr index_t unit = 8;  // elements of 16 bytes
  index_t const offset = s.how == order::odd ? 1 : 0;
  index_t const pitch = s.how == order::odd ? s.time + 1 : detail::ceil_div(s.time, unit) * unit;
  tensor_shape const strides =
      s.how == order::time_major ? tensor_shape{s.lanes * s.time, 1, s.lanes} : tensor_shape{s.lanes * pitch, pitch, 1};
  index_t const n = s.lanes * pitch + offset;
  auto const a = values<S>(random, n, -1, 1, which == data::large ? data::plain : which),
             b = values<S>(random, n, -1, 1, which);
  std::vector<float> wide_a, wide_b;
  for (S const v : a) wide_a.push_back(wide(v));
  for (S const v : b) wide_b.push_back(wide(v));

  auto const offsets = some_offsets(random, s.time);
  std::vector<std::uint8_t> reset(static_cast<std::size_t>(s.time), 0);
  for (index_t const at : offsets)
    if (at < s.time) reset[static_cast<std::size_t>(at)] = 1;
  index_t states = 1;
  if (s.packed == sequences::by_offsets) states = static_cast<index_t>(offsets.size()) - 1;
  if (s.packed == sequences::by_reset) states = std::count(reset.begin(), reset.end(), 1);
  std::vector<float> initial(static_cast<std::size_t>(s.lanes * states));
  for (float& v : initial) v = std::uniform_real_distribution<float>(-1, 1)(random);
  gpu::array<float> const on_initial(initial);
  gpu::array<index_t> const on_offsets(offsets);
  gpu::array<std::uint8_t> const on_reset(reset);
  std::span<index_t const> const by_offsets = s.packed == sequences::by_offsets
                                                  ? std::span<index_t const>(on_offsets.data(), offsets.size())
                                                  : std::span<index_t const>();
  std::span<std::uint8_t const> const by_reset = s.packed == sequences::by_reset
                                                     ? std::span<std::uint8_t const>(on_reset.data(), reset.size())
                                                     : std::span<std::uint8_t const>();

  on_device<S> half(a, b, s.lanes * states);
  on_device<float> whole(wide_a, wide_b, s.lanes * states);
  half.run(s, strides, offset, on_initial.data(), by_offsets, by_reset, states);
  whole.run(s, strides, offset, on_initial.data(), by_offsets, by_reset, states);
  auto const got = half.x.values();
  auto const needed = whole.x.values();
  index_t wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) wrong += !same(got[i], rounded<S>(needed[i]));
  EXPECT_EQ(wrong, 0) << dtype_name<S> << ", " << words_of(s, which);
  auto const got_last = half.final.values(), needed_last = whole.final.values();
  for (std::size_t i = 0; i < got_last.size(); ++i) {
    bool const both_nan = std::isnan(got_last[i]) && std::isnan(needed_last[i]);
    EXPECT_TRUE(both_nan || std::bit_cast<std::uint32_t>(got_last[i]) == std::bit_cast<std::uint32_t>(needed_last[i]))
        << "final " << i << ", " << words_of(s, which);
  }
}

template <class S>
class cuda_half : public testing::Test {};
using stored = testing::Types<bfloat16, float16>;
TYPED_TEST_SUITE(cuda_half, stored);

constexpr index_t run = 20, row = 640, tile = 5120;

TYPED_TEST(cuda_half, is_floats_result_rounded_once) {
  bool const brief = laws::chosen_effort() == laws::effort::brief;
  for (index_t const time :
       {index_t{1}, index_t{7}, run, run + 1, row + 3, tile, tile + 8, 3 * tile + 77, 40 * tile + 16})
    for (index_t const lanes : {1, 3, 40})
      for (order const how : {order::forward, order::reverse, order::odd, order::time_major})
        for (sequences const packed : {sequences::one, sequences::by_offsets, sequences::by_reset})
          for (bool const with_states : {false, true}) {
            if (lanes * time > (brief ? 1 << 17 : 1 << 19)) continue;
            if (brief && lanes == 3 && with_states) continue;
            expect_floats_result_rounded<TypeParam>({lanes, time, how, packed, with_states}, data::plain);
          }
}

TYPED_TEST(cuda_half, rounds_what_is_large_or_special_as_well) {
  for (data const which : {data::large, data::special})
    for (order const how : {order::forward, order::reverse, order::odd})
      for (sequences const packed : {sequences::one, sequences::by_offsets})
        expect_floats_result_rounded<TypeParam>({2, 3 * tile + 80, how, packed, true}, which);
}

// Every slot used again and again, by every block.
TYPED_TEST(cuda_half, where_the_ring_goes_round) {
  for (sequences const packed : {sequences::one, sequences::by_offsets}) {
    expect_floats_result_rounded<TypeParam>({1, 3000 * tile + 8, order::forward, packed, true}, data::plain);
    expect_floats_result_rounded<TypeParam>({3000, tile + 8, order::forward, packed, false}, data::plain);
  }
}

// A sequence cut in two is the same sequence: states are not rounded to 16 bits. (Cut at a tile, whose state enters the next
// by the same operations.)
TYPED_TEST(cuda_half, goes_on_from_a_state_of_float) {
  std::mt19937_64 random(5);
  index_t const time = 2 * tile;
  auto const a = values<TypeParam>(random, time, 0.9, 1, data::plain),
             b = values<TypeParam>(random, time, -1, 1, data::plain);
  on_device<TypeParam> whole(a, b, 1);
  float const none = 0;
  gpu::array<float> const zero(std::vector<float>{none});
  whole.run({1, time, order::forward, sequences::one, true}, {time, time, 1}, 0, zero.data(), {}, {}, 1);
  on_device<TypeParam> first({a.begin(), a.begin() + tile}, {b.begin(), b.begin() + tile}, 1),
      second({a.begin() + tile, a.end()}, {b.begin() + tile, b.end()}, 1);
  first.run({1, tile, order::forward, sequences::one, true}, {tile, tile, 1}, 0, zero.data(), {}, {}, 1);
  second.run({1, tile, order::forward, sequences::one, true}, {tile, tile, 1}, 0, first.final.data(), {}, {}, 1);
  auto const together = whole.x.values(), later = second.x.values();
  // Another bracketing (the state enters the first element): float's bound, u S, and one rounding of 16 bits.
  double sum = 0;
  for (std::size_t i = 0; i < later.size(); ++i) {
    double const x = wide(together[static_cast<std::size_t>(tile) + i]);
    sum = std::abs(wide(a[static_cast<std::size_t>(tile) + i])) * sum + 1;
    double const v = std::same_as<TypeParam, bfloat16> ? 0x1p-8 : 0x1p-11, u = 0x1p-24;
    EXPECT_LE(std::abs(x - wide(later[i])), 2 * v * std::abs(x) + 2 * v * 0x1p-10 + 100 * u * (sum + 20)) << i;
  }
}

}  // namespace
}  // namespace ssmscan
