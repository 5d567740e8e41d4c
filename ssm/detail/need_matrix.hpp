#pragma once
// What dense systems ask of their matrices, in the house's one sentence.
#include <string>

#include <Eigen/Core>

#include <ssmscan/scan/error.hpp>

namespace ssmscan::ssm::detail {

// rows x columns finite numbers.
template <class Matrix>
void need_matrix(std::string const& name, Matrix const& given, Eigen::Index rows, Eigen::Index columns) {
  auto const text = [](Eigen::Index height, Eigen::Index width) {
    return std::to_string(height) + " x " + std::to_string(width);
  };
  if (given.rows() != rows || given.cols() != columns)
    throw_invalid(name, text(given.rows(), given.cols()), text(rows, columns));
  if (!given.allFinite()) throw_invalid(name, "a value that is not finite", "finite numbers");
}

}  // namespace ssmscan::ssm::detail
