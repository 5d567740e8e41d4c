#pragma once
// The door of linear_recurrence for arrays in the caller's memory: everything that can be wrong with a recurrence is
// found here, before anything is written, and what passes is turned into a recurrence_problem.
#include <vector>

#include <ssmscan/scan/detail/check_arrays.hpp>
#include <ssmscan/scan/detail/check_offsets.hpp>

namespace ssmscan::detail {

// A team larger than this is a mistake, not a machine; OpenMP would end the process where it cannot start one.
inline constexpr int most_threads = 4096;

inline void check_execution(execution const& how) {
  if (how.threads < 0 || how.threads > most_threads)
    throw_invalid("threads", std::to_string(how.threads),
                  "0 (as many as OpenMP would use) to " + std::to_string(most_threads));
  if (how.threads > 1 && how.backend == "serial")
    throw_invalid("threads", std::to_string(how.threads) + " with backend = serial", "1 or 0: serial has one thread");
}

// Ascending offsets of the sequences.
inline std::vector<index_t> offsets_of(std::span<index_t const> offsets, index_t time) {
  need_offsets(offsets);
  check_offsets(offsets, time);
  return {offsets.begin(), offsets.end()};
}

// The same from a reset mask: a sequence starts at 0 in any case, even where there is no time.
inline std::vector<index_t> offsets_of(std::span<std::uint8_t const> reset, index_t time) {
  need_length(reset, time);
  std::vector<index_t> made{0};
  for (index_t t = 1; t < time; ++t)
    if (reset[static_cast<std::size_t>(t)] != 0) made.push_back(t);
  made.push_back(time);
  return made;
}

template <class T>
class checked_recurrence {
 public:
  explicit checked_recurrence(recurrence<T> const& given) {
    packed_by const packed = check_arrays(given);
    index_t const time = given.x.shape.time;
    if (packed == packed_by::offsets) offsets_ = offsets_of(given.offsets, time);
    if (packed == packed_by::reset) offsets_ = offsets_of(given.reset, time);
    sequences_ = packed == packed_by::nothing ? 1 : static_cast<index_t>(offsets_.size()) - 1;
    check_states(given, sequences_);
    check_overlaps(given);
    problem_ = assembled(given);
    if (packed != packed_by::nothing) pack(given.direction);
  }

  // Refers into this object.
  recurrence_problem<T> const& problem() const { return problem_; }

  // A sequence without steps leaves its initial state (zero when absent); no store ever sees it.
  void finish_empty_sequences() const {
    if (!problem_.final) return;
    for (index_t lane = 0; lane < problem_.size.lanes; ++lane)
      for (index_t k = 0; k < sequences_; ++k)
        if (problem_.is_empty(k)) problem_.final(lane, k) = problem_.state_of_empty(lane, k);
  }

 private:
  void pack(direction d) {
    index_t const time = problem_.size.time;
    if (d == direction::reverse) {
      std::ranges::reverse(offsets_);
      for (index_t& offset : offsets_) offset = time - offset;
    }
    problem_.offsets = offsets_;
  }

  recurrence_problem<T> problem_;
  index_t sequences_ = 1;
  std::vector<index_t> offsets_;  // packed: ascending along the direction of time
};

}  // namespace ssmscan::detail
