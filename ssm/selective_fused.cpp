// The fused selective scan: vectors of channels, each lane one channel, all its states in a row of memory that stays in the
// first cache. Time goes by in tiles: what a tile reads is first brought into (time, channel) and (time, state) order.
// V is T or std::complex<T>; of complex numbers the real parts are a row of vectors' lanes, the imaginary parts the next.
#include <algorithm>

#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/selective_fused.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // compiles what follows once for each target

#include <ssmscan/ssm/detail/line_vector.hpp>
#include <ssmscan/ssm/detail/selective_plan.hpp>
#include <ssmscan/ssm/simd/selective_coefficients-inl.hpp>
#include <ssmscan/ssm/simd/selective_step-inl.hpp>
#include <ssmscan/ssm/simd/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {

template <selective_rule Rule, class V>
class channels {
  using T = typename real_part_of<V>::type;

 public:
  channels(detail::selective_plan<V> const& plan, index_t row, index_t first, index_t count)
      : plan_(plan),
        p_(plan.problem),
        row_(row),
        first_(first),
        count_(count),
        B_(p_.B, row, plan.states, plan.time),
        C_(p_.C, row, plan.states, plan.time),
        A_(size(widest * parts * plan.states)),
        state_(size(vectors() * lanes_of() * parts * plan.states)) {}

  void run() {
    ask_for_A();
    for (index_t k = 0; k < plan_.sequences; ++k) {
      load_states(k);
      auto const [begin, end] = plan_.sequence(row_, k);
      for (index_t t = begin; t < end; t += tile_time) {
        for (index_t v = 0; v < vectors(); ++v) run_tile(v, t, std::min(tile_time, end - t));
      }
      store_states(k);
    }
  }

 private:
  using D = hn::CappedTag<T, widest>;
  using number = numbers<V, D>;
  static constexpr index_t parts = number::parts;
  static constexpr index_t lanes_of() { return static_cast<index_t>(hn::MaxLanes(D{})); }
  static std::size_t size(index_t n) { return static_cast<std::size_t>(n); }
  index_t vectors() const { return (count_ + lanes_of() - 1) / lanes_of(); }
  index_t width(index_t v) const { return std::min(lanes_of(), count_ - v * lanes_of()); }
  // Lanes beyond the last channel repeat it: they are computed and never stored.
  index_t channel(index_t v, index_t lane) const { return first_ + std::min(v * lanes_of() + lane, count_ - 1); }
  T* state_of(index_t v) { return state_.data() + v * lanes_of() * parts * plan_.states; }

  // A comes from memory too where there is one step, and nobody asks for it while the states come.
  void ask_for_A() const {
    constexpr index_t line = 64 / sizeof(V);
    for (index_t c = first_; c < first_ + count_; ++c)
      for (index_t n = 0; n < plan_.states; n += line) hwy::Prefetch(p_.A.row(c) + n);
  }
  // The k-th part, of as many as the states have, in a lane's row of states, which are `stride` apart.
  static index_t part(index_t k, index_t stride) { return k / parts * stride * parts + k % parts; }
  // From the states of each lane to vectors over lanes.
  template <class Row>
  HWY_INLINE void load_rows(Row row, index_t stride, T* to) const {
    constexpr index_t lanes = lanes_of();
    index_t const all = parts * plan_.states, whole = stride == 1 ? all / lanes * lanes : 0;
    auto const from = [&](index_t lane) { return reinterpret_cast<T const*>(row(lane)); };
    for (index_t k = 0; k < whole; k += lanes)
      transpose(
          D{}, [&](index_t lane) { return from(lane) + k; },
          [&](index_t i, hn::Vec<D> x) HWY_ATTR { hn::StoreU(x, D{}, to + (k + i) * lanes); });
    for (index_t lane = 0; lane < lanes; ++lane)
      for (index_t k = whole; k < all; ++k) to[k * lanes + lane] = from(lane)[part(k, stride)];
  }
  void load_states(index_t k) {
    if (p_.initial.data == nullptr) return std::fill(state_.begin(), state_.end(), T(0));
    for (index_t v = 0; v < vectors(); ++v)
      load_rows([&](index_t lane) { return &p_.initial(row_, channel(v, lane), k, 0); }, p_.initial.stride.state,
                state_of(v));
  }
  void store_states(index_t sequence) {
    if (p_.final.data == nullptr) return;
    constexpr index_t lanes = lanes_of();
    index_t const stride = p_.final.stride.state, all = parts * plan_.states;
    for (index_t v = 0; v < vectors(); ++v) {
      auto const to = [&](index_t lane) {
        return reinterpret_cast<T*>(&p_.final(row_, channel(v, lane), sequence, 0));
      };
      T const* const from = state_of(v);
      index_t const whole = stride == 1 && width(v) == lanes ? all / lanes * lanes : 0;
      for (index_t k = 0; k < whole; k += lanes)
        transpose(
            D{}, [&](index_t i) { return from + (k + i) * lanes; },
            [&](index_t lane, hn::Vec<D> x) HWY_ATTR { hn::StoreU(x, D{}, to(lane) + k); });
      for (index_t lane = 0; lane < width(v); ++lane)
        for (index_t k = whole; k < all; ++k) to(lane)[part(k, stride)] = from[k * lanes + lane];
    }
  }

