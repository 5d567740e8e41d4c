// Every SIMD target that is compiled in and runs here, on its own: the bits of the texts, whatever the direction, stride,
// stores and place of what enters. Those that do not run here are named, and skipped.
#include <iostream>
#include <random>
#include <vector>

#include "tests/laws/fenced.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/chunked.hpp>
#include <ssmscan/scan/backends/simd/functions.hpp>
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/backends/simd/sequential.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
class simd_targets : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(simd_targets, dtypes);

template <class T>
T random_number(std::mt19937& random, double least, double most) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random());
  } else {
    using real = typename parts_of<T>::real;
    std::uniform_real_distribution<double> distribution(least, most);
    if constexpr (is_complex<T>)
      return T(static_cast<real>(distribution(random) / 2), static_cast<real>(distribution(random) / 2));
    else
      return static_cast<real>(distribution(random));
  }
}

template <class T>
std::vector<T> random_numbers(index_t n, double least, double most) {
  std::mt19937 random(static_cast<unsigned>(n));
  std::vector<T> made;
  for (index_t i = 0; i < n; ++i) made.push_back(random_number<T>(random, least, most));
  return made;
}

// Chunks are walked by either monoid.
template <class M>
class simd_chunks : public testing::Test {};
using monoids = testing::Types<affine<float>, affine<double>, affine<std::complex<float>>, affine<std::complex<double>>,
                               affine<std::uint32_t>, semi_log<float>, semi_log<double>>;
TYPED_TEST_SUITE(simd_chunks, monoids);
template <class M, class T>
chunk_functions<T> const& chunk_of(functions<T> const& made) {
  if constexpr (std::same_as<M, affine<T>>) {
    return made.chunk;
  } else {
    return made.semi_log.chunk;
  }
}

// By the text: x of one chunk that `state` enters (null: none).
template <class M, class T>
std::vector<T> by_text(std::vector<T> const& a, std::vector<T> const& b, T const* state, affine_map<T>& summary) {
  auto const n = static_cast<index_t>(b.size());
  std::vector<typename M::value_type> values;
  for (std::size_t i = 0; i < b.size(); ++i)
    values.push_back(state == nullptr && i == 0 ? M::start(b[i]) : M::step(a[i], b[i]));
  M const combine;
  detail::fan_up<run>(combine, values.data(), n);
  summary = {values.back().a, values.back().b};
  auto const carry = M::start(state != nullptr ? *state : T(0));
  detail::fan_down<run>(combine, values.data(), n, state != nullptr ? &carry : nullptr);
  std::vector<T> x;
  for (auto const& value : values) x.push_back(value.b);
  return x;
}

// Values in memory `stride` apart, first to last in time; 0: one for all.
template <class T>
struct strided {
  std::vector<T> memory;
  T* first;
  strided(std::vector<T> const& values, index_t stride)
      : memory(static_cast<std::size_t>(std::abs(stride) * (std::ssize(values) - 1) + 1)),
        first(memory.data() + (stride < 0 ? std::ssize(memory) - 1 : 0)) {
    for (std::size_t i = 0; i < values.size(); ++i) first[static_cast<index_t>(i) * stride] = values[i];
  }
};

// Room for n numbers `offset` numbers past a line of memory, with guards on both sides.
template <class T>
class guarded {
 public:
  guarded(index_t n, index_t offset) : n_(n), memory_(static_cast<std::size_t>(n + 4 * line), T(77)) {
    auto const address = reinterpret_cast<std::uintptr_t>(memory_.data());
    auto const to_line = static_cast<index_t>((64 - address % 64) % 64 / sizeof(T));
    begin_ = line + to_line + offset % line;
  }
  T* data() { return memory_.data() + begin_; }
  bool guards_hold() const {
    auto const is_guard = [](T x) { return x == T(77); };
    return std::all_of(memory_.begin(), memory_.begin() + begin_, is_guard) &&
           std::all_of(memory_.begin() + begin_ + n_, memory_.end(), is_guard);
  }

 private:
  static constexpr index_t line = 64 / static_cast<index_t>(sizeof(T));
  index_t n_, begin_;
  std::vector<T> memory_;
};

struct strides {
  index_t a, b, x;
};
constexpr strides every_stride[] = {{1, 1, 1},  {-1, -1, -1}, {0, 1, 1}, {0, -1, -1},
                                    {0, -1, 3}, {1, -1, 1},   {3, 2, -2}};
