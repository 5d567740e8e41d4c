#pragma once
// Launches the kernel of look_back_kernel.cuh: as many blocks as there are multiprocessors, or tickets.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/look_back.hpp>
#include <ssmscan/scan/backends/cuda/look_back_kernel.cuh>

namespace ssmscan::device {

namespace look_back_detail {

// Whether the copy engine can move the lanes of a view: time contiguous, every lane 16-byte aligned. A shape of one lane or
// of evenly spaced ones is judged by its first two; others go by element.
template <class View>
bool can_be_copied_in_bulk(View const& v, extent size) {
  auto const aligned = [](void const* p) { return reinterpret_cast<std::uintptr_t>(p) % bulk_alignment == 0; };
  if (size.time > 1 && v.time_stride() != 1) return false;
  return aligned(&v(0, 0)) && (size.lanes == 1 || (v.is_even() && aligned(&v(1, 0))));
}

template <class T, copies How>
void launch_kernel(cudaStream_t stream, ssmscan::detail::recurrence_problem<T> const& problem,
                   look_back_plan const& plan, run_header* header, word* words) {
  auto* const kernel = &look_back_kernel<T, How>;
  constexpr std::size_t shared_bytes = sizeof(look_back_storage<T>);
  int which = 0, multiprocessors = 0;
  need_success(cudaGetDevice(&which), "asking for the current device");
  need_success(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, which),
               "asking for its multiprocessors");
  need_success(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
      "asking for shared memory");
  launch(stream, {std::min<index_t>(multiprocessors, plan.tickets), look_back_threads<T>, shared_bytes}, kernel,
         problem, plan, header, words);
}

}  // namespace look_back_detail

template <class B, class T>
void look_back::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  auto const plan = look_back_plan::of<T>(problem.size);
  constexpr index_t header_words = sizeof(run_header) / sizeof(word);
  auto const memory = on.template scratch<word>(header_words + plan.template words<T>());
  if constexpr (std::same_as<B, cuda>) {
    on.clear(memory.data(), static_cast<std::size_t>(header_words + plan.template words<T>()) * sizeof(word));
    auto* const header = reinterpret_cast<run_header*>(memory.data());
    word* const words = memory.data() + header_words;
    using look_back_detail::can_be_copied_in_bulk;
    if (can_be_copied_in_bulk(problem.a, problem.size) && can_be_copied_in_bulk(problem.b, problem.size) &&
        can_be_copied_in_bulk(problem.x, problem.size)) {
      look_back_detail::launch_kernel<T, copies::bulk>(on.stream(), problem, plan, header, words);
    } else {
      look_back_detail::launch_kernel<T, copies::by_element>(on.stream(), problem, plan, header, words);
    }
  }
}

}  // namespace ssmscan::device
