#pragma once
// look_back for the affine monoid, in the caller's memory: one pass, every element read once and written once. A worker
// sums a chunk while it comes into the cache, waits for the state that enters, and writes x while the chunk is still
// there. On a few workers that each hold one chunk the state before is never more than a chunk's reduction away, so the
// look-back ends at the neighbour: states pass from chunk to chunk in order. The tree is the text's.
#include <atomic>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/backends/simd/chunked.hpp>

namespace ssmscan::simd {

struct look_back : ssmscan::look_back {
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::look_back::info;
    // Of several workers: the text's, and every chunk with a summary to give is scanned once more, as by chunked. One
    // worker alone hands its state on: no summaries and no spine, 2 combines an element.
    made.work = chunked::info.work;
    made.bytes = [](index_t, double element) { return 3 * element; };
    return made;
  }();

  // Tickets are drawn lane by lane, in order of time: a worker waits only for chunks that others already hold.
  template <ordered_backend B, class T>
  static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }
  template <ordered_backend B, class T>
  static void solve(B& on, segmented<affine<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }

  // By the functions of one SIMD target, or of a test that counts their calls.
  template <ordered_backend B, class T>
  static void solve_by(chunk_functions<T> const& tile, B& on, detail::recurrence_problem<T> const& p) {
    lane_chunks<T> const chunks(p, best_write(p));
    index_t const count = chunks.count(), lanes = p.size.lanes, workers = workers_for(on, p.size);
    if (workers == 1) {
      on.blocks(1, [=](index_t) {
        chunk_scratch<T> mine;  // on the stack: to ask for memory costs as much as some thousand elements do
        for (index_t lane = 0; lane < lanes; ++lane) {
          T state{};
          for (index_t k = 0; k < count; ++k) state = chunks.walk(tile, lane, k, mine, state, lane * count + k);
        }
      });
      return;
    }
    auto const scratch = on.template scratch<chunk_scratch<T>>(workers);
    auto* const memory = scratch.data();
    auto boxes = on.template mailboxes<T>(lanes * count);
    auto const states = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &next](index_t worker) {
      chunk_scratch<T>& mine = memory[worker];
      for (index_t ticket = next++; ticket < lanes * count; ticket = next++) {
        index_t const lane = ticket / count, k = ticket % count;
        bool const awaited = k + 1 < count;  // the last chunk's summary enters nothing
        affine_map<T> const summary = awaited ? chunks.summary(tile, lane, k, mine) : affine_map<T>{};
        constexpr int spins = 4096;  // a few microseconds, a chunk's time: to yield costs as much
        for (int i = 0; k > 0 && i < spins && !states.ready(ticket - 1); ++i) {}
        T const state = k == 0 ? T(0) : states.await(ticket - 1);
        if (awaited) states.publish(ticket, chunks.state_after(lane, k, summary, state));
        chunks.walk(tile, lane, k, mine, state, ticket + workers);
      }
    });
  }
};

}  // namespace ssmscan::simd
