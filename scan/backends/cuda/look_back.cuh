#pragma once
// Launches the kernel of look_back_kernel.cuh: as many blocks as there are multiprocessors, or tickets.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/look_back.hpp>
#include <ssmscan/scan/backends/cuda/look_back_kernel.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/scan/backends/cuda/semi_log_steps.cuh>

namespace ssmscan::device {

namespace look_back_detail {

// Whether the copy engine can move the lanes of a view: time contiguous, up or down in memory, every lane 16-byte aligned.
// A shape of one lane or of evenly spaced ones is judged by its first two; others go by element.
template <class View>
bool can_be_copied_in_bulk(View const& v, extent size, int onward) {
  auto const aligned = [](void const* p) { return reinterpret_cast<std::uintptr_t>(p) % bulk_alignment == 0; };
  if (size.time > 1 && v.time_stride() != onward) return false;
  index_t const lowest = onward > 0 ? 0 : size.time - 1;
  return aligned(&v(0, lowest)) && (size.lanes == 1 || (v.is_even() && aligned(&v(1, lowest))));
}

template <class T>
copies copies_for(ssmscan::detail::recurrence_problem<T> const& p) {
  bool const one_a = p.a.time_stride() == 0 && (p.size.lanes == 1 || p.a.is_even());  // is written into slots
  auto const all = [&](int onward) {
    return (one_a || can_be_copied_in_bulk(p.a, p.size, onward)) && can_be_copied_in_bulk(p.b, p.size, onward) &&
           can_be_copied_in_bulk(p.x, p.size, onward);
  };
  if (all(1)) return copies::bulk;
  constexpr index_t unit = bulk_alignment / sizeof(T);
  return p.size.time % unit == 0 && all(-1) ? copies::bulk_reversed : copies::by_element;
}

// Whether the device, the current one, has room for a cluster of so many of a kernel's blocks; asked once for each device.
template <auto* kernel>
bool has_room_for_clusters(this_device const& device, launch_shape const& shape) {
  constexpr int unknown = 0, has_none = 1, has_room = 2;
  static of_each_device known{};
  int const which = device.index;
  if (which >= most_devices) return false;
  if (known[which] == unknown) {
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(largest_cluster), config.blockDim = dim3(static_cast<unsigned>(shape.threads));
    config.dynamicSmemBytes = shape.shared_bytes;
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {largest_cluster, 1, 1};
    config.attrs = &attribute, config.numAttrs = 1;
    int clusters = 0;
    remembered::allow_shared_bytes<kernel>(device, shape.shared_bytes, false);
    bool const answered =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1) == cudaSuccess &&
        cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) == cudaSuccess;
    if (!answered) (void)cudaGetLastError();
    known[which] = answered && clusters > 0 ? has_room : has_none;
  }
  return known[which] == has_room;
}

template <class Steps>
struct launcher {
  using T = typename Steps::scalar;
  cuda& on;
  ssmscan::detail::recurrence_problem<typename Steps::stored> const& problem;
  look_back_plan const plan;
  ssmscan::detail::sequence_starts const& starts;  // packed
  word* memory;                                    // the counter of tickets in the first, and the words
  this_device const device;
  index_t blocks = std::min(device.multiprocessors(), plan.tickets);

  void run() const {
    auto const how = copies_for(problem);
    if constexpr (!takes_whole_lanes<Steps>) {
      if (how == copies::bulk && plan.blocks_meet() && plan.tickets <= largest_cluster && run_in_cluster()) return;
      if (plan.tickets <= blocks) return run<1>(how);
    }
    run<Steps::slots>(how);
  }
  template <int Slots>
  void run(copies how) const {
    switch (how) {
      case copies::bulk:
      case copies::bulk_in_cluster:
        return run<copies::bulk, Slots>();
      case copies::bulk_reversed:
        return run<copies::bulk_reversed, Slots>();
      case copies::by_element:
        return run<copies::by_element, Slots>();
    }
  }

  template <copies How, int Slots>
  void run() const {
    auto const counter =
        counter_for(on, plan.tickets + blocks, memory, plan.template words<typename Steps::aggregate>());
    constexpr auto* kernel = &look_back_kernel<Steps, How, Slots>;
    launch_shape const shape{blocks, look_back_threads<Steps, Slots>, sizeof(look_back_storage<Steps, Slots>), 1,
                             start::beside_the_last};
    launch_with_shared<kernel>(device, on.stream(), shape, problem, plan, counter, memory + header_words, starts);
  }

  // False where the device has no room for the cluster.
  bool run_in_cluster() const {
    constexpr auto* kernel = &look_back_kernel<Steps, copies::bulk_in_cluster, 1>;
    auto const cluster = static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(plan.tickets)));
    launch_shape const shape{cluster, look_back_threads<Steps, 1>, sizeof(look_back_storage<Steps, 1>), cluster,
                             start::beside_the_last};
    if (!has_room_for_clusters<kernel>(device, shape)) return false;
    word* const no_words = nullptr;
    launch_with_shared<kernel>(device, on.stream(), shape, problem, plan, ticket_counter{}, no_words, starts);
    return true;
  }

  static constexpr index_t header_words = 1;
};

template <class Steps, class B, class T>
void solve(B& on, ssmscan::detail::recurrence_problem<T> const& problem,
           ssmscan::detail::sequence_starts const& starts = {}) {
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  auto const plan = look_back_plan::of<typename Steps::scalar>(problem.size);
  auto const memory =
      on.template scratch<word>(launcher<Steps>::header_words + plan.template words<typename Steps::aggregate>());
  if constexpr (std::same_as<B, cuda>) {
    this_device const device;
    // Kept lanes are those of which there are tests; their words stand unused, as a query does not ask the device.
    if constexpr (std::same_as<Steps, affine_steps<typename Steps::scalar, typename Steps::stored>>) {
      index_t const blocks = device.multiprocessors();
      auto const kept = plan.among(blocks);
      if (!kept.blocks_meet() && kept.tickets > blocks)
        return launcher<in_whole_lanes<Steps>>{on, problem, kept, starts, memory.data(), device}.run();
    }
    launcher<Steps>{on, problem, plan, starts, memory.data(), device}.run();
  }
}

}  // namespace look_back_detail

template <class B, class T>
void look_back::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  look_back_detail::solve<affine_steps<T>>(on, problem);
}

template <class B, class T>
void look_back::solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                      ssmscan::detail::sequence_starts const& starts) {
  look_back_detail::solve<segmented_steps<T>>(on, problem, starts);
}

template <class B, std::floating_point T>
void look_back::solve(B& on, semi_log<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  look_back_detail::solve<semi_log_steps<T>>(on, problem);
}

template <class B, storage_dtype S>
void look_back::solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<S> const& problem) {
  look_back_detail::solve<affine_steps<float, S>>(on, problem);
}

template <class B, storage_dtype S>
void look_back::solve(B& on, segmented<affine<float>> const&, ssmscan::detail::recurrence_problem<S> const& problem,
                      ssmscan::detail::sequence_starts const& starts) {
  look_back_detail::solve<segmented_steps<float, S>>(on, problem, starts);
}

}  // namespace ssmscan::device
