#include <algorithm>
#include <string>
#include <system_error>

#include <ssmscan/ssm/cuda/layers/widen.hpp>
#include <ssmscan/ssm/cuda/matrix_products.hpp>

#if SSMSCAN_SSM_CUBLAS
#include <cublas_v2.h>
#endif

namespace ssmscan::device::detail {
namespace {

constexpr std::size_t cublas_bytes = std::size_t{32} << 20;  // what cuBLAS recommends for compute capability 9
constexpr index_t widened_floats = index_t{1} << 23;         // 32 MiB: they stay in the L2 cache until they are read

}  // namespace

std::size_t matrix_products::workspace_bytes(index_t bfloat16_row) {
  return cublas_bytes +
         (bfloat16_row > 0 ? static_cast<std::size_t>(std::max(widened_floats, bfloat16_row)) * sizeof(float) : 0);
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
  float const one = 1, keep = how == into::add ? 1 : 0;
  auto const multiply = [&](float const* W, index_t first, index_t outputs) {
    bool const x_by_tokens = x.order == rows_of::tokens;
    float* const to = y.order == rows_of::tokens ? y.data + first : y.data + first * y.stride;
    need(y.order == rows_of::tokens
             ? cublasSgemm_64(handle, CUBLAS_OP_T, x_by_tokens ? CUBLAS_OP_N : CUBLAS_OP_T, outputs, y.tokens,
                              weight.inputs, &one, W, weight.stride, x.data, x.stride, &keep, to, y.stride)
             : cublasSgemm_64(handle, x_by_tokens ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, y.tokens, outputs,
                              weight.inputs, &one, x.data, x.stride, W, weight.stride, &keep, to, y.stride),
         "launching a product of cuBLAS");
  };
  if (weight.storage == ssm::matrix_storage::float32) return multiply(weight.rows<float>().data, 0, weight.outputs);
  auto* const wide = reinterpret_cast<float*>(workspace + cublas_bytes);
  index_t const at_once = std::max<index_t>(1, widened_floats / weight.stride);
  for (index_t first = 0; first < weight.outputs; first += at_once) {
    index_t const outputs = std::min(at_once, weight.outputs - first);
    launch_widen(weight.rows<ssm::bfloat16>().data + first * weight.stride, wide, outputs * weight.stride, stream);
    multiply(wide, first, outputs);
  }
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
