// The tuned look_back against the text of its tree, on the host: bit for bit, whatever the number of
// lanes, the alignment, the strides, and with and without initial states.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/cuda/random_values.hpp"
#include "tests/laws/effort.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tree.hpp>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan {
namespace {

using test::random_values;

// x of one lane, by the tree's text; initial: null where there is none.
template <class T>
std::vector<T> by_the_text(T const* a, T const* b, index_t time, T const* initial) {
  std::vector<T> made(static_cast<std::size_t>(time));
  serial on;
  scan(
      on, device::look_back_tree<device::look_back_tile<T>::run>{}, affine<T>{}, {.lanes = 1, .time = time},
      [=](index_t, index_t t) {
        if (t > 0) return affine<T>::step(a[t], b[t]);
        return affine<T>::start(initial != nullptr ? multiply_add(a[0], *initial, b[0]) : b[0]);
      },
      [&](index_t, index_t t, affine_map<T> const& prefix) { made[static_cast<std::size_t>(t)] = prefix.b; });
  return made;
}

// odd: the first element is no multiple of 16 bytes away, and so goes by element; reversed: time runs down; one_a: a is one for all
// steps of a lane.
enum class alignment { whole, odd, reversed, one_a };

template <class T>
void expect_the_tree(index_t lanes, index_t time, bool with_initial, alignment how) {
  std::mt19937_64 random(static_cast<std::uint64_t>(time * 131 + lanes));
  constexpr index_t unit = 16 / static_cast<index_t>(sizeof(T));
  index_t const offset = how == alignment::odd ? 1 : 0;
  index_t const pitch = how == alignment::odd ? time + 1 : detail::ceil_div(time, unit) * unit,
                n = lanes * pitch + offset;
  double const greatest = how == alignment::one_a ? 0.9 : 1;  // |a| of one below 1, with an imaginary part of a quarter
  auto const a = random_values<T>(random, n, greatest - 0.1, greatest), b = random_values<T>(random, n, -1, 1),
             initial = random_values<T>(random, lanes, -1, 1);
  gpu::array<T> const on_a(a), on_b(b), on_initial(initial);
  gpu::array<T> x(n), final(lanes);
  x.fill_bytes(0xee);
  std::vector<T> needed = x.values(), last;
  for (index_t lane = 0; lane < lanes; ++lane) {
    index_t const at = offset + lane * pitch;
    std::vector<T> run_a(&a[at], &a[at] + time), run_b(&b[at], &b[at] + time);
    if (how == alignment::one_a) std::fill(run_a.begin(), run_a.end(), run_a[0]);
    if (how == alignment::reversed) std::reverse(run_a.begin(), run_a.end()), std::reverse(run_b.begin(), run_b.end());
    auto of_lane = by_the_text<T>(run_a.data(), run_b.data(), time, with_initial ? &initial[lane] : nullptr);
    last.push_back(of_lane.back());
    if (how == alignment::reversed) std::reverse(of_lane.begin(), of_lane.end());
    std::copy(of_lane.begin(), of_lane.end(), needed.begin() + at);
  }
  tensor_shape const shape{1, lanes, time}, stride{lanes * pitch, pitch, 1}, states{1, lanes, 1};
  recurrence<T> problem{.a = {on_a.data() + offset, shape, stride},
                        .b = {on_b.data() + offset, shape, stride},
                        .x = {x.data() + offset, shape, stride},
                        .final = {final.data(), states}};
  if (with_initial) problem.initial = {on_initial.data(), states};
  if (how == alignment::reversed) problem.direction = direction::reverse;
  if (how == alignment::one_a) problem.a.stride.time = 0;
  device::execution call{.algorithm = "look_back"};
  gpu::array<std::byte> workspace(static_cast<index_t>(device::workspace_bytes(problem, call)));
  workspace.fill_bytes(0xa5);  // it is read before it is written
  call.workspace = {workspace.data(), device::workspace_bytes(problem, call)};
  device::linear_recurrence(problem, call);
  auto const got = x.values(), left = final.values();
  EXPECT_EQ(std::memcmp(needed.data(), got.data(), needed.size() * sizeof(T)), 0)
      << dtype_name<T> << ", " << lanes << " x " << time << (with_initial ? ", initial states" : "")
      << (how == alignment::odd        ? ", odd"
          : how == alignment::reversed ? ", reversed"
          : how == alignment::one_a    ? ", one a"
                                       : "");
  EXPECT_EQ(std::memcmp(last.data(), left.data(), last.size() * sizeof(T)), 0) << "final, " << lanes << " x " << time;
}

template <class T>
class cuda_look_back : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(cuda_look_back, dtypes);

TYPED_TEST(cuda_look_back, is_its_tree_bit_for_bit) {
  using tile = device::look_back_tile<TypeParam>;
  index_t constexpr run = tile::run, row = tile::row, length = tile::length;
  // Ends of runs, rows and tiles; more tiles than a block looks at in one go (160), in one lane. Brief: what a sanitizer
  // gets through.
  index_t const longest = laws::chosen_effort() == laws::effort::brief ? 41 * length : 200 * length;
  for (index_t const time :
       {index_t{1}, index_t{2}, run - 1, run, run + 1, row, row + 1, 2 * row + 7, length - 1, length, length + 1,
        3 * length + 4, 3 * length + 5, 40 * length + 77, 200 * length - 4, 200 * length - 3})
    for (index_t const lanes : {1, 2, 3, 33, 300}) {
      if (time > longest) continue;
      index_t constexpr most = 1 << 19;
      if (lanes > 1 && lanes * time > most) continue;
      for (bool const with_initial : {false, true})
        for (alignment const how : {alignment::whole, alignment::odd, alignment::reversed, alignment::one_a})
          expect_the_tree<TypeParam>(lanes, time, with_initial, how);
    }
}

// Every slot is used again and again, by every block: many short lanes, and one long.
TYPED_TEST(cuda_look_back, is_its_tree_where_the_ring_goes_round) {
  using tile = device::look_back_tile<TypeParam>;
  expect_the_tree<TypeParam>(9000, tile::run + 1, true, alignment::whole);  // eight lanes in a slot
  expect_the_tree<TypeParam>(1, 1500 * tile::length + 4, false, alignment::whole);
  expect_the_tree<TypeParam>(1, 1500 * tile::length + 4, false, alignment::reversed);
  expect_the_tree<TypeParam>(9000, tile::run + 1, true, alignment::one_a);
  expect_the_tree<TypeParam>(1, 1500 * tile::length + 4, false, alignment::one_a);
}

// Blocks keep whole lanes where there are 64 for each multiprocessor; a lane less, and they meet.
TYPED_TEST(cuda_look_back, is_its_tree_where_blocks_keep_lanes) {
  constexpr index_t length = device::look_back_tile<TypeParam>::length, two_tiles = length + 4, four = 3 * length + 4;
  index_t const enough = 64 * device::multiprocessors();
  for (alignment const how : {alignment::whole, alignment::reversed, alignment::odd, alignment::one_a})
    expect_the_tree<TypeParam>(enough, two_tiles, how != alignment::odd, how);
  expect_the_tree<TypeParam>(enough, four, true, alignment::whole);
  expect_the_tree<TypeParam>(enough - 1, two_tiles, true, alignment::whole);
}

// Packed: by offsets, by as few of them as the kernel itself searches, and by a mask where no sequence is empty.
enum class given_by { offsets, mask };

// In the order of time in which the recurrence runs: where sequences start, and which one holds a step.
struct packed_order {
  std::vector<std::uint8_t> starts;
  std::vector<index_t> sequence;

