// The contract of an algorithm, watched from inside on the device. The run there is recorded element by element, and
// replayed to the law that judges the CPU's: how often each element was loaded and stored, whether in that order, with
// which prefix, after how many combines.
#include "tests/cuda/gpu.hpp"
#include "tests/laws/contract.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/short_tiled.hpp"
#include "tests/laws/tally.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda.cuh>

namespace ssmscan::laws {
namespace {

// What happened on the device. `stray`: to an element that does not exist.
struct record {
  int *loads, *stores, *early, *stray, *broken;
  unsigned long long* combines;
  stretch* prefixes;
};

// laws::stretches, for the device.
struct device_stretches {
  using value_type = stretch;
  int* broken;
  unsigned long long* combines;

#pragma nv_diag_suppress 177  // no algorithm asks for the identity; a monoid has one all the same
  SSMSCAN_HOST_DEVICE value_type identity() const { return {0, 0, 0, 0, 0}; }
  SSMSCAN_HOST_DEVICE value_type operator()(value_type const& earlier, value_type const& later) const {
#if defined(__CUDA_ARCH__)
    atomicAdd(combines, 1ULL);
#endif
    if (earlier.begin == earlier.end) return later;
    if (later.begin == later.end) return earlier;
    if (earlier.lane != later.lane || earlier.end != later.begin) *broken = 1;
    return {earlier.lane, earlier.begin, later.end, (earlier.depth < later.depth ? later : earlier).depth + 1,
            earlier.right < later.right + 1 ? later.right + 1 : earlier.right};
  }
};

struct recorded_load {
  record r;
  extent e;
  __device__ stretch operator()(index_t lane, index_t t) const {
    bool const inside = lane >= 0 && lane < e.lanes && t >= 0 && t < e.time;
    atomicAdd(inside ? r.loads + lane * e.time + t : r.stray, 1);
    return {lane, t, t + 1, 0, 0};
  }
};
struct recorded_store {
  record r;
  extent e;
  __device__ void operator()(index_t lane, index_t t, stretch const& prefix) const {
    bool const inside = lane >= 0 && lane < e.lanes && t >= 0 && t < e.time;
    index_t const i = lane * e.time + t;
    atomicAdd(inside ? r.stores + i : r.stray, 1);
    if (!inside) return;
    if (r.loads[i] == 0) r.early[i] = 1;
    r.prefixes[i] = prefix;
  }
};

template <class A>
contractor contractor_on_gpu(std::string const& name) {
  static_assert(supports<A, cuda, device_stretches>);
  return {name + "/cuda", "cuda", A::info, [](extent e, stretches const& monoid, auto const& load, auto const& store) {
            index_t const total = e.lanes * e.time;
            gpu::array<int> loads(total), stores(total), early(total), flags(2);
            gpu::array<unsigned long long> combines(1);
            gpu::array<stretch> prefixes(total);
            loads.fill_bytes(0), stores.fill_bytes(0), early.fill_bytes(0), flags.fill_bytes(0), combines.fill_bytes(0);
            record const r{loads.data(),     stores.data(),   early.data(),   flags.data(),
                           flags.data() + 1, combines.data(), prefixes.data()};
            device_stretches const on_device{r.broken, r.combines};
            workspace_query query;
            scan(query, A{}, on_device, e, recorded_load{r, e}, recorded_store{r, e});
            gpu::memory const workspace(query.bytes());
            cuda on(nullptr, workspace.span());
            scan(on, A{}, on_device, e, recorded_load{r, e}, recorded_store{r, e});

            auto const loaded = loads.values(), stored = stores.values(), too_early = early.values(),
                       flag = flags.values();
            auto const prefix = prefixes.values();
            monoid.combines->fetch_add(static_cast<index_t>(combines.values()[0]));
            if (flag[0] != 0) *monoid.broken = fault::no_such_element;
            if (flag[1] != 0) *monoid.broken = fault::not_neighbours;
            for (index_t i = 0; i < total; ++i) {
              auto const at = static_cast<std::size_t>(i);
              index_t const lane = i / e.time, t = i % e.time;
              if (too_early[at] != 0) store(lane, t, prefix[at]);
              for (int k = 0; k < loaded[at]; ++k) (void)load(lane, t);
              for (int k = too_early[at]; k < stored[at]; ++k) store(lane, t, prefix[at]);
            }
          }};
}

std::vector<contractor> contractors() {
  return {contractor_on_gpu<sequential>("sequential"),
          contractor_on_gpu<hillis_steele>("hillis_steele"),
          contractor_on_gpu<blelloch>("blelloch"),
          contractor_on_gpu<chunked>("chunked"),
          contractor_on_gpu<look_back>("look_back"),
          contractor_on_gpu<basic_chunked<short_tile>>("chunked<8>"),
          contractor_on_gpu<basic_look_back<short_tile>>("look_back<8>")};
}

TEST(cuda_contract, every_tree_has_signed_it) {
  index_t trees = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) { trees += A::info.result != result_class::reformulates; });
  EXPECT_EQ(static_cast<index_t>(contractors().size()), trees + static_cast<index_t>(short_tiled::size));
}

// Every length across sixteen tiles of 8, then steps, and around chunks.
TEST(cuda_contract, every_length) {
  std::vector<index_t> lengths;
  for (index_t n = 0; n <= 1100; n += n < 130 ? 1 : 37) lengths.push_back(n);
  for (index_t const n : {4095, 4096, 4097, 8191, 8192, 8193, 65537}) lengths.push_back(n);
  index_t judged = 0;
  for (contractor const& c : contractors()) {
    verdict const found = contract_law(c, {1, 3}, lengths);
    EXPECT_EQ(found.failure, "");
    EXPECT_EQ(found.cases, 2 * static_cast<index_t>(lengths.size())) << c.name;
    judged += found.cases;
  }
  tally::add(judged);
}

}  // namespace
}  // namespace ssmscan::laws
