// The selective scan on a device against the definition, within the bound of selective_reference.hpp with a device's errors;
// and what must be equal bit for bit: pieces and whole, packed and separate, batches, runs, graphs, alignments.
#include "tests/cuda/gpu.hpp"
#include "tests/ssm/selective_instance.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/cuda/selective_scan.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan {
namespace {

using namespace ssm::test::selective;
using ssm::selective_problem;
using ssm::selective_rule;

// As selective_arguments.hpp has them: where the tree changes.
constexpr index_t split_chunk = 4096, tile_time = 32;  // of the few lanes here
constexpr index_t roundings = ssm::detail::roundings_of_device_chunks(split_chunk, tile_time);

template <class IO, class T>
std::vector<IO> narrow(std::vector<T> const& values) {
  if constexpr (std::is_same_v<IO, T>) {
    return values;
  } else {
    std::vector<IO> made;
    for (T const x : values) {
      if constexpr (std::is_same_v<IO, ssm::bfloat16>)
        made.push_back({ssm::to_bfloat16(x)});
      else
        made.push_back({ssm::to_half(x)});
    }
    return made;
  }
}
template <class T>
T wide(T x) {
  return x;
}
float wide(ssm::bfloat16 x) { return ssm::from_bfloat16(x.bits); }
float wide(ssm::float16 x) { return ssm::from_half(x.bits); }

// An instance in device memory, its y between red zones, run where it stands. `shift`: elements by which rows are moved
// from where vectors could be read.
template <class V, class IO>
class on_device {
 public:
  using T = typename ssm::real_part_of<V>::type;
  using coefficient = typename selective_problem<V, IO>::coefficient;
  static constexpr index_t zone = 64;

  explicit on_device(instance<V>& host, index_t shift = 0) : host_(host), shift_(shift) {
    if constexpr (!std::is_same_v<IO, T>) {  // what is stored is what the definition sees
      for (auto* values : {&host.u, &host.delta, &host.z, &host.B, &host.C})
        for (auto& x : *values) x = wide(narrow<IO>(std::vector<T>{x})[0]);
    }
    u_ = shifted(narrow<IO>(host.u)), delta_ = shifted(narrow<IO>(host.delta)), z_ = shifted(narrow<IO>(host.z));
    B_ = std::make_unique<gpu::array<coefficient>>(narrow<coefficient>(host.B));
    C_ = std::make_unique<gpu::array<coefficient>>(narrow<coefficient>(host.C));
    A_ = std::make_unique<gpu::array<V>>(host.A), initial_ = std::make_unique<gpu::array<V>>(host.initial);
    D_ = std::make_unique<gpu::array<T>>(host.D), bias_ = std::make_unique<gpu::array<T>>(host.bias);
    offsets_ = std::make_unique<gpu::array<index_t>>(host.of.offsets);
    begin_ = std::make_unique<gpu::array<index_t>>(host.of.begin),
    end_ = std::make_unique<gpu::array<index_t>>(host.of.end);
    y_ = std::make_unique<gpu::array<IO>>(index_t(host.y.size()) + 2 * zone + shift);
    final_ = std::make_unique<gpu::array<V>>(index_t(host.final.size()) + 2 * zone);
    y_->fill_bytes(poison), final_->fill_bytes(poison);
  }

