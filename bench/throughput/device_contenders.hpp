#pragma once
// Libraries of the GPU in an algorithm's place.
#include "bench/common/cuda/contenders.hpp"
#include "bench/throughput/contenders.hpp"
#include "bench/throughput/device_libraries.hpp"

namespace ssmscan::bench::gpu {

// A tree of fused combines, of a shape that the library does not tell.
inline accuracy unknown_tree_of_fused(index_t time) {
  accuracy made = tree_of_unknown_shape(time);
  made.rounding = rounding::fused;
  return made;
}

template <class T>
contender<T> over_arrays(std::shared_ptr<device_session> const& shared, std::string const& name,
                         std::string const& label, array_scan<T> scan, launching how) {
  auto const prepare = [=](problem<T>& host, int) {
    index_t const time = host.shape.time;
    auto const temporary = std::make_shared<memory>(scan.temporary_bytes(time));
    auto const enqueue = [=](arrays<T> const& at) {
      scan.enqueue(temporary->span(), at.a.data(), at.b.data(), at.x.data(), time);
    };
    prepared made = passes_on_device(shared, shared->at(host), enqueue, how);
    made.promised = unknown_tree_of_fused(time);
    made.label = joined(label, made.label);
    return made;
  };
  return on_a_gpu<T>({name, "", "cuda", one_plain_sequence, prepare});
}

// Pairs are made before the clock starts, and their b is what comes back.
template <class T>
contender<T> over_device_pairs(std::shared_ptr<device_session> const& shared, std::string const& name,
                               std::string const& label, pair_scan<T> scan) {
  auto const prepare = [=](problem<T>& host, int) {
    index_t const time = host.shape.time;
    auto const temporary = std::make_shared<memory>(scan.temporary_bytes(time));
    auto const in = std::make_shared<array<affine_map<T>>>(host.b.size());
    auto const out = std::make_shared<array<affine_map<T>>>(host.b.size());
    in->put(pairs_of(host).data());
    auto const enqueue = [=](arrays<T> const&) { scan.enqueue(temporary->span(), in->data(), out->data(), time); };
    prepared made = passes_on_device(shared, shared->at(host), enqueue, launching::by_graph);
    made.promised = unknown_tree_of_fused(time);
    made.label = joined(label, made.label);
    made.spoil = [=] { out->bytes().fill(0xFF); };
    made.collect = [=, &host] {
      pairs<T> back(out->size());
      out->take(back.data());
      for (std::size_t i = 0; i < back.size(); ++i) host.x[i] = back[i].b;
    };
    return made;
  };
  // Not cold: the pairs are in one copy.
  auto const takes = [](problem_shape const& s) { return one_plain_sequence(s) && !s.cold; };
  return on_a_gpu<T>({name, "", "cuda", takes, prepare});
}

template <class T>
std::vector<contender<T>> library_contenders(std::shared_ptr<device_session> const& shared) {
  std::string const cub = cub_version(), thrust = thrust_version();
  return {over_arrays<T>(shared, "cub", cub + ", DeviceScan over arrays a, b, x", cub_arrays<T>(), launching::by_graph),
          over_device_pairs<T>(shared, "cub_pairs", cub + ", DeviceScan over pairs", cub_pairs<T>()),
          over_arrays<T>(shared, "thrust", thrust + ", inclusive_scan over arrays a, b, x, allocating at each call",
                         thrust_arrays<T>(), launching::by_call)};
}

}  // namespace ssmscan::bench::gpu
