// A mass of 1 on a spring of stiffness 40 with friction 5, pushed while sin(10 t) > 1/2 (the Annotated S4's example):
//   m y'' + b y' + k y = u(t),   state (y, y')
// run as a recurrence, a convolution and a scan, against the closed form. Usage: spring_mass [FOLDER]
#include <cmath>
#include <complex>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <vector>

#include <ssmscan/ssm/convolution.hpp>
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

// In the coordinates (sqrt(k) y, sqrt(m) y'), whose norm is the energy's root, A + A^T <= 0: e^{A t} and the bilinear step are
// contractions, b is of norm 1/sqrt(m), y is at most 1/sqrt(k) of the norm, and no state is larger than the sum of |step u|
// times |b|. With s the step, over a time of 1:
//   modes: recurrence and kernel round 4 operations a step, |A|_F <= sqrt(2), 6u each; the scan 2 (2 s + 9)u (docs/s4.md);
//     and the transform's own bound
//   closed form: (1 - z/2) e^z - (1 + z/2) is at most |z|^3/12, so that a bilinear step is off by |sA|^3/12 of the state and
//     s |sA|^2/12 |b u|; a held sample by s^2 (|A| |p'|/12 + |p''|/24) |b| where the push is smooth, |p'| <= 10, |p''| <= 100;
//     and at each of the four switches by its jump, 1/2 for half a step, and |p'| for the whole of it
struct error_bounds {
  double between_modes, to_closed_form;
};
error_bounds bounds_of(layer const& of, std::vector<double> const& pushes, double step) {
  double const root = std::sqrt(stiffness / mass), b = 1 / std::sqrt(mass), c = 1 / std::sqrt(stiffness), u = 0x1p-53;
  double const a = Eigen::Matrix2d{{0, root}, {-root, -friction / mass}}.operatorNorm();
  double total = 0;
  for (double const p : pushes) total += step * std::abs(p);
  index_t const length = static_cast<index_t>(pushes.size());
  double const rounded = (16 * static_cast<double>(length) + 100) * u * b * c * total;
  auto const kernel = of.systems()[0]->kernel(0, 0, length);
  double const transform =
      fft_convolution_bound<double>(padded_length(length, length), norms_of(std::span<double const>(kernel)),
                                    norms_of(std::span<double const>(pushes)));
  double const s2 = step * step, bilinear = s2 * a * a * (a + 1) / 12 * total;
  double const smooth = s2 * (a * turn / 12 + turn * turn / 24), switches = 4 * (step / 4 + turn * s2);
  return {rounded + transform, b * c * (bilinear + smooth + switches)};
}

layer oscillator(double step) {
  Eigen::Matrix2d const a{{0, 1}, {-stiffness / mass, -friction / mass}};
  auto const discrete =
      discretize(dense_system<double>{a, Eigen::Vector2d(0, 1 / mass)}, step, discretization::bilinear);
  return layer({dense({discrete.a, discrete.b, Eigen::RowVector2d(1, 0), Eigen::MatrixXd::Zero(1, 1)})});
}

int run(int argc, char** argv) {
  bool right = true;
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
    error_bounds const bound = bounds_of(mass_on_spring, pushes, step);
    std::printf("      bounds: %.1e and %.1e\n", bound.to_closed_form / largest, bound.between_modes / largest);
    right = right && between_modes <= bound.between_modes && error <= bound.to_closed_form;
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

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& error) {  // of a folder that cannot be written, one sentence
    return std::fprintf(stderr, "spring_mass: %s\n", error.what()), 2;
  }
}
