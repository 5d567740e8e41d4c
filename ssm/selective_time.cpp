// The fused selective scan of few channels, which leave most lanes of a vector of channels idle: a channel by itself, in tiles of
// time, three phases each, the lanes being what is plenty:
//   factors   a and b of all states and steps; lanes are steps, then turned round so that states lie beside one another
//   states    x = a x + b from step to step; lanes are states
//   outputs   x turned back; sum of C x, state after state, D u, gate; lanes are steps
// Only the middle one, of a multiply-add a step, needs the tile before: threads take tiles in turn and wait for one another there
// alone. Each number comes of the same operations as by vectors of channels (selective_fused.cpp): the same bits.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <omp.h>

#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/selective_time.cpp"
#include <hwy/foreach_target.h>  // compiles what follows once for each target

#include <ssmscan/ssm/detail/selective_tile.hpp>
#include <ssmscan/ssm/simd/selective_step-inl.hpp>
#include <ssmscan/ssm/simd/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {

using detail::tile_phase;

template <class V>
class tile_of_time {
  using T = typename real_part_of<V>::type;
  using D = hn::CappedTag<T, 64 / sizeof(T)>;
  using number = numbers<V, D>;
  static constexpr index_t lanes = static_cast<index_t>(hn::MaxLanes(D{}));
  using vector = hn::Vec<D>;

 public:
  tile_of_time(detail::time_work<V>& work, detail::time_tile<V>& tile, index_t begin, index_t count)
      : work_(work), p_(work.plan.problem), tile_(tile), begin_(begin), count_(count) {}

  void run(tile_phase phase) {
    if (count_ == 0) return;  // of an empty sequence, whose arrays may be nowhere
    if (phase == tile_phase::states) return states();
    if (phase == tile_phase::outputs) return outputs();
    switch (p_.rule) {
      case selective_rule::mamba:
        return factors<selective_rule::mamba>();
      case selective_rule::zoh:
        return factors<selective_rule::zoh>();
      case selective_rule::bilinear:
        return factors<selective_rule::bilinear>();
    }
  }

 private:
  static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
  // Of state n or its block's first, at step i.
  T* square(detail::line_vector<T>& of, index_t n, index_t i) const {
    return of.data() + n / lanes * lanes * tile_.steps + i / lanes * lanes * lanes;
  }
  T* along_time(detail::line_vector<T>& of, index_t n, index_t i) const { return square(of, n, i) + n % lanes * lanes; }
  T* along_states(detail::line_vector<T>& of, index_t n, index_t i) const {
    return square(of, n, i) + i % lanes * lanes;
  }
  void turn(detail::line_vector<T>& of) {
    for (index_t part = 0; part < number::parts; ++part) {
      for (index_t n = 0; n < work_.plan.states; n += lanes) {
        for (index_t i = 0; i < count_; i += lanes) {
          T* const from = square(of, n, i) + part * tile_.apart;
          transpose(
              D{}, [&](index_t k) { return from + k * lanes; },
              [&](index_t k, vector v) HWY_ATTR { hn::StoreU(v, D{}, from + k * lanes); });
        }
      }
    }
  }
  // count_ values `stride` apart, where whole vectors can read them: there, or in `to`, zeros after them.
  template <class N>
  N const* brought(N const* from, index_t stride, detail::line_vector<N>& to) const {
    if (stride == 1 && count_ % lanes == 0) return from;
    for (index_t i = 0; i < count_; ++i) to[at(i)] = from[i * stride];
    std::fill(to.begin() + count_, to.end(), N(0));
    return to.data();
  }
  T const* brought(tensor_view<T const> const& view, detail::line_vector<T>& to) const {
    return brought(&view(work_.row, work_.channel, begin_), view.stride.time, to);
  }
  V const* brought(selective_coefficient<V> const& of, index_t n) const {
    index_t const group = work_.plan.group_of(of, work_.channel);
    return brought(&of(work_.row, group, n, begin_), of.stride.time, tile_.row);
  }

  template <selective_rule Rule>
  void factors() {
    D const d;
    T const* const delta = brought(p_.delta, tile_.step);
    T const* const u = brought(p_.u, tile_.u);
    for (index_t i = 0; i < count_; i += lanes) {
      vector step = hn::LoadU(d, delta + i);
      if (!p_.delta_bias.empty()) step = hn::Add(step, hn::Set(d, p_.delta_bias[at(work_.channel)]));
      if (p_.activation == delta_activation::softplus) step = softplus(d, step);
      hn::StoreU(step, d, tile_.step.data() + i);
    }
    for (index_t n = 0; n < work_.plan.states; ++n) {
      auto const A = number::all(p_.A(work_.channel, n));
      V const* const B = brought(p_.B, n);
      for (index_t i = 0; i < count_; i += lanes) {
        vector const step = hn::LoadU(d, tile_.step.data() + i), u_i = hn::LoadU(d, u + i);
        auto const [a, input] = discrete<Rule>(d, step, hn::Mul(step, u_i), u_i, A);
        number::store(a, along_time(tile_.a, n, i), tile_.apart);
        number::store(times(d, input, number::beside(B + i)), along_time(tile_.b, n, i), tile_.apart);
      }
    }
    // The states that only fill a vector: their x, which stood here, is nothing's.
    for (index_t n = work_.plan.states; n % lanes != 0; ++n) {
      for (index_t i = 0; i < count_; i += lanes) {
        number::store(number::zero(), along_time(tile_.a, n, i), tile_.apart);
        number::store(number::zero(), along_time(tile_.b, n, i), tile_.apart);
      }
    }
    turn(tile_.a), turn(tile_.b);
  }

