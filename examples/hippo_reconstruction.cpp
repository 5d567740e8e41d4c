// HiPPO-LegS as a memory: after L samples the state holds the coefficients of all of them on N Legendre polynomials, so
// that
//   u(s) ~ sum_n x[n] sqrt(2n+1) P_n(2 s/t - 1),   0 <= s <= t
// The system is x' = (A x + B u) / t, whose bilinear steps differ from sample to sample: a scan of affine maps that
// vary in time. Usage: hippo_reconstruction [FOLDER [IMAGES]]: arrays for the figure; the first image of an IDX file as
// a signal
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <Eigen/Dense>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/scan.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/io/idx.hpp>
#include <ssmscan/ssm/io/npy.hpp>

using namespace ssmscan::ssm;
using ssmscan::index_t;

namespace {

// The state after the last sample.
Eigen::VectorXd memory_of(std::vector<double> const& u, index_t states) {
  Eigen::MatrixXd const a = hippo_matrix(hippo::legs, states);
  Eigen::VectorXd const b = hippo_input(hippo::legs, states);
  Eigen::MatrixXd const identity = Eigen::MatrixXd::Identity(states, states);
  using maps = ssmscan::affine_matrix<double, ssmscan::dynamic>;
  maps const combine(states);
  Eigen::VectorXd last(states);
  index_t const length = static_cast<index_t>(u.size());
  ssmscan::openmp on;
  ssmscan::scan(
      on, ssmscan::chunked{}, combine, {1, length},
      [&](index_t, index_t t) {  // one step of length 1 at time t + 1: bilinear, with A and B over that time
        Eigen::MatrixXd const now = a / static_cast<double>(t + 1);
        Eigen::PartialPivLU<Eigen::MatrixXd> const implicit(identity - now / 2);
        Eigen::MatrixXd const step = implicit.solve(identity + now / 2);
        Eigen::VectorXd const driven = implicit.solve(b * u[static_cast<std::size_t>(t)] / static_cast<double>(t + 1));
        auto made = combine.identity();
        for (index_t i = 0; i < states; ++i)
          for (index_t k = 0; k < states; ++k) made.a[static_cast<std::size_t>(i * states + k)] = step(i, k);
        made.b.assign(driven.begin(), driven.end());
        return made;
      },
      [&](index_t, index_t t, maps::value_type const& prefix) {
        if (t + 1 == length) std::copy(prefix.b.begin(), prefix.b.end(), last.begin());
      });
  return last;
}

// sqrt(2n+1) P_n of the middle of sample t.
Eigen::VectorXd polynomials(index_t t, index_t length, index_t states) {
  double const at = 2 * (static_cast<double>(t) + 0.5) / static_cast<double>(length) - 1;
  Eigen::VectorXd made(states);
  double before = 0, now = 1;
  for (index_t n = 0; n < states; ++n) {
    double const m = static_cast<double>(n);
    made(n) = std::sqrt(2 * m + 1) * now;
    double const next = ((2 * m + 1) * at * now - m * before) / (m + 1);
    before = now, now = next;
  }
  return made;
}

// The signal as the state remembers it, at the middle of each sample.
std::vector<double> reconstructed(Eigen::VectorXd const& x, index_t length) {
  std::vector<double> made;
  for (index_t t = 0; t < length; ++t) made.push_back(x.dot(polynomials(t, length, x.size())));
  return made;
}

// sin(12 pi s^2), 0 <= s < 1
constexpr double chirp_rate = 12 * std::numbers::pi;
std::vector<double> chirp_of(index_t length) {
  std::vector<double> made;
  for (index_t t = 0; t < length; ++t) {
    double const s = static_cast<double>(t) / static_cast<double>(length);
    made.push_back(std::sin(chirp_rate * s * s));
  }
  return made;
}

// What the state after L samples should be. With P[g] the coefficients of g on [0, 1], found here by quadrature, and D
// = d/dt in steps, a bilinear step is exactly
//   (t + 1/2) 2 sinh(D/2) x = A cosh(D/2) x + B e^{-D/2} u      t the middle of the step
// and A P[g], D P[g] are known from t D P[g] = A P[g] + B g and t D P[g] = P[s g'], so that order by order, t = L being
// s = 1,
//   x = P[u] + P[(s/2 - 1) u'] / L + P[(1 - s) u''/2 + (s - s^3) u'''/24] / L^2 + O(1/L^3)
// for an input with u(0) = u'(0) = 0, which the first steps do not disturb. The midpoint rule is off by (1/2^15)^2 / 24
// of the slope at the ends, some 2e-8.
struct expansion {
  Eigen::VectorXd history, first, second;
};
expansion expansion_of_chirp(index_t states) {
  constexpr index_t points = 1 << 15;
  Eigen::VectorXd const zero = Eigen::VectorXd::Zero(states);
  expansion made{zero, zero, zero};
  for (index_t k = 0; k < points; ++k) {
    double const s = (static_cast<double>(k) + 0.5) / points, speed = 2 * chirp_rate * s;
    double const sine = std::sin(chirp_rate * s * s), cosine = std::cos(chirp_rate * s * s);
    double const slope = speed * cosine, curve = 2 * chirp_rate * cosine - speed * speed * sine,
                 third = -6 * chirp_rate * speed * sine - speed * speed * speed * cosine;
    Eigen::VectorXd const basis = polynomials(k, points, states) / points;
    made.history += sine * basis, made.first += (s / 2 - 1) * slope * basis;
    made.second += ((1 - s) / 2 * curve + (s - s * s * s) / 24 * third) * basis;
  }
  return made;
}

double relative_error(std::vector<double> const& made, std::vector<double> const& u) {
  double error = 0, size = 0;
  for (std::size_t t = 0; t < u.size(); ++t) error += (made[t] - u[t]) * (made[t] - u[t]), size += u[t] * u[t];
  return std::sqrt(error / size);
}

int run(int argc, char** argv) {
  constexpr index_t length = 784;
  std::vector<std::pair<std::string, std::vector<double>>> signals{{"chirp", chirp_of(length)}};
  if (argc > 2) {
    auto const images = read_idx(argv[2]);
    index_t const pixels = images.shape.size() == 3 ? images.shape[1] * images.shape[2] : 0;
    if (pixels == 0 || images.shape[0] == 0) ssmscan::throw_invalid(argv[2], "no images", "an IDX file of images");
    signals.emplace_back("mnist", std::vector<double>(images.values.begin(), images.values.begin() + pixels));
    for (double& pixel : signals.back().second) pixel /= 255;
  }
  bool right = true;
  for (auto const& [name, u] : signals) {
    double before = 0;
    for (index_t const states : {8, 16, 32, 64}) {
      Eigen::VectorXd const x = memory_of(u, states);
      auto const made = reconstructed(x, static_cast<index_t>(u.size()));
      double const error = relative_error(made, u);
      std::printf("%s, N = %2ld: off by %.3f of the signal's norm\n", name.c_str(), static_cast<long>(states), error);
      right = right && (before == 0 || error < before);
      before = error;
      if (argc > 1 && states == 64) {
        std::filesystem::path const folder(argv[1]);
        auto const save = [&, &name = name](std::string const& what, std::vector<double> const& values) {
          write_npy(folder / ("hippo." + name + "." + what + ".npy"),
                    make_npy<double>({static_cast<index_t>(values.size())}, values), existing_file::replace);
        };
        save("signal", u), save("state", {x.begin(), x.end()}), save("reconstruction", made);
      }
    }
  }
  // Without the expansion's terms the state is off by a first order in 1/L, without its second by a second, with both
  // by a third: the nearest whole number, as each length is twice the last.
  constexpr index_t states = 16;
  expansion const expected = expansion_of_chirp(states);
  std::vector<double> before;
  for (index_t const samples : {length, 2 * length, 4 * length}) {
    double const l = static_cast<double>(samples);
    Eigen::VectorXd const off = memory_of(chirp_of(samples), states) - expected.history;
    Eigen::VectorXd const next = off - expected.first / l, last = next - expected.second / (l * l);
    std::vector<double> const now{off.norm(), next.norm(), last.norm()};
    std::printf(
        "chirp, L = %4ld: coefficients off by %.1e; of what is expected to first order by %.1e, to second by %.1e\n",
        static_cast<long>(samples), now[0], now[1], now[2]);
    for (std::size_t i = 0; i < before.size(); ++i)
      right = right && std::lround(std::log2(before[i] / now[i])) == static_cast<long>(i) + 1;
    before = now;
  }
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& error) {  // of a file that cannot be read or written, one sentence
    return std::fprintf(stderr, "hippo_reconstruction: %s\n", error.what()), 2;
  }
}
