#include <algorithm>
#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/s4d.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

// Values of state held at a time in mode scan: 64 MiB.
constexpr index_t scan_budget = index_t{1} << 22;

}  // namespace

std::string_view name_of(s4d_mode mode) {
  switch (mode) {
    case s4d_mode::recurrence:
      return "recurrence";
    case s4d_mode::convolution:
      return "convolution";
    case s4d_mode::scan:
      return "scan";
  }
  throw_invalid("mode", std::to_string(static_cast<int>(mode)), "recurrence, convolution or scan");
}

s4d_mode s4d_mode_by_name(std::string_view name) {
  for (s4d_mode const mode : {s4d_mode::recurrence, s4d_mode::convolution, s4d_mode::scan}) {
    if (name == name_of(mode)) return mode;
  }
  throw_invalid("mode", std::string(name), "recurrence, convolution or scan");
}

s4d::s4d(diagonal_system system) : system_(std::move(system)), discrete_(discretize(system_)) {}

choice s4d::run(std::span<double const> input, index_t batch, std::span<double> output,
                s4d_execution const& how) const {
  if (batch < 0 || (batch == 0 && !input.empty()) ||
      (batch > 0 && input.size() % static_cast<std::size_t>(batch) != 0)) {
    throw_invalid("batch", std::to_string(batch),
                  "a number that divides the " + std::to_string(input.size()) + " samples");
  }
  if (output.size() != input.size()) {
    throw_invalid("output", std::to_string(output.size()) + " samples",
                  std::to_string(input.size()) + ", as the input");
  }
  name_of(how.mode);  // refuses what is no mode
  choice chosen;
  std::size_t const length = batch == 0 ? 0 : input.size() / static_cast<std::size_t>(batch);
  if (how.mode == s4d_mode::convolution) {
    std::vector<double> const kernel = diagonal_kernel(system_, static_cast<index_t>(length));
    causal_convolution(kernel, input, batch, output, how.convolution);
    for (std::size_t i = 0; i < input.size(); ++i) output[i] += system_.d * input[i];
    return chosen;
  }
  // An empty input still goes to the scan once, so that a wrong name is refused whatever the data.
  index_t const states = static_cast<index_t>(discrete_.a.size());
  index_t const per_row = std::max<index_t>(1, states * static_cast<index_t>(length));
  index_t const rows_at_a_time = how.mode == s4d_mode::scan ? std::max<index_t>(1, scan_budget / per_row) : 1;
  index_t first = 0;
  do {
    index_t const rows = std::min(rows_at_a_time, batch - first);
    std::size_t const start = static_cast<std::size_t>(first) * length;
    std::size_t const count = static_cast<std::size_t>(rows) * length;
    if (how.mode == s4d_mode::scan) {
      chosen = run_scan(input.subspan(start, count), rows, output.subspan(start, count), how.scan);
    } else {
      run_recurrence(input.subspan(start, count), output.subspan(start, count));
    }
    first += rows;
  } while (first < batch);
  return chosen;
}

void s4d::run_recurrence(std::span<double const> input, std::span<double> output) const {
  std::vector<complex> state(discrete_.a.size());
  for (std::size_t t = 0; t < input.size(); ++t) {
    double sum = 0;
    for (std::size_t n = 0; n < state.size(); ++n) {
      state[n] = times(discrete_.a[n], state[n]) + drive(discrete_.b[n], input[t]);
      sum += read_out(system_.c[n], state[n]);
    }
    output[t] = system_.read_out_factor() * sum + system_.d * input[t];
  }
}

choice s4d::run_scan(std::span<double const> input, index_t rows, std::span<double> output,
                     ssmscan::execution const& how) const {
  index_t const states = static_cast<index_t>(discrete_.a.size());
  index_t const length = rows == 0 ? 0 : static_cast<index_t>(input.size()) / rows;
  tensor_shape const shape{rows, states, length};
  std::vector<complex> lanes(static_cast<std::size_t>(rows * states * length));  // b u, then x in its place
  tensor_view<complex> const x(lanes.data(), shape);
  for (index_t row = 0; row < rows; ++row) {
    for (index_t n = 0; n < states; ++n) {
      complex const b = discrete_.b[static_cast<std::size_t>(n)];
      for (index_t t = 0; t < length; ++t) x(row, n, t) = drive(b, input[static_cast<std::size_t>(row * length + t)]);
    }
  }

  recurrence<complex> problem;
  problem.a = {discrete_.a.data(), shape, {.batch = 0, .channel = 1, .time = 0}};
  problem.b = x;
  problem.x = x;
  choice const chosen = linear_recurrence(problem, how);

  for (index_t row = 0; row < rows; ++row) {
    std::span<double> const y =
        output.subspan(static_cast<std::size_t>(row * length), static_cast<std::size_t>(length));
    std::fill(y.begin(), y.end(), 0.0);
    for (index_t n = 0; n < states; ++n) {
      complex const c = system_.c[static_cast<std::size_t>(n)];
      for (index_t t = 0; t < length; ++t) y[static_cast<std::size_t>(t)] += read_out(c, x(row, n, t));
    }
    for (index_t t = 0; t < length; ++t) {
      std::size_t const i = static_cast<std::size_t>(t);
      y[i] = system_.read_out_factor() * y[i] + system_.d * input[static_cast<std::size_t>(row * length + t)];
    }
  }
  return chosen;
}

}  // namespace ssmscan::ssm
