#include <map>
#include <memory>

#include <ssmscan/scan/backends/cuda/check_call.hpp>
#include <ssmscan/scan/backends/cuda/device_memory.hpp>
#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/detail/overlap.hpp>

namespace ssmscan::device {
namespace {

using ssmscan::detail::device_memory;

// What host memory became: a copy of each range of bytes that a view spans, one for views that span the same.
class copies {
 public:
  template <class T>
  tensor_view<T> add(tensor_view<T> view) {
    auto const bytes = ssmscan::detail::range_of(view);
    auto const first = reinterpret_cast<std::uintptr_t>(view.data);
    auto const begin = static_cast<std::uintptr_t>(bytes.begin), end = static_cast<std::uintptr_t>(bytes.end);
    view.data = bytes.empty() ? view.data : reinterpret_cast<T*>(copy_of(begin, end) + (first - begin));
    return view;
  }
  template <class T>
  std::span<T const> add(std::span<T const> values) {
    auto const begin = reinterpret_cast<std::uintptr_t>(values.data());
    if (values.empty()) return values;
    return {reinterpret_cast<T const*>(copy_of(begin, begin + values.size_bytes())), values.size()};
  }
  // From the device, over what is between the elements too: that came from there.
  template <class T>
  void bring_back(tensor_view<T> const& view) const {
    auto const bytes = ssmscan::detail::range_of(view);
    if (bytes.empty()) return;
    auto const begin = static_cast<std::uintptr_t>(bytes.begin), end = static_cast<std::uintptr_t>(bytes.end);
    made_.at({begin, end})->take(reinterpret_cast<void*>(begin));
  }

 private:
  std::byte* copy_of(std::uintptr_t begin, std::uintptr_t end) {
    auto& held = made_[{begin, end}];
    if (!held) {
      held = std::make_unique<device_memory>(end - begin);
      held->put(reinterpret_cast<void const*>(begin));
    }
    return held->data();
  }
  std::map<std::pair<std::uintptr_t, std::uintptr_t>, std::unique_ptr<device_memory>> made_;
};

}  // namespace

template <device_dtype T>
choice linear_recurrence_from_host(recurrence<T> const& problem, execution const& given) {
  // On the host's views, as they tell overlaps that copies no longer have: what the arrays hold, and what the call asks.
  if constexpr (recurrence_dtype<T>) {
    (void)ssmscan::plan(problem);
  } else if (problem.reset.data() != nullptr && ssmscan::detail::sequences_of_states(problem) > 0) {
    index_t const time = problem.x.shape.time;
    auto const offsets = ssmscan::detail::offsets_of(problem.reset, time);
    ssmscan::detail::check_states(problem, static_cast<index_t>(offsets.size()) - 1);
  }
  execution how{.algorithm = given.algorithm, .inner = given.inner, .host_offsets = problem.offsets};
  (void)plan(problem, how);

  copies all;
  recurrence<T> there = problem;
  there.a = all.add(problem.a), there.b = all.add(problem.b), there.x = all.add(problem.x);
  there.initial = all.add(problem.initial), there.final = all.add(problem.final);
  there.offsets = all.add(problem.offsets), there.reset = all.add(problem.reset);
  device_memory workspace(workspace_bytes(there, how));
  workspace.fill(0xa5);  // look_back reads what stands there, and initcheck knows only that nobody wrote it
  how.workspace = workspace.span();
  choice made = linear_recurrence(there, how);
  all.bring_back(problem.x), all.bring_back(problem.final);
  return made;
}

#define SSMSCAN_INSTANTIATE(T) \
  template SSMSCAN_CUDA_EXPORT choice linear_recurrence_from_host<T>(recurrence<T> const&, execution const&);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::complex<float>)
SSMSCAN_INSTANTIATE(std::complex<double>)
SSMSCAN_INSTANTIATE(std::uint32_t)
SSMSCAN_INSTANTIATE(bfloat16)
SSMSCAN_INSTANTIATE(float16)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device