  void states() {
    D const d;
    for (index_t n = 0; n < work_.plan.states; n += lanes) {
      auto x = number::load(work_.x.data() + n, work_.apart);
      for (index_t i = 0; i < count_; ++i) {
        T* const b = along_states(tile_.b, n, i);
        x = fused(d, number::load(along_states(tile_.a, n, i), tile_.apart), x, number::load(b, tile_.apart));
        number::store(x, b, tile_.apart);
      }
      number::store(x, work_.x.data() + n, work_.apart);
    }
  }

  void outputs() {
    D const d;
    turn(tile_.b);
    constexpr std::size_t most = static_cast<std::size_t>(detail::time_tile<V>::numbers / detail::widest_lanes / lanes);
    vector sum[most];
    for (vector& s : sum) s = hn::Zero(d);
    for (index_t n = 0; n < work_.plan.states; ++n) {
      V const* const C = brought(p_.C, n);
      for (index_t i = 0; i < count_; i += lanes)
        sum[i / lanes] =
            read_out(d, number::beside(C + i), number::load(along_time(tile_.b, n, i), tile_.apart), sum[i / lanes]);
    }
    if constexpr (is_complex<V>)
      for (vector& s : sum) s = hn::Add(s, s);
    if (!p_.D.empty()) {
      T const* const u = brought(p_.u, tile_.u);
      vector const skip = hn::Set(d, p_.D[at(work_.channel)]);
      for (index_t i = 0; i < count_; i += lanes) sum[i / lanes] = fused(d, skip, hn::LoadU(d, u + i), sum[i / lanes]);
    }
    if (p_.z.data != nullptr) {
      T const* const z = brought(p_.z, tile_.step);
      for (index_t i = 0; i < count_; i += lanes)
        sum[i / lanes] = hn::Mul(sum[i / lanes], silu(d, hn::LoadU(d, z + i)));
    }
    for (index_t i = 0; i < count_; i += lanes) hn::StoreU(sum[i / lanes], d, tile_.step.data() + i);
    for (index_t i = 0; i < count_; ++i) p_.y(work_.row, work_.channel, begin_ + i) = tile_.step[at(i)];
  }

  detail::time_work<V>& work_;
  selective_problem<V> const& p_;
  detail::time_tile<V>& tile_;
  index_t begin_, count_;
};

