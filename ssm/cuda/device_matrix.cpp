#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/device_matrix.hpp>

namespace ssmscan::device::detail {

device_matrix uploaded_matrix(ssm::mamba_matrix const& of, index_t outputs, index_t inputs) {
  return std::visit(
      [&]<class W>(std::vector<W> const& values) {
        device_matrix made;
        constexpr index_t vector = vector_bytes / sizeof(W);
        made.storage = sizeof(W) == 2 ? ssm::matrix_storage::bfloat16 : ssm::matrix_storage::float32;
        made.outputs = outputs, made.inputs = inputs, made.stride = (inputs + vector - 1) / vector * vector;
        std::size_t const pitch = static_cast<std::size_t>(made.stride) * sizeof(W),
                          row = static_cast<std::size_t>(inputs) * sizeof(W), rows = static_cast<std::size_t>(outputs);
        made.memory = allocate<std::byte>(outputs * static_cast<index_t>(pitch));
        need_success(cudaMemset(made.memory.get(), 0, rows * pitch), "copying parameters");
        need_success(cudaMemcpy2D(made.memory.get(), pitch, values.data(), row, row, rows, cudaMemcpyHostToDevice),
                     "copying parameters");
        wait_for_copies();
        return made;
      },
      of);
}

}  // namespace ssmscan::device::detail