  packed_order(std::vector<index_t> const& offsets, index_t time, alignment how)
      : starts(static_cast<std::size_t>(time)), sequence(starts.size()) {
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      bool const reversed = how == alignment::reversed;
      index_t const begin = reversed ? time - offsets[k + 1] : offsets[k],
                    end = reversed ? time - offsets[k] : offsets[k + 1];
      if (begin < end) starts[begin] = 1;
      for (index_t t = begin; t < end; ++t) sequence[t] = static_cast<index_t>(k);
    }
  }
};

template <class T>
void expect_the_tree_packed(index_t lanes, std::vector<index_t> const& offsets, bool with_states, alignment how,
                            given_by by) {
  index_t const time = offsets.back(), sequences = static_cast<index_t>(offsets.size()) - 1;
  std::mt19937_64 random(static_cast<std::uint64_t>(time * 131 + lanes + 17 * sequences));
  constexpr index_t unit = 16 / static_cast<index_t>(sizeof(T));
  index_t const offset = how == alignment::odd ? 1 : 0;
  index_t const pitch = how == alignment::odd ? time + 1 : detail::ceil_div(time, unit) * unit,
                n = lanes * pitch + offset;
  auto const a = random_values<T>(random, n, 0.9, 1), b = random_values<T>(random, n, -1, 1),
             initial = random_values<T>(random, lanes * sequences, -1, 1);
  packed_order const order(offsets, time, how);
  gpu::array<T> const on_a(a), on_b(b), on_initial(initial);
  gpu::array<T> x(n), final(lanes * sequences);
  x.fill_bytes(0xee), final.fill_bytes(0xee);
  std::vector<T> needed = x.values(), left = with_states ? initial : final.values();  // an empty one leaves what it had
  for (index_t lane = 0; lane < lanes; ++lane) {
    auto const at = [&](index_t t) { return offset + lane * pitch + (how == alignment::reversed ? time - 1 - t : t); };
    serial on;
    scan(
        on, device::look_back_tree<device::look_back_tile<T>::run>{}, segmented<affine<T>>{},
        {.lanes = 1, .time = time},
        [&](index_t, index_t t) -> typename segmented<affine<T>>::value_type {
          T const a_t = a[at(t)], b_t = b[at(t)];
          if (order.starts[t] == 0) return {affine<T>::step(a_t, b_t), boundary::inside};
          T const entering = initial[lane * sequences + order.sequence[t]];
          return {affine<T>::start(with_states ? multiply_add(a_t, entering, b_t) : b_t), boundary::start};
        },
        [&](index_t, index_t t, auto const& prefix) {
          needed[at(t)] = prefix.value.b;
          if (with_states && (t + 1 == time || order.starts[t + 1] != 0))
            left[lane * sequences + order.sequence[t]] = prefix.value.b;
        });
  }
  tensor_shape const shape{1, lanes, time}, stride{lanes * pitch, pitch, 1}, states{1, lanes, sequences};
  recurrence<T> problem{.a = {on_a.data() + offset, shape, stride},
                        .b = {on_b.data() + offset, shape, stride},
                        .x = {x.data() + offset, shape, stride}};
  if (with_states) problem.initial = {on_initial.data(), states}, problem.final = {final.data(), states};
  if (how == alignment::reversed) problem.direction = direction::reverse;
  gpu::array<index_t> const on_offsets(offsets);
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(time));
  for (index_t const at : offsets)
    if (at < time) mask[at] = 1;
  gpu::array<std::uint8_t> const on_mask(mask);
  if (by == given_by::offsets) {
    problem.offsets = {on_offsets.data(), offsets.size()};
  } else {
    problem.reset = {on_mask.data(), mask.size()};
  }
  device::execution call{.algorithm = "look_back"};
  gpu::array<std::byte> workspace(static_cast<index_t>(device::workspace_bytes(problem, call)));
  workspace.fill_bytes(0xa5);
  call.workspace = {workspace.data(), device::workspace_bytes(problem, call)};
  device::linear_recurrence(problem, call);
  auto const got = x.values(), got_left = final.values();
  std::string const words = std::string(dtype_name<T>) + ", " + std::to_string(lanes) + " x " + std::to_string(time) +
                            " in " + std::to_string(sequences) + (with_states ? ", states" : "") +
                            (how == alignment::odd        ? ", odd"
                             : how == alignment::reversed ? ", reversed"
                                                          : "") +
                            (by == given_by::mask ? ", by a mask" : "");
  EXPECT_EQ(std::memcmp(needed.data(), got.data(), needed.size() * sizeof(T)), 0) << words;
  EXPECT_EQ(std::memcmp(left.data(), got_left.data(), left.size() * sizeof(T)), 0) << "final, " << words;
}

