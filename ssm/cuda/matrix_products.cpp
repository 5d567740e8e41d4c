#include <algorithm>
#include <string>
#include <system_error>

#include <ssmscan/ssm/cuda/layers/split.hpp>
#include <ssmscan/ssm/cuda/matrix_products.hpp>

#if SSMSCAN_SSM_CUBLAS
#include <cublas_v2.h>
#endif

namespace ssmscan::device::detail {
namespace {

constexpr std::size_t cublas_bytes = std::size_t{32} << 20;  // what cuBLAS recommends for compute capability 9

// Of each of the pieces of x: whole vectors of 16 bytes.
index_t piece_values(index_t x_values) { return (x_values + 7) / 8 * 8; }

}  // namespace

std::size_t matrix_products::workspace_bytes(index_t x_values) {
  return cublas_bytes + static_cast<std::size_t>(float_pieces * piece_values(x_values)) * sizeof(ssm::bfloat16);
}

#if SSMSCAN_SSM_CUBLAS

namespace {

std::error_category const& cublas_category() {
  struct category : std::error_category {
    char const* name() const noexcept override { return "cublas"; }
    std::string message(int value) const override {
      auto const status = static_cast<cublasStatus_t>(value);
      std::string const what = std::string(cublasGetStatusName(status)) + ": " + cublasGetStatusString(status);
      return status == CUBLAS_STATUS_NOT_INITIALIZED ? what + " (no GPU that cuBLAS can use, or no memory of it)"
                                                     : what;
    }
  };
  static category const one;
  return one;
}

void need(cublasStatus_t status, char const* during) {
  if (status != CUBLAS_STATUS_SUCCESS) throw std::system_error(static_cast<int>(status), cublas_category(), during);
}

}  // namespace

matrix_products::matrix_products() {
  cublasHandle_t made = nullptr;
  need(cublasCreate(&made), "making a handle of cuBLAS");
  handle_ = made;
  if (cublasStatus_t const status = cublasSetMathMode(made, CUBLAS_PEDANTIC_MATH); status != CUBLAS_STATUS_SUCCESS) {
    (void)cublasDestroy(made);
    need(status, "making a handle of cuBLAS");
  }
}

matrix_products::~matrix_products() { (void)cublasDestroy(static_cast<cublasHandle_t>(handle_)); }

// cuBLAS's matrices are column by column: our rows are its columns. Of y by tokens that is y (features, tokens) = W x; of y by features
// y (tokens, features) = x^T W^T.
void matrix_products::run(device_matrix const& weight, activations<float const> const& x, activations<float> const& y,
                          into how, device::stream stream, std::byte* workspace) const {
  if (y.tokens == 0 || y.features == 0) return;
  auto const handle = static_cast<cublasHandle_t>(handle_);
  std::lock_guard const alone(setting_up_);
  need(cublasSetStream(handle, stream), "giving cuBLAS its stream");  // takes the workspace away
  need(cublasSetWorkspace(handle, workspace, cublas_bytes), "giving cuBLAS its workspace");
  bool const x_by_tokens = x.order == rows_of::tokens, y_by_tokens = y.order == rows_of::tokens;
  bool const is_float = weight.storage == ssm::matrix_storage::float32;
  auto const multiply = [&](cudaDataType_t type, void const* W, void const* from, into sum) {
    float const one = 1, keep = sum == into::add ? 1 : 0;
    auto const compute = is_float ? CUBLAS_COMPUTE_32F_PEDANTIC : CUBLAS_COMPUTE_32F;
    need(y_by_tokens ? cublasGemmEx_64(handle, CUBLAS_OP_T, x_by_tokens ? CUBLAS_OP_N : CUBLAS_OP_T, y.features,
                                       y.tokens, weight.inputs, &one, W, type, weight.stride, from, type, x.stride,
                                       &keep, y.data, CUDA_R_32F, y.stride, compute, CUBLAS_GEMM_DEFAULT)
                     : cublasGemmEx_64(handle, x_by_tokens ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, y.tokens,
                                       y.features, weight.inputs, &one, from, type, x.stride, W, type, weight.stride,
                                       &keep, y.data, CUDA_R_32F, y.stride, compute, CUBLAS_GEMM_DEFAULT),
         "launching a product of cuBLAS");
  };
  if (is_float) return multiply(CUDA_R_32F, weight.rows<float>().data, x.data, how);
  index_t const rows = x_by_tokens ? x.tokens : x.features, columns = x_by_tokens ? x.features : x.tokens;
  index_t const apart = piece_values(rows * x.stride);
  auto* const pieces = reinterpret_cast<ssm::bfloat16*>(workspace + cublas_bytes);
  launch_split(x.data, rows, columns, x.stride, pieces, apart, stream);
  for (int piece = float_pieces - 1; piece >= 0; --piece)  // the smallest first
    multiply(CUDA_R_16BF, weight.rows<ssm::bfloat16>().data, pieces + piece * apart,
             piece + 1 == float_pieces ? how : into::add);
}

#else

matrix_products::matrix_products() {
  throw std::system_error(
      std::make_error_code(std::errc::function_not_supported),
      "this build of ssmscan::ssm_cuda has no matrix products: CMake found no cuBLAS in the CUDA toolkit");
}
matrix_products::~matrix_products() = default;
void matrix_products::run(device_matrix const&, activations<float const> const&, activations<float> const&, into,
                          device::stream, std::byte*) const {}

#endif

}  // namespace ssmscan::device::detail
