#include <algorithm>
#include <exception>
#include <string>

#include <omp.h>

#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/check_selective.hpp>
#include <ssmscan/ssm/detail/selective_plan.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm {
namespace {

using detail::selective_plan;
using detail::selective_range;

constexpr std::string_view rules = "mamba, zoh or bilinear";
constexpr std::string_view modes = "fused, unfused or recurrence";

template <class V>
selective_plan<V> checked(selective_problem<V> const& p) {
  detail::check_selective_arrays(p);
  name_of(p.rule);
  index_t const sequences = detail::selective_sequences(p);
  detail::check_selective_offsets(p.offsets, p.u.shape.time);
  detail::check_selective_padding(p.begin, p.end, p.u.shape.time);
  return {p, p.u.shape.batch, p.u.shape.channel, p.A.columns, p.u.shape.time, sequences};
}

// The definition, one channel.
template <class V>
void recurrence(selective_plan<V> const& plan, index_t row, index_t channel) {
  using T = typename selective_problem<V>::T;
  selective_problem<V> const& p = plan.problem;
  index_t const group_b = plan.group_of(p.B, channel), group_c = plan.group_of(p.C, channel);
  std::vector<V> x(static_cast<std::size_t>(plan.states));
  for (index_t k = 0; k < plan.sequences; ++k) {
    for (index_t n = 0; n < plan.states; ++n) x[static_cast<std::size_t>(n)] = plan.initial(row, channel, k, n);
    selective_range const range = plan.sequence(row, k);
    for (index_t t = range.begin; t < range.end; ++t) {
      T const d = detail::step_of(p, row, channel, t), u = p.u(row, channel, t);
      T sum = 0;
      for (index_t n = 0; n < plan.states; ++n) {
        auto const [a, b] = detail::discrete_step(p.rule, d, u, p.A(channel, n), p.B(row, group_b, n, t));
        V& state = x[static_cast<std::size_t>(n)];
        state = multiply_add(a, state, b);
        sum = detail::read_out(p.C(row, group_c, n, t), state, sum);
      }
      p.y(row, channel, t) = detail::output_of(p, row, channel, t, sum);
    }
    for (index_t n = 0; n < plan.states && p.final.data != nullptr; ++n)
      p.final(row, channel, k, n) = x[static_cast<std::size_t>(n)];
  }
}

template <class V>
void clear_padding(selective_plan<V> const& plan, index_t row, index_t channel) {
  if (plan.problem.begin.empty()) return;
  selective_range const kept = plan.sequence(row, 0);
  for (index_t t = 0; t < plan.time; ++t)
    if (t < kept.begin || t >= kept.end) plan.problem.y(row, channel, t) = 0;
}

int threads_of(ssmscan::execution const& how) {
  if (how.backend == "serial") return 1;
  return how.threads > 0 ? how.threads : omp_get_max_threads();
}

// Channels that one thread takes at a time: many, so that B and C are staged once for all of them, unless that would leave
// threads without work. No bit depends on it.
constexpr index_t most_channels = 64, least_channels = 16, shares_per_thread = 4;
// State updates: some 50 us. To bring a state, its A and what it ends with costs as much as so many.
constexpr index_t worth_threads = index_t{1} << 15, around_steps = 3;

}  // namespace

std::string_view name_of(selective_rule rule) {
  switch (rule) {
    case selective_rule::mamba:
      return "mamba";
    case selective_rule::zoh:
      return "zoh";
    case selective_rule::bilinear:
      return "bilinear";
  }
  throw_invalid("rule", std::to_string(static_cast<int>(rule)), std::string(rules));
}
std::string_view name_of(selective_mode mode) {
  switch (mode) {
    case selective_mode::fused:
      return "fused";
    case selective_mode::unfused:
      return "unfused";
    case selective_mode::recurrence:
      return "recurrence";
  }
  throw_invalid("mode", std::to_string(static_cast<int>(mode)), std::string(modes));
}
selective_rule selective_rule_by_name(std::string_view name) {
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear})
    if (name == name_of(rule)) return rule;
  throw_invalid("discretization", std::string(name), std::string(rules));
}
selective_mode selective_mode_by_name(std::string_view name) {
  for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence})
    if (name == name_of(mode)) return mode;
  throw_invalid("mode", std::string(name), std::string(modes));
}

template <class V>
choice selective_scan(selective_problem<V> const& problem, selective_execution const& how) {
  selective_plan<V> const plan = checked(problem);
  std::vector<std::string> const backends = backend_names();
  if (std::find(backends.begin(), backends.end(), how.scan.backend) == backends.end())
    throw_invalid("backend", std::string(how.scan.backend), listed(backends));
  ssmscan::detail::check_execution(how.scan);
  name_of(how.mode);
  if (how.mode == selective_mode::unfused) {
    choice const made = detail::run_unfused(plan, how.scan);
    for (index_t row = 0; row < plan.batch; ++row)
      for (index_t c = 0; c < plan.channels; ++c) clear_padding(plan, row, c);
    return made;
  }
  if (how.scan.algorithm != "automatic" || !how.scan.inner.empty())
    throw_invalid("algorithm", std::string(how.scan.algorithm), "automatic: only mode unfused runs a scan algorithm");

  index_t const updates = plan.batch * plan.channels * plan.states * (plan.time + around_steps);
  int const threads = updates < worth_threads ? 1 : threads_of(how.scan);
  bool const by_vectors = how.mode == selective_mode::fused;
  detail::fused_way const way = by_vectors ? detail::way_of_fused(plan, threads) : detail::fused_way::by_channels;
  bool const by_time = way != detail::fused_way::by_channels, over_time = way == detail::fused_way::by_time_shared;
  index_t share = by_vectors && !by_time ? most_channels : 1;
  if (plan.batch * ((plan.channels + share - 1) / share) < shares_per_thread * threads)
    share = std::min(share, least_channels);
  index_t const shares = (plan.channels + share - 1) / share;
  auto const run = [&](index_t unit) {
    index_t const row = unit / shares, first = unit % shares * share, count = std::min(share, plan.channels - first);
    for (index_t c = first; c < first + count; ++c) clear_padding(plan, row, c);
    if (by_time)
      return detail::run_fused_by_time(plan, row, first,
                                       over_time ? std::min(threads, detail::most_threads_over_time) : 1);
    if (by_vectors) return detail::run_fused(plan, row, first, count);
    for (index_t c = first; c < first + count; ++c) recurrence(plan, row, c);
  };
  std::exception_ptr failure;
  if (over_time) {  // in no parallel region: within one, OpenMP makes the threads of each channel anew
    for (index_t unit = 0; unit < plan.batch * shares; ++unit) run(unit);
  } else {
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1)
    for (index_t unit = 0; unit < plan.batch * shares; ++unit) try {
        run(unit);
      } catch (...) {  // of memory that cannot be had: no exception may leave a thread
#pragma omp critical
        failure = std::current_exception();
      }
  }
  if (failure) std::rethrow_exception(failure);
  std::string const name(name_of(how.mode));
  return {name, "", std::string(how.scan.backend),
          "selective_" + std::string(by_vectors ? "fused" : "recurrence") + "/1", "as asked for"};
}

template choice selective_scan<float>(selective_problem<float> const&, selective_execution const&);
template choice selective_scan<double>(selective_problem<double> const&, selective_execution const&);
template choice selective_scan<std::complex<float>>(selective_problem<std::complex<float>> const&,
                                                    selective_execution const&);
template choice selective_scan<std::complex<double>>(selective_problem<std::complex<double>> const&,
                                                     selective_execution const&);

}  // namespace ssmscan::ssm
