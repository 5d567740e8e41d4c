#pragma once
// Which steps a block works on. Sequence k, [a, b), has the slots from a / chunk + k on, one for each of its chunks: they do
// not reach those of sequence k + 1, as b / chunk - a / chunk + 1 is no less than the number of its chunks. So the grid
// (slots_of) is known without reading the offsets; slots without a chunk have nothing to do.
#include <ssmscan/ssm/cuda/selective_arguments.hpp>

namespace ssmscan::device {

struct slot_range {
  index_t sequence, begin, end;
  bool is_one, is_first, is_last;  // of the sequence's chunks
};

__device__ inline index_t clamped(index_t t, index_t time) { return t < 0 ? 0 : t > time ? time : t; }

template <class Arguments>
__device__ slot_range range_of(Arguments const& p, index_t batch, index_t slot) {
  index_t k = 0, a = 0, b = p.time;
  if (p.offsets != nullptr) {
    for (index_t above = p.sequences; above - k > 1;) {
      index_t const middle = k + (above - k) / 2;
      (p.offsets[middle] / p.chunk + middle <= slot ? k : above) = middle;
    }
    a = clamped(p.offsets[k], p.time), b = clamped(p.offsets[k + 1], p.time);
  } else if (p.begin != nullptr) {
    a = clamped(p.begin[batch], p.time), b = clamped(p.end[batch], p.time);
  }
  index_t const chunk = slot - (p.offsets != nullptr ? a / p.chunk + k : 0);
  index_t const begin = chunk == 0 ? a : a + chunk * p.chunk;
  bool const is_one = chunk == 0 || (chunk > 0 && begin < b);
  index_t const end = b - begin <= p.chunk ? b : begin + p.chunk;
  return {k, begin, end < begin ? begin : end, is_one, chunk == 0, end == b || b < begin};
}

}  // namespace ssmscan::device