// Past the cache, whole lines are written from wherever x begins.
struct writing {
  write how;
  index_t offset;  // numbers from the begin of a line
};
constexpr writing every_writing[] = {{write::through_the_cache, 0}, {write::through_the_cache, 3},
                                     {write::past_the_cache, 0},    {write::past_the_cache, 1},
                                     {write::past_the_cache, 2},    {write::past_the_cache, 7},
                                     {write::past_the_cache, 15}};
constexpr index_t every_length[] = {1, 2, 15, 16, 17, 255, 256, 257, 1000, 4095, 4096};

template <class T, class Judge>
void judge_targets(Judge const& judge) {
  index_t ran = 0;
  for (target<T> const& t : targets<T>()) {
    if (!t.runs_here) {
      std::cout << "not run here: " << t.name << '\n';
      continue;
    }
    SCOPED_TRACE(std::string(t.name));
    judge(*t.made);
    ++ran;
  }
  EXPECT_GE(ran, 1);
}

TYPED_TEST(simd_chunks, a_chunk_is_the_text_bit_for_bit) {
  using M = TypeParam;
  using T = typename M::scalar;
  auto const scratch = std::make_unique<chunk_scratch<T>>();
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const n : every_length)
      for (strides const s : every_stride)
        for (bool const enters : {false, true})
          for (auto const& [how, offset] : every_writing) {
            auto a = random_numbers<T>(n, 0.9, 1);
            auto const b = random_numbers<T>(n + 1, -1, 1);
            std::vector<T> const own_b(b.begin(), b.end() - 1);
            if (s.a == 0) a.assign(a.size(), a.front());
            T const state = b.back();
            affine_map<T> needed_summary{};
            auto const needed = by_text<M>(a, own_b, enters ? &state : nullptr, needed_summary);

            auto given_b = own_b;
            if (!enters) given_b[0] = T(77);  // what `first` replaces
            strided<T> const in_a(a, s.a), in_b(given_b, s.b);
            guarded<T> out(std::abs(s.x) * (n - 1) + 1, offset);
            T* const first = out.data() + (s.x < 0 ? -s.x * (n - 1) : 0);
            bool const ahead = how == write::past_the_cache;  // changes nothing
            chunk_source<T> const in{in_a.first,
                                     in_b.first,
                                     s.a,
                                     s.b,
                                     n,
                                     enters ? nullptr : &own_b[0],
                                     ahead ? in_a.memory.data() : nullptr,
                                     ahead ? in_b.memory.data() : nullptr};
            T const left = chunk_of<M>(made).walk(in, *scratch, enters ? &state : nullptr, {first, s.x, how});
            for (index_t i = 0; i < n; ++i)
              ASSERT_TRUE(same_bits(first[i * s.x], needed[static_cast<std::size_t>(i)]))
                  << n << " at " << i << ", " << offset;
            ASSERT_TRUE(out.guards_hold()) << n << ", offset " << offset;
            if (n < chunk) continue;
            ASSERT_TRUE(same_bits(left, needed.back()));
            auto const summary = chunk_of<M>(made).summary(in, *scratch);
            if (enters) { ASSERT_TRUE(same_bits(summary, needed_summary)); }
            ASSERT_TRUE(same_bits(summary.b, needed_summary.b));
          }
  });
}

// One walk over several chunks, the last not whole, gives what a walk of each gives, one after the other.
TYPED_TEST(simd_chunks, several_chunks_are_walked_as_one_after_the_other) {
  using M = TypeParam;
  using T = typename M::scalar;
  auto const scratch = std::make_unique<chunk_scratch<T>>();
  constexpr index_t n = 2 * chunk + 300;
  std::vector<std::vector<index_t>> const every_start{{}, {5, 300, chunk, chunk + 17, 2 * chunk + 299}};
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const stride : {1, -1, 2})
      for (bool const one_a : {false, true})
        for (auto const& starts : every_start)
          for (bool const enters : {false, true})
            for (writing const to : every_writing) {
              if (one_a && !starts.empty()) continue;
              auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n + 1, -1, 1);
              T const state = b.back();
              strided<T> const in_a(a, stride), in_b({b.begin(), b.end() - 1}, stride);
              index_t const in_a_stride = one_a ? 0 : stride;
              guarded<T> once(std::abs(stride) * (n - 1) + 1, to.offset),
                  one_by_one(std::abs(stride) * (n - 1) + 1, to.offset);
              auto const first_of = [&](guarded<T>& x) { return x.data() + (stride < 0 ? -stride * (n - 1) : 0); };
              auto const walk = [&](index_t begin, index_t end, T const* entering, T* x) {
                auto const place = [&](index_t t) { return std::ranges::lower_bound(starts, t) - starts.begin(); };
                chunk_source<T> const in{in_a.first + begin * in_a_stride,
                                         in_b.first + begin * stride,
                                         in_a_stride,
                                         stride,
                                         end - begin,
                                         entering == nullptr ? &b[0] : nullptr,
                                         nullptr,
                                         nullptr,
                                         {starts.data() + place(begin), place(end) - place(begin), begin, nullptr, 0}};
                return chunk_of<M>(made).walk(in, *scratch, entering, {x + begin * stride, stride, to.how});
              };
              T const left = walk(0, n, enters ? &state : nullptr, first_of(once));
              T entering = state;
              for (index_t begin = 0; begin < n; begin += chunk)
                entering = walk(begin, std::min(begin + chunk, n), begin > 0 || enters ? &entering : nullptr,
                                first_of(one_by_one));
              ASSERT_TRUE(same_bits(left, entering));
              for (index_t t = 0; t < n; ++t)
                ASSERT_TRUE(same_bits(first_of(once)[t * stride], first_of(one_by_one)[t * stride])) << t;
              ASSERT_TRUE(once.guards_hold() && one_by_one.guards_hold()) << to.offset;
            }
  });
}