template <class V>
void phase_of(detail::time_work<V>& work, detail::time_tile<V>& tile, index_t begin, index_t count, tile_phase phase) {
  tile_of_time<V>(work, tile, begin, count).run(phase);
}
void floats(detail::time_work<float>& work, detail::time_tile<float>& tile, index_t begin, index_t count,
            tile_phase phase) {
  phase_of(work, tile, begin, count, phase);
}
void doubles(detail::time_work<double>& work, detail::time_tile<double>& tile, index_t begin, index_t count,
             tile_phase phase) {
  phase_of(work, tile, begin, count, phase);
}
void complex_floats(detail::time_work<std::complex<float>>& work, detail::time_tile<std::complex<float>>& tile,
                    index_t begin, index_t count, tile_phase phase) {
  phase_of(work, tile, begin, count, phase);
}
void complex_doubles(detail::time_work<std::complex<double>>& work, detail::time_tile<std::complex<double>>& tile,
                     index_t begin, index_t count, tile_phase phase) {
  phase_of(work, tile, begin, count, phase);
}
index_t bytes_of_a_vector() { return static_cast<index_t>(hn::MaxLanes(hn::CappedTag<float, 16>{}) * sizeof(float)); }

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ssmscan::ssm::detail {

HWY_EXPORT(floats);
HWY_EXPORT(doubles);
HWY_EXPORT(complex_floats);
HWY_EXPORT(complex_doubles);
HWY_EXPORT(bytes_of_a_vector);

namespace {

template <class V>
void phase_of(time_work<V>& work, time_tile<V>& tile, index_t begin, index_t count, tile_phase phase) {
  if constexpr (std::is_same_v<V, float>) HWY_DYNAMIC_DISPATCH(floats)(work, tile, begin, count, phase);
  if constexpr (std::is_same_v<V, double>) HWY_DYNAMIC_DISPATCH(doubles)(work, tile, begin, count, phase);
  if constexpr (std::is_same_v<V, std::complex<float>>)
    HWY_DYNAMIC_DISPATCH(complex_floats)(work, tile, begin, count, phase);
  if constexpr (std::is_same_v<V, std::complex<double>>)
    HWY_DYNAMIC_DISPATCH(complex_doubles)(work, tile, begin, count, phase);
}

// Lets the tiles through the middle phase one by one.
class turnstile {
 public:
  void await(index_t tile) const {
    constexpr int looks = 4096;  // some microseconds; then whoever it is may need this core
    for (int i = 0; next_.load(std::memory_order_acquire) != tile; ++i)
      if (i > looks) std::this_thread::yield();
  }
  void pass(index_t tile) { next_.store(tile + 1, std::memory_order_release); }

 private:
  std::atomic<index_t> next_{0};
};

}  // namespace

template <class V>
void run_fused_by_time(selective_plan<V> const& plan, index_t row, index_t channel, int threads) {
  time_work<V> work(plan, row, channel);
  std::vector<time_tile<V>> tiles;
  tiles.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) tiles.emplace_back(plan.states);
  turnstile in_order;
  std::atomic<index_t> ticket{0};
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    time_tile<V>& mine = tiles[static_cast<std::size_t>(omp_get_thread_num())];
    index_t number = 0, next = ticket++;
    for (index_t k = 0; k < plan.sequences; ++k) {
      auto const [begin, end] = plan.sequence(row, k);
      index_t t = begin;
      do {  // once where a sequence is empty: its state goes through
        index_t const count = std::min(mine.steps, end - t);
        if (number++ == next) {
          phase_of(work, mine, t, count, tile_phase::factors);
          in_order.await(next);
          if (t == begin)
            for (index_t n = 0; n < plan.states; ++n) work.set_state(n, plan.initial(row, channel, k, n));
          phase_of(work, mine, t, count, tile_phase::states);
          if (t + count == end && plan.problem.final.data != nullptr)
            for (index_t n = 0; n < plan.states; ++n) plan.problem.final(row, channel, k, n) = work.state(n);
          in_order.pass(next);
          phase_of(work, mine, t, count, tile_phase::outputs);
          next = ticket++;
        }
        t += count;
      } while (t < end);
    }
  }
}

// By what was measured on a Zen 5, real and complex, in updates of a state by a vector: a vector of channels takes 6 a step
// beside its states, however many of its lanes are channels, and a thread takes 16 channels at least; a channel in vectors of
// time takes 1 for a state, and 1.5 for each of those that are turned round, over the lanes. Tiles that are handed on lose up to
// a sixth.
template <class V>
fused_way way_of_fused(selective_plan<V> const& plan, int threads) {
  constexpr double beside = 6, update = 1, turning = 1.5, handing_on = 1.2;
  constexpr index_t least_channels = 16;
  index_t const least_time = plan.sequences * 2 * time_tile<V>::steps_of(plan.states);  // two tiles of each sequence
  if (plan.batch == 0 || plan.channels == 0 || plan.time < least_time) return fused_way::by_channels;
  auto const number = [](index_t n) { return static_cast<double>(n); };
  auto const ratio_up = [](index_t n, index_t of) { return (n + of - 1) / of; };
  index_t const lanes = HWY_DYNAMIC_DISPATCH(bytes_of_a_vector)() / index_t{sizeof(typename real_part_of<V>::type)};
  index_t const at_once = std::min<index_t>(threads, plan.batch * ratio_up(plan.channels, least_channels));
  double const by_channels = number(ratio_up(plan.channels, lanes)) * (beside + number(plan.states)) / number(at_once);
  double const a_channel =
      (update * number(plan.states) + turning * number(whole_vectors(plan.states))) / number(lanes);
  double const by_time = number(ratio_up(plan.batch * plan.channels, threads)) / number(plan.batch) * a_channel;
  int const over_time = std::min(threads, most_threads_over_time);
  double const shared = number(plan.channels) * a_channel / over_time * handing_on;
  if (std::min(by_time, shared) >= by_channels) return fused_way::by_channels;
  return by_time <= shared ? fused_way::by_time : fused_way::by_time_shared;
}

template void run_fused_by_time(selective_plan<float> const&, index_t, index_t, int);
template void run_fused_by_time(selective_plan<double> const&, index_t, index_t, int);
template void run_fused_by_time(selective_plan<std::complex<float>> const&, index_t, index_t, int);
template void run_fused_by_time(selective_plan<std::complex<double>> const&, index_t, index_t, int);
template fused_way way_of_fused(selective_plan<float> const&, int);
template fused_way way_of_fused(selective_plan<double> const&, int);
template fused_way way_of_fused(selective_plan<std::complex<float>> const&, int);
template fused_way way_of_fused(selective_plan<std::complex<double>> const&, int);

}  // namespace ssmscan::ssm::detail
#endif
