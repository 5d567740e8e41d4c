// B and C as vectors of channels need them, for the code of one SIMD target.
#if defined(SSMSCAN_SSM_SELECTIVE_COEFFICIENTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_SELECTIVE_COEFFICIENTS_INL
#undef SSMSCAN_SSM_SELECTIVE_COEFFICIENTS_INL
#else
#define SSMSCAN_SSM_SELECTIVE_COEFFICIENTS_INL
#endif

#include <algorithm>
#include <vector>

#include <hwy/highway.h>

#include <ssmscan/ssm/selective_scan.hpp>
#include <ssmscan/ssm/simd/numbers-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr index_t tile_time = 64;
constexpr index_t widest = 64 / sizeof(float);  // lanes of the widest vector compiled

// B or C of each state at one step: the same for all lanes, or where `own` is there, for each lane its own.
template <class V>
struct values_at_a_step {
  V const* shared;
  typename real_part_of<V>::type const* own;
};

// B or C as a vector of channels needs it: one value for all lanes where they share a group, else a value for each.
template <class V>
class coefficients {
  using T = typename real_part_of<V>::type;
  using number = numbers<V, hn::CappedTag<T, widest>>;

 public:
  coefficients(selective_coefficient<V> const& of, index_t row, index_t states, index_t time)
      : of_(of),
        row_(row),
        states_(states),
        shared_(at(std::min(tile_time, time) * states)),
        own_(at(widest * states * number::parts)) {}

  bool constant() const { return of_.stride.time == 0; }
  bool each_lane_its_own() const { return own_groups_; }

  // The lanes are channels of these groups from now on.
  void lanes(index_t const* groups, index_t width) {
    groups_ = groups;
    own_groups_ = groups[0] != groups[width - 1];
    if (own_groups_ && constant()) fill_own(0);
  }
  // The tile [t, t + count) of time.
  void tile(index_t t, index_t count) {
    if (own_groups_ || (staged_group_ == groups_[0] && staged_time_ == t)) return;
    staged_group_ = groups_[0], staged_time_ = t;
    for (index_t n = 0; n < states_; ++n)
      for (index_t i = 0; i < count; ++i) shared_[at(i * states_ + n)] = of_(row_, groups_[0], n, t + i);
  }
  // Step i of the tile that begins at t.
  HWY_INLINE values_at_a_step<V> step(index_t t, index_t i) {
    if (!own_groups_) return {shared_.data() + i * states_, nullptr};
    if (!constant()) fill_own(t + i);
    return {nullptr, own_.data()};
  }
  template <bool AnyOwn>
  static HWY_INLINE typename number::vector of(values_at_a_step<V> const& values, index_t n) {
    return AnyOwn && values.own != nullptr ? number::load(values.own + n * number::parts * widest, widest)
                                           : number::all(values.shared[n]);
  }

 private:
  static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
  void fill_own(index_t t) {
    for (index_t n = 0; n < states_; ++n)
      for (index_t lane = 0; lane < widest; ++lane)
        number::put(of_(row_, groups_[lane], n, t), own_.data() + n * number::parts * widest + lane, widest);
  }

  selective_coefficient<V> const& of_;
  index_t row_, states_, staged_group_ = -1, staged_time_ = -1;
  index_t const* groups_ = nullptr;
  bool own_groups_ = false;
  std::vector<V> shared_;
  std::vector<T> own_;
};

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
