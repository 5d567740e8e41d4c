#include "facts.hpp"

#include "backends.hpp"
#include "names.hpp"
#include <CLI/Version.hpp>
#include <Eigen/Core>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <nlohmann/json.hpp>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/convolution.hpp>

namespace ssmscan::cli {

facts program_facts() {
  facts told{{"ssmscan", this_build().version}};
  for (auto& fact : machine_facts()) told.push_back(std::move(fact));
  told.emplace_back("backends", listed(backends()));
  told.emplace_back("algorithms", listed(algorithms_of("")));
  told.emplace_back("fft", ssm::fft_backend());
  told.emplace_back(
      "libraries",
      fmt::format("glibc {}, OpenMP {}, Eigen {}.{}.{}, fmt {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 {}",
                  gnu_get_libc_version(), _OPENMP, EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
                  FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100, NLOHMANN_JSON_VERSION_MAJOR,
                  NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, CLI11_VERSION));
  return told;
}

std::string version_text() {
  auto const built = this_build();
  return fmt::format("ssmscan {}\ncommit   {}\ncompiler {}\nflags    {}", built.version, built.commit, built.compiler,
                     built.flags);
}

}  // namespace ssmscan::cli