  selective_problem<V, IO> problem() const {
    options const& o = host_.of;
    tensor_shape const shape{o.batch, o.channels, o.time};
    selective_problem<V> const h = host_.problem();
    selective_problem<V, IO> p;
    p.u = tensor_view<IO const>(u_->data() + shift_, shape),
    p.delta = tensor_view<IO const>(delta_->data() + shift_, shape);
    if (o.z) p.z = tensor_view<IO const>(z_->data() + shift_, shape);
    p.y = {y_->data() + zone + shift_, shape};
    p.A = {A_->data(), o.channels, o.states};
    auto const coefficients = [](gpu::array<coefficient> const& at, auto const& of) {
      return ssm::selective_coefficient<coefficient>{
          at.data(), of.groups, {of.stride.batch, of.stride.group, of.stride.state, of.stride.time}};
    };
    p.B = coefficients(*B_, h.B), p.C = coefficients(*C_, h.C);
    if (o.D) p.D = {D_->data(), size(o.channels)};
    if (o.softplus) p.delta_bias = {bias_->data(), size(o.channels)}, p.activation = ssm::delta_activation::softplus;
    p.rule = o.rule;
    if (o.initial) p.initial = ssm::dense_state<V const>(initial_->data(), o.channels, o.states, host_.sequences());
    p.final = ssm::dense_state(final_->data() + zone, o.channels, o.states, host_.sequences());
    if (!o.offsets.empty()) p.offsets = {offsets_->data(), o.offsets.size()};
    if (!o.begin.empty()) p.begin = {begin_->data(), o.begin.size()}, p.end = {end_->data(), o.end.size()};
    return p;
  }

  // In a workspace full of NaN.
  choice run(selective_problem<V, IO> const& p) const {
    device::selective_execution how{
        .host_offsets = host_.of.offsets, .host_begin = host_.of.begin, .host_end = host_.of.end};
    if (p.offsets.empty()) how.host_offsets = {};
    gpu::array<std::byte> const workspace(static_cast<index_t>(device::workspace_bytes(p, how)));
    const_cast<gpu::array<std::byte>&>(workspace).fill_bytes(0xff);
    how.workspace = {workspace.data(), device::workspace_bytes(p, how)};
    choice made = device::selective_scan(p, how);
    need_success(cudaDeviceSynchronize(), "running a selective scan");
    return made;
  }
  choice run() const { return run(problem()); }

  std::vector<IO> y() const { return inside(*y_, zone + shift_, host_.y.size()); }
  std::vector<V> final() const { return inside(*final_, zone, host_.final.size()); }
  gpu::array<IO>& u_memory() { return *u_; }
  V* initial_memory() const { return initial_->data(); }

 private:
  static constexpr int poison = 0xa5;
  std::unique_ptr<gpu::array<IO>> shifted(std::vector<IO> values) const {
    values.insert(values.begin(), size(shift_), IO{});
    return std::make_unique<gpu::array<IO>>(values);
  }
  // Nothing beside the values was touched.
  template <class X>
  static std::vector<X> inside(gpu::array<X> const& of, index_t from, std::size_t count) {
    std::vector<X> const all = of.values();
    auto const* const bytes = reinterpret_cast<unsigned char const*>(all.data());
    std::size_t const begin = size(from) * sizeof(X), end = begin + count * sizeof(X);
    for (std::size_t i = 0; i < all.size() * sizeof(X); ++i) {
      if ((i < begin || i >= end) && bytes[i] != poison) {
        ADD_FAILURE() << "byte " << i << " outside [" << begin << ", " << end << ") was written";
        break;
      }
    }
    return {all.begin() + from, all.begin() + from + index_t(count)};
  }

  instance<V>& host_;
  index_t shift_;
  std::unique_ptr<gpu::array<IO>> u_, delta_, z_, y_;
  std::unique_ptr<gpu::array<coefficient>> B_, C_;
  std::unique_ptr<gpu::array<V>> A_, initial_, final_;
  std::unique_ptr<gpu::array<T>> D_, bias_;
  std::unique_ptr<gpu::array<index_t>> offsets_, begin_, end_;
};

template <class X>
bool same(std::vector<X> const& a, std::vector<X> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(X)) == 0);
}

// What rounding y to its storage may add, of |y|; and below the normal numbers.
template <class IO>
constexpr long double unit_of = 0;
template <>
constexpr long double unit_of<ssm::bfloat16> = 0x1p-8L;
template <>
constexpr long double unit_of<ssm::float16> = 0x1p-11L;
template <class IO>
constexpr long double least_of = 0;
template <>
constexpr long double least_of<ssm::float16> = 0x1p-25L;

