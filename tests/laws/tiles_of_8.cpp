#include "tests/laws/tiles_of_8.hpp"

#include "tests/laws/subject_of.hpp"

#include <ssmscan/scan/backends/all.hpp>

namespace ssmscan::laws {

template <class T>
std::vector<subject<T>> tiles_of_8() {
  std::vector<subject<T>> all;
  short_tiled::for_each(
      [&]<class A>(std::type_identity<A>) { add_subjects_of<A, T>(std::string(A::info.name) + "<8>", all); });
  return all;
}

template std::vector<subject<float>> tiles_of_8();
template std::vector<subject<double>> tiles_of_8();
template std::vector<subject<std::complex<float>>> tiles_of_8();
template std::vector<subject<std::complex<double>>> tiles_of_8();
template std::vector<subject<std::uint32_t>> tiles_of_8();

}  // namespace ssmscan::laws
