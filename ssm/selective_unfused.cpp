#include <algorithm>

#include <omp.h>

#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::ssm::detail {
namespace {

constexpr index_t budget_bytes = index_t{256} << 20;  // of a and b together

// Of the channels [first, first + count) of one batch row, each with all its states: lanes in that order.
template <class V>
struct materialised {
  std::vector<V> a, b;  // (channel, state, time)
};

template <class V>
void fill(selective_plan<V> const& plan, index_t row, index_t first, index_t count, int threads, materialised<V>& to) {
  selective_problem<V> const& p = plan.problem;
  selective_range const kept = p.begin.empty() ? selective_range{0, plan.time} : plan.sequence(row, 0);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (index_t i = 0; i < count; ++i) {
    index_t const c = first + i, group = plan.group_of(p.B, c);
    V* const a = to.a.data() + i * plan.states * plan.time;
    V* const b = to.b.data() + i * plan.states * plan.time;
    for (index_t t = 0; t < plan.time; ++t) {
      bool const inside = t >= kept.begin && t < kept.end;
      auto const d = inside ? step_of(p, row, c, t) : 0, u = inside ? p.u(row, c, t) : 0;
      for (index_t n = 0; n < plan.states; ++n) {
        selective_step<V> step{V(1), V(0)};  // of padding: x stays as it is
        if (inside) step = discrete_step(p.rule, d, u, p.A(c, n), p.B(row, group, n, t));
        a[n * plan.time + t] = step.a;
        b[n * plan.time + t] = step.b;
      }
    }
  }
}

// y from the states, which stand where b stood.
template <class V>
void read(selective_plan<V> const& plan, index_t row, index_t first, index_t count, int threads,
          std::vector<V> const& x) {
  using T = typename selective_problem<V>::T;
  selective_problem<V> const& p = plan.problem;
  selective_range const kept = p.begin.empty() ? selective_range{0, plan.time} : plan.sequence(row, 0);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (index_t i = 0; i < count; ++i) {
    index_t const c = first + i, group = plan.group_of(p.C, c);
    V const* const lanes = x.data() + i * plan.states * plan.time;
    for (index_t t = kept.begin; t < kept.end; ++t) {
      T sum = 0;
      for (index_t n = 0; n < plan.states; ++n) sum = read_out(p.C(row, group, n, t), lanes[n * plan.time + t], sum);
      p.y(row, c, t) = output_of(p, row, c, t, sum);
    }
  }
}

}  // namespace

template <class V>
choice run_unfused(selective_plan<V> const& plan, ssmscan::execution const& how) {
  selective_problem<V> const& p = plan.problem;
  int const threads = how.backend == "serial" ? 1 : how.threads > 0 ? how.threads : omp_get_max_threads();
  index_t const per_channel = plan.states * std::max<index_t>(plan.time, 1);
  index_t const at_once = std::clamp<index_t>(budget_bytes / (2 * index_t{sizeof(V)} * per_channel), 1,
                                              std::max<index_t>(plan.channels, 1));
  materialised<V> values;
  values.a.resize(static_cast<std::size_t>(at_once * plan.states * plan.time));
  values.b.resize(values.a.size());
  std::vector<V> enter, leave;
  choice made;
  index_t row = 0, first = 0;
  do {  // once even where there is nothing to do: a wrong name is refused whatever the data
    index_t const count = plan.batch == 0 ? 0 : std::min(at_once, plan.channels - first);
    if (count > 0) fill(plan, row, first, count, threads, values);
    tensor_shape const shape{1, count * plan.states, plan.time}, states{1, count * plan.states, plan.sequences};
    recurrence<V> scan;
    scan.a = {values.a.data(), shape};
    scan.b = tensor_view<V const>(values.b.data(), shape);
    scan.x = {values.b.data(), shape};
    scan.offsets = p.offsets;
    auto const each_state = [&](auto visit) {
      for (index_t i = 0; i < count; ++i)
        for (index_t n = 0; n < plan.states; ++n)
          for (index_t k = 0; k < plan.sequences; ++k)
            visit(i, n, k, static_cast<std::size_t>((i * plan.states + n) * plan.sequences + k));
    };
    if (p.initial.data != nullptr) {
      enter.resize(static_cast<std::size_t>(count * plan.states * plan.sequences));
      each_state([&](index_t i, index_t n, index_t k, std::size_t at) { enter[at] = p.initial(row, first + i, k, n); });
      scan.initial = {enter.data(), states};
    }
    if (p.final.data != nullptr) {
      leave.resize(static_cast<std::size_t>(count * plan.states * plan.sequences));
      scan.final = {leave.data(), states};
    }
    made = linear_recurrence(scan, how);
    if (count > 0) read(plan, row, first, count, threads, values.b);
    if (p.final.data != nullptr)
      each_state([&](index_t i, index_t n, index_t k, std::size_t at) { p.final(row, first + i, k, n) = leave[at]; });
    first += count;
    if (first >= plan.channels) first = 0, ++row;
  } while (row < plan.batch);
  return made;
}

template choice run_unfused<float>(selective_plan<float> const&, ssmscan::execution const&);
template choice run_unfused<double>(selective_plan<double> const&, ssmscan::execution const&);
template choice run_unfused<std::complex<float>>(selective_plan<std::complex<float>> const&, ssmscan::execution const&);
template choice run_unfused<std::complex<double>>(selective_plan<std::complex<double>> const&,
                                                  ssmscan::execution const&);

}  // namespace ssmscan::ssm::detail