// By the text: x of a chunk in which sequences start at `offsets`, with their states taken in, which `state` enters (null: none
// does).
template <class M, class T>
std::vector<T> by_text(std::vector<T> const& a, std::vector<T> const& b, std::vector<index_t> const& offsets,
                       std::vector<T> const& initial, T const* state, T& left) {
  using value = segmented_value<typename M::value_type>;
  std::vector<value> values;
  for (std::size_t i = 0; i < b.size(); ++i) values.push_back({M::step(a[i], b[i]), boundary::inside});
  if (state == nullptr) values[0].value = M::start(b[0]);
  for (std::size_t k = 0; k < offsets.size(); ++k) {
    auto const at = static_cast<std::size_t>(offsets[k]);
    values[at] = {M::start(initial.empty() ? b[at] : multiply_add(a[at], initial[k], b[at])), boundary::start};
  }
  segmented<M> const combine;
  auto const n = static_cast<index_t>(b.size());
  detail::fan_up<run>(combine, values.data(), n);
  left = values.back().value.b;
  value const carry{M::start(state != nullptr ? *state : T(0)), boundary::inside};
  detail::fan_down<run>(combine, values.data(), n, state != nullptr ? &carry : nullptr);
  std::vector<T> x;
  for (auto const& v : values) x.push_back(v.value.b);
  return x;
}

TYPED_TEST(simd_chunks, a_chunk_in_which_sequences_start_is_the_text_bit_for_bit) {
  using M = TypeParam;
  using T = typename M::scalar;
  auto const scratch = std::make_unique<chunk_scratch<T>>();
  std::vector<index_t> everywhere, now_and_then;
  for (index_t t = 1; t < chunk; ++t) everywhere.push_back(t);
  for (index_t t = 7; t < chunk; t += 1 + t % 97) now_and_then.push_back(t);
  std::vector<std::vector<index_t>> const every_start{
      {0}, {1}, {5, 9}, {15, 16}, {16}, {9, 9, 9}, {255, 256}, {0, 0, 300, 4095}, now_and_then, everywhere};
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const n : {index_t{17}, index_t{256}, index_t{1000}, index_t{4096}})
      for (index_t const stride : {1, -1, 3})
        for (auto const& all_starts : every_start)
          for (bool const enters : {false, true})
            for (bool const with_initial : {false, true})
              for (write const how : {write::through_the_cache, write::past_the_cache}) {
                std::vector<index_t> offsets;
                for (index_t const t : all_starts)
                  if (t < n && (t > 0 || enters)) offsets.push_back(t + chunk);  // of the second chunk
                auto const a = random_numbers<T>(n, 0.9, 1);
                auto b = random_numbers<T>(n + 1, -1, 1);
                T const state = b.back();
                b.pop_back();
                auto const initial =
                    with_initial ? random_numbers<T>(std::ssize(offsets) + 3, -1, 1) : std::vector<T>{};
                std::vector<index_t> places;
                for (index_t const t : offsets) places.push_back(t - chunk);
                T needed_left{};
                auto const needed = by_text<M>(a, b, places, initial, enters ? &state : nullptr, needed_left);

                strided<T> const in_a(a, stride), in_b(b, stride);
                guarded<T> out(std::abs(stride) * (n - 1) + 1, 1);
                T* const first = out.data() + (stride < 0 ? -stride * (n - 1) : 0);
                chunk_source<T> const in{
                    in_a.first,
                    in_b.first,
                    stride,
                    stride,
                    n,
                    enters ? nullptr : &b[0],
                    nullptr,
                    nullptr,
                    {offsets.data(), std::ssize(offsets), chunk, with_initial ? initial.data() : nullptr, 1}};
                T const left = chunk_of<M>(made).walk(in, *scratch, enters ? &state : nullptr, {first, stride, how});
                for (index_t i = 0; i < n; ++i)
                  ASSERT_TRUE(same_bits(first[i * stride], needed[static_cast<std::size_t>(i)]))
                      << n << " at " << i << ", " << offsets.size() << " starts";
                ASSERT_TRUE(out.guards_hold());
                if (n < chunk || offsets.empty()) continue;
                ASSERT_TRUE(same_bits(left, needed.back()));
                ASSERT_TRUE(same_bits(chunk_of<M>(made).summary(in, *scratch).b, needed_left));
              }
  });
}

