#include <memory>
#include <vector>

#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/ssm/cuda/selective_from_host.hpp>

namespace ssmscan::device {
namespace {

struct axis {
  index_t count, stride;
};
using axes = std::vector<axis>;

class device_copy {
 public:
  explicit device_copy(std::size_t bytes) : bytes_(bytes) {
    if (bytes > 0) need_success(cudaMalloc(&data_, bytes), "allocating device memory");
  }
  ~device_copy() { (void)cudaFree(data_); }
  device_copy(device_copy const&) = delete;
  device_copy& operator=(device_copy const&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  void put(void const* from) const {
    if (bytes_ > 0) need_success(cudaMemcpy(data_, from, bytes_, cudaMemcpyHostToDevice), "copying to the device");
  }
  void take(void* to) const {
    if (bytes_ > 0) need_success(cudaMemcpy(to, data_, bytes_, cudaMemcpyDeviceToHost), "copying from the device");
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

// What a view spans, from its lowest element to its highest, on the device; what is between its elements comes along.
template <class T>
class spanned {
 public:
  spanned(T* data, axes const& of) : host_(data), low_(0) {
    index_t high = 1;
    for (axis const a : of) {
      if (a.count == 0 || data == nullptr) high = 0;
      if (high == 0) break;
      (a.stride < 0 ? low_ : high) += (a.count - 1) * a.stride;
    }
    if (high == 0) low_ = 0;
    copy_ = std::make_unique<device_copy>(static_cast<std::size_t>(high - low_) * sizeof(T));
    copy_->put(host_ + low_);
  }
  T* data() const { return host_ == nullptr ? nullptr : reinterpret_cast<T*>(copy_->data()) - low_; }
  void bring_back() const { copy_->take(const_cast<std::remove_const_t<T>*>(host_) + low_); }

 private:
  T* host_;
  index_t low_;
  std::unique_ptr<device_copy> copy_;
};

}  // namespace

template <class V>
choice selective_scan_from_host(ssm::selective_problem<V> const& problem, selective_form form,
                                std::string_view algorithm, std::string_view inner) {
  selective_execution how{.host_offsets = problem.offsets, .host_begin = problem.begin, .host_end = problem.end};
  how.form = form, how.algorithm = algorithm, how.inner = inner;
  (void)plan(problem, how);  // before anything is copied

  auto const [batch, channels, time] = problem.u.shape;
  index_t const states = problem.A.columns,
                sequences = problem.offsets.empty() ? 1 : static_cast<index_t>(problem.offsets.size()) - 1;
  auto const tensor = [](auto const& view) {
    return spanned(view.data, {{view.shape.batch, view.stride.batch},
                               {view.shape.channel, view.stride.channel},
                               {view.shape.time, view.stride.time}});
  };
  auto const coefficient = [&](auto const& of) {
    return spanned(
        of.data,
        {{batch, of.stride.batch}, {of.groups, of.stride.group}, {states, of.stride.state}, {time, of.stride.time}});
  };
  auto const state = [&](auto const& of) {
    return spanned(of.data, {{batch, of.stride.batch},
                             {channels, of.stride.channel},
                             {sequences, of.stride.sequence},
                             {states, of.stride.state}});
  };
  auto const list = [](auto const& values) {
    return spanned(values.data(), {{static_cast<index_t>(values.size()), 1}});
  };
  auto const u = tensor(problem.u), delta = tensor(problem.delta), z = tensor(problem.z);
  auto const y = tensor(problem.y);
  auto const A = spanned(problem.A.data, {{channels, problem.A.row_stride}, {states, 1}});
  auto const B = coefficient(problem.B), C = coefficient(problem.C);
  auto const D = list(problem.D), bias = list(problem.delta_bias);
  auto const initial = state(problem.initial);
  auto const final = state(problem.final);
  auto const offsets = list(problem.offsets), begin = list(problem.begin), end = list(problem.end);

  ssm::selective_problem<V> there = problem;
  there.u.data = u.data(), there.delta.data = delta.data(), there.z.data = z.data(), there.y.data = y.data();
  there.A.data = A.data(), there.B.data = B.data(), there.C.data = C.data();
  auto const moved = [](auto const& from, auto const& to) {
    return std::remove_cvref_t<decltype(from)>(to.data(), from.size());
  };
  there.D = moved(problem.D, D), there.delta_bias = moved(problem.delta_bias, bias);
  there.initial.data = initial.data(), there.final.data = final.data();
  there.offsets = moved(problem.offsets, offsets), there.begin = moved(problem.begin, begin);
  there.end = moved(problem.end, end);

  std::size_t const bytes = workspace_bytes(there, how);
  device_copy const workspace(bytes);
  how.workspace = {workspace.data(), bytes};
  choice made = selective_scan(there, how);
  need_success(cudaDeviceSynchronize(), "running a selective scan");
  y.bring_back(), final.bring_back();
  return made;
}

#define SSMSCAN_INSTANTIATE(V)                                         \
  template SSMSCAN_SSM_CUDA_EXPORT choice selective_scan_from_host<V>( \
      ssm::selective_problem<V> const&, selective_form, std::string_view, std::string_view);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::complex<float>)
SSMSCAN_INSTANTIATE(std::complex<double>)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device
