#pragma once
// A problem on the GPU: copied there once and kept for all who compute it; and, for caches that shall be cold, in as many
// copies as outgrow the L2 cache, which passes take in turn. And the bound on its arrays.
#include <any>
#include <map>
#include <tuple>

#include "bench/common/contender.hpp"
#include "bench/common/cuda/bounds.hpp"
#include "bench/common/cuda/device.hpp"

namespace ssmscan::bench::gpu {

// The arrays of a problem in device memory.
template <class T>
struct arrays {
  array<T> a, b, x;
  array<detail::arithmetic<T>> initial, final;
  array<index_t> offsets;

  explicit arrays(problem<T> const& on)
      : a(on.a.size()),
        b(on.b.size()),
        x(on.x.size()),
        initial(on.initial.size()),
        final(on.final.size()),
        offsets(on.offsets.size()) {}

  // The call under test with these arrays in the place of the host's.
  recurrence<T> call(problem<T>& on) const {
    recurrence<T> made = on.call();
    made.a.data = a.data(), made.b.data = b.data(), made.x.data = x.data();
    if (made.initial.data != nullptr) made.initial.data = initial.data();
    if (made.final.data != nullptr) made.final.data = final.data();
    if (!on.offsets.empty()) made.offsets = {offsets.data(), offsets.size()};
    return made;
  }
};

template <class T>
class on_device {
 public:
  explicit on_device(problem<T>& given) : host(given), shape(given.shape) {
    arrays<T>& first = add();
    first.a.put(host.a.data()), first.b.put(host.b.data()), first.initial.put(host.initial.data());
    first.offsets.put(host.offsets.data());
  }

  arrays<T>& first() { return *copies_.front(); }
  arrays<T> const& copy(std::size_t k) const { return *copies_[k]; }
  std::size_t bytes() const { return (host.a.size() + host.b.size() + host.x.size()) * sizeof(T); }

  // Copies that passes take in turn: one where caches may be warm.
  std::size_t copies_for(cache state) {
    if (state == cache::warm) return 1;
    constexpr std::size_t times_the_cache = 4;
    std::size_t const wanted =
        std::max<std::size_t>(2, times_the_cache * l2_bytes() / std::max<std::size_t>(bytes(), 1) + 1);
    while (copies_.size() < wanted) {
      arrays<T>& next = add();
      next.a.bytes().copy_from(first().a.bytes()), next.b.bytes().copy_from(first().b.bytes());
      next.initial.bytes().copy_from(first().initial.bytes()), next.offsets.bytes().copy_from(first().offsets.bytes());
    }
    wait();
    return wanted;
  }

  problem<T>& host;
  problem_shape const shape;

 private:
  arrays<T>& add() { return *copies_.emplace_back(std::make_unique<arrays<T>>(host)); }
  std::vector<std::unique_ptr<arrays<T>>> copies_;
};

template <bound_kernel Kernel, class T>
void enqueue_bound(arrays<T> const& on, int vectors) {
  using W = words_t<T>;
  std::size_t const words = words_in<T>(on.x.size());
  auto const* const b = reinterpret_cast<W const*>(on.b.data());
  auto* const x = reinterpret_cast<W*>(on.x.data());
  if (Kernel == bound_kernel::copy || on.a.size() != on.b.size())  // a broadcast a costs no memory's time
    enqueue_copy(b, x, words, vectors);
  else
    enqueue_triad(reinterpret_cast<W const*>(on.a.data()), b, x, words, vectors);
}

struct device_bound {
  int vectors = vectors_per_thread[0];
  double seconds = std::numeric_limits<double>::infinity();
};

template <bound_kernel Kernel, class T>
device_bound measure_bound(on_device<T>& on, cache state) {
  device_bound best;
  std::size_t const copies = on.copies_for(state);
  for (int const vectors : vectors_per_thread) {
    batch const timed([&](std::size_t k) { enqueue_bound<Kernel>(on.copy(k % copies), vectors); }, launching::by_graph,
                      copies);
    if (double const seconds = median_seconds(timed); seconds < best.seconds) best = {vectors, seconds};
  }
  return best;
}

// What contenders of one process share: the problem in hand on the device, and its bounds.
class device_session {
 public:
  template <class T>
  std::shared_ptr<on_device<T>> at(problem<T>& on) {
    auto held = std::any_cast<std::shared_ptr<on_device<T>>>(&held_);
    if (held != nullptr && &(*held)->host == &on && (*held)->shape == on.shape) return *held;
    held_.reset();  // first, as two may not fit
    auto made = std::make_shared<on_device<T>>(on);
    held_ = made;
    return made;
  }

  template <bound_kernel Kernel, class T>
  device_bound bound(on_device<T>& on, cache state) {
    auto const key = std::tuple(Kernel, std::string(dtype_name<T>), on.shape.elements(), on.host.a.size(), state);
    auto const found = bounds_.find(key);
    return found != bounds_.end() ? found->second : bounds_[key] = measure_bound<Kernel>(on, state);
  }

 private:
  std::any held_;
  std::map<std::tuple<bound_kernel, std::string, index_t, std::size_t, cache>, device_bound> bounds_;
};

}  // namespace ssmscan::bench::gpu
