// HiPPO-LegS as a memory: after L samples the state holds the coefficients of all of them on N Legendre polynomials, so that
//   u(s) ~ sum_n x[n] sqrt(2n+1) P_n(2 s/t - 1),   0 <= s <= t
// The system is x' = (A x + B u) / t, whose bilinear steps differ from sample to sample: a scan of affine maps that vary in
// time. Usage: hippo_reconstruction [FOLDER [IMAGES]]: arrays for the figure; the first image of an IDX file as a signal
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

double chirp(double s) { return std::sin(2 * std::numbers::pi * 6 * s * s); }
std::vector<double> chirp_of(index_t length) {
  std::vector<double> made;
  for (index_t t = 0; t < length; ++t) made.push_back(chirp(static_cast<double>(t) / static_cast<double>(length)));
  return made;
}

// How far the state is from the coefficients by quadrature, the midpoint rule's error being (1/2^15)^2 of u'' / 24 at most.
double off_the_integrals(index_t length, index_t states) {
  constexpr index_t points = 1 << 15;
  Eigen::VectorXd integral = Eigen::VectorXd::Zero(states);
  for (index_t k = 0; k < points; ++k)
    integral += chirp((static_cast<double>(k) + 0.5) / points) / points * polynomials(k, points, states);
  return (memory_of(chirp_of(length), states) - integral).norm();
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
  // A sample is held over a step, which is a delay of half a step: of first order, a/L + b/L^2. The order found from two lengths is then
  // 1 + c/L, and half as far from 1 at twice the length, but for a third order that is smaller than either.
  double const once = off_the_integrals(length, 16), twice = off_the_integrals(2 * length, 16),
               fourfold = off_the_integrals(4 * length, 16);
  double const order = std::log2(once / twice), next = std::log2(twice / fourfold);
  std::printf("chirp, coefficients off by %.4f, %.4f, %.4f at L = 784, 1568, 3136: order %.3f, %.3f\n", once, twice,
              fourfold, order, next);
  right = right && std::abs(next - 1) < std::abs(order - 1) && std::abs(order - 1) < 16.0 * 16 / length;  // c = O(N^2)
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
