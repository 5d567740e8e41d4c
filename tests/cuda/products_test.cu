// y = W x on a device, of few tokens by our kernel and of many by cuBLAS, inside the bound of a sum of floats in any order: what
// TF32 or 16-bit products would give lies outside in rows of up to 96 (of longer ones their errors cancel as the bound grows).
#include <cmath>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/cuda/layers/few_rows.cuh>
#include <ssmscan/ssm/cuda/matrix_products.hpp>

namespace ssmscan::cuda_test {
namespace {

using device::detail::activations;
using device::detail::into;
using device::detail::rows_of;
using floats = std::vector<float>;

constexpr double unit = 0x1p-24;

floats uniform_values(index_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  floats made(static_cast<std::size_t>(count));
  for (float& x : made) x = uniform(random);
  return made;
}

struct matrix {
  matrix(index_t outputs_, index_t inputs_, ssm::matrix_storage storage)
      : outputs(outputs_), inputs(inputs_), values(uniform_values(outputs * inputs, 1)) {
    ssm::mamba_matrix host = values;
    if (storage == ssm::matrix_storage::bfloat16) {
      std::vector<bfloat16> narrow_ones;
      for (float& x : values) narrow_ones.push_back(narrow(x)), x = widen(narrow_ones.back());
      host = narrow_ones;
    }
    there = device::detail::uploaded_matrix(host, outputs, inputs);
  }
  // The product of a row with x, and the sum of its terms' sizes.
  std::pair<double, double> row(index_t o, floats const& x, std::size_t first, std::size_t apart) const {
    double sum = 0, size = 0;
    for (index_t i = 0; i < inputs; ++i) {
      double const term = double(values[std::size_t(o * inputs + i)]) * double(x[first + std::size_t(i) * apart]);
      sum += term, size += std::abs(term);
    }
    return {sum, size};
  }
  index_t outputs, inputs;
  floats values;
  device::detail::device_matrix there;
};

struct kept_output {
  static constexpr int blocks = 2;
  float* y;
  index_t stride;
  template <int Rows>
  __device__ int constants(index_t, int) const {
    return 0;
  }
  template <int Rows>
  __device__ int variables(index_t, int, index_t) const {
    return 0;
  }
  template <int Rows>
  __device__ void finish(index_t o, int lane, index_t tokens, float const (&sum)[Rows], int, int) const {
    for (int r = 0; r < Rows; ++r)
      if (lane == r && r < tokens) y[r * stride + o] = sum[r];
  }
};

template <class Input>
void run_few(matrix const& w, Input const& x, float* y) {
  w.there.visit([&](auto const& rows) {
    device::detail::launch_few_rows(rows, x, kept_output{y, w.outputs}, 132, nullptr);
  });
  need_success(cudaDeviceSynchronize(), "running a product");
}

constexpr auto storages = {ssm::matrix_storage::float32, ssm::matrix_storage::bfloat16};

// n terms in any order of fused multiply-adds and sums: at most n roundings on the way of each.
TEST(CudaProducts, OfFewTokens) {
  double largest = 0;
  for (auto const storage : storages) {
    for (index_t const inputs : {1, 3, 48, 96, 768, 1536, 5000}) {
      for (index_t const outputs : {1, 19, 700, 9000}) {
        if (inputs * outputs > 5000000) continue;
        matrix const w(outputs, inputs, storage);
        index_t const stride = (inputs + 7) / 8 * 8;
        floats x = uniform_values(4 * stride, 2);
        for (index_t r = 0; r < 4; ++r)
          for (index_t i = inputs; i < stride; ++i) x[std::size_t(r * stride + i)] = 0;
        gpu::array<float> const x_there(x);
        floats alone;
        for (index_t const tokens : {1, 2, 3, 4}) {
          gpu::array<float> y_there(4 * outputs);
          y_there.fill_bytes(0xff);
          run_few(w, device::detail::plain_input{x_there.data(), stride, tokens}, y_there.data());
          floats const y = y_there.values();
          for (index_t r = 0; r < 4; ++r) {
            for (index_t o = 0; o < outputs; ++o) {
              float const got = y[std::size_t(r * outputs + o)];
              if (r >= tokens) {
                ASSERT_TRUE(std::isnan(got)) << "a row that was not asked for";
                continue;
              }
              auto const [exact, size] = w.row(o, x, std::size_t(r * stride), 1);
              double const error = std::abs(double(got) - exact), bound = double(inputs) * 1.001 * unit * size;
              ASSERT_LE(error, bound) << outputs << " x " << inputs << ", token " << r << " output " << o;
              largest = tests::worse(largest, tests::share(error, bound));
            }
          }
          if (tokens == 1) alone.assign(y.begin(), y.begin() + outputs);
          ASSERT_EQ(floats(y.begin(), y.begin() + outputs), alone) << "with " << tokens << " tokens";
        }
      }
    }
  }
  EXPECT_GT(largest, 1e-4);
}

// x weight / sqrt(mean + epsilon): beyond the sum, a product (1), and the root: half of what the mean errs by (inputs), a
// sum and a quotient (1), rsqrtf 2 ulp (4), the last product 1.
TEST(CudaProducts, OfANormalToken) {
  for (auto const storage : storages) {
    for (index_t const inputs : {48, 768, 2560}) {
      index_t const outputs = 130;
      matrix const w(outputs, inputs, storage);
      floats const x = uniform_values(4 * inputs, 2), norm = uniform_values(inputs, 3);
      gpu::array<float> const x_there(x), norm_there(norm);
      gpu::array<float> y_there(4 * outputs);
      float const epsilon = 1e-5f;
      run_few(w, device::detail::normal_input{x_there.data(), inputs, 4, norm_there.data(), epsilon}, y_there.data());
      floats const y = y_there.values();
      for (index_t r = 0; r < 4; ++r) {
        floats scaled(static_cast<std::size_t>(inputs));
        double squares = 0;
        std::vector<double> exact(std::size_t(outputs), 0), size(std::size_t(outputs), 0);
        for (index_t i = 0; i < inputs; ++i) {
          double const value = x[std::size_t(r * inputs + i)];
          squares += value * value;
          for (index_t o = 0; o < outputs; ++o) {
            double const term = double(w.values[std::size_t(o * inputs + i)]) * value * double(norm[std::size_t(i)]);
            exact[std::size_t(o)] += term, size[std::size_t(o)] += std::abs(term);
          }
        }
        double const root = 1 / std::sqrt(squares / double(inputs) + double(epsilon));
        for (index_t o = 0; o < outputs; ++o) {
          double const of_root = double(inputs) / 2 + 1 + 4 + 1;
          double const bound = 1.001 * unit * (double(inputs) + 1 + of_root) * size[std::size_t(o)] * root;
          ASSERT_LE(std::abs(double(y[std::size_t(r * outputs + o)]) - exact[std::size_t(o)] * root), bound)
              << inputs << " token " << r << " output " << o;
        }
      }
    }
  }
}

TEST(CudaProducts, OfManyTokensInTrueFloat) {
  device::detail::matrix_products const products;
  double largest = 0;
  for (auto const storage : storages) {
    // Of bfloat16 weights three products of pieces, whose sums the tensor cores may cut where floats are rounded: 2 u each.
    double const of_pieces = storage == ssm::matrix_storage::float32 ? 1 : 3 * 2;
    for (index_t const inputs : {3, 48, 768}) {
      for (index_t const outputs : {19, 96, 1000}) {
        matrix const w(outputs, inputs, storage);
        std::size_t const bytes = device::detail::matrix_products::workspace_bytes(104 * 104 * 8);
        gpu::memory const workspace(bytes);
        for (index_t const tokens : {1, 2, 33, 100}) {
          for (rows_of const x_order : {rows_of::tokens, rows_of::features}) {
            for (rows_of const y_order : {rows_of::tokens, rows_of::features}) {
              for (into const how : {into::replace, into::add}) {
                auto const stride_of = [&](rows_of order, index_t features) {
                  return ((order == rows_of::tokens ? features : tokens) + 7) / 8 * 8 + 8;
                };
                auto const place = [&](rows_of order, index_t stride, index_t token, index_t feature) {
                  return std::size_t(order == rows_of::tokens ? token * stride + feature : feature * stride + token);
                };
                index_t const x_stride = stride_of(x_order, inputs), y_stride = stride_of(y_order, outputs);
                floats const x = uniform_values((x_order == rows_of::tokens ? tokens : inputs) * x_stride, 4);
                floats const before = uniform_values((y_order == rows_of::tokens ? tokens : outputs) * y_stride, 5);
                gpu::array<float> const x_there(x), y_there(before);
                products.run(w.there, {x_there.data(), tokens, inputs, x_stride, x_order},
                             {y_there.data(), tokens, outputs, y_stride, y_order}, how, nullptr, workspace.data());
                need_success(cudaDeviceSynchronize(), "running a product");
                floats const y = y_there.values();
                for (index_t t = 0; t < tokens; ++t) {
                  std::size_t const first = place(x_order, x_stride, t, 0),
                                    apart = x_order == rows_of::tokens ? 1 : std::size_t(x_stride);
                  for (index_t o = 0; o<outputs; o += outputs> 100 ? 7 : 1) {
                    std::size_t const at = place(y_order, y_stride, t, o);
                    double const base = how == into::add ? double(before[at]) : 0;
                    auto const [exact, size] = w.row(o, x, first, apart);
                    double const error = std::abs(double(y[at]) - exact - base);
                    double const bound = (double(inputs) + 1) * 1.001 * unit * (size + std::abs(base)) * of_pieces;
                    ASSERT_LE(error, bound) << outputs << " x " << inputs << " x " << tokens;
                    largest = tests::worse(largest, tests::share(error, bound));
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(largest, 1e-4);
}

}  // namespace
}  // namespace ssmscan::cuda_test