// Lanes with contiguous time; rows of lanes, all of a row or a part of each; and such rows that may be written past the cache.
enum class placing { time_contiguous, rows, rows_of_whole_lines };

TYPED_TEST(simd_targets, lanes_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const lanes : {1, 2, 3, 7, 8, 9, 31, 64, 131})
      for (placing const where : {placing::time_contiguous, placing::rows, placing::rows_of_whole_lines})
        for (bool const starts : {false, true})
          for (index_t const a_lane_stride : {0, 1}) {
            constexpr index_t time = 19;
            bool const beside = where != placing::time_contiguous, whole_lines = where == placing::rows_of_whole_lines;
            constexpr index_t line = 64 / static_cast<index_t>(sizeof(T));
            index_t const row = whole_lines ? (lanes + line - 1) / line * line : lanes;
            index_t const lane_stride = beside ? 1 : time, time_stride = beside ? row : 1;
            auto const a = random_numbers<T>(row * time, 0.9, 1);
            auto const b = random_numbers<T>(row * time + 1, -1, 1);
            auto const initial = random_numbers<T>(lanes, -1, 1);
            auto state = initial;
            guarded<T> x(row * time, 0);
            index_t const a_apart = a_lane_stride * lane_stride;
            made.lanes.fold({{a.data(), a_apart, time_stride},
                             {b.data(), lane_stride, time_stride},
                             x.data(),
                             lane_stride,
                             time_stride,
                             lanes,
                             time,
                             state.data(),
                             starts,
                             whole_lines ? write::past_the_cache : write::through_the_cache});
            for (index_t lane = 0; lane < lanes; ++lane) {
              T needed = initial[static_cast<std::size_t>(lane)];
              for (index_t t = 0; t < time; ++t) {
                auto const at = static_cast<std::size_t>(lane * lane_stride + t * time_stride);
                auto const at_a = static_cast<std::size_t>(lane * a_apart + t * time_stride);
                needed = starts && t == 0 ? b[at] : multiply_add(a[at_a], needed, b[at]);
                ASSERT_TRUE(same_bits(x.data()[at], needed)) << lane << " of " << lanes << " at " << t;
              }
              ASSERT_TRUE(same_bits(state[static_cast<std::size_t>(lane)], needed));
            }
            for (index_t lane = lanes; lane < row; ++lane)  // a row's rest is not ours
              for (index_t t = 0; t < time; ++t) ASSERT_EQ(x.data()[lane + t * time_stride], T(77));
            ASSERT_TRUE(x.guards_hold());
          }
  });
}

