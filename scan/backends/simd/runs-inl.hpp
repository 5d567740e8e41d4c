// A block of a chunk for one SIMD target: its sixteen runs are scanned in the lanes of vectors, and finished with what enters them.
#if defined(SSMSCAN_SIMD_RUNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_RUNS_INL
#undef SSMSCAN_SIMD_RUNS_INL
#else
#define SSMSCAN_SIMD_RUNS_INL
#endif

#include <ssmscan/scan/backends/simd/chunk.hpp>
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

// All lanes: `one`.
template <class T, class D>
HWY_INLINE auto everywhere(D d, T const& one) {
  number<hn::Vec<D>, parts<T>> v;
  for (std::size_t part = 0; part < parts<T>; ++part)
    v.part[part] = hn::Set(d, reinterpret_cast<real_of<T> const*>(&one)[part]);
  return v;
}

// Where all a are one number, the products of a run's first steps are those of every other: they are made once, and stand
// where a block's are kept, and a scan leaves its sums only.
enum class coefficients : bool { each_its_own, one_for_all };

template <class T>
HWY_INLINE T put_powers(T a, scanned_runs<T>& to) {
  T power = a;
  auto* const powers = reinterpret_cast<T*>(to.a);
  for (index_t j = 0; j < run; ++j) power = powers[j] = j == 0 ? a : scalar_multiply(a, power);
  return power;
}

// What becomes of each step of a scan. Where it is stored, the stores fill the time in which a chain of multiply-adds waits
// for itself; where it is not, two chains abreast do, in vectors of 16 bytes, which take no assembling of their pieces, or
// where a processor has them in vectors of 64, of which it starts the next block's beside them.
template <class T, coefficients A = coefficients::each_its_own>
struct kept {
  static constexpr coefficients a = A;
  using lanes = run_lanes<T>;
  static constexpr std::size_t abreast = A == coefficients::one_for_all ? HWY_MIN(2, rows / lanes_of<lanes>) : 1;
  scanned_runs<T>* to;
};
template <class T, coefficients A = coefficients::each_its_own>
struct not_kept {
  static constexpr coefficients a = A;
  static constexpr bool wide = HWY_MAX_BYTES >= 64;  // there all runs together fill few vectors
  using lanes = hn::CappedTag<real_of<T>, wide ? rows : 16 / sizeof(real_of<T>)>;
  static constexpr std::size_t abreast = HWY_MIN(2, rows / lanes_of<lanes>);
};

