#pragma once
// chunked for the affine monoid, in the caller's memory: summaries of all chunks, the spine, and each chunk again with the
// state that enters it. a and b are read twice, and nothing else is moved. The tree is the text's.
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>

namespace ssmscan::simd {

struct chunked : ssmscan::chunked {
  using text = ssmscan::chunked;
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::chunked::info;
    // The text's, and every chunk with a summary to give is scanned once more: cheaper than keeping what it left.
    made.work = [](index_t time) {
      return ssmscan::chunked::info.work(time) +
             std::max<index_t>(chunks(time) - 1, 0) * detail::fan_up_work<fan>(length);
    };
    // The last chunk of a lane has no summary to give; a state in and one out along the spine, and one into each chunk.
    made.bytes = [](index_t time, double element) {
      index_t const spine = std::max<index_t>(chunks(time) - 1, 0);
      return detail::per_step(3 * time + 2 * spine * length + 6 * spine, time) * element;
    };
    return made;
  }();

  template <backend B, class T>
  static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }
  template <backend B, class T>
  static void solve(B& on, segmented<affine<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }
  // semi_log<T> runs by this monoid, text or not.
  template <class T>
  using of_semi_log = simd::semi_log<T>;
  static constexpr std::string_view tree_of_semi_log = semi_log_tree;
  template <backend B, class T>
  static void solve(B& on, simd::semi_log<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().semi_log.chunk, on, p);
  }
  template <backend B, class T>
  static void solve(B& on, segmented<simd::semi_log<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().semi_log.chunk, on, p);
  }

  // By the functions of one SIMD target, or of a test that counts their calls.
  template <backend B, class T>
  static void solve_by(chunk_functions<T> const& tile, B& on, detail::recurrence_problem<T> const& p) {
    solve_by(tile, on, p, best_write(p));
  }
  template <backend B, class T>
  static void solve_by(chunk_functions<T> const& tile, B& on, detail::recurrence_problem<T> const& p, write how) {
    lane_chunks<T> const all(p, how);
    index_t const count = all.count(), lanes = p.size.lanes, workers = workers_for(on, p.size);
    auto const scratch = on.template scratch<chunk_scratch<T>>(workers);
    auto const summaries_scratch = on.template scratch<affine_map<T>>(lanes * count);
    auto* const memory = scratch.data();
    auto* const summaries = summaries_scratch.data();
    auto const share = [=](index_t n, index_t worker) { return detail::share_begin(n, workers, worker); };

    if (count > 1)
      on.blocks(workers, [=](index_t worker) {  // summaries
        index_t const n = lanes * (count - 1);
        for (index_t i = share(n, worker); i < share(n, worker + 1); ++i) {
          index_t const lane = i / (count - 1), k = i % (count - 1);
          summaries[lane * count + k] = all.summary(tile, lane, k, memory[worker]);
        }
      });
    on.blocks(lanes, [=](index_t lane) {  // spine: of all chunks up to and including k
      auto* const s = summaries + lane * count;
      for (index_t k = 1; k + 1 < count; ++k) s[k].b = all.state_after(lane, k, s[k], s[k - 1].b);
    });
    on.blocks(workers, [=](index_t worker) {  // apply
      index_t const n = lanes * count;
      for (index_t i = share(n, worker); i < share(n, worker + 1); ++i) {
        index_t const lane = i / count, k = i % count;
        all.walk(tile, lane, k, memory[worker], k == 0 ? T(0) : summaries[i - 1].b, i);
      }
      all.end_writing(tile);
    });
  }
};

}  // namespace ssmscan::simd
