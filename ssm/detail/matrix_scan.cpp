#include <algorithm>
#include <string>
#include <vector>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>
#include <ssmscan/ssm/detail/matrix_scan.hpp>

namespace ssmscan::ssm::detail {
namespace {

using maps = affine_matrix<double, dynamic>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

template <class A, class B>
void run(B& on, discrete_dense const& system, double const* u, double* y, index_t length,
         std::span<index_t const> offsets, Eigen::MatrixXd& states) {
  index_t const size = system.a.rows();
  maps const combine(size);
  auto step = combine.identity();
  for (index_t i = 0; i < size; ++i)
    for (index_t k = 0; k < size; ++k) step.a[at(i * size + k)] = system.a(i, k);
  using strided = Eigen::Map<Eigen::VectorXd const, 0, Eigen::InnerStride<>>;
  for (index_t sequence = 0; sequence + 1 < static_cast<index_t>(offsets.size()); ++sequence) {
    index_t const begin = offsets[at(sequence)], end = offsets[at(sequence + 1)];
    Eigen::VectorXd const initial = states.row(sequence);
    auto const input = [&](index_t t) { return strided(u + t, system.b.cols(), Eigen::InnerStride<>(length)); };
    scan(
        on, A{}, combine, {1, end - begin},
        [&](index_t, index_t t) {
          Eigen::VectorXd driven = system.b * input(begin + t);
          if (t == 0) {
            driven += system.a * initial;
            return combine.start(std::span<double const>(driven.data(), at(size)));
          }
          auto made = step;
          std::copy(driven.begin(), driven.end(), made.b.begin());
          return made;
        },
        [&](index_t, index_t t, maps::value_type const& prefix) {
          Eigen::Map<Eigen::VectorXd const> const x(prefix.b.data(), size);
          Eigen::VectorXd const out = system.c * x + system.d * input(begin + t);
          for (index_t p = 0; p < out.size(); ++p) y[p * length + begin + t] = out(p);
          if (begin + t == end - 1) states.row(sequence) = x;
        });
  }
}

}  // namespace

choice matrix_scan(discrete_dense const& system, double const* u, double* y, index_t length,
                   std::span<index_t const> offsets, Eigen::MatrixXd& states, execution const& how) {
  bool const automatic = how.algorithm == "automatic";
  std::string_view const wanted = automatic ? std::string_view("sequential") : how.algorithm;
  choice made;
  std::vector<std::string> able;
  ssmscan::algorithms::for_each([&]<class A>(std::type_identity<A>) {
    if constexpr (supports<A, serial, maps>) {
      able.push_back(ssmscan::detail::full_name(A::info));
      if (!ssmscan::detail::is_named(A::info, wanted)) return;
      if (how.backend == serial::name) {
        serial on;
        run<A>(on, system, u, y, length, offsets, states);
      } else if (how.backend == openmp::name) {
        openmp on(how.threads);
        run<A>(on, system, u, y, length, offsets, states);
      } else {
        throw_invalid("backend", std::string(how.backend), "one of " + listed(backend_names()));
      }
      made = {std::string(wanted), "", std::string(how.backend), std::string(A::info.tree),
              automatic ? "a combine of matrices costs N^3: the fewest combines" : "as named"};
    }
  });
  if (made.algorithm.empty())
    throw_invalid("algorithm", std::string(how.algorithm) + " for a state that is not diagonal",
                  "one of " + listed(able));
  return made;
}

}  // namespace ssmscan::ssm::detail
