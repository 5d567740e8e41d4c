// Packed sequences by the tuned chunked and sequential, whichever way they lie: the CPU's bits, as both carry the same trees, where
// sequences start at the ends of runs and pieces, are empty, of one step, or longer than a chunk; by offsets and by masks, with states
// of either layout, reversed, in place.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "tests/cuda/gpu.hpp"
#include "tests/cuda/random_values.hpp"
#include "tests/laws/effort.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

using test::random_values;

enum class lengths { mixed, ones, of_a_run, about_a_run, about_a_piece, one, empty_ones_in_a_row };
constexpr lengths all_lengths[] = {
    lengths::mixed,         lengths::ones, lengths::of_a_run,           lengths::about_a_run,
    lengths::about_a_piece, lengths::one,  lengths::empty_ones_in_a_row};
enum class given_by { offsets, mask };

// Ascending from 0 to time; by a mask, none of them empty.
std::vector<index_t> offsets_of(lengths kind, index_t time, given_by how, std::mt19937_64& random) {
  std::vector<index_t> made{0};
  auto const add = [&](index_t length) { made.push_back(std::min(time, made.back() + length)); };
  auto const below = [&](index_t n) { return static_cast<index_t>(random() % static_cast<std::uint64_t>(n)); };
  index_t const shortest = how == given_by::mask ? 1 : 0;
  constexpr index_t many = 300;  // more than a piece has steps
  if (kind == lengths::about_a_run) add(15);
  if (kind == lengths::empty_ones_in_a_row) {
    add(shortest), add(shortest), add(time / 2 + 1);
    for (index_t k = 0; k < many; ++k) add(shortest);
    if (how == given_by::offsets) add(time), add(0), add(0);
  }
  while (made.back() < time) {
    switch (kind) {
      case lengths::mixed:
        add(below(4) == 0 ? shortest : shortest + below(below(8) == 0 ? 700 : 40));
        break;
      case lengths::ones:
        add(1);
        break;
      case lengths::of_a_run:
        add(16);
        break;
      case lengths::about_a_run:
        add(15 + below(3));
        break;
      case lengths::about_a_piece: {
        constexpr index_t these[] = {256, 257, 255, 16, 1, 4096};
        add(these[below(std::size(these))]);
        break;
      }
      case lengths::one:
      case lengths::empty_ones_in_a_row:
        add(time);
        break;
    }
  }
  if (how == given_by::mask) made.erase(std::unique(made.begin(), made.end()), made.end());  // past the end, none
  return made;
}

struct packed_case {
  index_t batch, channels, gap, time;
  layout order;
  lengths kind;
  given_by how;
  direction runs;
  bool has_initial, has_final;
  layout of_states;
  enum class where { apart, in_a, in_b } x_is;
};

std::string words_of(packed_case const& c) {
  auto const of = [](auto e) { return std::to_string(static_cast<int>(e)); };
  return std::to_string(c.batch) + " x " + std::to_string(c.channels) + " (+ " + std::to_string(c.gap) + ") x " +
         std::to_string(c.time) + (c.order == layout::time_major ? ", time_major" : ", lane_major") + ", lengths " +
         of(c.kind) + (c.how == given_by::mask ? ", by a mask" : "") +
         (c.runs == direction::reverse ? ", reversed" : "") + (c.has_initial ? ", initial" : "") +
         (c.has_final ? ", final" : "") + ", states " + of(c.of_states) + ", x " + of(c.x_is);
}

