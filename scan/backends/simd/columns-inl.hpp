// Rows in memory as columns in vectors: lane i of a column is row i, and back. A vector is filled by pieces of its rows, one
// beside the other: of 16 bytes, which are transposed where they are, 4 by 4 of 32 bits, 2 by 2 of 64; or, where a vector of
// 64 bytes holds numbers of 4, by its halves, each of two such pieces, which then change places. So every width of vector
// works on the same rows at the same step, and the tree does not know it.
#if defined(SSMSCAN_SIMD_COLUMNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_COLUMNS_INL
#undef SSMSCAN_SIMD_COLUMNS_INL
#else
#define SSMSCAN_SIMD_COLUMNS_INL
#endif

#include <ssmscan/scan/backends/simd/number-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Reals of a narrow piece, or one real where a vector is one; and of the piece that is read or written at once. By halves a
// vector takes one port to be put together instead of three, and as it is stored half of the lines that pieces of 16 bytes
// do. Of 8-byte numbers nothing is gained, and lost where arrays begin inside a half (docs/experiments/cpu_simd.md).
template <class D>
inline constexpr std::size_t narrow_piece = HWY_MIN(narrow_bytes / sizeof(hn::TFromD<D>), lanes_of<D>);
template <class D>
inline constexpr std::size_t piece = (lanes_of<D> == 16 && sizeof(hn::TFromD<D>) == 4 ? 2 : 1) * narrow_piece<D>;

// How two vectors change the odd narrow pieces of one for the even ones of the other: by two shuffles; or by one and two
// blends, for which a processor has a second port. A scan, which has other work for both, is the faster by each for one
// of its two arrays.
enum class swapping : bool { by_shuffles, by_blends };

#if HWY_TARGET == HWY_SCALAR  // a vector is one real, and a row its own column

template <std::size_t, class D, class R>
HWY_INLINE hn::Vec<D> load_pieces(D d, R const* from, std::ptrdiff_t) {
  return hn::LoadU(d, from);
}
template <std::size_t, class D, class R>
HWY_INLINE void store_pieces(D d, hn::Vec<D> v, R* to, std::ptrdiff_t) {
  hn::StoreU(v, d, to);
}
template <swapping, class D, class V>
HWY_INLINE void transpose(D, V (&)[1]) {}

#else

// One piece from each of lanes / Piece rows, which are `apart`.
template <std::size_t Piece, class D, class R>
HWY_INLINE hn::Vec<D> load_pieces(D d, R const* from, std::ptrdiff_t apart) {
  if constexpr (lanes_of<D> == Piece) {
    return hn::LoadU(d, from);
  } else {
    hn::Half<D> const half;
    constexpr std::ptrdiff_t pieces = lanes_of<hn::Half<D>> / Piece;
    return hn::Combine(d, load_pieces<Piece>(half, from + pieces * apart, apart),
                       load_pieces<Piece>(half, from, apart));
  }
}
template <std::size_t Piece, class D, class R>
HWY_INLINE void store_pieces(D d, hn::Vec<D> v, R* to, std::ptrdiff_t apart) {
  if constexpr (lanes_of<D> == Piece) {
    hn::StoreU(v, d, to);
  } else {
    hn::Half<D> const half;
    constexpr std::ptrdiff_t pieces = lanes_of<hn::Half<D>> / Piece;
    store_pieces<Piece>(half, hn::LowerHalf(half, v), to, apart);
    store_pieces<Piece>(half, hn::UpperHalf(half, v), to + pieces * apart, apart);
  }
}

// The narrow pieces of as many vectors as one has reals, rows to columns; its own inverse. As integers: some processors have a
// second port for such shuffles, and none for the same of floats.
template <class D, class V>
HWY_INLINE void transpose_narrow(D d, V* v) {
  hn::RebindToUnsigned<D> const as;
  if constexpr (narrow_piece<D> == 4) {
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
  } else if constexpr (narrow_piece<D> == 2) {
    auto const v0 = hn::BitCast(as, v[0]), v1 = hn::BitCast(as, v[1]);
    v[0] = hn::BitCast(d, hn::InterleaveLower(as, v0, v1));
    v[1] = hn::BitCast(d, hn::InterleaveUpper(as, v0, v1));
  }
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3  // no other target has vectors of four narrow pieces
template <swapping How, class D, class V>
HWY_INLINE void swap_narrow(D d, V& low, V& high) {
  hn::Repartition<std::uint64_t, D> const as;
  auto const l = hn::BitCast(as, low), h = hn::BitCast(as, high);
  using W = std::remove_const_t<decltype(l)>;
  if constexpr (How == swapping::by_blends) {
    W const between{_mm512_permutex2var_epi64(l.raw, _mm512_set_epi64(13, 12, 7, 6, 9, 8, 3, 2),
                                              h.raw)};  // 1 of low, 0 of high, ...
    low = hn::BitCast(d, hn::OddEvenBlocks(between, l)), high = hn::BitCast(d, hn::OddEvenBlocks(h, between));
  } else {
    low = hn::BitCast(d, W{_mm512_permutex2var_epi64(l.raw, _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), h.raw)});
    high = hn::BitCast(d, W{_mm512_permutex2var_epi64(l.raw, _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2), h.raw)});
  }
}
#endif

// As many vectors as a piece has reals, rows to columns; its own inverse.
template <swapping How, class D, class V>
HWY_INLINE void transpose(D d, V (&v)[piece<D>]) {
  transpose_narrow(d, v);
  if constexpr (piece<D> == 2 * narrow_piece<D>) {
    transpose_narrow(d, v + narrow_piece<D>);
    for (std::size_t k = 0; k < narrow_piece<D>; ++k) swap_narrow<How>(d, v[k], v[narrow_piece<D> + k]);
  }
}

#endif

// Numbers that lie in one piece, or one number where that takes several.
template <class T, class D>
inline constexpr std::size_t numbers_at_once = HWY_MAX(piece<D> / parts<T>, std::size_t{1});

// The next numbers_at_once numbers of as many rows as the vector has lanes, rows `apart` (in reals).
template <class T, swapping How = swapping::by_shuffles, class D>
HWY_INLINE void load_columns(D d, real_of<T> const* from, std::ptrdiff_t apart,
                             number<hn::Vec<D>, parts<T>> (&to)[numbers_at_once<T, D>]) {
  constexpr std::size_t width = piece<D>, pieces = numbers_at_once<T, D> * parts<T> / width;
  for (std::size_t k = 0; k < pieces; ++k) {
    hn::Vec<D> v[width];
    for (std::size_t i = 0; i < width; ++i)
      v[i] = load_pieces<width>(d, from + static_cast<std::ptrdiff_t>(i) * apart + k * width,
                                static_cast<std::ptrdiff_t>(width) * apart);
    transpose<How>(d, v);
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
    transpose<swapping::by_blends>(d, v);
    for (std::size_t i = 0; i < width; ++i)
      store_pieces<width>(d, v[i], to + static_cast<std::ptrdiff_t>(i) * apart + k * width,
                          static_cast<std::ptrdiff_t>(width) * apart);
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