// Ascending, with 0 and time.
std::vector<index_t> completed(std::vector<index_t> offsets, index_t time) {
  offsets.insert(offsets.end(), {0, time});
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}
std::vector<index_t> random_offsets(index_t sequences, index_t time) {
  std::mt19937_64 random(static_cast<std::uint64_t>(sequences + time));
  std::vector<index_t> made;
  for (index_t k = 1; k < sequences; ++k) made.push_back(static_cast<index_t>(random() % (time + 1)));
  return completed(made, time);
}

template <class T>
void expect_the_tree_packed(index_t lanes, std::vector<index_t> const& offsets) {
  bool const some_empty = std::adjacent_find(offsets.begin(), offsets.end()) != offsets.end();
  for (bool const with_states : {false, true})
    for (alignment const how : {alignment::whole, alignment::odd, alignment::reversed})
      for (given_by const by : {given_by::offsets, given_by::mask})
        if (by == given_by::offsets || !some_empty) expect_the_tree_packed<T>(lanes, offsets, with_states, how, by);
}

TYPED_TEST(cuda_look_back, is_its_tree_packed) {
  using tile = device::look_back_tile<TypeParam>;
  index_t constexpr run = tile::run, row = tile::row, length = tile::length;
  bool const brief = laws::chosen_effort() == laws::effort::brief;
  for (index_t const tiles : {1, 3, 13, 21, brief ? 30 : 40}) {
    index_t const time = tiles * length + 4 * (tiles % 2);
    std::vector<index_t> edges, beside;
    for (index_t const every : {run, row, length})
      for (index_t k = 1; k * every < time && k < 4; ++k) {
        edges.push_back(k * every);
        beside.insert(beside.end(), {k * every - 1, k * every + 1});
      }
    std::vector<index_t> crowded(tiles * 2), each, tens;  // of one place; of every step of a tile
    std::fill(crowded.begin(), crowded.end(), time / 2);
    for (index_t t = 0; t < std::min(length, time - 1); ++t) each.push_back(time - 1 - t);
    for (index_t t = 10; t < time; t += 10) tens.push_back(t);
    for (auto const& some : {std::vector<index_t>{}, edges, beside, crowded, each, tens}) {
      auto offsets = completed(some, time);
      if (some != crowded) offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
      expect_the_tree_packed<TypeParam>(1, offsets);
      index_t const searched = time / detail::steps_of_listed;
      if (searched < 2 || static_cast<index_t>(offsets.size()) <= searched) continue;
      offsets.erase(offsets.begin() + searched, offsets.end() - 1);
      expect_the_tree_packed<TypeParam>(1, offsets);
    }
    for (index_t const sequences : {time / detail::steps_of_listed, tiles, 40 * tiles})
      expect_the_tree_packed<TypeParam>(tiles < 21 ? 3 : 1, random_offsets(std::max(sequences, index_t{1}), time));
  }
  expect_the_tree_packed<TypeParam>(300, random_offsets(4, 2 * run + 4));  // eight lanes in a slot
  expect_the_tree_packed<TypeParam>(40, random_offsets(3, 2 * length + 4));
}

