// Rows in memory as columns in vectors: lane i of a column is row i, and back. A vector is filled by 128-bit pieces of
// its rows, one beside the other, and the pieces are transposed where they are: 4 by 4 of 32 bits, 2 by 2 of 64. So every
// width of vector works on the same rows at the same step, and the tree does not know it.
#if defined(SSMSCAN_SIMD_COLUMNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_COLUMNS_INL
#undef SSMSCAN_SIMD_COLUMNS_INL
#else
#define SSMSCAN_SIMD_COLUMNS_INL
#endif

#include <ssmscan/scan/backends/simd/number-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Reals of a piece: 16 bytes, or one real where a vector is one.
template <class D>
inline constexpr std::size_t piece = HWY_MIN(16 / sizeof(hn::TFromD<D>), lanes_of<D>);

#if HWY_TARGET == HWY_SCALAR  // a vector is one real, and a row its own column

template <class D, class R>
HWY_INLINE hn::Vec<D> load_pieces(D d, R const* from, std::ptrdiff_t) {
  return hn::LoadU(d, from);
}
template <class D, class R>
HWY_INLINE void store_pieces(D d, hn::Vec<D> v, R* to, std::ptrdiff_t) {
  hn::StoreU(v, d, to);
}
template <class D, class V>
HWY_INLINE void transpose(D, V (&)[1]) {}

#else

// One piece from each of lanes / piece rows, which are `apart`.
template <class D, class R>
HWY_INLINE hn::Vec<D> load_pieces(D d, R const* from, std::ptrdiff_t apart) {
  if constexpr (lanes_of<D> == piece<D>) {
    return hn::LoadU(d, from);
  } else {
    hn::Half<D> const half;
    constexpr std::ptrdiff_t pieces = lanes_of<hn::Half<D>> / piece<D>;
    return hn::Combine(d, load_pieces(half, from + pieces * apart, apart), load_pieces(half, from, apart));
  }
}
template <class D, class R>
HWY_INLINE void store_pieces(D d, hn::Vec<D> v, R* to, std::ptrdiff_t apart) {
  if constexpr (lanes_of<D> == piece<D>) {
    hn::StoreU(v, d, to);
  } else {
    hn::Half<D> const half;
    constexpr std::ptrdiff_t pieces = lanes_of<hn::Half<D>> / piece<D>;
    store_pieces(half, hn::LowerHalf(half, v), to, apart);
    store_pieces(half, hn::UpperHalf(half, v), to + pieces * apart, apart);
  }
}

// piece by piece vectors, rows to columns; its own inverse. As integers: some processors have a second port for such
// shuffles, and none for the same of floats.
template <class D, class V>
HWY_INLINE void transpose(D d, V (&v)[piece<D>]) {
  hn::RebindToUnsigned<D> const as;
  if constexpr (piece<D> == 4) {
    hn::RepartitionToWide<decltype(as)> const wide;
    auto const v0 = hn::BitCast(as, v[0]), v1 = hn::BitCast(as, v[1]), v2 = hn::BitCast(as, v[2]),
               v3 = hn::BitCast(as, v[3]);
    auto const low01 = hn::BitCast(wide, hn::InterleaveLower(as, v0, v1));
    auto const low23 = hn::BitCast(wide, hn::InterleaveLower(as, v2, v3));
    auto const high01 = hn::BitCast(wide, hn::InterleaveUpper(as, v0, v1));
    auto const high23 = hn::BitCast(wide, hn::InterleaveUpper(as, v2, v3));
    v[0] = hn::BitCast(d, hn::InterleaveLower(wide, low01, low23));
    v[1] = hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23));
    v[2] = hn::BitCast(d, hn::InterleaveLower(wide, high01, high23));
    v[3] = hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23));
  } else if constexpr (piece<D> == 2) {
    auto const v0 = hn::BitCast(as, v[0]), v1 = hn::BitCast(as, v[1]);
    v[0] = hn::BitCast(d, hn::InterleaveLower(as, v0, v1));
    v[1] = hn::BitCast(d, hn::InterleaveUpper(as, v0, v1));
  }
}

#endif

// Numbers that lie in one piece, or one number where that takes several.
template <class T, class D>
inline constexpr std::size_t numbers_at_once = HWY_MAX(piece<D> / parts<T>, std::size_t{1});

// The next numbers_at_once numbers of as many rows as the vector has lanes, rows `apart` (in reals).
template <class T, class D>
HWY_INLINE void load_columns(D d, real_of<T> const* from, std::ptrdiff_t apart,
                             number<hn::Vec<D>, parts<T>> (&to)[numbers_at_once<T, D>]) {
  constexpr std::size_t width = piece<D>, pieces = numbers_at_once<T, D> * parts<T> / width;
  for (std::size_t k = 0; k < pieces; ++k) {
    hn::Vec<D> v[width];
    for (std::size_t i = 0; i < width; ++i)
      v[i] = load_pieces(d, from + static_cast<std::ptrdiff_t>(i) * apart + k * width,
                         static_cast<std::ptrdiff_t>(width) * apart);
    transpose(d, v);
    for (std::size_t i = 0; i < width; ++i) {
      std::size_t const real = k * width + i;
      to[real / parts<T>].part[real % parts<T>] = v[i];
    }
  }
}
template <class T, class D>
HWY_INLINE void store_columns(D d, number<hn::Vec<D>, parts<T>> const (&from)[numbers_at_once<T, D>], real_of<T>* to,
                              std::ptrdiff_t apart) {
  constexpr std::size_t width = piece<D>, pieces = numbers_at_once<T, D> * parts<T> / width;
  for (std::size_t k = 0; k < pieces; ++k) {
    hn::Vec<D> v[width];
    for (std::size_t i = 0; i < width; ++i) {
      std::size_t const real = k * width + i;
      v[i] = from[real / parts<T>].part[real % parts<T>];
    }
    transpose(d, v);
    for (std::size_t i = 0; i < width; ++i)
      store_pieces(d, v[i], to + static_cast<std::ptrdiff_t>(i) * apart + k * width,
                   static_cast<std::ptrdiff_t>(width) * apart);
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
