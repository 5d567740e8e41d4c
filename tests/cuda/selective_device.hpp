#pragma once
// An instance of the selective scan in device memory, and the definition's answer and bound for whichever form ran.
#include "tests/cuda/gpu.hpp"
#include "tests/ssm/selective_instance.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/cuda/selective_choice.hpp>
#include <ssmscan/ssm/cuda/selective_errors.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>

namespace ssmscan::cuda_test {

using namespace ssm::test::selective;
using device::selective_form;
using ssm::selective_problem;
using ssm::selective_rule;

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
inline float wide(ssm::bfloat16 x) { return ssm::from_bfloat16(x.bits); }
inline float wide(ssm::float16 x) { return ssm::from_half(x.bits); }

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
  choice run(selective_problem<V, IO> const& p, selective_form form = selective_form::automatic,
             std::string_view algorithm = "automatic") const {
    device::selective_execution how{.host_offsets = host_.of.offsets,
                                    .host_begin = host_.of.begin,
                                    .host_end = host_.of.end,
                                    .form = form,
                                    .algorithm = algorithm};
    if (p.offsets.empty()) how.host_offsets = {};
    gpu::array<std::byte> const workspace(static_cast<index_t>(device::workspace_bytes(p, how)));
    const_cast<gpu::array<std::byte>&>(workspace).fill_bytes(0xff);
    how.workspace = {workspace.data(), device::workspace_bytes(p, how)};
    choice made = device::selective_scan(p, how);
    need_success(cudaDeviceSynchronize(), "running a selective scan");
    return made;
  }
  choice run(selective_form form = selective_form::automatic, std::string_view algorithm = "automatic") const {
    return run(problem(), form, algorithm);
  }

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

// The definition's answer and its bound for a form, on the first channels (all of them: on each batch).
template <class V, class IO>
ssm::detail::selective_expected<V> expected_of(instance<V>& host, std::string const& form, index_t channels) {
  using T = typename ssm::real_part_of<V>::type;
  auto p = host.problem();
  for (auto* view : {&p.u, &p.delta, &p.z}) view->shape.channel = channels;
  if (!p.D.empty()) p.D = p.D.first(size(channels));
  if (!p.delta_bias.empty()) p.delta_bias = p.delta_bias.first(size(channels));
  auto const error = device::error_of_form<T, IO>(form, host.of.channels * host.of.states, host.of.time);
  return selective_reference(p, error.roundings, error.errors);
}

template <class V, class IO>
void expect_inside(ssm::detail::selective_expected<V> const& expected, on_device<V, IO> const& there,
                   std::string const& form, std::string const& what) {
  auto const y = there.y();
  auto const final = there.final();
  for (std::size_t i = 0; i < expected.y.size(); ++i) {
    long double const got = wide(y[i]), bound = expected.y_bound[i] +
                                                unit_of<IO> * (std::abs(expected.y[i]) + expected.y_bound[i]) +
                                                least_of<IO>;
    ASSERT_LE(std::abs(got - expected.y[i]), bound) << form << ' ' << what << " y " << i;
  }
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    std::complex<long double> const state(std::real(final[i]), std::imag(final[i]));
    ASSERT_LE(std::abs(state - expected.state[i]), expected.state_bound[i]) << form << ' ' << what << " state " << i;
  }
}

template <class V, class IO>
void expect_inside(instance<V>& host, on_device<V, IO> const& there, std::string const& form, std::string const& what,
                   index_t channels = -1) {
  expect_inside(expected_of<V, IO>(host, form, channels < 0 ? host.of.channels : channels), there, form, what);
}

// By the form that is chosen, and where that is a fused one by both; "fused" or "general".
template <class V, class IO>
std::string check(options const& o, index_t shift = 0) {
  instance<V> host(o);
  on_device<V, IO> const there(host, shift);
  std::string const form = there.run().algorithm;
  expect_inside(host, there, form, text_of(o));
  auto const y = there.y();
  auto const final = there.final();
  if (form == "general") return form;
  for (auto const& [named, name] :
       {std::pair{selective_form::fused, "fused"}, {selective_form::fused_time, "fused_time"}}) {
    EXPECT_EQ(there.run(named).algorithm, name);
    expect_inside(host, there, name, text_of(o));
    if (form == name) { EXPECT_TRUE(same(there.y(), y) && same(there.final(), final)) << "automatic was " << name; }
  }
  return "fused";
}

// By fused_time alone.
template <class V, class IO>
void check_time(options const& o) {
  instance<V> host(o);
  on_device<V, IO> const there(host);
  EXPECT_EQ(there.run(selective_form::fused_time).algorithm, "fused_time");
  expect_inside(host, there, "fused_time", text_of(o));
}

// What is tried of a problem that fused takes.
template <class V>
std::vector<selective_form> forms() {
  if (is_complex<V>) return {selective_form::automatic};
  return {selective_form::fused, selective_form::fused_time};
}

using types = testing::Types<std::pair<float, float>, std::pair<float, ssm::bfloat16>, std::pair<float, ssm::float16>,
                             std::pair<double, double>, std::pair<std::complex<float>, float>,
                             std::pair<std::complex<double>, double>>;

}  // namespace ssmscan::cuda_test
