#pragma once
// A task of look_back's kernel, packed: mark, which tells where sequences start in a tile.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_block.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_marking : look_back_block<Steps, How, Slots> {
  using block = look_back_block<Steps, How, Slots>;
  using block::m, block::p, block::starts, block::lane, block::slot, block::has_item;
  using typename block::tile, typename block::storage;
  static constexpr int together = 8, looked = together * warp_size;  // offsets of a thread, and of a warp, at a time

  __device__ void mark() const {
    place at{0, 0, static_cast<float>(starts.offsets.sequences) / static_cast<float>(starts.offsets.time)};
    for (int i = 0; has_item(i); ++i) {
      work_item const item = block::item(i);
      std::uint32_t* const heads = m.heads[slot(i)];
      bool const is_listed = starts.bits == nullptr && starts.pieces == nullptr;
      int const first = is_listed ? listed(item, at, heads) : copied(item, heads);
      if (lane == 0) m.first_start[slot(i)] = first;
      m.marked[slot(i)].arrive();
    }
  }

 private:
  // The first start of an item; its bits in `heads`, which are left alone where there is none.
  __device__ int copied(work_item const& item, std::uint32_t* heads) const {
    static_assert(tile::length % 32 == 0);
    constexpr int looks = (storage::head_words + warp_size - 1) / warp_size;
    index_t const from = item.tile * (tile::length / 32);
    int const words = item.elements / 32 + 1;
    std::uint32_t found[looks];
#pragma unroll
    for (int q = 0; q < looks; ++q) found[q] = q * warp_size + lane < words ? word(from + q * warp_size + lane) : 0;
    int first = storage::no_start;
#pragma unroll
    for (int q = 0; q < looks; ++q) {
      if (q * warp_size + lane < storage::head_words) heads[q * warp_size + lane] = found[q];
      std::uint32_t const with = __ballot_sync(all_lanes, found[q] != 0);
      if (with == 0 || first != storage::no_start) continue;
      int const at = __ffs(static_cast<int>(with)) - 1;
      first = (q * warp_size + at) * 32 + __ffs(static_cast<int>(__shfl_sync(all_lanes, found[q], at))) - 1;
    }
    return first <= item.elements ? first : storage::no_start;
  }

  __device__ std::uint32_t word(index_t at) const {
    if (starts.pieces == nullptr) return starts.bits[at];
    return detail::starts_of_piece::bits_of(starts.pieces, at, p.size.time);
  }

  // Where this warp stands in the list: offsets(k) is the first that is `begin` or more, and so many more come with each step.
  struct place {
    index_t begin, k;
    float rate;
  };

  // The same from the list of offsets. A block's tiles ascend within a lane, so that one look near the place where the tiles before
  // let it be expected mostly finds all of an item's.
  __device__ int listed(work_item const& item, place& at, std::uint32_t* heads) const {
    index_t const begin = item.tile * tile::length;
    if (begin < at.begin) at.begin = at.k = 0;  // another lane
    index_t value[together];
    index_t from = look_for(begin, at, value);
    int first = storage::no_start;
#pragma unroll
    for (index_t const v : value)
      if (v >= begin && v - begin <= item.elements) first = min(first, static_cast<int>(v - begin));
    first = __reduce_min_sync(all_lanes, first);
    if (first == storage::no_start) return first;
    for (int w = lane; w < storage::head_words; w += warp_size) heads[w] = 0;
    __syncwarp();
    for (;; from += looked, look(from, 1, value)) {
#pragma unroll
      for (index_t const v : value) {
        if (v < begin || v - begin > item.elements) continue;
        auto const e = static_cast<int>(v - begin);
        atomicOr(heads + e / 32, std::uint32_t{1} << e % 32);
      }
      bool const more = from + looked <= starts.offsets.sequences && value[together - 1] - begin <= item.elements;
      if (!__shfl_sync(all_lanes, more, warp_size - 1)) return first;
    }
  }

  // Offsets from, from + step, ...: neighbouring threads have neighbouring ones.
  __device__ void look(index_t from, index_t step, index_t (&value)[together]) const {
#pragma unroll
    for (int s = 0; s < together; ++s)
      value[s] = starts.offsets(min(from + (s * warp_size + lane) * step, starts.offsets.sequences));
  }

  // Finds the first offset that is `begin` or more, as the last one is; looked at last, and in `value`: a whole look from the
  // index that is returned on, which has it.
  __device__ index_t look_for(index_t begin, place& at, index_t (&value)[together]) const {
    index_t low = at.k, high = starts.offsets.sequences, step = 1;  // it is from `low` on, and not beyond `high`
    auto const expected = static_cast<index_t>(static_cast<float>(begin - at.begin) * at.rate);
    index_t from = max(low, min(low + expected - looked / 2, high));
    for (;;) {
      look(from, step, value);
      int before = 0;
#pragma unroll
      for (index_t const v : value) before += __popc(__ballot_sync(all_lanes, v < begin));
      if (step == 1 && before < looked && (before > 0 || from == low)) {
        if (begin > at.begin) at.rate = static_cast<float>(from + before - at.k) / static_cast<float>(begin - at.begin);
        at.begin = begin, at.k = from + before;
        return from;
      }
      if (before < looked) high = min(high, from + before * step);
      if (before > 0) low = from + (before - 1) * step + 1;
      from = low;
      step = max((high - low + looked - 1) / looked, index_t{1});
    }
  }
};

}  // namespace ssmscan::device