  // Whether the lanes of vector v lie beside one another.
  bool beside(auto const& view, index_t v) const { return view.stride.channel == 1 && width(v) == lanes_of(); }
  void gather(tensor_view<T const> const& from, index_t v, index_t t, index_t count, T* to) const {
    if (beside(from, v)) {
      T const* const at = &from(row_, channel(v, 0), t);
      for (index_t i = 0; i < count; ++i) std::copy_n(at + i * from.stride.time, lanes_of(), to + i * lanes_of());
      return;
    }
    for (index_t lane = 0; lane < lanes_of(); ++lane) {
      T const* const at = &from(row_, channel(v, lane), t);
      for (index_t i = 0; i < count; ++i) to[i * lanes_of() + lane] = at[i * from.stride.time];
    }
  }
  void scatter(T const* from, tensor_view<T> const& to, index_t v, index_t t, index_t count) const {
    if (beside(to, v)) {
      T* const at = &to(row_, channel(v, 0), t);
      for (index_t i = 0; i < count; ++i) std::copy_n(from + i * lanes_of(), lanes_of(), at + i * to.stride.time);
      return;
    }
    for (index_t lane = 0; lane < width(v); ++lane) {
      T* const at = &to(row_, channel(v, lane), t);
      for (index_t i = 0; i < count; ++i) at[i * to.stride.time] = from[i * lanes_of() + lane];
    }
  }

  void run_tile(index_t v, index_t t, index_t count) {
    D const d;
    constexpr index_t lanes = lanes_of();
    HWY_ALIGN T step[tile_time * widest], u[tile_time * widest], y[tile_time * widest], z[tile_time * widest];
    HWY_ALIGN T skip[widest] = {}, bias[widest] = {};
    index_t groups_b[widest] = {}, groups_c[widest] = {};
    for (index_t lane = 0; lane < lanes; ++lane) {
      index_t const c = channel(v, lane);
      if (p_.B.groups > 1) groups_b[lane] = plan_.group_of(p_.B, c);
      if (p_.C.groups > 1) groups_c[lane] = plan_.group_of(p_.C, c);
      if (!p_.D.empty()) skip[lane] = p_.D[size(c)];
      if (!p_.delta_bias.empty()) bias[lane] = p_.delta_bias[size(c)];
    }
    load_rows([&](index_t lane) { return p_.A.row(channel(v, lane)); }, 1, A_.data());
    B_.lanes(groups_b, lanes), C_.lanes(groups_c, lanes);
    B_.tile(t, count), C_.tile(t, count);
    gather(p_.delta, v, t, count, step);
    gather(p_.u, v, t, count, u);
    for (index_t i = 0; i < count; ++i) {
      auto d_i = hn::Load(d, step + i * lanes);
      if (!p_.delta_bias.empty()) d_i = hn::Add(d_i, hn::Load(d, bias));
      if (p_.activation == delta_activation::softplus) d_i = softplus(d, d_i);
      hn::Store(d_i, d, step + i * lanes);
    }

    bool const any_own = B_.each_lane_its_own() || C_.each_lane_its_own();
    for (index_t i = 0; i < count; ++i) {
      auto const d_i = hn::Load(d, step + i * lanes), u_i = hn::Load(d, u + i * lanes);
      auto const B = B_.step(t, i), C = C_.step(t, i);
      hn::Vec<D> const sum = any_own ? states<true>(v, d_i, u_i, B, C) : states<false>(v, d_i, u_i, B, C);
      hn::Store(p_.D.empty() ? sum : fused(d, hn::Load(d, skip), u_i, sum), d, y + i * lanes);
    }
    if (p_.z.data != nullptr) {
      gather(p_.z, v, t, count, z);
      for (index_t i = 0; i < count; ++i)
        hn::Store(hn::Mul(hn::Load(d, y + i * lanes), silu(d, hn::Load(d, z + i * lanes))), d, y + i * lanes);
    }
    scatter(y, p_.y, v, t, count);
  }

