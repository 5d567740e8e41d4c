#pragma once
// heinsen.fused: Heinsen's formula for float in the caller's memory, logarithms, both sums and exponentials in one pass, every
// element read once and written once. Chunks and workers are look_back's, the arithmetic is heinsen_steps.hpp's, and so is
// what it gives for numbers that are not finite: as heinsen's page says, but that an |x| outside 2^+-170 may be lost on
// the way.
#include <atomic>

#include <ssmscan/scan/backends/simd/look_back.hpp>

namespace ssmscan::simd {

struct heinsen_fused {
  static constexpr algorithm_info info{.name = "heinsen",
                                       .variant = "fused",
                                       .tree = "heinsen(chunks_of_4096/1)/2",
                                       .result = result_class::reformulates,
                                       .work = [](index_t time) { return 2 * ssmscan::look_back::info.work(time); },
                                       .span = [](index_t time) { return 2 * look_back::info.span(time); },
                                       .bytes = [](index_t, double element) { return 3 * element; },
                                       .roundings = look_back::info.roundings,
                                       .source = "Heinsen 2023, arXiv 2311.06281"};

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

  // By the functions of one SIMD target.
  template <ordered_backend B>
  static void solve_by(heinsen_functions<float> const& tile, B& on, detail::recurrence_problem<float> const& p) {
    lane_chunks<float> const chunks(p, write::through_the_cache);
    index_t const count = chunks.count(), all = p.size.lanes * count, workers = workers_for(on, p.size);
    auto const scratch = on.template scratch<heinsen_scratch>(workers);
    auto* const memory = scratch.data();
    auto boxes = on.template mailboxes<double>(all);
    auto const states = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &next](index_t worker) {
      heinsen_scratch& mine = memory[worker];
      double mine_left = 0;  // by the chunk before, where it was this worker's
      for (index_t ticket = next++; ticket < all; ticket = next++) {
        index_t const lane = ticket / count, k = ticket % count;
        bool const awaited = workers > 1 && k + 1 < count;
        map const summary = awaited ? chunks.summary(tile, lane, k, mine) : map{};
        double const state = k == 0 ? 0 : workers > 1 ? states.await(ticket - 1) : mine_left;
        double const left = awaited ? after(summary, state) : 0;
        if (awaited && left != 0) states.publish(ticket, left);
        mine_left = chunks.walk(tile, lane, k, mine, state, all);
        if (awaited && left == 0) states.publish(ticket, mine_left);  // a zero's sign is known only here
      }
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
        s.a[at] = leaf.a, s.b[at] = leaf.b;
      }
    }
    void fold(index_t begin) { fold_runs(s, begin / run); }
    void walk(index_t) { walk_runs(s); }
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
