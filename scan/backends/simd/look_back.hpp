#pragma once
// look_back for the affine monoid, in the caller's memory: one pass, every element read once and written once. Where
// lanes are enough, a worker walks along its own. Where they are not, time is cut into units of a few chunks, drawn in
// order. Of numbers of 8 bytes and more each worker scans a unit ahead of where it finishes and writes, and keeps what the
// scans leave (turns-inl.hpp): chunks' sums pass, and each worker makes the states of them. Of others one worker walks its
// unit as it comes; each other sums its own meanwhile, as it comes into the cache, waits for the state that enters, and
// writes x while the unit is still there: only states pass, from unit to unit in order. The tree is the text's.
#include <atomic>
#include <memory>
#include <vector>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/backends/simd/chunked.hpp>

namespace ssmscan::simd {

// A lane of `count` chunks as units, in groups: one is walked as it comes, workers - 1 are summed first. A sum takes
// half of a walk's time at most; so a third more chunks for the one that is walked, and all take about as long. What
// was summed stays in the second-level cache until it is walked, and as much that is on its way: of 4-byte numbers (semi_log of
// double was not measured) 384 KiB by six chunks, twice that where there is room, as to begin and to end a unit takes time.
struct look_back_units {
  static constexpr index_t most_by_any = 12;  // chunks
  static index_t most_summed() {
    static index_t const made = second_level_bytes() < (1 << 20) ? most_by_any / 2 : most_by_any;
    return made;
  }
  index_t count, workers;
  index_t summed = std::clamp<index_t>(count / (8 * workers), 1, most_summed()), walked = summed + summed / 3;
  index_t group = walked + (workers - 1) * summed;

  index_t in_a_lane() const {
    index_t const left = count % group;
    return count / group * workers + (left > 0) + (left > walked ? detail::ceil_div(left - walked, summed) : 0);
  }
  bool is_walked(index_t unit) const { return unit % workers == 0; }
  index_t begin(index_t unit) const {
    index_t const place = unit % workers;
    return unit / workers * group + (place == 0 ? 0 : walked + (place - 1) * summed);
  }
  index_t end(index_t unit) const { return std::min(begin(unit) + (is_walked(unit) ? walked : summed), count); }
  // Chunks with a summary: a lane's last enters nothing.
  index_t summaries() const {
    index_t made = 0;
    for (index_t unit = 0; unit < in_a_lane(); ++unit)
      if (!is_walked(unit)) made += std::min(end(unit), count - 1) - begin(unit);
    return made;
  }
};

struct look_back : ssmscan::look_back {
  using text = ssmscan::look_back;

  // A worker that walks along hands its state on: the text's without the spine.
  static constexpr index_t work(index_t time) {
    return text::info.work(time) - std::max<index_t>(detail::ceil_div(time, chunk) - 2, 0);
  }
  // Each chunk that is summed is scanned once more, and its summary is one combine of the spine: exactly so many, but where
  // sequences start in it.
  static index_t shared_work(index_t time, index_t workers) {
    index_t const count = detail::ceil_div(time, chunk);
    if (workers <= 1 || count <= 1) return work(time);
    return work(time) + look_back_units{count, workers}.summaries() * (detail::fan_up_work<run>(chunk) + 1);
  }
  static constexpr algorithm_info info = [] {
    algorithm_info made = text::info;
    made.work = work, made.shared_work = shared_work;
    made.bytes = [](index_t, double element) { return 3 * element; };
    return made;
  }();

