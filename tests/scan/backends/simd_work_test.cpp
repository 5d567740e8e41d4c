// The tuned forms do exactly the combines that their info states. What a chunk's functions do is counted where they are
// called: an up-sweep for a summary, both sweeps for a walk. By chunked, chunks between the first and the last are one
// more combine of the spine each.
#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>

namespace ssmscan::simd {
namespace {

std::atomic<index_t> combines{0}, summaries{0};

affine_map<float> counted_summary(chunk_source<float> const& in, chunk_scratch<float>& scratch) {
  ++summaries;
  combines += detail::fan_up_work<run>(in.n);
  return best<float>().chunk.summary(in, scratch);
}
float counted_walk(chunk_source<float> const& in, chunk_scratch<float>& scratch, float const* state,
                   chunk_sink<float> const& out) {
  combines += detail::fan_up_work<run>(in.n) +
              detail::fan_down_work<run>(in.n, state == nullptr ? detail::carry_in::none : detail::carry_in::one);
  return best<float>().chunk.walk(in, scratch, state, out);
}

index_t spine(index_t time) { return std::max<index_t>(detail::ceil_div(time, chunk) - 2, 0); }

template <class A, class B>
index_t counted(B on, index_t lanes, index_t time) {
  auto const n = static_cast<std::size_t>(lanes * time);
  std::vector<float> const a(n, 0.5F), b(n, 1.0F);
  std::vector<float> x(n);
  recurrence<float> problem;
  problem.a = tensor_view<float const>(a.data(), {1, lanes, time});
  problem.b = tensor_view<float const>(b.data(), {1, lanes, time});
  problem.x = tensor_view<float>(x.data(), {1, lanes, time});
  detail::checked_recurrence<float> const checked(problem);
  combines = summaries = 0;
  A::solve_by(chunk_functions<float>{counted_summary, counted_walk}, on, checked.problem());
  return combines;
}

// Around one, two and three chunks, and with enough of them for several workers.
constexpr index_t times[] = {1, 2, 17, 4095, 4096, 4097, 8191, 8192, 8193, 12289, 100003};
constexpr index_t lane_counts[] = {1, 5};

TEST(simd_work, chunked_is_what_info_says_on_one_worker_and_on_several) {
  for (index_t const lanes : lane_counts)
    for (index_t const time : times) {
      index_t const needed = lanes * simd::chunked::info.work(time);
      index_t const in_spines = lanes * spine(time);
      EXPECT_EQ((counted<simd::chunked>(serial(), lanes, time)) + in_spines, needed) << lanes << " lanes of " << time;
      EXPECT_EQ((counted<simd::chunked>(openmp(3), lanes, time)) + in_spines, needed) << lanes << " lanes of " << time;
    }
}

// A worker that walks along hands its state on: no summaries and no spine. Of several workers on few lanes some sum
// first, never all of them: a summary is an up-sweep and one combine of what enters.
TEST(simd_work, look_back_is_what_info_says_at_most_and_less_by_what_is_walked_along) {
  index_t several = 0;
  for (index_t const lanes : {1, 3, 5, 14})
    for (index_t const time : times) {
      openmp on(3);
      index_t const alone = lanes * (ssmscan::look_back::info.work(time) - spine(time));
      index_t const workers = workers_for(on, {lanes, time});
      bool const by_lanes = lanes % workers == 0 || lanes >= 4 * workers;
      std::string const of = std::to_string(lanes) + " lanes of " + std::to_string(time);
      EXPECT_EQ((counted<simd::look_back>(serial(), lanes, time)), alone) << of;
      index_t const made = counted<simd::look_back>(on, lanes, time);
      EXPECT_EQ(made, alone + summaries * detail::fan_up_work<run>(chunk)) << of;
      if (by_lanes) {
        EXPECT_EQ(summaries, 0) << of;
      } else {
        several += detail::ceil_div(time, chunk) > 1;
        EXPECT_LT(summaries, std::max<index_t>(lanes * (detail::ceil_div(time, chunk) - 1), 1)) << of;
        EXPECT_LE(made + summaries, lanes * simd::look_back::info.work(time)) << of;
      }
    }
  EXPECT_GE(several, 5);
}

}  // namespace
}  // namespace ssmscan::simd
