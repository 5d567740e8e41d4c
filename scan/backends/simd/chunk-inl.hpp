// The chunk of chunk.hpp for one SIMD target.
#if defined(SSMSCAN_SIMD_CHUNK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_CHUNK_INL
#undef SSMSCAN_SIMD_CHUNK_INL
#else
#define SSMSCAN_SIMD_CHUNK_INL
#endif

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/columns-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// A vector's lanes are runs of one block.
template <class T>
using run_lanes = hn::CappedTag<real_of<T>, rows>;

enum class order : bool { up, down };  // of time along memory

// Numbers loaded together stand in memory in reverse where time runs down.
template <order Order, class Numbers, std::size_t N>
HWY_INLINE void in_time_order(Numbers (&v)[N]) {
  if constexpr (Order == order::down)
    for (std::size_t i = 0; i < N / 2; ++i) std::swap(v[i], v[N - 1 - i]);
}

// Reals from the first element of a block to where the numbers [j, j + N) of its run `r` begin; the base of a block
// whose time runs down is its last place in memory.
template <class T, order Order, std::size_t N>
HWY_INLINE std::ptrdiff_t place(std::size_t r, std::size_t j) {
  constexpr auto width = static_cast<std::ptrdiff_t>(parts<T>);
  auto const t = static_cast<std::ptrdiff_t>(r * rows + j);
  return width * (Order == order::up ? t : -t - static_cast<std::ptrdiff_t>(N) + 1);
}

// Scans the runs of a block: scanned, and their last values.
template <order Order, class T>
HWY_INLINE void scan_runs(T const* a, T const* b, scanned_runs<T>& scanned, T* last_a, T* last_b) {
  run_lanes<T> const d;
  using D = run_lanes<T>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  auto const* const reals_a = reinterpret_cast<real_of<T> const*>(a);
  auto const* const reals_b = reinterpret_cast<real_of<T> const*>(b);
  // So many vectors of runs at a time, that the latency of one's multiply-adds is another's time.
  constexpr std::size_t abreast = rows / lanes >= 2 && parts<T> == 1 ? 2 : 1;
  for (std::size_t first = 0; first < rows; first += abreast * lanes) {
    numbers product[abreast], sum[abreast];
    for (std::size_t j = 0; j < rows; j += at_once)
      for (std::size_t v = 0; v < abreast; ++v) {
        std::size_t const r = first + v * lanes;
        numbers column_a[at_once], column_b[at_once];
        load_columns<T>(d, reals_a + place<T, Order, at_once>(r, j), apart, column_a);
        load_columns<T>(d, reals_b + place<T, Order, at_once>(r, j), apart, column_b);
        in_time_order<Order>(column_a), in_time_order<Order>(column_b);
        for (std::size_t k = 0; k < at_once; ++k) {
          if (j + k == 0) {
            product[v] = column_a[0], sum[v] = column_b[0];
          } else {
            sum[v] = multiply_add(d, column_a[k], sum[v], column_b[k]);
            product[v] = multiply(d, column_a[k], product[v]);
          }
          auto const row = (j + k) * scanned_runs<T>::step + r;
          for (std::size_t part = 0; part < parts<T>; ++part) {
            hn::Store(product[v].part[part], d, scanned.a + row + part * rows);
            hn::Store(sum[v].part[part], d, scanned.b + row + part * rows);
          }
        }
      }
    for (std::size_t v = 0; v < abreast; ++v) {
      store_numbers<T>(d, product[v], last_a + first + v * lanes);
      store_numbers<T>(d, sum[v], last_b + first + v * lanes);
    }
  }
}

// x of a block: before[r] enters run r and before[r + 1] is what it ends with.
template <order Order, class T>
HWY_INLINE void finish_runs(scanned_runs<T> const& scanned, T const* before, T* x) {
  run_lanes<T> const d;
  using D = run_lanes<T>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  for (std::size_t r = 0; r < rows; r += lanes) {
    numbers const state = load_numbers<T>(d, before + r);
    for (std::size_t j = 0; j < rows; j += at_once) {
      numbers column[at_once];
      for (std::size_t k = 0; k < at_once; ++k) {
        auto const row = (j + k) * scanned_runs<T>::step + r;
        numbers product, sum;
        for (std::size_t part = 0; part < parts<T>; ++part) {
          product.part[part] = hn::Load(d, scanned.a + row + part * rows);
          sum.part[part] = hn::Load(d, scanned.b + row + part * rows);
        }
        column[k] = j + k + 1 < rows ? multiply_add(d, product, state, sum) : load_numbers<T>(d, before + 1 + r);
      }
      in_time_order<Order>(column);
      store_columns<T>(d, column, reinterpret_cast<real_of<T>*>(x) + place<T, Order, at_once>(r, j), apart);
    }
  }
}

// The number of run `r` at step `j`.
template <class T>
HWY_INLINE T number_at(real_of<T> const* reals, std::size_t j, std::size_t r) {
  auto const* const at = reals + j * scanned_runs<T>::step + r;
  if constexpr (parts<T> == 2) {
    return T(at[0], at[rows]);
  } else {
    return at[0];
  }
}