template <class T>
void expect_the_bits_of_the_cpu(std::string_view algorithm, packed_case const& c, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  using where = packed_case::where;
  bool const in_rows = c.order == layout::time_major;
  index_t const lanes = c.batch * c.channels, row = (in_rows ? c.channels : c.time) + c.gap,
                n = c.batch * (in_rows ? c.time : c.channels) * row;
  tensor_shape const shape{c.batch, c.channels, c.time},
      stride = in_rows ? tensor_shape{c.time * row, 1, row} : tensor_shape{c.channels * row, row, 1};
  auto const offsets = offsets_of(c.kind, c.time, c.how, random);
  auto const sequences = static_cast<index_t>(offsets.size()) - 1;
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(c.time));
  for (index_t k = 0; k < sequences; ++k)
    if (c.how == given_by::mask) mask[static_cast<std::size_t>(offsets[static_cast<std::size_t>(k)])] = 1;
  auto const a = random_values<T>(random, n, -1, 1), b = random_values<T>(random, n, -1, 1),
             initial = random_values<T>(random, lanes * sequences, -1, 1);
  auto const problem = [&](T const* at_a, T const* at_b, T* at_x, T const* before, T* after, index_t const* at_offsets,
                           std::uint8_t const* at_mask) {
    recurrence<T> made{.a = {at_a, shape, stride}, .b = {at_b, shape, stride}, .x = {at_x, shape, stride}};
    tensor_shape const states{c.batch, c.channels, sequences};
    if (c.has_initial) made.initial = {before, states, c.of_states};
    if (c.has_final) made.final = {after, states, c.of_states};
    if (c.how == given_by::offsets) made.offsets = {at_offsets, offsets.size()};
    if (c.how == given_by::mask) made.reset = {at_mask, mask.size()};
    made.direction = c.runs;
    return made;
  };
  auto const solve_on = [&](T* at_a, T* at_b, T* elsewhere, T const* before, T* after, index_t const* at_offsets,
                            std::uint8_t const* at_mask, auto const& call) {
    T* const x = c.x_is == where::in_a ? at_a : c.x_is == where::in_b ? at_b : elsewhere;
    call(problem(at_a, at_b, x, before, after, at_offsets, at_mask));
    return x;
  };
  // What is no lane's stays as it was.
  std::vector<T> host_a(a), host_b(b), host_x(b), left(initial);
  T const* const needed =
      solve_on(host_a.data(), host_b.data(), host_x.data(), initial.data(), left.data(), offsets.data(), mask.data(),
               [&](recurrence<T> const& p) { linear_recurrence<T>(p, {.algorithm = algorithm}); });
  gpu::array<T> const on_a(a), on_b(b), on_x(b), on_initial(initial), final(initial);
  gpu::array<index_t> const on_offsets(offsets);
  gpu::array<std::uint8_t> const on_mask(mask);
  T const* const at = solve_on(on_a.data(), on_b.data(), on_x.data(), on_initial.data(), final.data(),
                               on_offsets.data(), on_mask.data(), [&](recurrence<T> const& p) {
                                 device::execution call{.algorithm = algorithm};
                                 std::size_t const bytes = device::workspace_bytes(p, call);
                                 gpu::array<std::byte> workspace(static_cast<index_t>(bytes));
                                 workspace.fill_bytes(0xa5);  // it is read before it is written
                                 call.workspace = {workspace.data(), bytes};
                                 device::linear_recurrence(p, call);
                                 need_success(cudaStreamSynchronize(nullptr), "running a packed case");
                               });
  auto const got = (at == on_a.data() ? on_a : at == on_b.data() ? on_b : on_x).values();
  ASSERT_EQ(std::memcmp(needed, got.data(), got.size() * sizeof(T)), 0)
      << algorithm << ", " << dtype_name<T> << ", " << words_of(c);
  ASSERT_EQ(std::memcmp(left.data(), final.values().data(), left.size() * sizeof(T)), 0)
      << "final, " << algorithm << ", " << dtype_name<T> << ", " << words_of(c);
}

template <class T>
class cuda_packed : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(cuda_packed, dtypes);

template <class T>
constexpr index_t unit = 16 / static_cast<index_t>(sizeof(T));  // lanes of 16 bytes

// Every kind of lengths at each of these times and numbers of channels; all else is drawn, so that none is tied to another.
template <class T>
void expect_the_bits_of_cases(std::string_view algorithm, std::vector<index_t> const& channels,
                              std::vector<index_t> const& times) {
  std::mt19937_64 random;
  auto const one_of = [&]<class V>(std::initializer_list<V> values) {
    return values.begin()[random() % values.size()];
  };
  for (index_t const time : times)
    for (index_t const of_channels : channels)
      for (lengths const kind : all_lengths) {
        using where = packed_case::where;
        packed_case const c{one_of({1, 1, 2}),
                            of_channels,
                            one_of({index_t{0}, index_t{0}, unit<T>}),
                            time,
                            one_of({layout::time_major, layout::time_major, layout::time_major, layout::lane_major}),
                            kind,
                            one_of({given_by::offsets, given_by::offsets, given_by::mask}),
                            one_of({direction::forward, direction::reverse}),
                            one_of({false, true}),
                            one_of({false, true}),
                            one_of({layout::time_major, layout::lane_major}),
                            one_of({where::apart, where::apart, where::in_a, where::in_b})};
        expect_the_bits_of_the_cpu<T>(algorithm, c, random());
        if (testing::Test::HasFatalFailure()) return;
      }
}