  template <ordered_backend B, class T>
  static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }
  template <ordered_backend B, class T>
  static void solve(B& on, segmented<affine<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().chunk, on, p);
  }
  // semi_log<T> runs by this monoid, text or not.
  template <class T>
  using of_semi_log = simd::semi_log<T>;
  static constexpr std::string_view tree_of_semi_log = semi_log_tree;
  template <ordered_backend B, class T>
  static void solve(B& on, simd::semi_log<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().semi_log.chunk, on, p);
  }
  template <ordered_backend B, class T>
  static void solve(B& on, segmented<simd::semi_log<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().semi_log.chunk, on, p);
  }

  // By the functions of one SIMD target, or of a test that counts their calls.
  template <ordered_backend B, class T>
  static void solve_by(chunk_functions<T> const& tile, B& on, detail::recurrence_problem<T> const& p) {
    solve_by(tile, on, p, best_write(p));
  }
  template <ordered_backend B, class T>
  static void solve_by(chunk_functions<T> const& tile, B& on, detail::recurrence_problem<T> const& p, write how) {
    lane_chunks<T> const chunks(p, how);
    index_t const workers = workers_for(on, p.size);
    if (p.size.lanes % workers == 0 || p.size.lanes >= lanes_to_share_out * workers) {
      by_lanes(tile, on, chunks, p.size, workers);
    } else if (tile.walk_in_turns != nullptr) {
      by_turns(tile, on, chunks, p.size.lanes, workers);
    } else {
      by_units(tile, on, chunks, p.size.lanes, workers);
    }
  }

 private:
  static constexpr index_t lanes_to_share_out = 4;  // a worker: one of them more is then a quarter more at most

  // Shares of neighbouring lanes, so that a worker goes along in memory. A worker that another process disturbs takes fewer of
  // them, where they are long: so several for each, of equally many lanes.
  static constexpr index_t most_shares = 8, least_share_of_several = index_t{1} << 18;  // a worker; elements
  static constexpr index_t shares_a_worker(extent size, index_t workers) {
    index_t const worth = size.lanes * size.time / (workers * least_share_of_several);
    for (index_t n = std::min(worth, most_shares); n > 1; --n)
      if (size.lanes % (n * workers) == 0) return n;
    return 1;
  }
  template <class B, class T>
  static void by_lanes(chunk_functions<T> const& tile, B& on, lane_chunks<T> const& chunks, extent size,
                       index_t workers) {
    index_t const lanes = size.lanes, shares = workers > 1 ? workers * shares_a_worker(size, workers) : 1;
    on.blocks(shares, [=](index_t share) {
      chunk_scratch<T> mine;  // on the stack: to ask for memory costs as much as some thousand elements do
      chunks.walk_lanes(tile, detail::share_begin(lanes, shares, share), detail::share_begin(lanes, shares, share + 1),
                        mine);
      chunks.end_writing(tile);
    });
  }

  // One worker's side of the exchange, in one lane.
  template <class T, class Boxes>
  class turns final : public unit_exchange<T> {
   public:
    turns(lane_chunks<T> const& of, index_t lane, index_t chunks_of_a_unit, std::atomic<index_t>& next, Boxes sums)
        : unit_exchange<T>(chunks_of_a_unit), chunks_(of), lane_(lane), next_(next), sums_(sums) {}
    index_t draw() override {
      index_t const number = drawn.emplace_back(next_++);
      if (number == 0) first = chunks_.first_of(lane_);
      return number;
    }
    void leaves(index_t k, affine_map<T> const& sum) override { sums_.publish(lane_ * chunks_.count() + k, sum); }
    T enters(index_t k) override {
      for (; known_ < k; ++known_)
        state_ = chunks_.state_after(lane_, known_, sums_.await_soon(lane_ * chunks_.count() + known_), state_);
      return state_;
    }
    std::vector<index_t> drawn;
    T first{};  // what stands in the place of the lane's first b: of who draws that, as in place its x is written there soon

   private:
    lane_chunks<T> const& chunks_;
    index_t lane_;
    std::atomic<index_t>& next_;
    Boxes sums_;
    index_t known_ = 0;  // chunks, after which state_ is
    T state_{};
  };

  // Every worker takes turns at every lane.
  template <class B, class T>
  static void by_turns(chunk_functions<T> const& tile, B& on, lane_chunks<T> const& chunks, index_t lanes,
                       index_t workers) {
    index_t const count = chunks.count();
    index_t const unit = std::clamp<index_t>(count / (8 * workers), 1, turn_scratch<T>::most_chunks);
    auto const scratch = on.template scratch<turn_scratch<T>>(workers);
    auto* const memory = scratch.data();
    auto boxes = on.template mailboxes<affine_map<T>>(lanes * count);
    auto const sums = boxes.boxes();
    auto const next_units = std::make_unique<std::atomic<index_t>[]>(static_cast<std::size_t>(lanes));
    auto* const next = next_units.get();
    on.blocks(workers, [=](index_t worker) {
      for (index_t lane = 0; lane < lanes; ++lane) {
        turns mine(chunks, lane, unit, next[lane], sums);
        chunks.walk_in_turns(tile, lane, memory[worker], mine, mine.first);
        for (index_t const k : mine.drawn)
          if (k * unit < count) chunks.finish_chunks(lane, k * unit, std::min((k + 1) * unit, count));
      }
      chunks.end_writing(tile);
    });
  }

  // Tickets are drawn lane by lane, in order of time: a worker waits only for units that others already hold.
  template <class B, class T>
  static void by_units(chunk_functions<T> const& tile, B& on, lane_chunks<T> const& chunks, index_t lanes,
                       index_t workers) {
    look_back_units const cut{chunks.count(), workers};
    index_t const count = cut.count, in_a_lane = cut.in_a_lane();
    auto const scratch = on.template scratch<chunk_scratch<T>>(workers);
    auto* const memory = scratch.data();
    auto boxes = on.template mailboxes<T>(lanes * in_a_lane);
    auto const states = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &next](index_t worker) {
      chunk_scratch<T>& mine = memory[worker];
      auto const entering = [&](index_t ticket, index_t unit) {
        return unit == 0 ? T(0) : states.await_soon(ticket - 1);
      };
      for (index_t ticket = next++; ticket < lanes * in_a_lane; ticket = next++) {
        index_t const lane = ticket / in_a_lane, unit = ticket % in_a_lane;
        index_t const begin = cut.begin(unit), end = cut.end(unit), first = lane * count;
        if (cut.is_walked(unit)) {
          states.publish(ticket, chunks.walk(tile, lane, begin, end, mine, entering(ticket, unit), first + begin,
                                             first + begin + cut.group));
        } else {
          affine_map<T> summaries[look_back_units::most_by_any];
          for (index_t k = begin; k < std::min(end, count - 1); ++k)  // a lane's last enters nothing
            summaries[k - begin] = chunks.summary(tile, lane, k, mine);
          T const state = entering(ticket, unit);
          T left = state;
          for (index_t k = begin; k < std::min(end, count - 1); ++k)
            left = chunks.state_after(lane, k, summaries[k - begin], left);
          states.publish(ticket, left);
          chunks.walk(tile, lane, begin, end, mine, state, first + begin + cut.group);
        }
      }
      chunks.end_writing(tile);
    });
  }
};

}  // namespace ssmscan::simd