// A longer list than is looked at at a time (256), of even and of very uneven sequences; and one that is not searched.
TYPED_TEST(cuda_look_back, is_its_tree_packed_where_the_ring_goes_round) {
  using tile = device::look_back_tile<TypeParam>;
  index_t constexpr time = 1500 * tile::length + 4, searched = time / detail::steps_of_listed;
  for (alignment const how : {alignment::whole, alignment::reversed}) {
    expect_the_tree_packed<TypeParam>(1, random_offsets(searched, time), false, how, given_by::offsets);
    auto uneven = random_offsets(searched / 5, time);
    for (index_t k = 0; k < searched * 3 / 5; ++k) uneven.push_back(700 * tile::length - 10 + k);
    for (index_t k = 0; k < searched / 6; ++k) uneven.push_back(900 * tile::length);
    std::sort(uneven.begin(), uneven.end());
    expect_the_tree_packed<TypeParam>(1, uneven, false, how, given_by::offsets);
    expect_the_tree_packed<TypeParam>(1, uneven, true, how, given_by::offsets);
    expect_the_tree_packed<TypeParam>(1, random_offsets(40000, time), false, how, given_by::offsets);
  }
}

// x of one lane, from its `offset`-th element on: at 0 it is copied in bulk, at 1 by element.
template <class T>
std::vector<T> x_of(std::vector<T> const& a, std::vector<T> const& b, index_t offset,
                    std::vector<index_t> const& offsets) {
  auto const time = static_cast<index_t>(a.size()) - offset;
  gpu::array<T> const on_a(a), on_b(b);
  gpu::array<T> x(time + offset);
  gpu::array<index_t> const on_offsets(offsets);
  tensor_shape const shape{1, 1, time}, stride{time, time, 1};
  recurrence<T> problem{.a = {on_a.data() + offset, shape, stride},
                        .b = {on_b.data() + offset, shape, stride},
                        .x = {x.data() + offset, shape, stride}};
  if (offsets.size() > 2) problem.offsets = {on_offsets.data(), offsets.size()};
  device::execution call{.algorithm = "look_back"};
  gpu::array<std::byte> workspace(static_cast<index_t>(device::workspace_bytes(problem, call)));
  call.workspace = {workspace.data(), device::workspace_bytes(problem, call)};
  device::linear_recurrence(problem, call);
  auto made = x.values();
  made.erase(made.begin(), made.begin() + offset);
  return made;
}

