#pragma once
// Contenders on the GPU: every algorithm of ssmscan::cuda by its public call, and the bound. A problem is copied to the
// device once and stays there for all who compute it; with `cold` in as many copies as outgrow the L2 cache, which passes
// take in turn. The workspace is made before the clock starts.
#include <any>
#include <chrono>
#include <map>
#include <optional>
#include <tuple>

#include "bench/common/contender.hpp"
#include "bench/common/cuda/bounds.hpp"
#include "bench/common/cuda/device.hpp"

#include <ssmscan/scan/backends/cuda/registry.hpp>

namespace ssmscan::bench::gpu {

// The arrays of a problem in device memory.
template <class T>
struct arrays {
  array<T> a, b, x, initial, final;
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
  std::size_t const words = on.x.size() * (sizeof(T) / sizeof(W));
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

// What whoever computes on the device has in common: `enqueue(arrays)` puts one pass on the stream.
template <class T, class Enqueue>
prepared passes_on_device(std::shared_ptr<device_session> const& shared, std::shared_ptr<on_device<T>> const& on,
                          Enqueue enqueue, launching how) {
  prepared made;
  made.pass = [=] {
    enqueue(on->first());
    wait();
  };
  made.spoil = [=] { on->first().x.bytes().fill(0xFF); };  // NaN
  made.collect = [=] { on->first().x.take(on->host.x.data()); };
  auto const kept = std::make_shared<std::optional<device_clock>>();  // for the repetitions
  made.device = [=](cache state) {
    if (*kept) return **kept;
    double const bound = on->host.x.empty() ? 0 : shared->template bound<bound_kernel::triad>(*on, state).seconds;
    std::size_t const copies = on->copies_for(state);
    auto const timed = std::make_shared<batch>([=](std::size_t k) { enqueue(on->copy(k % copies)); }, how, copies);
    return kept->emplace(device_clock{static_cast<index_t>(timed->passes()), [=] { return timed->seconds(); }, bound,
                                      words_of(timed->how())});
  };
  if (on->bytes() <= l2_bytes()) made.label = "data fit the L2 cache";
  return made;
}

template <class T>
contender<T> on_a_gpu(contender<T> made) {
  made.timed_by = contender<T>::clock::device;
  made.absent = why_none;
  return made;
}

enum class packed_input { refused, taken };

// An algorithm of device::capabilities(), or "automatic", by the public call.
template <class T>
contender<T> ours(std::shared_ptr<device_session> const& shared, std::string const& algorithm, std::string const& inner,
                  packed_input packed) {
  auto const prepare = [=](problem<T>& host, int) {
    auto const on = shared->at(host);
    device::execution how{.algorithm = algorithm, .inner = inner, .stream = the_stream()};
    auto const call = on->first().call(host);
    auto const workspace = std::make_shared<memory>(device::workspace_bytes(call, how));
    auto const enqueue = [=, &host](arrays<T> const& at) {
      device::linear_recurrence(at.call(host), {.algorithm = algorithm,
                                                .inner = inner,
                                                .stream = the_stream(),
                                                .workspace = workspace->span(),
                                                .host_offsets = host.offsets});
    };
    choice const chosen = device::plan(call, how);
    prepared made = passes_on_device(shared, on, enqueue, launching::by_graph);
    made.promised = promise<device::algorithms>(device::capabilities(), chosen.algorithm, chosen.inner,
                                                host.shape.operation, host.shape.time);
    if (algorithm == "automatic") made.label = joined("chose " + chosen.algorithm + ": " + chosen.reason, made.label);
    return made;
  };
  auto const takes = [=](problem_shape const& s) {
    return has_what_it_computes(algorithm, s) && s.threads == 0 && (s.packed == 0 || packed == packed_input::taken);
  };
  return on_a_gpu<T>({algorithm, inner, "cuda", takes, prepare});
}

// The bound in an algorithm's place.
template <bound_kernel Kernel, class T>
contender<T> bound(std::shared_ptr<device_session> const& shared) {
  auto const prepare = [=](problem<T>& host, int) {
    auto const on = shared->at(host);
    int const vectors = shared->template bound<Kernel>(*on, cache::warm).vectors;
    prepared made = passes_on_device(
        shared, on, [=](arrays<T> const& at) { enqueue_bound<Kernel>(at, vectors); }, launching::by_graph);
    made.label = joined(std::to_string(16 * vectors) + " bytes of each array a thread", made.label);
    made.check = [&host] { return check_bound<Kernel>(host); };
    made.bytes_per_element = (Kernel == bound_kernel::triad ? 3.0 : 2.0) * sizeof(T);
    return made;
  };
  return on_a_gpu<T>({Kernel == bound_kernel::triad ? "triad" : "copy", "", "cuda", bound_is_comparable, prepare});
}

// What a caller waits for: launch, run and wait, by the host's clock; so is the bound.
template <class T>
contender<T> waited_for(std::shared_ptr<device_session> const& shared, contender<T> made) {
  made.prepare = [shared, prepare = made.prepare](problem<T>& host, int threads) {
    prepared by_host = prepare(host, threads);
    by_host.device = [shared, pass = by_host.pass, &host](cache) {
      using clock = std::chrono::steady_clock;
      auto const seconds = [pass] {
        auto const begin = clock::now();
        pass();
        return std::chrono::duration<double>(clock::now() - begin).count();
      };
      auto const on = shared->at(host);
      double const bound = host.x.empty()
                               ? 0
                               : bench::median_seconds(
                                     [&] {
                                       enqueue_bound<bound_kernel::triad>(on->first(), vectors_per_thread[0]);
                                       wait();
                                     },
                                     [] {});
      return device_clock{1, seconds, bound, "launched and waited for"};
    };
    by_host.label.clear();
    return by_host;
  };
  return made;
}

template <class T>
std::vector<contender<T>> our_contenders(std::shared_ptr<device_session> const& shared, operation what, inners which) {
  std::vector<contender<T>> made;
  for_each_offer<T>(device::capabilities(), what, which, [&](capability const& row, std::string const& inner) {
    made.push_back(
        ours<T>(shared, std::string(row.algorithm), inner, row.packed ? packed_input::taken : packed_input::refused));
  });
  made.push_back(ours<T>(shared, "automatic", "", packed_input::taken));
  return made;
}

}  // namespace ssmscan::bench::gpu