// Several workers that write past the cache, as the door has them do beyond some 64 MB: each begins and ends inside lines that
// are another's too. Numbers from the begin of a line; sequences that start at chunks' ends and inside.
TYPED_TEST(simd_targets, workers_write_past_the_cache_bit_for_bit) {
  using T = TypeParam;
  index_t shared = 0;
  for (index_t const lanes : {1, 3}) {
    index_t const time = 30001 / lanes, n = lanes * time;
    auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
    std::vector<T> needed(b.size()), final(static_cast<std::size_t>(4 * lanes)), left(final.size());
    std::vector<index_t> const offsets{0, 300, 2 * chunk, 2 * chunk + 1, time};
    for (bool const packed : {false, true})
      for (direction const way : {direction::forward, direction::reverse}) {
        tensor_shape const shape{1, lanes, time}, states{1, lanes, packed ? 4 : 1};
        recurrence<T> problem{.a = {a.data(), shape}, .b = {b.data(), shape}, .x = {needed.data(), shape}};
        problem.final = {left.data(), states}, problem.direction = way;
        if (packed) problem.offsets = offsets;
        linear_recurrence(problem, {.algorithm = "look_back.textbook", .backend = "serial"});
        problem.final = {final.data(), states};
        for (index_t const offset : {0, 1, 2, 7, 15})
          for (int const threads : {2, 3, 5})
            judge_targets<T>([&](functions<T> const& made) {
              for (bool const in_one_pass : {true, false}) {
                guarded<T> x(n, offset);
                problem.x.data = x.data();
                std::fill(final.begin(), final.end(), T(77));
                detail::checked_recurrence<T> const checked(problem);
                auto const& p = checked.problem();
                openmp on(threads);
                shared += workers_for(on, p.size) > 1;
                in_one_pass ? look_back::solve_by(made.chunk, on, p, write::past_the_cache)
                            : chunked::solve_by(made.chunk, on, p, write::past_the_cache);
                for (index_t i = 0; i < n; ++i)
                  ASSERT_TRUE(same_bits(x.data()[i], needed[static_cast<std::size_t>(i)]))
                      << lanes << " lanes, " << threads << " threads, " << offset << " past a line, at " << i;
                for (index_t i = 0; i < lanes * states.time; ++i)
                  ASSERT_TRUE(same_bits(final[static_cast<std::size_t>(i)], left[static_cast<std::size_t>(i)])) << i;
                ASSERT_TRUE(x.guards_hold()) << offset;
              }
            });
      }
  }
  EXPECT_GE(shared, 240);  // 2 x 2 x 2 x 5 x 3, of two algorithms, by one target at least
}

// Several workers fold rows of lanes block by block and tile by tile, either way of writing: still each lane's left fold.
// Lengths around some blocks of rows, lanes around a line of memory and beyond one tile a worker.
TYPED_TEST(simd_targets, rows_shared_out_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  index_t shared = 0;
  for (index_t const lanes : {15, 33, 64, 250}) {
    index_t const height = std::max<index_t>((index_t{1} << 17) / (lanes * static_cast<index_t>(sizeof(T))), 1);
    for (index_t const time : {height + 1, 3 * height - 1, 4 * height + height / 2})
      for (bool const reverse : {false, true})
        for (bool const in_place : {false, true})
          for (index_t const offset : {0, 3}) {
            index_t const n = lanes * time, first = reverse ? n - lanes : 0, row = reverse ? -lanes : lanes;
            auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
            auto const initial = random_numbers<T>(lanes, -1, 1);
            std::vector<T> needed(b), left = initial;
            for (index_t t = 0; t < time; ++t)
              for (index_t lane = 0; lane < lanes; ++lane) {
                auto const at = static_cast<std::size_t>(first + t * row + lane);
                needed[at] = left[static_cast<std::size_t>(lane)] =
                    multiply_add(a[at], left[static_cast<std::size_t>(lane)], b[at]);
              }
            for (int const threads : {1, 2, 3, 7}) {
              for (write const how : {write::through_the_cache, write::past_the_cache}) {
                if (in_place && how == write::past_the_cache) continue;  // nobody asks for it
                guarded<T> x(n, offset);
                std::copy(b.begin(), b.end(), x.data());
                std::vector<T> final(static_cast<std::size_t>(lanes));
                tensor_shape const shape{1, lanes, time}, apart{n, 1, row}, states{1, lanes, 1};
                detail::recurrence_problem<T> p;
                p.size = {lanes, time};
                p.a = detail::lane_view<T const>(tensor_view<T const>(a.data() + first, shape, apart));
                p.b = detail::lane_view<T const>(
                    tensor_view<T const>((in_place ? x.data() : b.data()) + first, shape, apart));
                p.x = detail::lane_view<T>(tensor_view<T>(x.data() + first, shape, apart));
                p.initial = detail::lane_view<T const>(tensor_view<T const>(initial.data(), states));
                p.final = detail::lane_view<T>(tensor_view<T>(final.data(), states));
                openmp on(threads);
                shared += threads > 1;
                sequential::solve_by(best<T>().lanes, on, p, how, threads);
                for (index_t i = 0; i < n; ++i)
                  ASSERT_TRUE(same_bits(x.data()[i], needed[static_cast<std::size_t>(i)]))
                      << lanes << " lanes of " << time << ", " << threads << " threads, at " << i;
                for (std::size_t lane = 0; lane < final.size(); ++lane)
                  ASSERT_TRUE(same_bits(final[lane], left[lane])) << lane;
                ASSERT_TRUE(x.guards_hold());
              }
            }
          }
  }
  EXPECT_EQ(shared, 432);  // all but one worker alone
}

}  // namespace
}  // namespace ssmscan::simd