// The aggregate that a lane or a sequence starts with is passed once and from nothing: 0 times infinity is not a number.
template <class T>
void expect_what_is_not_finite_where_it_belongs() {
  constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  constexpr index_t length = device::look_back_tile<T>::length;
  for (index_t const tiles : {2, 3, 6, 9, 16, 21, 150, 161})  // up to 16 in one cluster
    for (index_t const offset : {0, 1}) {
      index_t const time = tiles * length;
      std::vector<T> const a(static_cast<std::size_t>(time + offset), T(1));
      std::vector<T> b(a.size(), T(1));
      b[offset] = infinity;
      auto const x = x_of(a, b, offset, {0, time});
      EXPECT_EQ(std::count(x.begin(), x.end(), infinity), time)
          << dtype_name<T> << ", " << tiles << " tiles, " << offset;

      index_t const start = (tiles - 1) * length - 7;  // whatever is before it
      b[offset] = nan;
      auto const packed = x_of(a, b, offset, {0, start, time});
      index_t const finite = std::count_if(packed.begin(), packed.end(), [](T each) { return std::isfinite(each); });
      EXPECT_EQ(finite, time - start) << dtype_name<T> << ", packed, " << tiles << " tiles, " << offset;
      EXPECT_EQ(packed.back(), static_cast<T>(time - start));
    }
}
TEST(cuda_look_back_special_values, stay_where_they_belong) {
  expect_what_is_not_finite_where_it_belongs<float>();
  expect_what_is_not_finite_where_it_belongs<double>();
}

}  // namespace
}  // namespace ssmscan
