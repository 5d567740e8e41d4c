#pragma once
// y = W x of all tokens on a device, by cuBLAS, which matrix_products.cpp alone sees; of a few tokens by layers/few_rows.cuh.
#include <cstddef>
#include <mutex>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/device_matrix.hpp>

namespace ssmscan::device::detail {

// How activations lie: a row for each token, or for each feature (then time is contiguous, as the scan wants it).
enum class rows_of { tokens, features };

template <class T>
struct activations {
  T* data = nullptr;
  index_t tokens = 0, features = 0;
  index_t stride = 0;  // from row to row
  rows_of order = rows_of::tokens;
};

// Float weights: in float, without TF32 or 16-bit products (cuBLAS's pedantic mode). bfloat16 weights: x is split into three
// bfloat16 pieces whose sum it is, so that all products are exact, and three products on the tensor cores add up in float.
//
// A call launches and returns; it allocates nothing, as cuBLAS is given its memory, and can be captured in a CUDA graph.
// Determinism is what cuBLAS documents: the same bits from run to run on one architecture with as many multiprocessors and in one
// version, as long as streams do not share its memory, which they do not here. They may depend on the number of tokens.
class matrix_products {
 public:
  // For the device that is current: allocates and waits. Throws std::system_error of category "cublas" where cuBLAS refuses,
  // and of errc::function_not_supported in a build without.
  matrix_products();
  matrix_products(matrix_products const&) = delete;
  matrix_products& operator=(matrix_products const&) = delete;
  ~matrix_products();

  // x_values: rows times stride of the largest x that meets a bfloat16 weight; 0: there is none.
  static std::size_t workspace_bytes(index_t x_values);
  // weight (features of y, features of x); x.tokens = y.tokens. The workspace is aligned to 256 bytes. Strides of x and y are
  // multiples of 8, or the tensor cores' fast paths are not taken.
  void run(device_matrix const& weight, activations<float const> const& x, activations<float> const& y, into how,
           device::stream stream, std::byte* workspace) const;

 private:
  void* handle_ = nullptr;
  mutable std::mutex setting_up_;
};

}  // namespace ssmscan::device::detail