template <class V, class IO>
void expect_inside(instance<V>& host, on_device<V, IO> const& there, std::string const& what) {
  using T = typename ssm::real_part_of<V>::type;
  auto const expected = ssm::detail::selective_reference(host.problem(), host.of.time > split_chunk ? roundings : 1,
                                                         ssm::detail::errors_of_a_device<T>());
  auto const y = there.y();
  auto const final = there.final();
  for (std::size_t i = 0; i < expected.y.size(); ++i) {
    long double const got = wide(y[i]), bound = expected.y_bound[i] +
                                                unit_of<IO> * (std::abs(expected.y[i]) + expected.y_bound[i]) +
                                                least_of<IO>;
    ASSERT_LE(std::abs(got - expected.y[i]), bound) << what << " y " << i;
  }
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    std::complex<long double> const state(std::real(final[i]), std::imag(final[i]));
    ASSERT_LE(std::abs(state - expected.state[i]), expected.state_bound[i]) << what << " state " << i;
  }
}

template <class V, class IO>
std::string check(options const& o, index_t shift = 0) {
  instance<V> host(o);
  on_device<V, IO> const there(host, shift);
  std::string const form = there.run().algorithm;
  expect_inside(host, there, form + " " + text_of(o));
  return form;
}

template <class Types>
class CudaSelective : public testing::Test {};
using types = testing::Types<std::pair<float, float>, std::pair<float, ssm::bfloat16>, std::pair<float, ssm::float16>,
                             std::pair<double, double>, std::pair<std::complex<float>, float>,
                             std::pair<std::complex<double>, double>>;
TYPED_TEST_SUITE(CudaSelective, types);

TYPED_TEST(CudaSelective, IsTheDefinitionOverTheWholeGrid) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  int cases = 0, fused = 0;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    for (operand const B : {operand::constant, operand::varying, operand::grouped}) {
      for (operand const C : {operand::constant, operand::varying, operand::grouped}) {
        for (int flags = 0; flags < 16; ++flags) {
          options o{.rule = rule, .B = B, .C = C};
          o.D = flags & 1, o.z = flags & 2, o.softplus = flags & 4, o.initial = flags & 8;
          fused += check<V, IO>(o) == "fused";
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, 3 * 3 * 3 * 16);
  EXPECT_EQ(fused, real ? 16 : 0);
}

TYPED_TEST(CudaSelective, AnyLengthChannelsStatesAndAlignment) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  for (index_t const shift : {0, 1})
    for (index_t const time : {0, 1, 3, 31, 32, 33, 64, 68, 128, 301})
      check<V, IO>({.batch = 1, .channels = 5, .states = 16, .time = time, .initial = true}, shift);
  for (index_t const channels : {1, 2, 7, 8, 31, 32, 33, 64, 128, 130})
    check<V, IO>({.batch = 2, .channels = channels, .states = 16, .time = 40, .B = operand::grouped, .initial = true});
  for (index_t const states : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 700, 5000})
    check<V, IO>({.batch = 1, .channels = 3, .states = states, .time = 37, .initial = true});
  EXPECT_EQ((check<V, IO>({.channels = 128, .states = 16, .time = 70, .B = operand::grouped, .C = operand::grouped})),
            real ? "fused" : "general");
  check<V, IO>({.batch = 0});
}

// Beyond one chunk: what decays fast, what hardly decays, and A = 0, which does not at all.
TYPED_TEST(CudaSelective, ChunksAreTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  if (!real) GTEST_SKIP() << "complex numbers are not cut into chunks";
  for (index_t const time : {4096, 4097, 8192, 9000, 20007}) {
    for (bool const slow : {false, true}) {
      instance<V> host({.batch = 2, .channels = 3, .states = 16, .time = time, .initial = true});
      if (slow)
        for (V& a : host.A) a = a * V(0.001);
      on_device<V, IO> const there(host);
      there.run();
      expect_inside(host, there, std::to_string(time) + (slow ? " slow" : ""));
    }
  }
}

