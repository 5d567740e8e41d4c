#pragma once
// chunked in one pass: pieces that come as boxes of a tensor map. The copy engine fills half a part of a slot at one instruction, and what
// it asks of memory is none of the warps'.
#include <cstdint>
#include <optional>

#include <cuda.h>

#include <ssmscan/scan/backends/cuda/chunked_columns_plan.cuh>
#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan::device::chunked_columns {

// Boxes run up in memory: where time runs down, the last row of one is its first step.
enum class rows { copied, in_boxes, in_boxes_down };
template <rows How>
inline constexpr bool are_boxes = How != rows::copied;
template <rows How>
inline constexpr int parts_of = are_boxes<How> ? most_parts : 1;

template <rows How>
struct boxes_of {};

// Of lanes in batches of `together`, and time.
template <rows How>
requires are_boxes<How>
struct boxes_of<How> {
  static constexpr bool down = How == rows::in_boxes_down;
  CUtensorMap a, b;
  std::uint32_t together;
  int time;

  // None where a slot's columns are several pieces of fewer lanes, time runs the other way, or a map cannot say as much.
  template <class T>
  static std::optional<boxes_of> made(ssmscan::detail::recurrence_problem<T> const& p, plan_of_columns const& plan,
                                      index_t together) {
    constexpr index_t most = index_t{1} << 31, farthest = index_t{1} << 40;  // lanes or steps; bytes of a stride
    index_t const batches = p.size.lanes / together;
    boxes_of of{{}, {}, static_cast<std::uint32_t>(together), static_cast<int>(p.size.time)};
    auto const is_made = [&](CUtensorMap& map, auto const& view) {
      index_t const row = view.time_stride() * index_t{sizeof(T)} * (down ? -1 : 1);
      index_t const batch = batches > 1 ? (&view(together, 0) - &view(0, 0)) * index_t{sizeof(T)} : row;
      if (row <= 0 || row >= farthest || batch <= 0 || batch >= farthest) return false;
      constexpr int words = sizeof(T) / 4;
      cuuint64_t const sizes[] = {static_cast<cuuint64_t>(together) * words, static_cast<cuuint64_t>(p.size.time),
                                  static_cast<cuuint64_t>(batches)};
      cuuint64_t const strides[] = {static_cast<cuuint64_t>(row), static_cast<cuuint64_t>(batch)};
      cuuint32_t const box[] = {static_cast<cuuint32_t>(columns_tile<T>::width * words), steps, 1}, every[] = {1, 1, 1};
      auto const encode = encoder();
      return encode != nullptr &&
             encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT32, 3, const_cast<T*>(&view(0, down ? p.size.time - 1 : 0)),
                    sizes, strides, box, every, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE,
                    CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
    };
    if (plan.across < columns_tile<T>::width || p.size.lanes >= most || p.size.time >= most - piece)
      return std::nullopt;
    return is_made(of.a, p.a) && is_made(of.b, p.b) ? std::optional(of) : std::nullopt;
  }

  // One part of a slot.
  template <class T>
  __device__ void load(T* to_a, T* to_b, item_of_columns<T> const& item, int part, barrier& full) const {
    constexpr int width = columns_tile<T>::width;
    full.arrive_expecting(2 * steps * width * sizeof(T));  // what is past the end comes as zeros
    corner const from = corner_of(item, part);
    ask(to_a + part * steps * width, a, from, full);
    ask(to_b + part * steps * width, b, from, full);
  }
  // What fills a slot, into the second-level cache; nobody waits for it.
  template <class T>
  __device__ void prefetch(item_of_columns<T> const& item) const {
#pragma unroll 1
    for (int part = 0; part < parts_of<How>; ++part) {
      corner const from = corner_of(item, part);
      prefetch(a, from), prefetch(b, from);
    }
  }

 private:
  static constexpr int steps = piece / parts_of<How>;  // of a box

  struct corner {
    int word, t, batch;
  };
  template <class T>
  __device__ corner corner_of(item_of_columns<T> const& item, int part) const {
    auto const lane = static_cast<std::uint32_t>(item.lane);
    int const t = static_cast<int>(item.piece) * piece + part * steps;
    return {static_cast<int>(lane % together) * static_cast<int>(sizeof(T) / 4), down ? time - steps - t : t,
            static_cast<int>(lane / together)};
  }

  __device__ static void ask(void* shared, CUtensorMap const& map, corner const& from, barrier& done) {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
        "[%5];" ::"r"(shared_address(shared)),
        "l"(&map), "r"(from.word), "r"(from.t), "r"(from.batch), "r"(shared_address(done.handle()))
        : "memory");
  }
  __device__ static void prefetch(CUtensorMap const& map, corner const& from) {
    asm volatile("cp.async.bulk.prefetch.tensor.3d.L2.global.tile [%0, {%1, %2, %3}];" ::"l"(&map), "r"(from.word),
                 "r"(from.t), "r"(from.batch)
                 : "memory");
  }

  // The driver's, asked for by name: the library is linked with the runtime alone.
  static auto encoder() -> decltype(&cuTensorMapEncodeTiled) {
    static auto const found = [] {
      void* at = nullptr;
      cudaDriverEntryPointQueryResult how{};
      constexpr unsigned since = 12000;
      bool const is = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &at, since, cudaEnableDefault, &how) ==
                          cudaSuccess &&
                      how == cudaDriverEntryPointSuccess;
      if (!is) cudaGetLastError();  // ours, and answered by copies
      return is ? reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(at) : nullptr;
    }();
    return found;
  }
};

}  // namespace ssmscan::device::chunked_columns
