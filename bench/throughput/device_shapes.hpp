#pragma once
// What is timed on the GPU: one lane from what fits the L2 cache to far beyond it; lanes like a model's channels, time or
// channels contiguous; few long lanes; every option of the call; other types.
#include "bench/common/main.hpp"
#include "bench/throughput/device_contenders.hpp"

namespace ssmscan::bench::gpu {

class device_catalogue {
 public:
  explicit device_catalogue(options const& given) : shared_(std::make_shared<session>("throughput", given)) {}

  template <class T>
  void add(std::vector<problem_shape> const& shapes, inners which = inners::the_default) {
    for (auto const& shape : shapes)
      for (auto const& who : everybody<T>(shape.operation, which)) add_case<T>(shared_, who, shape);
  }

 private:
  template <class T>
  std::vector<contender<T>> everybody(operation what, inners which) {
    auto made = gpu::our_contenders<T>(device_, what, which);
    if (what != operation::affine) return made;
    made.push_back(gpu::bound<bound_kernel::triad, T>(device_));
    made.push_back(gpu::bound<bound_kernel::copy, T>(device_));
    if constexpr (recurrence_dtype<T>)
      for (auto const& more : library_contenders<T>(device_)) made.push_back(more);
    return made;
  }

  std::shared_ptr<session> shared_;
  std::shared_ptr<device_session> device_ = std::make_shared<device_session>();
};

inline std::vector<problem_shape> lanes_of(index_t lanes, std::initializer_list<int> exponents,
                                           problem_shape base = {}) {
  std::vector<problem_shape> made;
  for (int const e : exponents) {
    base.lanes = lanes, base.time = index_t{1} << e;
    made.push_back(base);
  }
  return made;
}

inline std::vector<problem_shape> both_layouts(std::vector<problem_shape> const& shapes) {
  std::vector<problem_shape> made;
  for (auto shape : shapes)
    for (auto const order : {layout::lane_major, layout::time_major}) {
      shape.layout = order;
      made.push_back(shape);
    }
  return made;
}

// Every option of the call, one at a time.
inline std::vector<problem_shape> with_options(problem_shape const& base, index_t sequences) {
  auto constant = base, reverse = base, packed = base, state = base;
  constant.family = "constant";
  reverse.direction = direction::reverse;
  packed.packed = sequences;
  state.state = true;
  return {constant, reverse, packed, state};
}

inline constexpr index_t model_lanes = 8 * 1536;  // a batch of 8 with the channels of a small model
inline constexpr index_t packed_sequences = 1000;

inline void add_device_quick(device_catalogue& all) {
  all.add<float>(lanes_of(1, {10, 16, 20, 24, 26}));
  all.add<float>(both_layouts(lanes_of(model_lanes, {12})));
  all.add<float>(lanes_of(1, {20}, {.cold = true}));
  all.add<float>(with_options({.lanes = 1, .time = index_t{1} << 24}, packed_sequences));
  all.add<float>(lanes_of(1, {20}, {.operation = operation::semi_log}));
  all.add<double>(lanes_of(1, {24}));
  all.add<std::complex<float>>(lanes_of(1, {24}));
  all.add<bfloat16>(lanes_of(1, {24}));
}

inline void add_device_default(device_catalogue& all) {
  all.add<float>(lanes_of(1, {10, 12, 14, 16, 18, 20, 22, 24, 26, 28}));
  all.add<float>(lanes_of(1, {18, 20, 22}, {.cold = true}));
  all.add<float>(both_layouts(lanes_of(model_lanes, {10, 12, 14})));
  all.add<float>(both_layouts(lanes_of(512, {17})));
  all.add<float>(both_layouts(lanes_of(64, {20})));
  all.add<float>(with_options({.lanes = 1, .time = index_t{1} << 26}, packed_sequences));
  all.add<float>(with_options({.lanes = model_lanes, .time = index_t{1} << 12}, 8));
  for (auto const lanes : {index_t{512}, model_lanes})  // channels contiguous; as many elements as one lane has
    all.add<float>(with_options({.lanes = lanes, .time = (index_t{1} << 26) / lanes, .layout = layout::time_major},
                                packed_sequences));
  all.add<float>(both_layouts(lanes_of(model_lanes, {16})));  // late, as it takes 10 GiB, and the oracle more
  all.add<float>(lanes_of(1, {20, 24, 26}, {.operation = operation::semi_log}));
  all.add<float>(lanes_of(1, {20}, {.family = "slow"}), inners::all);
  all.add<double>(lanes_of(1, {16, 20, 24, 26}));
  all.add<double>(both_layouts(lanes_of(model_lanes, {12, 14})));
  all.add<std::complex<float>>(lanes_of(1, {16, 20, 24, 26}));
  all.add<std::complex<float>>(both_layouts(lanes_of(model_lanes, {14})));
  all.add<std::uint32_t>(lanes_of(1, {26}));
  all.add<bfloat16>(lanes_of(1, {16, 20, 24, 26}));
  all.add<bfloat16>(lanes_of(model_lanes, {10, 12, 14}));
  all.add<float16>(lanes_of(1, {16, 20, 24, 26}));
  all.add<float16>(lanes_of(model_lanes, {10, 12, 14}));
}

}  // namespace ssmscan::bench::gpu