template <class T>
affine_map<T> chunk_up(chunk_source<T> const& in, chunk_scratch<T>& s) {
  bool const one_a = in.a_stride == 0;
  if (one_a) std::fill_n(s.in_a, block, *in.a);
  bool const up = in.b_stride == 1 && (one_a || in.a_stride == 1), down = in.b_stride == -1 && in.a_stride == -1;
  for (index_t begin = 0; begin < in.n; begin += block) {
    auto const k = static_cast<std::size_t>(begin / block);
    index_t const n = std::min(block, in.n - begin);
    T *const last_a = s.run_a + begin / run, *const last_b = s.run_b + begin / run;
    T const *a = in.a + begin * in.a_stride, *b = in.b + begin * in.b_stride;
    bool const replaced = begin == 0 && in.first != nullptr;
    if (n == block && !replaced && up) {
      scan_runs<order::up>(one_a ? s.in_a : a, b, s.blocks[k], last_a, last_b);
    } else if (n == block && !replaced && down) {
      scan_runs<order::down>(a, b, s.blocks[k], last_a, last_b);
    } else {
      for (index_t i = 0; i < n; ++i) s.in_b[i] = b[i * in.b_stride];
      if (!one_a)
        for (index_t i = 0; i < n; ++i) s.in_a[i] = a[i * in.a_stride];
      if (replaced) s.in_b[0] = *in.first;
      for (index_t i = n; i < block; ++i)
        s.in_a[i] = T(1), s.in_b[i] = T(0);  // after all that is there: changes nothing
      scan_runs<order::up>(s.in_a, s.in_b, s.blocks[k], last_a, last_b);
    }
  }
  index_t const whole = (in.n + block - 1) / block * run;
  std::fill(s.run_a + whole, s.run_a + block, T(1)), std::fill(s.run_b + whole, s.run_b + block, T(0));
  scan_runs<order::up>(s.run_a, s.run_b, s.ends, s.block_a, s.block_b);
  for (index_t k = 1; k < run; ++k) {
    s.block_b[k] = scalar_multiply_add(s.block_a[k], s.block_b[k - 1], s.block_b[k]);
    s.block_a[k] = scalar_multiply(s.block_a[k], s.block_a[k - 1]);
  }
  return {s.block_a[run - 1], s.block_b[run - 1]};
}

// Whole lines of memory past the cache, what is left over through it.
template <class T>
void stream(T const* from, T* to, index_t n) {
  using R = real_of<T>;
  hn::ScalableTag<R> const d;
  constexpr std::size_t width = lanes_of<decltype(d)>;
  auto const* source = reinterpret_cast<R const*>(from);
  auto* target = reinterpret_cast<R*>(to);
  auto left = static_cast<std::size_t>(n) * parts<T>;
  for (; left > 0 && reinterpret_cast<std::uintptr_t>(target) % 64 != 0; --left) *target++ = *source++;
  for (; left >= width; left -= width, target += width, source += width) hn::Stream(hn::LoadU(d, source), d, target);
  for (; left > 0; --left) *target++ = *source++;
  hwy::FlushStream();
}

template <class T>
void chunk_down(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  s.block_state[0] = state != nullptr ? *state : T(0);
  for (index_t k = 0; k < run; ++k)
    s.block_state[k + 1] = state != nullptr ? scalar_multiply_add(s.block_a[k], *state, s.block_b[k]) : s.block_b[k];
  s.run_state[0] = s.block_state[0];
  finish_runs<order::up>(s.ends, s.block_state, s.run_state + 1);
  if (state == nullptr)  // the first block's run ends are complete as they are
    for (std::size_t r = 0; r + 1 < rows; ++r) s.run_state[r + 1] = number_at<T>(s.ends.b, r, 0);

  bool const streamed = to.how == write::past_the_cache && to.stride == 1;
  for (index_t begin = 0; begin < in.n; begin += block) {
    auto const k = static_cast<std::size_t>(begin / block);
    index_t const n = std::min(block, in.n - begin);
    T const* const before = s.run_state + begin / run;
    T* const x = to.x + begin * to.stride;
    bool const complete = begin == 0 && state == nullptr;  // so is the first run
    if (n == block && !complete && !streamed && to.stride == 1) {
      finish_runs<order::up>(s.blocks[k], before, x);
    } else if (n == block && !complete && to.stride == -1) {
      finish_runs<order::down>(s.blocks[k], before, x);
    } else {
      T* const out = s.out + begin;
      finish_runs<order::up>(s.blocks[k], before, out);
      if (complete)
        for (std::size_t j = 0; j + 1 < rows; ++j) out[j] = number_at<T>(s.blocks[0].b, j, 0);
      if (!streamed)
        for (index_t i = 0; i < n; ++i) x[i * to.stride] = out[i];
    }
  }
  if (streamed) stream(s.out, to.x, in.n);
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
