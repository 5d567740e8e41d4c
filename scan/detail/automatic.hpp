#pragma once
// Which algorithm `automatic` stands for. It may look at the whole shape and the number of threads; it says why, in
// words that are put together only for who asks: a call itself makes no strings.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

// An element costs the text of chunked about this many times what it costs sequential: twice the combines, and the
// scratch between its phases (bench_throughput, 1 x 2^22 float, one thread: 14 ns against 3.9 ns).
inline constexpr int price_of_splitting = 4;

inline constexpr index_t lanes_of_a_vector = 8;

// What the tuned look_back takes of a lane, in steps of walking along it: to begin, and for each block of 256 steps, of
// which a part takes as long as the whole. And what sequential takes: it walks along some lanes at once in the time of one,
// what is left of them by fours. So up to what is `in_cache`; beyond, look_back reads and writes memory in longer pieces.
// Measured with AVX2 and AVX-512 (docs/experiments/cpu_simd.md).
struct tree_price {
  static constexpr index_t block = 256, woken_share = 4 * chunked::length;
  index_t lane, each_block, abreast, in_cache;  // lanes, elements
  constexpr index_t walks(index_t lanes) const { return lanes / abreast + ceil_div(lanes % abreast, 4); }
  // On so many threads, which are woken for woken_share elements each: the tree may be shared out along time too.
  constexpr bool is_worth(extent size, int threads) const {
    auto const [lanes, time] = size;
    index_t const workers = std::clamp<index_t>(lanes * time / woken_share, 1, threads);
    index_t const walked = lanes * time > in_cache ? lanes : walks(lanes);
    return std::max(walked, workers) * time >= lanes * (lane + each_block * ceil_div(time, block));
  }
};

// Of uneven lanes (batches with a gap between them, say) each is walked by itself.
enum class arrangement {
  time_beside_time,
  time_beside_one_a,
  time_beside_time_of_uneven_lanes,
  lane_beside_lane,
  other
};

// Walking along takes a multiply-add's latency a step, whatever the dtype; a vector has twice as many floats as doubles,
// and multiplies integers at half the pace. semi_log is walked by the text, which is slower. Of packed sequences look_back begins a
// block with each.
template <class T>
constexpr tree_price price_of_a_tree(operation represents, packing how, arrangement where) {
  if (represents == operation::semi_log) return {.lane = 0, .each_block = 56, .abreast = 1, .in_cache = 0};
  bool const floats = std::same_as<T, float> || std::same_as<T, std::complex<float>>, packed = how == packing::packed;
  index_t const in_cache = (index_t{1} << (floats || packed ? 24 : 21)) / index_t{sizeof(T)};  // x is so long
  return {.lane = packed ? 0 : 64,
          .each_block = packed   ? 80
                        : floats ? 104
                                 : 160,
          .abreast = floats || std::same_as<T, std::uint32_t> ? 8 : 4,
          .in_cache = where == arrangement::time_beside_time ? in_cache : 0};
}

template <class T>
arrangement arrangement_of(recurrence<T> const& r) {
  auto const along = [](index_t a, index_t b, index_t x) {
    return (x == 1 || x == -1) && b == x && (a == x || a == 0);
  };
  auto const is_even = [](auto const& v) {
    return v.shape.batch <= 1 || v.shape.channel <= 1 || v.stride.batch == v.shape.channel * v.stride.channel;
  };
  auto const [a, b, x] = std::array{r.a.stride.time, r.b.stride.time, r.x.stride.time};
  if (along(a, b, x)) {
    if (a != x) return arrangement::time_beside_one_a;
    bool const even = is_even(r.a) && is_even(r.b) && is_even(r.x);
    return even ? arrangement::time_beside_time : arrangement::time_beside_time_of_uneven_lanes;
  }
  if (along(r.a.stride.channel, r.b.stride.channel, r.x.stride.channel) && r.x.stride.channel == 1)
    return arrangement::lane_beside_lane;
  return arrangement::other;
}

enum class block_order { one_after_another, any };  // on the backend: where any, there is no look_back

struct question {
  extent size;
  int threads;
  operation represents;
  packing how;
  arrangement where;
  tree_price price;
  block_order order = block_order::one_after_another;
};

struct answer {
  std::string_view algorithm, why;
};

inline answer automatic(question const& q) {
  auto const [lanes, time] = q.size;
  if (lanes == 0 || time == 0) return {"sequential", "nothing to compute"};
#if !defined(SSMSCAN_WITHOUT_SIMD)
  bool const is_affine = q.represents == operation::affine;
  int const share_a_lane = q.how == packing::packed ? 1 : q.threads;  // sequential shares sequences out too
  bool const takes_look_back = q.price.is_worth(q.size, share_a_lane) && q.order == block_order::one_after_another;
  if (q.represents == operation::semi_log && takes_look_back)
    return {"look_back",
            "semi_log is for long sequences with a near 1, and only a tree keeps its promise there; in vectors"};
#endif
  if (q.represents == operation::semi_log && time > chunked::length)
    return {"chunked", "semi_log is for long sequences with a near 1, and only a tree keeps its promise there"};
#if !defined(SSMSCAN_WITHOUT_SIMD)
  if (is_affine && q.where == arrangement::lane_beside_lane && lanes >= lanes_of_a_vector * q.threads)
    return {"sequential", "lanes beside one another run abreast in vectors, and no combine is done twice"};
  bool const is_along = q.where == arrangement::time_beside_time || q.where == arrangement::time_beside_one_a ||
                        q.where == arrangement::time_beside_time_of_uneven_lanes;
  if (is_affine && is_along && takes_look_back) return {"look_back", "contiguous in time: one pass, in vectors"};
  if (is_affine && q.where == arrangement::time_beside_time && q.price.walks(lanes) < lanes && time >= q.price.lane)
    return {"sequential", "lanes enough to walk along some at once, and no combine is done twice"};
#endif
  if (q.threads == 1) return {"sequential", "one thread has nothing to share out"};
  if (lanes >= q.threads) return {"sequential", "lanes enough for every thread, and no combine is done twice"};
  // Splitting time needs enough threads to pay for it, and chunks to hand out.
  if (q.threads > price_of_splitting * lanes && time >= 2 * q.threads * chunked::length)
    return {"chunked", "fewer lanes than threads, and time enough to split"};
  return {"sequential", "splitting time would cost more combines than the threads can save"};
}

inline std::string explained(question const& q, answer const& a) {
  std::string text = std::to_string(q.size.lanes) + (q.size.lanes == 1 ? " lane of " : " lanes of ");
  text.append(std::to_string(q.size.time)).append(", ");
  text.append(std::to_string(q.threads)).append(q.threads == 1 ? " thread: " : " threads: ");
  return text.append(a.why);
}

}  // namespace ssmscan::detail
