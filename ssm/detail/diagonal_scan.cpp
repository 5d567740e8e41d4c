#include <algorithm>
#include <string>
#include <vector>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/detail/chunk_door.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/ssm/detail/diagonal_scan.hpp>
#include <ssmscan/ssm/kernels/diagonal_steps.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;
using ssmscan::detail::share_begin;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// Values of state that the whole length holds at a time: 64 MiB.
constexpr index_t whole_budget = index_t{1} << 22;
// ... and a piece, of each worker: 256 KiB, a quarter of a second-level cache; and so many steps at least, as each state of a
// piece has a beginning and an end.
constexpr index_t piece_budget = index_t{1} << 14, least_piece = 128;
// Values of state that are worth a worker.
constexpr index_t worth_a_worker = index_t{1} << 13;

class diagonal_scanner {
 public:
  diagonal_scanner(diagonal_arithmetic const& of, double const* u, double* y, index_t length,
                   linear_system::packed const& states_of, execution const& how)
      : of_(of), u_(u), y_(y), length_(length), states_of_(states_of), how_(how) {}

  choice run() {
    index_t const portion = portion_of_whole();
    std::string const name = ssmscan::detail::algorithm_by_one_a({portion, length_}, packing(), how_);
    auto const* const chunks = ssmscan::detail::chunks_of_complex_doubles();
    bool const is_tree = name == ssmscan::chunked::info.name || name == ssmscan::look_back::info.name;
    bool const is_fold = name == ssmscan::sequential::info.name;
    if (!(is_fold || (is_tree && chunks != nullptr))) return whole(portion);

    execution named = how_;
    named.algorithm = name;
    ssmscan::recurrence<complex> nothing;
    nothing.a = {of_.a, {1, 1, 0}}, nothing.b = {of_.b, {1, 1, 0}}, nothing.x = {carried_.data(), {1, 1, 0}};
    choice const made = linear_recurrence(nothing, named);  // refuses what cannot be run, before anything is written
    threads_ = how_.backend == openmp::name ? openmp(how_.threads).threads() : 1;
    // Of fewer states than threads time is shared out, which takes the whole length.
    if (threads_ > of_.states && length_ > least_shared) return whole(portion);
    carried_.resize(at(of_.states));
    finish_empty_sequences();
    is_fold ? by_folds(named) : by_chunks(*chunks);
    return made;
  }

 private:
  static constexpr index_t least_shared = 2 * simd::chunk;  // steps

  bool is_packed() const { return states_of_.sequences() != 1; }
  ssmscan::detail::packing packing() const {
    return is_packed() ? ssmscan::detail::packing::packed : ssmscan::detail::packing::one_sequence;
  }
  complex const* initial_of(index_t sequence) const {
    return states_of_.initial == nullptr ? nullptr : states_of_.initial + sequence * of_.states;
  }
  complex* final_of(index_t sequence) const {
    return states_of_.final == nullptr ? nullptr : states_of_.final + sequence * of_.states;
  }
  index_t offset(index_t sequence) const { return states_of_.offsets[at(sequence)]; }

  void finish_empty_sequences() const {
    for (index_t k = 0; states_of_.final != nullptr && k < states_of_.sequences(); ++k) {
      if (offset(k) != offset(k + 1)) continue;
      for (index_t n = 0; n < of_.states; ++n)
        final_of(k)[n] = states_of_.initial == nullptr ? complex(0) : initial_of(k)[n];
    }
  }

  // Steps [begin, end) of state n.
  void drive(index_t n, index_t begin, index_t end, complex* to) const {
    for (index_t q = 0; q < of_.inputs; ++q)
      drive_steps(of_.b[n * of_.inputs + q], u_ + q * length_ + begin, to, end - begin,
                  q == 0 ? driven::set : driven::add);
  }
  void begin_outputs(index_t begin, index_t end) const {
    for (index_t p = 0; p < of_.outputs; ++p) std::fill(y_ + p * length_ + begin, y_ + p * length_ + end, 0.0);
  }
  // Of states from number `first` on, `apart` from one to the next.
  void read_out(index_t first, index_t count, complex const* x, index_t apart, index_t begin, index_t end) const {
    for (index_t p = 0; p < of_.outputs; ++p)
      read_out_steps(of_.c + p * of_.states + first, x, count, apart, y_ + p * length_ + begin, end - begin);
  }
  void finish_outputs(index_t begin, index_t end) const {
    for (index_t p = 0; p < of_.outputs; ++p) {
      double* const y = y_ + p * length_;
      for (index_t t = begin; t < end; ++t) y[t] *= of_.factor;
      for (index_t q = 0; q < of_.inputs; ++q) {
        double const d = of_.d[p * of_.inputs + q];
        double const* const u = u_ + q * length_;
        for (index_t t = begin; t < end; ++t) y[t] += d * u[t];
      }
    }
  }