// Scans the runs of a block: their last values (the sums only where all a are one), and where `scanned` is asked for what each step left. `between(i, n)` is
// called for i in [0, n) on the way, to keep memory busy.
template <order Order, class T, class Scanned, class Between>
HWY_INLINE void scan_runs(T const* a, T const* b, Scanned const& scanned, T* last_a, T* last_b,
                          Between const& between) {
  using D = typename Scanned::lanes;
  D const d;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, abreast = Scanned::abreast, at_once = numbers_at_once<T, D>;
  static_assert(rows % (abreast * lanes) == 0, "the chains abreast are rows of the block, and all of them");
  constexpr std::size_t calls = rows / lanes * (rows / at_once);
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  auto const* const reals_a = reinterpret_cast<real_of<T> const*>(a);
  auto const* const reals_b = reinterpret_cast<real_of<T> const*>(b);
  numbers product[abreast], sum[abreast];
  constexpr bool one_a = Scanned::a == coefficients::one_for_all;
  numbers const every_a = everywhere<T>(d, *a);
  auto const step = [&](std::size_t v, std::size_t r, std::size_t j) HWY_ATTR __attribute__((always_inline)) {
    numbers column_a[at_once], column_b[at_once];
    if constexpr (!one_a) load_columns<T>(d, reals_a + place<T, Order, at_once>(r, j), apart, column_a);
    load_columns<T, swapping::by_blends>(d, reals_b + place<T, Order, at_once>(r, j), apart, column_b);
    if constexpr (one_a) std::fill_n(column_a, at_once, every_a);
    in_time_order<Order>(column_a), in_time_order<Order>(column_b);
    for (std::size_t k = 0; k < at_once; ++k) {
      if (j + k == 0) {
        product[v] = column_a[0], sum[v] = column_b[0];
      } else {
        sum[v] = multiply_add(d, column_a[k], sum[v], column_b[k]);
        if constexpr (!one_a) product[v] = multiply(d, column_a[k], product[v]);
      }
      if constexpr (requires { scanned.to; }) {
        auto const row = (j + k) * scanned_runs<T>::step + r;
        for (std::size_t part = 0; part < parts<T>; ++part) {
          if constexpr (!one_a) hn::Store(product[v].part[part], d, scanned.to->a + row + part * rows);
          hn::Store(sum[v].part[part], d, scanned.to->b + row + part * rows);
        }
      } else {
        in_place(product[v]), in_place(sum[v]);
      }
    }
  };
  for (std::size_t first = 0; first < rows; first += abreast * lanes) {
// Unrolled, or the chains of multiply-adds run through the stack.
#pragma GCC unroll 16
    for (std::size_t j = 0; j < rows; j += at_once)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < abreast; ++v) {
        step(v, first + v * lanes, j);
        between((first / lanes + v) * (rows / at_once) + j / at_once, calls);
      }
    for (std::size_t v = 0; v < abreast; ++v) {
      if constexpr (!one_a) store_numbers<T>(d, product[v], last_a + first + v * lanes);
      store_numbers<T>(d, sum[v], last_b + first + v * lanes);
    }
  }
}

// Lane `lane`: `one`, the others as they are.
template <class D, class V, std::size_t Parts>
HWY_INLINE number<V, Parts> with_lane(D d, std::size_t lane, number<V, Parts> const& one, number<V, Parts> v) {
  auto const up_to = hn::FirstN(d, lane + 1), before = hn::FirstN(d, lane);
  for (std::size_t part = 0; part < Parts; ++part)
    v.part[part] = hn::IfThenElse(before, v.part[part], hn::IfThenElse(up_to, one.part[part], v.part[part]));
  return v;
}

// Scans the last values of a group's runs, each block by itself, block beside block.
template <class T>
HWY_NOINLINE void scan_ends(T const* last_a, T const* last_b, run_ends<T>& to) {
  hn::CappedTag<real_of<T>, static_cast<std::size_t>(group<T>)> const d;
  using D = std::remove_const_t<decltype(d)>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>, width = parts<T>;
  constexpr std::ptrdiff_t from_row = run * static_cast<std::ptrdiff_t>(width), to_row = 2 * from_row;
  static_assert(run_ends<T>::row == 2 * run);
  auto const *const reals_a = reinterpret_cast<real_of<T> const*>(last_a), *const reals_b =
                                                                               reinterpret_cast<real_of<T> const*>(
                                                                                   last_b);
  auto *const to_a = reinterpret_cast<real_of<T>*>(to.a + run), *const to_b = reinterpret_cast<real_of<T>*>(to.b + run);
  for (std::size_t g = 0; g < static_cast<std::size_t>(group<T>); g += lanes) {
    numbers product, sum;
#pragma GCC unroll 16
    for (std::size_t j = 0; j < rows; j += at_once) {
      numbers column_a[at_once], column_b[at_once];
      load_columns<T>(d, reals_a + (g * rows + j) * width, from_row, column_a);
      load_columns<T>(d, reals_b + (g * rows + j) * width, from_row, column_b);
      for (std::size_t k = 0; k < at_once; ++k) {
        if (j + k == 0) {
          product = column_a[0], sum = column_b[0];
        } else {
          sum = multiply_add(d, column_a[k], sum, column_b[k]);
          product = multiply(d, column_a[k], product);
        }
        column_a[k] = product, column_b[k] = sum;
      }
      store_columns<T>(d, column_a, to_a + (2 * g * rows + j) * width, to_row);
      store_columns<T>(d, column_b, to_b + (2 * g * rows + j) * width, to_row);
    }
  }
}

