// Sequences that start inside a chunk, for one SIMD target. They are few beside the elements: a block is scanned in vectors
// as if none started in it, and the runs in which one does are walked again, one step at a time, by the rule of
// monoids/segmented.hpp, under which what is earlier than a start is dropped.
#if defined(SSMSCAN_SIMD_STARTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_STARTS_INL
#undef SSMSCAN_SIMD_STARTS_INL
#else
#define SSMSCAN_SIMD_STARTS_INL
#endif

#include <ssmscan/scan/backends/simd/runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// From start number i to the end of its run or to the next start: keep(place, state) at every step. The last state.
template <class T, class Keep>
T walk_from_start(chunk_source<T> const& in, index_t i, Keep const& keep) {
  chunk_starts<T> const& starts = in.starts;
  index_t const begin = starts.offsets[i] - starts.begin, end_of_run = (begin / run + 1) * run;
  index_t const next = i + 1 < starts.count ? starts.offsets[i + 1] - starts.begin : in.n;
  T const own_b = in.b[begin * in.b_stride];
  T state = starts.initial == nullptr
                ? own_b
                : scalar_multiply_add(in.a[begin * in.a_stride], starts.initial[i * starts.initial_stride], own_b);
  keep(begin, state);
  for (index_t t = begin + 1; t < std::min(end_of_run, next); ++t) {
    state = scalar_multiply_add(in.a[t * in.a_stride], state, in.b[t * in.b_stride]);
    keep(t, state);
  }
  return state;
}

// A chunk's sum from its last start on, by the sums of its runs and blocks: run_sum(r), block_sum(k).
template <class T, class RunSum, class BlockSum>
affine_map<T> sum_from_last_start(chunk_source<T> const& in, RunSum const& run_sum, BlockSum const& block_sum) {
  auto const joined = [](affine_map<T> const& sum, T const& state) { return scalar_multiply_add(sum.a, state, sum.b); };
  index_t const last = in.starts.count - 1, r = (in.starts.offsets[last] - in.starts.begin) / run;
  T state = walk_from_start(in, last, [](index_t, T const&) {});
  for (index_t k = r + 1; k % run != 0; ++k) state = joined(run_sum(k), state);
  for (index_t k = r / run + 1; k < run; ++k) state = joined(block_sum(k), state);
  return {T(0), state};
}

// Walks the runs of a block with starts again, and puts the states that leave its runs in the place of their ends, where
// `enters` (null: nothing) is what enters it. `next`: the first start, moved past the block's. The state that leaves it; and
// in `own`, from which step of its run on a state is what the run's scan left.
template <class T>
HWY_NOINLINE T complete_ends(chunk_source<T> const& in, kept_block<T> const& kept, index_t* own, index_t k,
                             index_t& next, T const* enters) {
  index_t const begin = k * block;
  T *const last_a = kept.last_a, *const last_b = kept.last_b, *const end_a = kept.end_a, *const end_b = kept.end_b;
  bool starts_in[rows]{};
  for (std::size_t r = 0; r < rows; ++r) own[r] = run;
  for (; next < in.starts.count && in.starts.offsets[next] - in.starts.begin < begin + block; ++next) {
    index_t const place = in.starts.offsets[next] - in.starts.begin - begin;
    auto const r = static_cast<std::size_t>(place / run);
    if (!starts_in[r]) own[r] = place % run;
    starts_in[r] = true;
    last_b[r] = walk_from_start(in, next, [&](index_t t, T const& state) {
      put_number(kept.scanned->b, static_cast<std::size_t>((t - begin) % run), r, state);
    });
  }
  if (enters == nullptr) own[0] = 0;
  bool started = false;
  T so_far{};
  for (std::size_t r = 0; r < rows; ++r) {
    if (starts_in[r]) {
      so_far = last_b[r];
    } else if (started) {
      so_far = scalar_multiply_add(last_a[r], so_far, last_b[r]);
    } else {
      so_far = enters == nullptr ? end_b[r] : scalar_multiply_add(end_a[r], *enters, end_b[r]);
    }
    started |= starts_in[r];
    end_b[r] = so_far;
  }
  return end_b[rows - 1];
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
