#pragma once
// The algebra in three concepts. A scan needs a monoid (what is combined), an algorithm (in which order) and a backend
// (on which hardware); the three know nothing of one another beyond what stands here.
//
// Monoid     combine(combine(p, q), r) = combine(p, combine(q, r)), and identity() is neutral on both
//            sides. Operands are always (earlier, later) in time. No algorithm assumes that they
//            commute.
// Backend    four verbs. A body gets indices and captures by value, so that the same text runs on every backend.
// Algorithm  store(lane, t, load(lane, 0) o ... o load(lane, t)) for every lane and t, each load and each store exactly
//            once, in any order; a store of (lane, t) comes after the load of (lane, t), so x may stand in the place of
//            a or b.
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

// The one host/device macro: empty for a C++ compiler.
#if defined(__CUDACC__)
#define SSMSCAN_HOST_DEVICE __host__ __device__
#else
#define SSMSCAN_HOST_DEVICE
#endif

namespace ssmscan {

using index_t = std::int64_t;  // every size, length, stride and position

// `lanes` independent sequences of `time` elements each.
struct extent {
  index_t lanes;
  index_t time;
};

template <class M>
concept monoid = std::semiregular<typename M::value_type> && std::copy_constructible<M> &&
    requires(M const& combine, typename M::value_type const& earlier, typename M::value_type const& later) {
  { combine.identity() } -> std::same_as<typename M::value_type>;
  { combine(earlier, later) } -> std::same_as<typename M::value_type>;
};

// parallel_for(e, body)  body(lane, i) for 0 <= lane < e.lanes, 0 <= i < e.time: many small, independent bodies.
// blocks(n, body)        body(block) for 0 <= block < n: few long, independent bodies, one worker each.
// scratch<T>(n)          n uninitialised values; .data() is what bodies capture; freed with the object.
// name                   as in benchmark names and on the command line.
template <class B>
concept backend = requires(B& on, extent e, index_t n, void (*each)(index_t, index_t), void (*block)(index_t)) {
  { B::name } -> std::convertible_to<std::string_view>;
  on.parallel_for(e, each);
  on.blocks(n, block);
  { on.template scratch<float>(n).data() } -> std::same_as<float*>;
};

// A backend whose blocks make progress in order offers two verbs more, which single-pass scans need.
// ordered_blocks(n, body)  as blocks, and block k may wait for any block before it: those have started and will end.
// mailboxes<T>(n)          n write-once slots: publish(slot, value), ready(slot), await(slot) (waits until published).
template <class B>
concept ordered_backend = backend<B> && requires(B& on, index_t n, void (*block)(index_t)) {
  on.ordered_blocks(n, block);
  on.template mailboxes<float>(n).boxes();
};

// What a result may differ in from the sequential definition.
enum class result_class {
  exact,         // nothing: the definition itself, bit for bit
  reassociates,  // the bracketing: bit for bit on exactly associative data, else inside bound (A) of
                 // reference/bounds.hpp
  reformulates   // the arithmetic: inside a bound of its own
};

constexpr std::string_view to_string(result_class r) {
  return r == result_class::exact ? "exact" : r == result_class::reassociates ? "reassociates" : "reformulates";
}

// How logarithms are taken where they are: which bound holds, and what laws may ask.
enum class log_formula {
  none,       // the recurrence as it is
  restarted,  // two sums of all of a sequence that begin anew at a zero, by the platform's mathematics library
  in_runs,    // Heinsen's formula within short runs, by logarithms of its own; runs are joined as affine maps
  as_printed  // a paper's, in the dtype's own precision: nothing bounds its error
};

// What an algorithm says of itself, and tests hold to what runs. bytes: what is loaded and stored, and what each body
// finds in scratch and leaves there; what it touches again is in its cache.
struct algorithm_info {
  std::string_view name;     // of the file, the test, the doc page and the command line
  std::string_view variant;  // empty, or a variant registered on its own: "plain", "textbook"
  std::string_view tree;     // order of operations: two forms with one tree id give the same bits
  result_class result;
  index_t (*work)(index_t time);                  // combines per lane, exactly, where the lane is one worker's
  index_t (*span)(index_t time);                  // the longest chain of combines, exactly, by any number of workers
  double (*bytes)(index_t time, double element);  // moved per time step by affine, an element having so many bytes
  index_t (*roundings)(index_t time);             // d of bound (A): most right-operand steps any element passes through
  std::string_view source;                        // paper
  // Combines per lane at most, where so many workers share it: only of forms that then do more. Null: as `work`.
  index_t (*shared_work)(index_t time, index_t workers) = nullptr;
  log_formula formula = log_formula::none;
};

// Stand-ins with which `supports` asks whether an algorithm takes a backend and a monoid.
template <class M>
struct load_archetype {
  typename M::value_type operator()(index_t lane, index_t t) const;
};
template <class M>
struct store_archetype {
  void operator()(index_t lane, index_t t, typename M::value_type const& prefix) const;
};

template <class A, class B, class M>
concept supports = backend<B> && monoid<M> &&
    requires(B& on, M const& combine, extent e, load_archetype<M> load, store_archetype<M> store) {
  A::inclusive(on, combine, e, load, store);
};

template <class A>
concept algorithm = requires {
  { A::info } -> std::convertible_to<algorithm_info>;
};

}  // namespace ssmscan
