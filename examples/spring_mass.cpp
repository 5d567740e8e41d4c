// A mass of 1 on a spring of stiffness 40 with friction 5, pushed while sin(10 t) > 1/2 (the Annotated S4's example):
//   m y'' + b y' + k y = u(t),   state (y, y')
// run as a recurrence, a convolution and a scan, against the closed form. Usage: spring_mass [FOLDER]
#include <cmath>
#include <complex>
#include <cstdio>
#include <filesystem>
#include <numbers>
#include <vector>

#include <ssmscan/ssm/io/npy.hpp>
#include <ssmscan/ssm/layer.hpp>

using namespace ssmscan::ssm;
using ssmscan::index_t;
using complex = std::complex<double>;

namespace {

constexpr double stiffness = 40, friction = 5, mass = 1, turn = 10;

double push(double t) {
  double const s = std::sin(turn * t);
  return s > 0.5 ? s : 0;
}

// The state follows the free motion, e^{-b t / 2m} times a rotation, from one switch of the push to the next; while the push
// is on, the part of the state beyond the forced oscillation Im(H(i turn) e^{i turn t}) does.
double closed_form(double t) {
  complex const pole(-friction / (2 * mass), std::sqrt(stiffness / mass - friction * friction / (4 * mass * mass)));
  struct motion {
    double y, speed;
  };
  auto const free = [&](motion from, double time) {
    // y = Re(w e^{pole time}) with Re w = y(0) and Re(pole w) = y'(0).
    complex const w(from.y, (pole.real() * from.y - from.speed) / pole.imag());
    complex const now = w * std::exp(pole * time);
    return motion{now.real(), (pole * now).real()};
  };
  auto const forced = [&](double time) {
    complex const i(0, 1);
    complex const response = 1.0 / (stiffness - mass * turn * turn + i * turn * friction);
    complex const now = response * std::exp(i * turn * time);
    return motion{now.imag(), (i * turn * now).imag()};
  };
  using std::numbers::pi;
  motion state{0, 0};
  double at = 0;
  for (int cycle = 0; at < t; ++cycle) {
    double const on = (2 * pi * cycle + pi / 6) / turn, off = (2 * pi * cycle + 5 * pi / 6) / turn;
    double const until_on = std::min(on, t);
    if (until_on > at) state = free(state, until_on - at), at = until_on;
    double const until_off = std::min(off, t);
    if (until_off > at) {
      motion const begin = forced(at), end = forced(until_off);
      motion const rest = free({state.y - begin.y, state.speed - begin.speed}, until_off - at);
      state = {rest.y + end.y, rest.speed + end.speed}, at = until_off;
    }
  }
  return state.y;
}

layer oscillator(double step) {
  Eigen::Matrix2d const a{{0, 1}, {-stiffness / mass, -friction / mass}};
  auto const discrete =
      discretize(dense_system<double>{a, Eigen::Vector2d(0, 1 / mass)}, step, discretization::bilinear);
  return layer({dense({discrete.a, discrete.b, Eigen::RowVector2d(1, 0), Eigen::MatrixXd::Zero(1, 1)})});
}

}  // namespace

int main(int argc, char** argv) {
  bool right = true;
  double before = 0;
  std::vector<double> time, pushes, exact, y;
  for (index_t const length : {100, 1000, 10000}) {
    double const step = 1.0 / static_cast<double>(length);
    time.clear(), pushes.clear(), exact.clear();
    for (index_t k = 1; k <= length; ++k) {
      time.push_back(static_cast<double>(k) * step);
      pushes.push_back(push(time.back() - step / 2));  // held over the step: its middle
      exact.push_back(closed_form(time.back()));
    }
    layer const mass_on_spring = oscillator(step);
    y.assign(time.size(), 0);
    std::vector<double> other(time.size());
    mass_on_spring.run(pushes, 1, y);
    double largest = 0, error = 0, between_modes = 0;
    for (auto const& how : {layer_execution{.mode = mode::convolution},
                            layer_execution{.mode = mode::scan, .scan = {.algorithm = "chunked"}}}) {
      mass_on_spring.run(pushes, 1, other, how);
      for (std::size_t t = 0; t < y.size(); ++t) between_modes = std::max(between_modes, std::abs(other[t] - y[t]));
    }
    for (std::size_t t = 0; t < y.size(); ++t) {
      largest = std::max(largest, std::abs(exact[t]));
      error = std::max(error, std::abs(y[t] - exact[t]));
    }
    std::printf("%5ld steps: off the closed form by %.1e of the largest swing, the modes by %.1e of each other\n",
                static_cast<long>(length), error / largest, between_modes / largest);
    // The push jumps at its switches, where a held sample misses up to half a step of it: first order, ten times the steps, a
    // tenth of the error, or less where a switch falls well.
    right =
        right && between_modes <= 1e-11 * largest && error <= 5 * step * largest && (before == 0 || error < before / 2);
    before = error;
    if (argc > 1 && length == 100) {
      std::filesystem::path const folder(argv[1]);
      auto const save = [&](char const* name, std::vector<double> const& values) {
        write_npy(folder / name, make_npy<double>({static_cast<index_t>(values.size())}, values),
                  existing_file::replace);
      };
      save("spring_mass.time.npy", time), save("spring_mass.push.npy", pushes);
      save("spring_mass.closed_form.npy", exact), save("spring_mass.y.npy", y);
    }
  }
  return right ? 0 : 1;
}