// What enters the runs of a block: the ends of the runs before, by the state that enters the block.
template <class T>
struct block_states {
  T const *end_a, *end_b;  // of its first run; the numbers in front of them are of no meaning
  T entering, after;       // the block
  bool complete;           // nothing enters: the runs' ends are complete as they are
};

// body(0), ..., body(N - 1), the numbers known to the compiler.
template <std::size_t... I, class Body>
HWY_INLINE void unrolled(std::index_sequence<I...>, Body const& body) {
  (body(std::integral_constant<std::size_t, I>{}), ...);
}

// x of a block; `between` as above.
template <class T>
inline constexpr std::size_t calls_between = rows / lanes_of<run_lanes<T>>*(rows / numbers_at_once<T, run_lanes<T>>);

template <order Order, coefficients A, class T, class Between>
HWY_INLINE void finish_runs(scanned_runs<T> const& scanned, block_states<T> const& states, T* x,
                            Between const& between) {
  run_lanes<T> const d;
  using D = run_lanes<T>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  numbers const entering = everywhere<T>(d, states.entering);
  numbers state = entering, leaves = entering;  // until the first step of their runs
  // After run `r` and as many more as the vector has lanes; from -1 on, which stands for no run.
  auto const after_runs = [&](std::ptrdiff_t r) HWY_ATTR {
    auto const sum = load_numbers<T>(d, states.end_b + r);
    return states.complete ? sum : multiply_add(d, load_numbers<T>(d, states.end_a + r), entering, sum);
  };
  auto const finish = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
    constexpr std::size_t steps = rows / at_once;
    std::size_t const r = i / steps * lanes, j = i % steps * at_once;
    if (j == 0) {
      state = after_runs(static_cast<std::ptrdiff_t>(r) - 1), leaves = after_runs(static_cast<std::ptrdiff_t>(r));
      if (r == 0) state = with_lane(d, 0, entering, state);
      if (r + lanes == rows) leaves = with_lane(d, lanes - 1, everywhere<T>(d, states.after), leaves);
    }
    numbers column[at_once];
    for (std::size_t k = 0; k < at_once; ++k) {
      auto const row = (j + k) * scanned_runs<T>::step + r;
      numbers product, sum;
      for (std::size_t part = 0; part < parts<T>; ++part) {
        if constexpr (A == coefficients::each_its_own) product.part[part] = hn::Load(d, scanned.a + row + part * rows);
        sum.part[part] = hn::Load(d, scanned.b + row + part * rows);
      }
      if constexpr (A == coefficients::one_for_all)
        product = everywhere<T>(d, reinterpret_cast<T const*>(scanned.a)[j + k]);
      column[k] = j + k + 1 < rows ? multiply_add(d, product, state, sum) : leaves;
    }
    in_time_order<Order>(column);
    store_columns<T>(d, column, reinterpret_cast<real_of<T>*>(x) + place<T, Order, at_once>(r, j), apart);
    between(i, calls_between<T>);
  };
  if constexpr (calls_between<T> <= 16) {
    unrolled(std::make_index_sequence<calls_between<T>>{}, finish);
  } else {
    for (std::size_t i = 0; i < calls_between<T>; ++i) finish(i);
  }
}

// The number of run `r` at step `j`.
template <class T>
void put_number(real_of<T>* reals, std::size_t j, std::size_t r, T const& number) {
  for (std::size_t part = 0; part < parts<T>; ++part)
    reals[j * scanned_runs<T>::step + part * rows + r] = reinterpret_cast<real_of<T> const*>(&number)[part];
}
template <class T>
HWY_INLINE T number_at(real_of<T> const* reals, std::size_t j, std::size_t r) {
  auto const* const at = reals + j * scanned_runs<T>::step + r;
  if constexpr (parts<T> == 2) {
    return T(at[0], at[rows]);
  } else {
    return at[0];
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
