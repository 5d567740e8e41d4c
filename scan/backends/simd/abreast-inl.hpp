// Lanes abreast for one SIMD target, their states in registers from the first step to the last: rows of lanes that lie
// beside one another, some vectors of each row at a time; lanes that each lie along memory, some steps of as many lanes as
// a vector has, turned; and a few lanes with any strides, whose chains of multiply-adds wait side by side.
#if defined(SSMSCAN_SIMD_ABREAST_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_ABREAST_INL
#undef SSMSCAN_SIMD_ABREAST_INL
#else
#define SSMSCAN_SIMD_ABREAST_INL
#endif

#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/backends/simd/runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Lanes [lane, lane + N), one or more, at any strides.
template <std::size_t N, class T>
void fold_any(lanes_piece<T> const& given, index_t lane) {
  lanes_piece<T> const p = given;  // a copy that no store can reach, so that its numbers stay in registers
  T const *a[N], *b[N];
  T *x[N], state[N];
  for (std::size_t i = 0; i < N; ++i, ++lane) {
    a[i] = p.a.data + lane * p.a.lane_stride, b[i] = p.b.data + lane * p.b.lane_stride;
    x[i] = p.x + lane * p.x_lane_stride, state[i] = p.state[lane];
  }
  auto const walk = [&](index_t of_a, index_t of_b, index_t of_x) HWY_ATTR __attribute__((always_inline)) {
    index_t t = 0;
    if (p.starts) {
      for (std::size_t i = 0; i < N; ++i) *x[i] = state[i] = *b[i];
      t = 1;
    }
    for (; t < p.time; ++t)
      for (std::size_t i = 0; i < N; ++i)
        x[i][t * of_x] = state[i] = scalar_multiply_add(a[i][t * of_a], state[i], b[i][t * of_b]);
  };
  if (p.a.time_stride == 1 && p.b.time_stride == 1 && p.x_time_stride == 1) {
    walk(1, 1, 1);
  } else {
    walk(p.a.time_stride, p.b.time_stride, p.x_time_stride);
  }
  lane -= static_cast<index_t>(N);
  for (std::size_t i = 0; i < N; ++i, ++lane) p.state[lane] = state[i];
}
constexpr index_t lanes_of_any = 4;  // at once
template <class T>
void fold_any(lanes_piece<T> const& p, index_t lane, index_t end) {
  for (; end - lane >= lanes_of_any; lane += lanes_of_any) fold_any<std::size_t{lanes_of_any}>(p, lane);
  if (end - lane == 3) fold_any<3>(p, lane);
  if (end - lane == 2) fold_any<2>(p, lane);
  if (end - lane == 1) fold_any<1>(p, lane);
}

// States in half of the registers that every target has, 16.
template <class T>
inline constexpr std::size_t most_vectors = 8 / parts<T>;

#if HWY_TARGET == HWY_SCALAR  // a vector is one lane

template <coefficients, class T>
index_t fold_beside(lanes_piece<T> const&) {
  return 0;
}
template <class T>
index_t fold_along(lanes_piece<T> const&) {
  return 0;
}

#else

// How far ahead of a row memory is asked: the best of 1 to 16 KiB of each array; never where all there is is in the
// first-level cache.
template <class T>
index_t rows_ahead(lanes_piece<T> const& p) {
  constexpr index_t ahead_bytes = 2048, in_first_level = index_t{1} << 14, size = sizeof(T);
  if (p.lanes * p.time * size <= in_first_level) return p.time;
  return std::clamp<index_t>(ahead_bytes / (p.lanes * size), 1, p.time);
}