// A length-300 run cut at every place, the state carried.
TYPED_TEST(CudaSelective, PiecesAreTheWhole) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (index_t const states : {4, 16}) {
    options const o{.batch = 1, .channels = 3, .states = states, .time = 300, .initial = true};
    instance<V> host(o), host_too(o);
    on_device<V, IO> const whole(host), cut(host_too);
    whole.run();
    auto const y = whole.y();
    auto const final = whole.final();
    for (index_t at = 1; at < o.time; ++at) {
      for (auto const& [begin, end] : {std::pair{index_t{0}, at}, std::pair{at, o.time}}) {
        auto p = cut.problem();
        for (auto* view : {&p.u, &p.delta, &p.z}) view->data += begin, view->shape.time = end - begin;
        p.y.data += begin, p.y.shape.time = end - begin;
        p.B.data += begin, p.C.data += begin;
        if (begin == at) p.initial = ssm::dense_state<V const>(p.final.data, o.channels, o.states);  // in place
        cut.run(p);
      }
      ASSERT_TRUE(same(cut.y(), y) && same(cut.final(), final)) << "at " << at;
    }
  }
}

TYPED_TEST(CudaSelective, PackedIsSeparate) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (std::vector<index_t> const& offsets :
       {std::vector<index_t>{0, 1, 1, 65, 66, 90}, {0, 0, 5000, 5001, 14500, 14500, 17007}}) {
    options const o{
        .batch = 2, .channels = 5, .states = 16, .time = offsets.back(), .initial = true, .offsets = offsets};
    instance<V> host(o), host_too(o);
    on_device<V, IO> const packed(host), separate(host_too);
    packed.run();
    expect_inside(host, packed, "packed");
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      auto p = separate.problem();
      p.offsets = {};
      index_t const begin = offsets[k], time = offsets[k + 1] - begin;
      for (auto* view : {&p.u, &p.delta, &p.z}) view->data += begin, view->shape.time = time;
      p.y.data += begin, p.y.shape.time = time;
      p.B.data += begin, p.C.data += begin;
      p.initial.data += p.initial.stride.sequence * index_t(k), p.final.data += p.final.stride.sequence * index_t(k);
      separate.run(p);
    }
    EXPECT_TRUE(same(packed.y(), separate.y()) && same(packed.final(), separate.final()));
  }
}

TYPED_TEST(CudaSelective, PaddingIsNeverRead) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  using T = typename ssm::real_part_of<V>::type;
  for (index_t const time : {70, 4100}) {
    options const o{.batch = 3,
                    .channels = 4,
                    .states = 8,
                    .time = time,
                    .initial = true,
                    .begin = {0, 5, time},
                    .end = {64, time, time}};
    instance<V> host(o);
    for (index_t i = 0; i < 12 * time; ++i)
      if (index_t const t = i % time, row = i / time / 4; t < o.begin[size(row)] || t >= o.end[size(row)])
        for (auto* values : {&host.u, &host.delta, &host.z}) (*values)[size(i)] = std::numeric_limits<T>::quiet_NaN();
    on_device<V, IO> const there(host);
    there.run();
    expect_inside(host, there, "padded");
    auto const y = there.y();
    auto const final = there.final();
    for (index_t t = 0; t < time; ++t) ASSERT_EQ(wide(y[size(2 * 4 * time + t)]), 0);
    for (std::size_t n = 64; n < 96; ++n) ASSERT_EQ(final[n], host.initial[n]);  // nothing but padding
  }
}

