// Scripts parse these names: the expectations are copied from the published grammar, not from our output.
#include "bench/common/names.hpp"

#include <regex>

#include <gtest/gtest.h>

namespace ssmscan::bench {
namespace {

bool fits_the_grammar(std::string const& name) { return std::regex_match(name, std::regex(name_pattern)); }

TEST(names, the_published_example) {
  benchmark_name const name{.question = "throughput",
                            .operation = "affine",
                            .dtype = "f32",
                            .algorithm = "look_back",
                            .backend = "cuda",
                            .lanes = 1,
                            .time = 67108864};
  EXPECT_EQ(name.text(), "throughput/affine.f32/look_back/cuda/lanes:1/time:67108864");
  EXPECT_TRUE(fits_the_grammar(name.text()));
}

TEST(names, keys_stand_in_the_published_order) {
  benchmark_name const name{.question = "ssm",
                            .operation = "selective",
                            .dtype = "c64",
                            .algorithm = "heinsen.plain",
                            .backend = "openmp",
                            .lanes = 64,
                            .time = 4096,
                            .layout = layout::time_major,
                            .family = "mid",
                            .threads = 2,
                            .reverse = true,
                            .packed = 8,
                            .state = "initial_final",
                            .cold = true,
                            .state_size = 16,
                            .hidden = 4,
                            .inner = "blelloch"};
  EXPECT_EQ(name.text(),
            "ssm/selective.c64/heinsen.plain/openmp/lanes:64/time:4096/layout:time_major/family:mid/threads:2/"
            "direction:reverse/packed:8/state:initial_final/cache:cold/N:16/H:4/inner:blelloch");
  EXPECT_TRUE(fits_the_grammar(name.text()));
}

TEST(names, the_pattern_takes_what_google_benchmark_adds_and_nothing_else) {
  std::string const name = "throughput/affine.f32/triad/serial/lanes:1/time:0";
  EXPECT_TRUE(fits_the_grammar(name));
  EXPECT_TRUE(fits_the_grammar(name + "/real_time"));
  EXPECT_TRUE(fits_the_grammar(name + "/cache:cold/manual_time_median"));
  EXPECT_TRUE(fits_the_grammar(name + "/family:near1_1e-3/inner:blelloch"));
  for (auto const* wrong :
       {"affine.f32/triad/serial/lanes:1/time:0", "throughput/affine/triad/serial/lanes:1/time:0",
        "throughput/affine.f32/triad/lanes:1/time:0", "throughput/affine.f32/triad/serial/time:0/lanes:1",
        "throughput/affine.f32/triad/serial/lanes:1/time:0/threads:2/family:mid",
        "throughput/affine.f32/triad/serial/lanes:1/time:0/repeats:3",
        "throughput/affine.f32/triad/serial/lanes:1/time:0/layout:lane_major"})
    EXPECT_FALSE(fits_the_grammar(wrong)) << wrong;
}

}  // namespace
}  // namespace ssmscan::bench