// Channels: rows of 16 bytes and more, and one more, whose rows are no whole pieces.
template <class T>
std::vector<index_t> few_channels() {
  if (laws::chosen_effort() == laws::effort::brief) return {unit<T>, 9 * unit<T>, 8 * unit<T> + 1};
  return {unit<T>, 2 * unit<T>, 3 * unit<T>, 8 * unit<T>, 9 * unit<T>, 25 * unit<T>, 8 * unit<T> + 1};
}
std::vector<index_t> ends_of_runs_and_pieces() {
  index_t constexpr run = 16, piece = 256, chunk = 4096;
  if (laws::chosen_effort() == laws::effort::brief) return {run + 1, piece + 1, chunk + piece + run + 2};
  return {1,
          2,
          run - 1,
          run,
          run + 1,
          2 * run,
          2 * run + 1,
          piece - 1,
          piece,
          piece + 1,
          4 * piece + 33,
          chunk - 1,
          chunk,
          chunk + 1,
          3 * chunk + 2 * piece + 18};
}

TYPED_TEST(cuda_packed, chunked_has_the_bits_of_the_cpu) {
  expect_the_bits_of_cases<TypeParam>("chunked", few_channels<TypeParam>(), ends_of_runs_and_pieces());
}

TYPED_TEST(cuda_packed, sequential_has_the_bits_of_the_cpu) {
  expect_the_bits_of_cases<TypeParam>("sequential", few_channels<TypeParam>(), ends_of_runs_and_pieces());
}

// More tickets than 132 blocks, or more, have slots: each is used twice.
TYPED_TEST(cuda_packed, chunked_has_the_bits_of_the_cpu_where_slots_are_used_twice) {
  constexpr index_t tickets = 640, across = 8 * unit<TypeParam>, piece = 256;
  expect_the_bits_of_cases<TypeParam>("chunked", {tickets / 2 * across}, {piece + 19});
}

// In wide blocks, and in segments: tickets enough for 132 multiprocessors, of which states are handed on.
TYPED_TEST(cuda_packed, sequential_has_the_bits_of_the_cpu_of_many_lanes) {
  using T = TypeParam;
  constexpr index_t lanes = 6152, of_256_steps = 2820, of_128_steps = 1429,
                    time = sizeof(T) == 4   ? of_256_steps
                           : sizeof(T) == 8 ? of_128_steps
                                            : of_128_steps / 2;
  expect_the_bits_of_cases<T>("sequential", {9540 / unit<T> * unit<T>}, {133});
  if (laws::chosen_effort() == laws::effort::brief) return;
  expect_the_bits_of_cases<T>("sequential", {lanes}, {time});
}

// The same at the fewest cases in which every one of these kernels runs whole, for the tools of sanitize.sh: rows of 16 bytes that are
// whole pieces, and that are not; by offsets and by masks; with states and without; either way; and once where slots are used twice.
TYPED_TEST(cuda_packed, each_kernel_at_its_smallest) {
  using T = TypeParam;
  constexpr index_t piece = 256, time = piece + 19, whole = 8 * unit<T>, tickets_beyond_slots = 640;
  std::uint64_t seed = 0;
  for (std::string_view const algorithm : {"chunked", "sequential"})
    for (direction const runs : {direction::forward, direction::reverse})
      for (bool const has_states : {false, true})
        for (given_by const how : {given_by::offsets, given_by::mask})
          for (index_t const channels : {whole, whole + 1}) {
            expect_the_bits_of_the_cpu<T>(algorithm,
                                          {1, channels, 0, time, layout::time_major, lengths::mixed, how, runs,
                                           has_states, has_states, layout::time_major, packed_case::where::apart},
                                          seed++);
            if (testing::Test::HasFatalFailure()) return;
          }
  expect_the_bits_of_the_cpu<T>(
      "chunked",
      {1, tickets_beyond_slots / 2 * whole, 0, time, layout::time_major, lengths::mixed, given_by::offsets,
       direction::forward, true, true, layout::time_major, packed_case::where::apart},
      seed);
}

}  // namespace
}  // namespace ssmscan