// Lanes from `first` on, neighbours in each row, as vectors of which the last begins `last` lanes on: inside the one
// before, where the lanes are no multiple. What two vectors have is made twice, and nothing of a row is written before all
// of it is read, as x may be a or b. A: whether each lane has an a of its own, or a row one for all.
template <std::size_t Vectors, coefficients A, class D, class T>
void fold_columns(lanes_piece<T> const& given, index_t first, index_t last) {
  D const d;
  lanes_piece<T> const p = given;
  using numbers = number<hn::Vec<D>, parts<T>>;
  auto const place = [last](auto v) HWY_ATTR __attribute__((always_inline)) {
    return v + 1 < Vectors ? static_cast<index_t>(v * lanes_of<D>) : last;
  };
  constexpr auto all = std::make_index_sequence<Vectors>{};
  constexpr bool one_a = A == coefficients::one_for_all;
  T const *a = p.a.data + (one_a ? 0 : first), *b = p.b.data + first;
  T *x = p.x + first, *const left = p.state + first;
  numbers state[Vectors], of_row;
  auto const load = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
    state[v] = load_numbers<T>(d, (p.starts ? b : left) + place(v));
  };
  auto const step = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
    auto const& of_lanes = one_a ? of_row : load_numbers<T>(d, a + place(v));
    state[v] = multiply_add(d, of_lanes, state[v], load_numbers<T>(d, b + place(v)));
  };
  auto const write = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
    store_numbers<T>(d, state[v], x + place(v));
  };
  auto const leave = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
    store_numbers<T>(d, state[v], left + place(v));
  };
  unrolled(all, load);
  index_t t = 0;
  if (p.starts) unrolled(all, write), a += p.a.time_stride, b += p.b.time_stride, x += p.x_time_stride, t = 1;
  auto const row = [&]() HWY_ATTR __attribute__((always_inline)) {
    if constexpr (one_a) of_row = everywhere<T>(d, *a);
    unrolled(all, step), unrolled(all, write);
    ++t, a += p.a.time_stride, b += p.b.time_stride, x += p.x_time_stride;
  };
  index_t const ahead = rows_ahead(p);
  for (; t < p.time - ahead; row())
    for (index_t lane = 0; lane < last + static_cast<index_t>(lanes_of<D>); lane += line_bytes / index_t{sizeof(T)}) {
      if constexpr (!one_a) hwy::Prefetch(a + ahead * p.a.time_stride + lane);
      hwy::Prefetch(b + ahead * p.b.time_stride + lane), hwy::Prefetch(x + ahead * p.x_time_stride + lane);
    }
  while (t < p.time) row();
  unrolled(all, leave);
}

// As many lanes as Most vectors of D have, again and again, and those that are left of them where they fill one.
template <std::size_t Most, coefficients A, class D, class T>
index_t fold_columns_from(lanes_piece<T> const& p, index_t lane) {
  constexpr auto width = static_cast<index_t>(lanes_of<D>), most = static_cast<index_t>(Most) * width;
  for (index_t count = 0; p.lanes - lane >= width; lane += count) {
    count = std::min(p.lanes - lane, most);
    auto const vectors = static_cast<std::size_t>(detail::ceil_div(count, width));
    auto const by = [&](auto i) HWY_ATTR {
      if (vectors == i + 1) fold_columns<i + 1, A, D>(p, lane, count - width);
    };
    unrolled(std::make_index_sequence<Most>{}, by);
  }
  return lane;
}

// The lanes that are done: all but some of the last that fill no vector of 16 bytes.
template <coefficients A, class T>
index_t fold_beside(lanes_piece<T> const& p) {
  using R = real_of<T>;
  constexpr std::size_t left = 2;  // vectors, where the lanes do not fill one that is twice as wide
  index_t lane = fold_columns_from<most_vectors<T>, A, hn::ScalableTag<R>>(p, 0);
  if constexpr (HWY_MAX_BYTES > 32) lane = fold_columns_from<left, A, hn::CappedTag<R, 32 / sizeof(R)>>(p, lane);
  if constexpr (HWY_MAX_BYTES > 16) lane = fold_columns_from<left, A, hn::CappedTag<R, 16 / sizeof(R)>>(p, lane);
  return lane;
}