TYPED_TEST(CudaSelective, SameBitsAgainInABatchAndFromAGraph) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (index_t const time : {100, 5000}) {
    options const one{.batch = 1, .channels = 6, .states = 16, .time = time, .initial = true};
    instance<V> host(one);
    on_device<V, IO> const single(host);
    single.run();
    auto const y = single.y();
    auto const final = single.final();
    for (int again = 0; again < 20; ++again) {
      single.run();
      ASSERT_TRUE(same(single.y(), y) && same(single.final(), final));
    }
    options eight = one;
    eight.batch = 8;
    instance<V> many(eight);
    auto const repeat = [](auto& to, auto const& from) {
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i % from.size()];
    };
    repeat(many.u, host.u), repeat(many.delta, host.delta), repeat(many.z, host.z), repeat(many.B, host.B);
    repeat(many.C, host.C), repeat(many.initial, host.initial), many.A = host.A, many.D = host.D, many.bias = host.bias;
    on_device<V, IO> const batch(many);
    batch.run();
    auto const y8 = batch.y();
    auto const final8 = batch.final();
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(std::memcmp(y8.data() + i * y.size(), y.data(), y.size() * sizeof(IO)), 0);
      EXPECT_EQ(std::memcmp(final8.data() + i * final.size(), final.data(), final.size() * sizeof(V)), 0);
    }

    auto const p = single.problem();
    gpu::stream stream;
    gpu::memory const workspace(device::workspace_bytes(p));
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t runnable = nullptr;
    need_success(cudaMemset(p.y.data, 0, y.size() * sizeof(IO)), "clearing");
    need_success(cudaDeviceSynchronize(), "waiting");
    need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
    EXPECT_NO_THROW(device::selective_scan(p, {.stream = stream, .workspace = workspace.span()}));
    need_success(cudaStreamEndCapture(stream, &graph), "ending a capture");
    need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
    need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
    stream.wait();
    EXPECT_TRUE(same(single.y(), y) && same(single.final(), final));
    need_success(cudaGraphExecDestroy(runnable), "ending a graph");
    need_success(cudaGraphDestroy(graph), "ending a graph");
  }
}

// Forward in its own channel only, through all chunks that follow, though the first pass never sees it.
TYPED_TEST(CudaSelective, NaNStaysInItsChannelAndGoesOn) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  using T = typename ssm::real_part_of<V>::type;
  options const o{.batch = 1, .channels = 9, .states = 3, .time = 9000};
  instance<V> host(o);
  host.u[3 * 9000 + 7] = std::numeric_limits<T>::quiet_NaN();
  on_device<V, IO> const there(host);
  there.run();
  auto const y = there.y();
  auto const final = there.final();
  for (index_t c = 0; c < 9; ++c) {
    for (index_t t = 0; t < 9000; ++t)
      ASSERT_EQ(std::isnan(wide(y[size(c * 9000 + t)])), c == 3 && t >= 7) << c << ' ' << t;
    for (index_t n = 0; n < 3; ++n) ASSERT_EQ(std::isnan(std::real(final[size(c * 3 + n)])), c == 3);
  }
}

TYPED_TEST(CudaSelective, MayWriteInPlaceOfU) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (index_t const time : {100, 5000}) {
    instance<V> host({.channels = 7, .states = 8, .time = time});
    on_device<V, IO> there(host);
    there.run();
    auto p = there.problem();
    p.y = {const_cast<IO*>(p.u.data), p.u.shape};
    there.run(p);
    EXPECT_TRUE(same(there.u_memory().values(), there.y()));
  }
}

TEST(CudaSelectiveCall, RefusesInWords) {
  instance<float> host({.time = 5000});
  on_device<float, float> const there(host);
  auto const said = [&](auto change) {
    auto p = there.problem();
    device::selective_execution how;
    change(p, how);
    try {
      device::selective_scan(p, how);
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  using problem = selective_problem<float>;
  using execution = device::selective_execution;
  EXPECT_EQ(said([](problem& p, execution&) { p.delta.shape.time = 36; }),
            "delta: got (2, 6, 36); need (2, 6, 5000), as u");
  EXPECT_EQ(said([](problem& p, execution&) { p.A.columns = 0; }), "A: got 0 states; need at least 1");
  std::string const small = said([](problem&, execution&) {});
  EXPECT_EQ(small.substr(0, 26), "workspace: got 0 bytes; ne") << small;
  std::vector<index_t> const past{0, 5001};
  EXPECT_NE(said([&](problem& p, execution& how) { p.offsets = past, how.host_offsets = past; }).find("offsets"),
            std::string::npos);
  EXPECT_NE(said([&](problem& p, execution& how) { how.host_begin = past, p.z = {}; }).find("host_begin"),
            std::string::npos);
}

}  // namespace
}  // namespace ssmscan
