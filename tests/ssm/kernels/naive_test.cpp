// The kernel by its definition against the Annotated S4 (another algorithm: truncated generating function) and SciPy;
// what it and the dense generating function refuse.
#include "tests/ssm/reference_data.hpp"
#include <Eigen/Dense>

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using complex = std::complex<double>;
constexpr double u = 0x1p-53;

Eigen::VectorXcd vector_of(std::string const& name) {
  auto const values = reference<complex>(name);
  return Eigen::Map<Eigen::VectorXcd const>(values.data(), static_cast<Eigen::Index>(values.size()));
}

// A + A^* is negative definite, so the bilinear Ab has 2-norm at most 1, and each step of the definition adds at most
// 4 N u || |Ab| || ||x|| <= 4 N sqrt(N) u ||x||: over L steps L 4 N^1.5 u ||c|| ||b||. The other side is given as much.
TEST(NaiveKernel, OfDiagonalPlusLowRankIsThatOfTheAnnotatedS4) {
  for (std::string const name : {"annotated_s4/a", "annotated_s4/c"}) {
    Eigen::VectorXcd const lambda = vector_of(name + ".Lambda");
    Eigen::VectorXcd const p = vector_of(name + ".P");
    dense_system<complex> const continuous{Eigen::MatrixXcd(lambda.asDiagonal()) - p * p.adjoint(),
                                           vector_of(name + ".B")};
    double const step = reference<double>(name + ".step").at(0);
    auto const expected = reference<double>(name + ".K");
    index_t const length = static_cast<index_t>(expected.size());

    auto const discrete = discretize(continuous, step, discretization::bilinear);
    Eigen::Index const size = lambda.size();
    Eigen::MatrixXcd power = Eigen::MatrixXcd::Identity(size, size);
    for (index_t l = 0; l < length; ++l) power = (discrete.a * power).eval();
    // Their learned C is C (I - Ab^L), conjugated.
    Eigen::MatrixXcd const rest = Eigen::MatrixXcd::Identity(size, size) - power;
    Eigen::Matrix<complex, 1, Eigen::Dynamic> const c =
        rest.transpose().partialPivLu().solve(vector_of(name + ".C").conjugate()).transpose();

    auto const kernel = naive_kernel<complex>(discrete, c, length);
    double const n = static_cast<double>(size);
    double const tolerance = 2 * static_cast<double>(length) * 4 * std::pow(n, 1.5) * u * c.norm() * discrete.b.norm();
    double largest = 0;
    for (index_t l = 0; l < length; ++l) {
      std::size_t const i = static_cast<std::size_t>(l);
      EXPECT_NEAR(kernel[i].real(), expected[i], tolerance) << name << " " << l;
      largest = std::max(largest, std::abs(expected[i]));
    }
    EXPECT_GT(largest, 1000 * tolerance);  // the tolerance is small against the kernel itself
  }
}

TEST(NaiveKernel, OfAnIntegerSystemIsExact) {
  // Powers of [[1, 1], [0, 1]]: Ab^l b = (1 + l, 1), read out as 2 (1 + l) - 3.
  dense_system<double> const discrete{(Eigen::MatrixXd(2, 2) << 1, 1, 0, 1).finished(), Eigen::Vector2d(1, 1)};
  Eigen::Matrix<double, 1, Eigen::Dynamic> c(2);
  c << 2, -3;
  auto const kernel = naive_kernel<double>(discrete, c, 50);
  ASSERT_EQ(kernel.size(), 50u);
  for (std::size_t l = 0; l < 50; ++l) EXPECT_EQ(kernel[l], 2.0 * static_cast<double>(1 + l) - 3);

  // Diagonal: i^l and (-2)^l.
  std::vector<complex> const a{{0, 1}, {-2, 0}};
  std::vector<complex> const one{1.0, 1.0};
  auto const diagonal = naive_kernel(a, one, one, 8);
  std::vector<complex> const expected{{2, 0}, {-2, 1}, {3, 0}, {-8, -1}, {17, 0}, {-32, 1}, {63, 0}, {-128, -1}};
  EXPECT_EQ(diagonal, expected);
}

TEST(NaiveKernel, RefusesALengthBelowOne) {
  std::vector<complex> const one{1.0};
  dense_system<double> const discrete{Eigen::MatrixXd::Ones(1, 1), Eigen::VectorXd::Ones(1)};
  Eigen::Matrix<double, 1, Eigen::Dynamic> const c = Eigen::RowVectorXd::Ones(1);
  for (index_t const length : {0, -1}) {
    std::string const needed = "length: got " + std::to_string(length) + "; need at least 1";
    EXPECT_EQ(test::refusal([&] { naive_kernel(one, one, one, length); }), needed);
    EXPECT_EQ(test::refusal([&] { naive_kernel<double>(discrete, c, length); }), needed);
  }
}

TEST(NaiveKernel, RefusesShapesAndNumbers) {
  std::vector<complex> const one{1.0}, two{1.0, 1.0}, wrong{NAN};
  EXPECT_EQ(test::refusal([&] { naive_kernel(two, one, two, 3); }), "b: got 1 values; need 2, as many as a");
  EXPECT_EQ(test::refusal([&] { naive_kernel(one, one, two, 3); }), "c: got 2 values; need 1, as many as a");
  EXPECT_EQ(test::refusal([&] { naive_kernel(wrong, one, one, 3); }),
            "a: got a value that is not finite at index 0; need finite numbers");
  auto const refused = [](index_t rows, index_t columns, index_t b, index_t inputs, index_t c, double value) {
    return test::refusal([&] {
      naive_kernel<double>({Eigen::MatrixXd::Constant(rows, columns, value), Eigen::MatrixXd::Ones(b, inputs)},
                           Eigen::RowVectorXd::Ones(c), 3);
    });
  };
  EXPECT_EQ(refused(2, 3, 2, 1, 2, 1), "a: got 2 x 3; need 2 x 2");
  EXPECT_EQ(refused(2, 2, 1, 1, 2, 1), "b: got 1 x 1; need 2 x 1");
  EXPECT_EQ(refused(2, 2, 2, 2, 2, 1), "b: got 2 x 2; need 2 x 1");
  EXPECT_EQ(refused(2, 2, 2, 1, 1, 1), "c: got 1 x 1; need 1 x 2");
  EXPECT_EQ(refused(2, 2, 2, 1, 2, INFINITY), "a: got a value that is not finite; need finite numbers");
}

TEST(GeneratingFunctionKernel, Refusals) {
  auto const refused = [](index_t rows, index_t columns, index_t inputs, index_t outputs, index_t length) {
    return test::refusal([&] {
      generating_function_kernel({Eigen::MatrixXcd::Zero(rows, columns), Eigen::VectorXcd::Zero(inputs)},
                                 Eigen::RowVectorXcd::Zero(outputs), length);
    });
  };
  EXPECT_EQ(refused(2, 2, 2, 2, 0), "length: got 0; need at least 1");
  EXPECT_EQ(refused(2, 2, 2, 2, -5), "length: got -5; need at least 1");
  EXPECT_EQ(refused(2, 3, 2, 2, 4), "discrete.a: got 2 x 3; need 2 x 2");
  EXPECT_EQ(refused(2, 2, 3, 2, 4), "discrete.b: got 3 x 1; need 2 x 1");
  EXPECT_EQ(refused(2, 2, 2, 1, 4), "c: got 1 x 1; need 1 x 2");
}

}  // namespace
}  // namespace ssmscan::ssm