  // each(begin, end) of shares of `count` by workers that have so many values of state each at least.
  template <class Each>
  void share_out(index_t count, index_t values, Each const& each) const {
    index_t const workers = std::clamp<index_t>(values / worth_a_worker, 1, std::min<index_t>(threads_, count));
    if (workers == 1) return each(0, count);
    openmp(threads_).blocks(workers, [&](index_t worker) {
      each(share_begin(count, workers, worker), share_begin(count, workers, worker + 1));
    });
  }

  // One chunk of time after the other, some states of it at a time. Workers take some of the states each, and read out some
  // steps each, so that every sum has the order of the states.
  void by_chunks(simd::chunk_functions<complex> const& tile) {
    index_t const longest = std::min(length_, simd::chunk);
    index_t const together =
        std::clamp<index_t>(piece_budget * threads_ / std::max<index_t>(longest, 1), 1, of_.states);
    std::vector<complex> lanes(at(together * longest));
    for (index_t begin = 0; begin < length_; begin += simd::chunk) {
      index_t const end = std::min(begin + simd::chunk, length_), steps = end - begin;
      begin_outputs(begin, end);
      for (index_t first = 0; first < of_.states; first += together) {
        index_t const count = std::min(together, of_.states - first);
        share_out(count, count * steps, [&](index_t from, index_t to) {
          simd::chunk_scratch<complex> mine;
          for (index_t i = from; i < to; ++i) walk_chunk(tile, first + i, begin, end, lanes.data() + i * longest, mine);
        });
        share_out(steps, count * steps, [&](index_t from, index_t to) {
          read_out(first, count, lanes.data() + from, longest, begin + from, begin + to);
        });
      }
      finish_outputs(begin, end);
    }
  }
  void walk_chunk(simd::chunk_functions<complex> const& tile, index_t n, index_t begin, index_t end, complex* x,
                  simd::chunk_scratch<complex>& mine) {
    drive(n, begin, end, x);
    auto const& offsets = states_of_.offsets;
    complex first = x[0];
    if (begin == 0 && states_of_.initial != nullptr) {
      index_t const sequence = std::ranges::upper_bound(offsets, index_t{0}) - offsets.begin() - 1;
      first = multiply_add(of_.a[n], initial_of(sequence)[n], x[0]);
    }
    simd::chunk_source<complex> in{of_.a + n, x, 0, 1, end - begin, begin == 0 ? &first : nullptr};
    if (is_packed()) {
      index_t const from = std::ranges::lower_bound(offsets, std::max<index_t>(begin, 1)) - offsets.begin();
      index_t const to = std::ranges::lower_bound(offsets, end) - offsets.begin();
      in.starts = {offsets.data() + from, to - from, begin,
                   states_of_.initial != nullptr && from < to ? initial_of(from) + n : nullptr, of_.states};
    }
    carried_[at(n)] =
        tile.walk(in, mine, begin == 0 ? nullptr : &carried_[at(n)], {x, 1, simd::write::through_the_cache});
    if (states_of_.final == nullptr) return;
    index_t k = std::ranges::upper_bound(offsets, begin) - offsets.begin();  // that ends first behind it
    for (; k < std::ssize(offsets) && offset(k) <= end; ++k)
      if (offset(k - 1) < offset(k)) final_of(k - 1)[n] = x[offset(k) - 1 - begin];
  }

