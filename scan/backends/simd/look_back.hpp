#pragma once
// look_back for the affine monoid, in the caller's memory: one pass, every element read once and written once. Where
// lanes are enough, a worker walks along its own. Where they are not, time is cut. Of a lane that forgets what was long ago each
// worker walks a part of its own (lane_parts.hpp). Of others units of a few chunks are drawn in order. Of numbers of 8 bytes and more
// each worker scans a unit ahead of where it finishes and writes, and keeps what the scans leave (turns-inl.hpp): chunks' sums
// pass, and each worker makes the states of them. Of narrower ones one worker walks its unit as it comes; each other sums its own
// meanwhile, as it comes into the cache, waits for the state that enters, and writes x while the unit is still there: only
// states pass, from unit to unit in order (look_back_units.hpp). The tree is the text's.
#include <atomic>
#include <memory>
#include <vector>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/backends/simd/chunked.hpp>
#include <ssmscan/scan/backends/simd/lane_parts.hpp>
#include <ssmscan/scan/backends/simd/look_back_units.hpp>

namespace ssmscan::simd {

struct look_back : ssmscan::look_back {
  using text = ssmscan::look_back;

  // A worker that walks along hands its state on: the text's without the spine.
  static constexpr index_t work(index_t time) {
    return text::info.work(time) - std::max<index_t>(detail::ceil_div(time, chunk) - 2, 0);
  }
  // Of units each chunk that is summed is scanned once more, and its summary is one combine of the spine: exactly so many, but
  // where sequences start in it. Before, a chunk in the middle of a long lane is summed, to see whether it forgets.
  static index_t work_by_units(index_t time, index_t workers) {
    lane_parts const cut{detail::ceil_div(time, chunk), workers};
    if (workers <= 1 || cut.count <= 1) return work(time);
    index_t const asked = cut.are_long_enough() ? 1 : 0;
    return work(time) +
           (look_back_units{cut.count, workers}.summaries() + asked) * (detail::fan_up_work<run>(chunk) + 1);
  }
  // Of openings whole ones may be summed in vain, two before and one for each part; and all parts but the first walked twice.
  static index_t shared_work(index_t time, index_t workers) {
    lane_parts const cut{detail::ceil_div(time, chunk), workers};
    index_t const units = work_by_units(time, workers);
    if (!cut.are_long_enough()) return units;
    index_t const opening = cut.most_summed() * (detail::fan_up_work<run>(chunk) + part_combines);
    return std::max(units + 2 * opening, 2 * work(time) + (cut.parts + 1) * opening);
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
    } else if (lane_parts const cut{chunks.count(), workers}; can_go_by_parts(tile, chunks, p, cut)) {
      by_parts(tile, on, chunks, p.size.lanes, cut);
    } else if (tile.walk_in_turns != nullptr) {
      by_turns(tile, on, chunks, p.size.lanes, workers);
    } else {
      by_units(tile, on, chunks, p.size.lanes, workers);
    }
  }

 private:
  static constexpr index_t lanes_to_share_out = 4;  // a worker: one of them more is then a quarter more at most

  // Shares of neighbouring lanes: of each worker its own one behind the other, so that it goes along in memory, and where it went
  // when the lanes were made or last scanned, as its caches may have kept some; then what others have not begun, as another process
  // may have disturbed them. So several for each, where lanes are long, of equally many.
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
    index_t const lanes = size.lanes, shares = shares_a_worker(size, workers), all = workers * shares;
    if (workers == 1) {  // nothing to share, and no memory to ask for
      chunk_scratch<T> mine;
      chunks.walk_lanes(tile, 0, lanes, mine);
      chunks.end_writing(tile);
      return;
    }
    auto const begun_by_each = std::make_unique<std::atomic<index_t>[]>(static_cast<std::size_t>(workers));
    auto* const begun = begun_by_each.get();
    on.blocks(workers, [=](index_t worker) {
      chunk_scratch<T> mine;  // on the stack: to ask for memory costs as much as some thousand elements do
      for (index_t k = 0; k < workers; ++k) {
        index_t const of = (worker + k) % workers;
        for (index_t i = begun[of]++; i < shares; i = begun[of]++)
          chunks.walk_lanes(tile, detail::share_begin(lanes, all, of * shares + i),
                            detail::share_begin(lanes, all, of * shares + i + 1), mine);
      }
      chunks.end_writing(tile);
    });
  }

  // The first lane's middle part and its last speak for all. Not in place: what is walked twice is read twice.
  template <class T>
  static bool can_go_by_parts(chunk_functions<T> const& tile, lane_chunks<T> const& chunks,
                              detail::recurrence_problem<T> const& p, lane_parts const& cut) {
    if (!cut.are_long_enough() || is_in_place(p)) return false;
    chunk_scratch<T> mine;
    index_t const middle = cut.parts / 2, last = cut.parts - 1;
    auto const forgets = [&](index_t part) {
      return part_opening<T>(tile, chunks, 0, cut.begin(part), cut.most_summed(), mine).forgets();
    };
    return forgets(middle) && (last == middle || forgets(last));
  }
  // A part of every lane for each worker, who waits for the one in front of it only.
  template <class B, class T>
  static void by_parts(chunk_functions<T> const& tile, B& on, lane_chunks<T> const& chunks, index_t lanes,
                       lane_parts const& cut) {
    auto boxes = on.template mailboxes<T>(lanes * cut.parts);
    auto const states = boxes.boxes();
    on.ordered_blocks(cut.parts, [=](index_t part) {
      chunk_scratch<T> mine;
      index_t const begin = cut.begin(part), end = cut.end(part);
      for (index_t lane = 0; lane < lanes; ++lane) {
        index_t const box = lane * cut.parts + part;
        auto const walk = [&](index_t from, index_t to, T const& state) {
          return chunks.walk(tile, lane, from, to, mine, state, lane * cut.count + from);
        };
        if (part == 0) {
          states.publish(box, walk(begin, end, T(0)));
          continue;
        }
        part_opening<T> const opening(tile, chunks, lane, begin, cut.most_summed(), mine);
        if (!opening.forgets()) {
          states.publish(box, walk(begin, end, states.await(box - 1)));
          continue;
        }
        T const alone = opening.after(T(0));
        T left = walk(opening.end(), end, alone);
        T const enters = states.await_soon(box - 1), after = opening.after(enters);
        if (std::memcmp(&after, &alone, sizeof(T)) != 0) left = walk(opening.end(), end, after);
        states.publish(box, left);
        walk(begin, opening.end(), enters);
      }
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
