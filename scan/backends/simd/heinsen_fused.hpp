#pragma once
// heinsen.fused: Heinsen's formula for float in the caller's memory, logarithms, both sums and exponentials in one pass, every
// element read once and written once. Chunks and workers are look_back's, the arithmetic is heinsen_steps.hpp's, and so is
// what it gives for numbers that are not finite: as heinsen's page says, but that an |x| outside 2^+-170 may be lost on
// the way.
#include <atomic>

#include <ssmscan/scan/backends/simd/look_back.hpp>

namespace ssmscan::simd {

struct heinsen_fused {
  // Combines: a map joined to a map or applied to a state, an addition to either sum of a run. Blocks are always whole: of
  // each, a join for every element but a run's first; of 15 runs what enters and what goes on; an addition to each sum
  // for every element. And of each block in a chunk what enters it and what goes on, of the last what leaves the chunk.
  static constexpr index_t work(index_t time) {
    constexpr index_t folded = run * (run - 1), entered = 2 * (run - 1), summed = 2 * block;
    return detail::ceil_div(time, block) * (folded + entered + summed + 2) - detail::ceil_div(time, chunk);
  }
  // Who is not the only worker sums each chunk before it waits for its state, the last of a lane excepted: its blocks' maps,
  // which the walk then has, are joined once more, and applied.
  static constexpr index_t shared_work(index_t time, index_t workers) {
    index_t const sums = workers > 1 ? std::max<index_t>(detail::ceil_div(time, chunk) - 1, 0) : 0;
    return work(time) + sums * ((run - 1) + 1);
  }
  // Of element m (from 1): along the chunks' states, into the block and into the run by the maps of what is before, and
  // along the run. A run's map is a chain of run - 1, a block's of run - 1 more, and so a chunk's.
  static constexpr index_t depth(index_t m) {
    index_t const t = m - 1, c = t / chunk, b = t % chunk / block, r = t % block / run, j = t % run + 1;
    constexpr index_t of_run = run - 1, of_block = 2 * of_run, of_chunk = 3 * of_run;
    index_t entering = c == 0 ? 0 : of_chunk + c;
    if (b > 0) entering = std::max(of_block + b - 1, entering) + 1;
    if (r > 0) entering = std::max(of_run + r - 1, entering) + 1;
    return std::max(entering + j, j + 1);
  }

  static constexpr algorithm_info info{
      .name = "heinsen",
      .variant = "fused",
      .tree = "heinsen(chunks_of_4096/1)/2",
      .result = result_class::reformulates,
      .work = work,
      .span =
          [](index_t time) {  // the deepest m <= time: time itself, or the last of a whole run, block or chunk
            index_t deepest = time > 0 ? depth(time) : 0;
            for (index_t const whole : {run, block, chunk})
              if (index_t const m = time / whole * whole; m > 0) deepest = std::max(deepest, depth(m));
            return deepest;
          },
      .bytes = [](index_t, double element) { return 3 * element; },
      .roundings = look_back::info.roundings,
      .source = "Heinsen 2023, arXiv 2311.06281",
      .shared_work = shared_work,
      .formula = log_formula::in_runs};

  // The text: store(lane, t, load(lane,0) o ... o load(lane,t)), one worker per lane. float only.
  template <backend B, class M, class Load, class Store>
  requires std::same_as<M, affine<float>> || std::same_as<M, segmented<affine<float>>>
  static void inclusive(B& on, M const&, extent e, Load load, Store store) {
    on.blocks(e.lanes, [=](index_t lane) {
      heinsen_scratch s;
      double state = 0;
      for (index_t begin = 0; begin < e.time; begin += chunk) {
        text_blocks<M, Load, Store> blocks{s, load, store, lane, begin, e.time};
        state = walk_chunk(blocks, s, std::min(chunk, e.time - begin), state);
      }
    });
  }

  template <ordered_backend B>
  static void solve(B& on, affine<float> const&, detail::recurrence_problem<float> const& p) {
    solve_by(best<float>().heinsen, on, p);
  }
  template <ordered_backend B>
  static void solve(B& on, segmented<affine<float>> const&, detail::recurrence_problem<float> const& p) {
    solve_by(best<float>().heinsen, on, p);
  }

  // By the functions of one SIMD target, or of a test that counts.
  template <class Functions, ordered_backend B>
  static void solve_by(Functions const& tile, B& on, detail::recurrence_problem<float> const& p) {
    solve_by(tile, on, p, best_write(p));
  }
  template <class Functions, ordered_backend B>
  static void solve_by(Functions const& tile, B& on, detail::recurrence_problem<float> const& p, write how) {
    using real = typename Functions::real;
    using scratch_of_worker = basic_heinsen_scratch<real>;
    lane_chunks<float> const chunks(p, how);
    index_t const count = chunks.count(), all = p.size.lanes * count, workers = workers_for(on, p.size);
    auto const scratch = on.template scratch<scratch_of_worker>(workers);
    auto* const memory = scratch.data();
    auto boxes = on.template mailboxes<real>(all);
    auto const states = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &next](index_t worker) {
      scratch_of_worker& mine = memory[worker];
      real mine_left{};  // by the chunk before, where it was this worker's
      for (index_t ticket = next++; ticket < all; ticket = next++) {
        index_t const lane = ticket / count, k = ticket % count;
        bool const awaited = workers > 1 && k + 1 < count;
        affine_map<real> const summary = awaited ? chunks.summary(tile, lane, k, mine) : affine_map<real>{};
        real const state = k == 0 ? real(0) : workers > 1 ? states.await_soon(ticket - 1) : mine_left;
        real const left = awaited ? after(summary, state) : real(0);
        if (awaited && left != 0) states.publish(ticket, left);
        mine_left = chunks.walk(tile, lane, k, mine, state, ticket + workers);
        if (awaited && left == 0) states.publish(ticket, mine_left);  // a zero's sign is known only here
      }
      chunks.end_writing(tile);
    });
  }

 private:
  template <class M, class Load, class Store>
  struct text_blocks {
    heinsen_scratch& s;
    Load const& load;
    Store const& store;
    index_t lane, chunk_begin, time;

    void read(index_t begin) {
      for (index_t i = 0; i < block; ++i) {
        index_t const t = chunk_begin + begin + i, at = i % run * run + i / run;
        affine_map<float> const leaf = t < time ? leaf_at(t) : affine_map<float>{1, 0};
        s.a[begin + at] = leaf.a, s.b[begin + at] = leaf.b;
      }
    }
    void fold(index_t begin) { fold_runs(s, begin); }
    void join(index_t blocks) { join_runs(s, blocks); }
    void enter(index_t begin) { enter_runs(s, begin); }
    void walk(index_t begin) { walk_runs(s, begin); }
    void write(index_t begin) {
      for (index_t i = 0; i < block && chunk_begin + begin + i < time; ++i) {
        float const x = s.x[i % run * run + i / run];
        if constexpr (std::same_as<M, affine<float>>) {
          store(lane, chunk_begin + begin + i, affine<float>::start(x));
        } else {
          store(lane, chunk_begin + begin + i, {affine<float>::start(x), boundary::start});
        }
      }
    }
    affine_map<float> leaf_at(index_t t) const {
      auto const leaf = load(lane, t);
      if constexpr (std::same_as<M, affine<float>>) {
        return leaf;
      } else {
        return leaf.at == boundary::start ? affine<float>::start(leaf.value.b) : leaf.value;
      }
    }
  };
};

}  // namespace ssmscan::simd
