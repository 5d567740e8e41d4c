cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(ssmscan 0.1 REQUIRED COMPONENTS scan OPTIONAL_COMPONENTS ssm)
add_executable(example example.cpp)
target_link_libraries(example PRIVATE ssmscan::scan)
if(ssmscan_ssm_FOUND)
  target_link_libraries(example PRIVATE ssmscan::ssm)
endif()

# CUDA comes to who asks for it, and needs no CUDA compiler there.
if(TARGET ssmscan::cuda OR TARGET CUDA::cudart_static)
  message(FATAL_ERROR "ssmscan::cuda came along unasked")
endif()
find_package(ssmscan 0.1 QUIET COMPONENTS cuda)
if(ssmscan_FOUND)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/on_cuda.cpp
       "#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>\n"
       "int main() { return ssmscan::device::algorithm_names().empty() ? 1 : 0; }\n")
  add_executable(on_cuda ${CMAKE_CURRENT_BINARY_DIR}/on_cuda.cpp)
  target_link_libraries(on_cuda PRIVATE ssmscan::cuda)
  add_custom_command(TARGET on_cuda POST_BUILD COMMAND on_cuda)
endif()

# A component that does not exist, and a minor version that is not ours, are refused.
unset(ssmscan_DIR CACHE)
find_package(ssmscan 0.1 QUIET COMPONENTS abacus)
if(ssmscan_FOUND)
  message(FATAL_ERROR "find_package(ssmscan COMPONENTS abacus) was answered, and there is none")
endif()
unset(ssmscan_DIR CACHE)
find_package(ssmscan 0.0 QUIET)
if(ssmscan_FOUND)
  message(FATAL_ERROR "find_package(ssmscan 0.0) was answered by ${ssmscan_VERSION}")
endif()
