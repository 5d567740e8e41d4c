// A chunk by every SIMD target, and several as one: the bits of the texts, whatever the direction, stride, stores, place of what
// enters, and sequences that start inside.
#include <memory>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/monoids/segmented.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class M>
class simd_chunk : public testing::Test {};
TYPED_TEST_SUITE(simd_chunk, monoids);

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

struct strides {
  index_t a, b, x;
};
constexpr strides every_stride[] = {{1, 1, 1},  {-1, -1, -1}, {0, 1, 1}, {0, -1, -1},
                                    {0, -1, 3}, {1, -1, 1},   {3, 2, -2}};
constexpr index_t every_length[] = {1, 2, 15, 16, 17, 255, 256, 257, 1000, 4095, 4096};

TYPED_TEST(simd_chunk, a_chunk_is_the_text_bit_for_bit) {
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
TYPED_TEST(simd_chunk, several_chunks_are_walked_as_one_after_the_other) {
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

TYPED_TEST(simd_chunk, a_chunk_in_which_sequences_start_is_the_text_bit_for_bit) {
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

}  // namespace
}  // namespace ssmscan::simd