  // Pieces of one long sequence, or of whole short ones.
  void by_folds(execution const& named) {
    index_t const piece = std::clamp(piece_budget * threads_ / of_.states, least_piece, std::max(length_, least_piece));
    std::vector<complex> lanes(at(of_.states * std::min(piece, length_)));
    for (index_t k = 0, begin = 0; begin < length_;) {
      while (offset(k + 1) <= begin) ++k;
      bool const starts = offset(k) == begin;
      index_t last = k + 1;  // the sequence behind those of this piece
      while (starts && last < states_of_.sequences() && offset(last + 1) - begin <= piece) ++last;
      index_t const end = std::min(offset(last), begin + piece), sequences = last - k;
      bool const ends = end == offset(last);

      ssmscan::recurrence<complex> problem = problem_of(lanes.data(), end - begin, end - begin);
      tensor_shape const states{1, of_.states, sequences};
      tensor_shape const row{.batch = 0, .channel = 1, .time = of_.states};
      if (!starts) {
        problem.initial = {entered_.data(), states, row};
      } else if (states_of_.initial != nullptr) {
        problem.initial = {initial_of(k), states, row};
      }
      if (!ends) {
        problem.final = {carried_.data(), states, row};
      } else if (states_of_.final != nullptr) {
        problem.final = {final_of(k), states, row};
      }
      std::vector<index_t> offsets;
      if (sequences > 1) {
        for (index_t i = k; i <= last; ++i) offsets.push_back(offset(i) - begin);
        problem.offsets = offsets;
      }
      fold_piece(problem, named, begin, end, lanes.data());
      std::swap(entered_, carried_), carried_.resize(entered_.size());
      begin = end;
    }
  }
  void fold_piece(ssmscan::recurrence<complex> const& problem, execution const& named, index_t begin, index_t end,
                  complex* x) const {
    index_t const steps = end - begin, values = of_.states * steps;
    share_out(of_.states, values, [&](index_t from, index_t to) {
      for (index_t n = from; n < to; ++n) drive(n, begin, end, x + n * steps);
    });
    linear_recurrence(problem, named);
    share_out(steps, values, [&](index_t from, index_t to) {
      begin_outputs(begin + from, begin + to);
      read_out(0, of_.states, x + from, steps, begin + from, begin + to);
      finish_outputs(begin + from, begin + to);
    });
  }
  // x of all states, in place of what drives them.
  ssmscan::recurrence<complex> problem_of(complex* x, index_t steps, index_t apart) const {
    tensor_shape const shape{1, of_.states, steps};
    ssmscan::recurrence<complex> problem;
    problem.a = {of_.a, shape, {.batch = 0, .channel = 1, .time = 0}};
    problem.x = {x, shape, {.batch = 0, .channel = apart, .time = 1}};
    problem.b = problem.x;
    return problem;
  }

  // The whole length of some states at a time. No bit depends on how many.
  index_t portion_of_whole() const {
    return std::clamp<index_t>(whole_budget / std::max<index_t>(1, length_), 1, of_.states);
  }
  choice whole(index_t portion) const {
    index_t const sequences = states_of_.sequences();
    std::vector<complex> lanes(at(portion * length_));
    choice made;
    for (index_t first = 0; first < of_.states; first += portion) {
      index_t const count = std::min(portion, of_.states - first);
      for (index_t n = 0; n < count; ++n) drive(first + n, 0, length_, lanes.data() + n * length_);
      tensor_shape const shape{1, count, length_}, ends{1, count, sequences};
      tensor_shape const row{.batch = 0, .channel = 1, .time = of_.states};
      ssmscan::recurrence<complex> problem;
      problem.a = {of_.a + first, shape, {.batch = 0, .channel = 1, .time = 0}};
      problem.x = {lanes.data(), shape};
      problem.b = problem.x;
      if (states_of_.initial != nullptr) problem.initial = {states_of_.initial + first, ends, row};
      if (states_of_.final != nullptr) problem.final = {states_of_.final + first, ends, row};
      if (is_packed()) problem.offsets = states_of_.offsets;
      made = linear_recurrence(problem, how_);  // refuses before anything is written
      if (first == 0) begin_outputs(0, length_);
      read_out(first, count, lanes.data(), length_, 0, length_);
    }
    finish_outputs(0, length_);
    return made;
  }

  diagonal_arithmetic const of_;
  double const* const u_;
  double* const y_;
  index_t const length_;
  linear_system::packed const& states_of_;
  execution const& how_;
  int threads_ = 1;
  std::vector<complex> carried_, entered_;  // states between two pieces
};

}  // namespace

choice diagonal_scan(diagonal_arithmetic const& of, double const* u, double* y, index_t length,
                     linear_system::packed const& states_of, execution const& how) {
  return diagonal_scanner(of, u, y, length, states_of, how).run();
}

}  // namespace ssmscan::ssm::detail