// Steps [0, done) of Groups groups of as many lanes as a vector has: done, all but some that fill no vector of 16 bytes. By
// a line of each lane's memory at a time, first of a, then of b, then of x: lanes may lie so that their lines share a set
// of the first-level cache, which holds one such line of each but not three, and not one that is asked for piece by piece.
template <std::size_t Groups, order Order, class D, class T>
index_t fold_turned(lanes_piece<T> const& given, index_t first) {
  D const d;
  lanes_piece<T> const p = given;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t at_once = numbers_at_once<T, D>, of_columns = at_once * parts<T> * lanes_of<D>;
  constexpr auto width = static_cast<index_t>(lanes_of<D>), reals = static_cast<index_t>(parts<T>),
                 steps = static_cast<index_t>(at_once), back = Order == order::up ? 0 : steps - 1,
                 of_a_line = HWY_MAX(line_bytes / (index_t{sizeof(T)} * steps), 1);
  alignas(line_bytes) real_of<T> kept[static_cast<std::size_t>(of_a_line) * Groups * of_columns];
  auto const place = [&](std::size_t i) HWY_ATTR __attribute__((always_inline)) { return kept + i * of_columns; };
  auto const keep = [&](numbers const(&v)[at_once], real_of<T>* to) HWY_ATTR __attribute__((always_inline)) {
    for (std::size_t j = 0; j < at_once; ++j)
      for (std::size_t part = 0; part < parts<T>; ++part)
        hn::Store(v[j].part[part], d, to + (j * parts<T> + part) * lanes_of<D>);
  };
  auto const kept_at = [&](real_of<T> const* from, std::size_t j) HWY_ATTR __attribute__((always_inline)) {
    numbers v;
    for (std::size_t part = 0; part < parts<T>; ++part)
      v.part[part] = hn::Load(d, from + (j * parts<T> + part) * lanes_of<D>);
    return v;
  };
  // Lane 0 of group g at step t, or where time runs down the last of the steps that are turned at once.
  auto const at = [=](auto* data, index_t stride, std::size_t g, index_t t) HWY_ATTR __attribute__((always_inline)) {
    return data + (first + static_cast<index_t>(g) * width) * stride + (Order == order::up ? t : -t - back);
  };
  auto const in = [](T const* data) { return reinterpret_cast<real_of<T> const*>(data); };
  numbers state[Groups];
  for (std::size_t g = 0; g < Groups; ++g)
    state[g] = load_numbers<T>(d, p.state + first + static_cast<index_t>(g) * width);
  auto const walk = [&](auto pieces, index_t t) HWY_ATTR __attribute__((always_inline)) {
    constexpr auto all = std::make_index_sequence<pieces * Groups>{};
    auto const piece = [](std::size_t i) { return static_cast<index_t>(i / Groups) * steps; };
    auto const turn_a = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
      numbers a[at_once];
      load_columns<T>(d, in(at(p.a.data, p.a.lane_stride, i % Groups, t + piece(i))), p.a.lane_stride * reals, a);
      in_time_order<Order>(a);
      keep(a, place(i));
    };
    auto const turn_b = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
      constexpr std::size_t g = i % Groups;
      numbers x[at_once];
      load_columns<T>(d, in(at(p.b.data, p.b.lane_stride, g, t + piece(i))), p.b.lane_stride * reals, x);
      in_time_order<Order>(x);
      bool const begins = p.starts && t == 0 && i < Groups;
      for (std::size_t j = 0; j < at_once; ++j) {
        if (j > 0 || !begins) x[j] = multiply_add(d, kept_at(place(i), j), state[g], x[j]);
        state[g] = x[j];
      }
      keep(x, place(i));
    };
    auto const turn_x = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
      numbers x[at_once];
      for (std::size_t j = 0; j < at_once; ++j) x[j] = kept_at(place(i), j);
      in_time_order<Order>(x);
      auto* const to = at(p.x, p.x_lane_stride, i % Groups, t + piece(i));
      store_columns<T>(d, x, reinterpret_cast<real_of<T>*>(to), p.x_lane_stride * reals);
    };
    unrolled(all, turn_a), unrolled(all, turn_b), unrolled(all, turn_x);
  };
  index_t const done = p.time / steps * steps;
  index_t t = 0;
  for (; done - t >= of_a_line * steps; t += of_a_line * steps)
    walk(std::integral_constant<std::size_t, static_cast<std::size_t>(of_a_line)>{}, t);
  for (; t < done; t += steps) walk(std::integral_constant<std::size_t, 1>{}, t);
  for (std::size_t g = 0; g < Groups; ++g)
    store_numbers<T>(d, state[g], p.state + first + static_cast<index_t>(g) * width);
  return done;
}

