#include "tests/cuda/on_device.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>

#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/detail/overlap.hpp>

namespace ssmscan::gpu {
namespace {

constexpr std::size_t zone = 256;       // bytes of poison on either side of what is copied, and of the workspace
constexpr unsigned char poison = 0xff;  // NaN in every floating-point type

// The same place inside a 256-byte line as on the host, so that misaligned views stay misaligned.
std::size_t up_to_place(std::size_t offset, std::uintptr_t address) {
  std::size_t const wanted = address % workspace_alignment, have = offset % workspace_alignment;
  return offset + (wanted + workspace_alignment - have) % workspace_alignment;
}

// Memory that grows and is kept from call to call.
class kept_memory {
 public:
  std::byte* on_device(std::size_t bytes) {
    if (!device_ || device_->size() < bytes) device_.reset(), device_ = std::make_unique<memory>(2 * bytes);
    return device_->data();
  }
  std::byte* on_host(std::size_t bytes) {
    if (host_.size() < bytes) host_.resize(2 * bytes);
    return host_.data();
  }

 private:
  std::unique_ptr<memory> device_;
  std::vector<std::byte> host_;
};

class image {
 public:
  void add(std::uintptr_t begin, std::uintptr_t end) {
    if (begin != end) ranges_.push_back({begin, end, 0});
  }
  template <class T>
  void add(tensor_view<T> const& view) {
    auto const bytes = ssmscan::detail::checked_range_of(view).value();
    add(static_cast<std::uintptr_t>(bytes.begin), static_cast<std::uintptr_t>(bytes.end));
  }
  template <class T>
  void add(std::span<T const> values) {
    auto const begin = reinterpret_cast<std::uintptr_t>(values.data());
    add(begin, begin + values.size_bytes());
  }

  // Ranges that meet become one; each gets its place. The number of bytes of all.
  std::size_t lay_out() {
    std::ranges::sort(ranges_, {}, &range::begin);
    std::vector<range> merged;
    for (range const& r : ranges_) {
      if (!merged.empty() && r.begin <= merged.back().end)
        merged.back().end = std::max(merged.back().end, r.end);
      else
        merged.push_back(r);
    }
    ranges_ = std::move(merged);
    std::size_t next = 0;
    for (range& r : ranges_) {
      r.offset = up_to_place(next + zone, r.begin);
      next = r.offset + (r.end - r.begin);
    }
    return next + zone;
  }
  void copy_in(std::byte* to) const {
    for (range const& r : ranges_) std::memcpy(to + r.offset, reinterpret_cast<void const*>(r.begin), r.end - r.begin);
  }
  // Back to where it came from; is everything between still poison?
  bool copy_out(std::byte const* from, std::size_t bytes) const {
    std::size_t clean_from = 0;
    bool clean = true;
    auto const check = [&](std::size_t end) {
      clean = clean && std::all_of(from + clean_from, from + end, [](std::byte b) { return b == std::byte{poison}; });
    };
    for (range const& r : ranges_) {
      std::memcpy(reinterpret_cast<void*>(r.begin), from + r.offset, r.end - r.begin);
      check(r.offset);
      clean_from = r.offset + (r.end - r.begin);
    }
    check(bytes);
    return clean;
  }
  // The place on the device of an address that was added; others (null, of empty views) stay.
  template <class T>
  T* place(T* address, std::byte* device) const {
    auto const a = reinterpret_cast<std::uintptr_t>(address);
    for (range const& r : ranges_)
      if (a >= r.begin && a < r.end) return reinterpret_cast<T*>(device + r.offset + (a - r.begin));
    return address;
  }

 private:
  struct range {
    std::uintptr_t begin, end;
    std::size_t offset;
  };
  std::vector<range> ranges_;
};

}  // namespace

template <class T>
void solve_on_device(recurrence<T> const& on_host, device::execution how, device_runner<T> const& runner) {
  static kept_memory kept;
  image whole;
  whole.add(on_host.a), whole.add(on_host.b), whole.add(on_host.x), whole.add(on_host.initial);
  whole.add(on_host.final), whole.add(on_host.offsets), whole.add(on_host.reset);
  std::size_t const bytes = up_to_place(whole.lay_out(), 0);
  std::byte* const host = kept.on_host(bytes + zone);
  std::memset(host, poison, bytes + zone);
  whole.copy_in(host);

  // Addresses first: how much workspace is needed may depend on them.
  std::byte* device = kept.on_device(bytes);
  auto const moved = [&] {
    recurrence<T> p = on_host;
    p.a.data = whole.place(p.a.data, device), p.b.data = whole.place(p.b.data, device);
    p.x.data = whole.place(p.x.data, device), p.initial.data = whole.place(p.initial.data, device);
    p.final.data = whole.place(p.final.data, device);
    p.offsets = {whole.place(p.offsets.data(), device), p.offsets.size()};
    p.reset = {whole.place(p.reset.data(), device), p.reset.size()};
    return p;
  };
  how.host_offsets = on_host.offsets;
  std::size_t const workspace = runner.workspace_bytes(moved(), how);
  std::size_t const end = bytes + workspace;
  device = kept.on_device(end + zone);
  need_success(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice), "sending a problem");
  need_success(cudaMemset(device + bytes, poison, workspace + zone), "poisoning a workspace");
  how.workspace = {device + bytes, workspace};
  runner.run(moved(), how);
  need_success(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "bringing a result back");
  bool clean = whole.copy_out(host, bytes);
  need_success(cudaMemcpy(host, device + end, zone, cudaMemcpyDeviceToHost), "looking behind the workspace");
  clean = clean && std::all_of(host, host + zone, [](std::byte b) { return b == std::byte{poison}; });
  if (!clean) throw std::runtime_error("device memory outside the views and the workspace was written");
}

template void solve_on_device(recurrence<float> const&, device::execution, device_runner<float> const&);
template void solve_on_device(recurrence<double> const&, device::execution, device_runner<double> const&);
template void solve_on_device(recurrence<std::complex<float>> const&, device::execution,
                              device_runner<std::complex<float>> const&);
template void solve_on_device(recurrence<std::complex<double>> const&, device::execution,
                              device_runner<std::complex<double>> const&);
template void solve_on_device(recurrence<std::uint32_t> const&, device::execution, device_runner<std::uint32_t> const&);

}  // namespace ssmscan::gpu
