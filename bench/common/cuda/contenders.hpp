#pragma once
// Contenders on the GPU: every algorithm of ssmscan::cuda by its public call, and the bound. The workspace is made before
// the clock starts.
#include <chrono>
#include <optional>

#include "bench/common/cuda/on_device.hpp"

#include <ssmscan/scan/backends/cuda/registry.hpp>

namespace ssmscan::bench::gpu {

template <class T>
std::string in_cache(on_device<T> const& on, cache state) {
  return state == cache::warm && on.bytes() <= l2_bytes() ? "; data fit the L2 cache" : "";
}

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
                                      words_of(timed->how()) + in_cache(*on, state)});
  };
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