// Steps [t, t + N) of lanes [0, lanes), one lane after the other: so few that the processor overlaps them by itself.
template <index_t N, order Order, class T>
void fold_few_steps(lanes_piece<T> const& p, index_t t, index_t lanes) {
  constexpr index_t along = Order == order::up ? 1 : -1;
  bool const starts = p.starts && t == 0;
  T const *a = p.a.data + t * along, *b = p.b.data + t * along;
  T *x = p.x + t * along, *const states = p.state;
  index_t const of_a = p.a.lane_stride, of_b = p.b.lane_stride, of_x = p.x_lane_stride;
  for (index_t lane = 0; lane < lanes; ++lane, a += of_a, b += of_b, x += of_x) {
    T state = starts ? *b : scalar_multiply_add(*a, states[lane], *b);
    *x = state;
    for (index_t i = 1; i < N; ++i) x[i * along] = state = scalar_multiply_add(a[i * along], state, b[i * along]);
    states[lane] = state;
  }
}

// The lanes that are done: none, or all but a few.
template <class T>
index_t fold_along(lanes_piece<T> const& p) {
  using R = real_of<T>;
  using Wide = hn::CappedTag<R, lanes_abreast<T>>;  // wider ones are put together from more pieces, by fewer ports
  using Narrow = hn::CappedTag<R, 16 / sizeof(R)>;
  constexpr std::size_t lanes_at_once = 8;        // as many lines as a set of the first-level cache has room for
  constexpr index_t few = is_complex<T> ? 4 : 8;  // steps, for fewer of which turning takes longer
  auto const by = [&](auto of_time) HWY_ATTR {
    index_t lane = 0, done = 0;
    auto const go = [&](auto groups, auto d) HWY_ATTR {
      using D = decltype(d);
      constexpr auto lanes = static_cast<index_t>(groups * lanes_of<D>);
      for (; p.lanes - lane >= lanes; lane += lanes) done = fold_turned<groups, of_time, D>(p, lane);
    };
    using one = std::integral_constant<std::size_t, 1>;
    if (p.time < few) {
      lane = p.lanes;
    } else {
      if constexpr (lanes_of<Wide> < lanes_at_once)
        go(std::integral_constant<std::size_t, lanes_at_once / lanes_of<Wide>>{}, Wide{});
      go(one{}, Wide{});
      if constexpr (index_t{lanes_of<Narrow>} >= lanes_of_any) go(one{}, Narrow{});
    }
    auto const left = [&](auto i) HWY_ATTR {
      constexpr auto steps = static_cast<index_t>(i) + 1;
      if (p.time - done == steps) fold_few_steps<steps, of_time>(p, done, lane);
    };
    unrolled(std::make_index_sequence<static_cast<std::size_t>(few) - 1>{}, left);
    return lane;
  };
  auto const runs = [&](index_t stride) {
    return p.a.time_stride == stride && p.b.time_stride == stride && p.x_time_stride == stride;
  };
  if (runs(1)) return by(std::integral_constant<order, order::up>{});
  if (runs(-1)) return by(std::integral_constant<order, order::down>{});
  return 0;
}

#endif

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