  // One time step of all states: the sum over them of C x; of complex numbers twice its real part.
  template <bool AnyOwn>
  HWY_INLINE hn::Vec<D> states(index_t v, hn::Vec<D> step, hn::Vec<D> u, values_at_a_step<V> const& B,
                               values_at_a_step<V> const& C) {
    D const d;
    constexpr index_t lanes = lanes_of();
    auto const step_u = hn::Mul(step, u);
    auto sum = hn::Zero(d);
    T* const state = state_of(v);
    for (index_t n = 0; n < plan_.states; ++n) {
      index_t const at = n * parts * lanes;
      auto const [a, input] = discrete<Rule>(d, step, step_u, u, number::load(A_.data() + at, lanes));
      auto const b = times(d, input, coefficients<V>::template of<AnyOwn>(B, n));
      auto const x = fused(d, a, number::load(state + at, lanes), b);
      number::store(x, state + at, lanes);
      sum = read_out(d, coefficients<V>::template of<AnyOwn>(C, n), x, sum);
    }
    return is_complex<V> ? hn::Add(sum, sum) : sum;
  }

  detail::selective_plan<V> const& plan_;
  selective_problem<V> const& p_;
  index_t row_, first_, count_;
  coefficients<V> B_, C_;
  detail::line_vector<T> A_, state_;
};

template <class V>
void run(detail::selective_plan<V> const& plan, index_t row, index_t first, index_t count) {
  switch (plan.problem.rule) {
    case selective_rule::mamba:
      return channels<selective_rule::mamba, V>(plan, row, first, count).run();
    case selective_rule::zoh:
      return channels<selective_rule::zoh, V>(plan, row, first, count).run();
    case selective_rule::bilinear:
      return channels<selective_rule::bilinear, V>(plan, row, first, count).run();
  }
}

void run_float(detail::selective_plan<float> const& plan, index_t row, index_t first, index_t count) {
  run(plan, row, first, count);
}
void run_double(detail::selective_plan<double> const& plan, index_t row, index_t first, index_t count) {
  run(plan, row, first, count);
}
void run_complex_float(detail::selective_plan<std::complex<float>> const& plan, index_t row, index_t first,
                       index_t count) {
  run(plan, row, first, count);
}
void run_complex_double(detail::selective_plan<std::complex<double>> const& plan, index_t row, index_t first,
                        index_t count) {
  run(plan, row, first, count);
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ssmscan::ssm::detail {

HWY_EXPORT(run_float);
HWY_EXPORT(run_double);
HWY_EXPORT(run_complex_float);
HWY_EXPORT(run_complex_double);

template <class V>
void run_fused(selective_plan<V> const& plan, index_t row, index_t first, index_t count) {
  if constexpr (std::is_same_v<V, float>) HWY_DYNAMIC_DISPATCH(run_float)(plan, row, first, count);
  if constexpr (std::is_same_v<V, double>) HWY_DYNAMIC_DISPATCH(run_double)(plan, row, first, count);
  if constexpr (std::is_same_v<V, std::complex<float>>)
    HWY_DYNAMIC_DISPATCH(run_complex_float)(plan, row, first, count);
  if constexpr (std::is_same_v<V, std::complex<double>>)
    HWY_DYNAMIC_DISPATCH(run_complex_double)(plan, row, first, count);
}
template void run_fused(selective_plan<float> const&, index_t, index_t, index_t);
template void run_fused(selective_plan<double> const&, index_t, index_t, index_t);
template void run_fused(selective_plan<std::complex<float>> const&, index_t, index_t, index_t);
template void run_fused(selective_plan<std::complex<double>> const&, index_t, index_t, index_t);

}  // namespace ssmscan::ssm::detail
#endif
