// The validation: it passes on what is right and fails on what is wrong. Its bounds: validation_bounds_test.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/layer.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm {
namespace {

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// What another component brings is held to the same bounds, under its own name: right it passes, wrong it fails.
// A system that leaves doubles, a formula without a bound, an algorithm for another type: nothing else is skipped.
bool may_be_skipped(validation_check const& check) {
  return check.reason.starts_with("unstable") || check.reason.starts_with("no bound is known") ||
         (check.algorithm == "heinsen.fused" && check.reason.starts_with("it takes real float alone"));
}

TEST(Validate, OutsideScansAreHeldAsTheRegistrysAre) {
  validation_options how;
  how.greatest_length = 256, how.greatest_samples = 512, how.greatest_singles = 512, how.greatest_matrices = 16;
  algorithm_info info = sequential::info;
  info.variant = "elsewhere";
  auto const right = [](auto const& problem) { linear_recurrence(problem, {.algorithm = "sequential"}); };
  auto const wrong = [](auto const& problem) {
    linear_recurrence(problem, {.algorithm = "sequential"});
    problem.x(0, 0, problem.x.shape.time - 1) += 1;
  };
  how.outside = {{info, "beyond", reference::c_library, right, right}};
  validation_report const report = validate(built_in_signal(), how);
  EXPECT_EQ(report.count(check_status::fail), 0);
  index_t scans = 0;
  for (validation_check const& check : report.checks) {
    if (!check.name.starts_with("s4d.") || !check.name.ends_with("/scan")) continue;
    EXPECT_EQ(check.algorithm, "sequential.elsewhere");
    EXPECT_EQ(check.backend, "beyond");
    ++scans;
  }
  EXPECT_GE(scans, 2 * 4 * 2);  // four systems by two stable rules, in complex double and float

  how.outside = {{info, "beyond", reference::c_library, wrong, wrong}};
  EXPECT_EQ(validate(built_in_signal(), how).count(check_status::fail), scans);
}

// So are its forms of the selective scan and its layers.
TEST(Validate, OutsideSelectiveFormsAndLayersAreHeld) {
  validation_options how;
  how.greatest_length = 256, how.greatest_samples = 512, how.greatest_singles = 512, how.greatest_matrices = 64;
  how.algorithms = {"sequential"}, how.backends = {"serial"};
  for (double const off : {0.0, 1.0}) {
    auto const form = [off](auto const& p) {
      selective_scan(p);
      p.y(0, 0, p.u.shape.time - 1) += static_cast<float>(off);
    };
    auto const layer_of = [off](mode which) {
      return [=](diagonal_system const& system, index_t batch, auto u, auto y) {
        std::vector<double> const in(u.begin(), u.end());
        std::vector<double> out(in.size());
        layer(std::span(&system, 1)).run(in, batch, out, {.mode = which});
        out[0] += off;
        std::copy(out.begin(), out.end(), y.begin());
      };
    };
    auto const one = [](index_t) { return index_t{1}; };
    auto const points = [](index_t length) { return padded_length(length, length); };
    how.outside_selective_forms = {{"fused",
                                    "elsewhere",
                                    "beyond",
                                    {selective_rule::mamba, selective_rule::zoh},
                                    outside_selective::arithmetic::device,
                                    one,
                                    form,
                                    form},
                                   {"unfused",
                                    "unknown",
                                    "beyond",
                                    {selective_rule::mamba},
                                    outside_selective::arithmetic::device,
                                    {},
                                    form,
                                    form}};
    how.outside_layers = {
        {"elsewhere", "beyond", mode::scan, points, layer_of(mode::scan), layer_of(mode::scan)},
        {"its_fft", "beyond", mode::convolution, points, layer_of(mode::convolution), layer_of(mode::convolution)}};
    validation_report const report = validate(built_in_signal(), how);
    std::map<std::string, int> rows;
    for (validation_check const& check : report.checks) {
      if (check.backend != "beyond") {
        EXPECT_NE(check.status, check_status::fail) << check.name;
        continue;
      }
      ++rows[check.name.substr(check.name.find('/'))];
      check_status const wanted = check.algorithm == "unknown" ? check_status::skip
                                  : off == 0                   ? check_status::pass
                                                               : check_status::fail;
      EXPECT_EQ(check.status, wanted) << check.name << ' ' << check.algorithm << ' ' << check.dtype << ' '
                                      << check.ratio;
    }
    EXPECT_EQ(rows["/fused"], 4);
    EXPECT_EQ(rows["/steps"], 4);
    EXPECT_EQ(rows["/unfused"], 2);
    EXPECT_GE(rows["/layer"], 2 * 2 * 4 * 2);  // two forms and types, four systems by two stable rules
  }
}

TEST(Validate, BuiltInSignalPassesEveryCheck) {
  signal const input = built_in_signal();
  validation_report const report = validate(input);
  EXPECT_GE(report.checks.size(), 40u);
  EXPECT_EQ(report.count(check_status::fail), 0);
  EXPECT_THAT(report.signal, testing::StartsWith(input.description));
  std::map<std::pair<std::string, std::string>, std::set<std::pair<std::string, std::string>>>
      scans;  // (system, dtype)
  std::set<std::string> stable;
  for (validation_check const& check : report.checks) {
    EXPECT_NE(check.status, check_status::fail) << check.name << " " << check.algorithm << " " << check.ratio;
    std::string const system = check.name.substr(0, check.name.find('/'));
    if (check.name.ends_with("/convolution")) stable.insert(system);
    if (check.name.ends_with("/scan")) {
      auto const fresh = scans[{system, check.dtype}].insert({check.algorithm, check.backend}).second;
      EXPECT_TRUE(fresh) << check.name << " " << check.algorithm << " twice";
    }
    if (check.status == check_status::skip) {
      EXPECT_FALSE(check.reason.empty()) << check.name;
      EXPECT_TRUE(may_be_skipped(check)) << check.name << " " << check.algorithm << ": " << check.reason;
    } else {
      EXPECT_GT(check.bound, 0) << check.name;
      EXPECT_TRUE(check.norm == "componentwise" || check.norm == "l2") << check.name;
    }
  }
  // Four S4D systems, four HiPPOs, S4 of four HiPPOs, and S5, by six rules but for those that forward Euler leaves unstable.
  EXPECT_GE(stable.size(), 3u * 4u * 5u + 5u);
  for (std::string const system :
       {"s5.lin.zoh", "s5.lin.generalized_bilinear:0.75", "s4.legs.generalized_bilinear:0.75",
        "s4d.inv.generalized_bilinear:0.75", "hippo_legt.generalized_bilinear:0.75", "hippo_legt.forward_euler",
        "s4.legs.forward_euler", "s4.legt.forward_euler", "s4.lagt.forward_euler"})
    EXPECT_EQ(stable.count(system), 1u) << system;
  constexpr std::size_t carry_matrices = 5;  // all but heinsen and its plain form
  for (std::string const& system : stable) {
    bool const dense = system.starts_with("hippo_") || system.starts_with("s4.");
    bool const in_double = system.starts_with("s5.");
    for (std::string const dtype : dense       ? std::vector{"f64"}
                                   : in_double ? std::vector{"c128"}
                                               : std::vector{"c64", "c128"}) {
      EXPECT_EQ((scans[{system, dtype}].size()),
                (dense ? carry_matrices : algorithm_names().size()) * backend_names().size())
          << system << " " << dtype;
    }
  }
}

TEST(Validate, StateSizesThatAreNoPairs) {
  for (index_t const size : {-1, 0, 1, 7})
    EXPECT_EQ(test::refusal([&] { validate(built_in_signal(1, 8), {.state_size = size}); }),
              "state_size: got " + std::to_string(size) + "; need an even number, at least 2");
}

TEST(Validate, UnstableSystemsAreSkippedWithTheirRadius) {
  validation_report const report =
      validate(built_in_signal(1, 50), {.algorithms = {"sequential"}, .backends = {"serial"}});
  auto const found = std::find_if(report.checks.begin(), report.checks.end(),
                                  [](auto const& c) { return c.name == "s4d.lin.forward_euler"; });
  ASSERT_NE(found, report.checks.end());
  EXPECT_EQ(found->status, check_status::skip);
  // 1 + 0.01 (-1/2 + 7 pi i): |a| = sqrt(0.995^2 + (0.07 pi)^2) = 1.01907 (eight eigenvalues, n = 0..7)
  EXPECT_THAT(found->reason, testing::HasSubstr("spectral radius 1.019"));
}

TEST(Validate, JsonHasTheSchema) {
  validation_report const report =
      validate(built_in_signal(1, 40), {.algorithms = {"sequential"}, .backends = {"serial"}});
  auto const json = nlohmann::json::parse(to_json(report, {{"cpu", "some \"cpu\""}}));
  EXPECT_EQ(json.at("schema"), "ssmscan.validation/1");
  EXPECT_EQ(json.at("machine").at("cpu"), "some \"cpu\"");
  EXPECT_EQ(json.at("checks").size(), report.checks.size());
  EXPECT_EQ(json.at("passed").get<index_t>() + json.at("failed").get<index_t>() + json.at("skipped").get<index_t>(),
            static_cast<index_t>(report.checks.size()));
  EXPECT_EQ(json.at("failed"), 0);
  for (auto const& check : json.at("checks")) {
    EXPECT_EQ(check.size(), 10u);
    for (char const* key :
         {"name", "algorithm", "backend", "dtype", "norm", "error", "bound", "ratio", "status", "reason"}) {
      EXPECT_TRUE(check.contains(key)) << key;
    }
  }
  validation_report strange;
  strange.signal = "\xff";
  strange.checks.emplace_back().ratio = INFINITY;
  EXPECT_TRUE(nlohmann::json::parse(to_json(strange, {})).at("checks").at(0).at("ratio").is_null());
}

TEST(Validate, RefusesWhatItCannotRun) {
  EXPECT_THAT(test::refusal([] { validate(signal{}); }), testing::HasSubstr("signal: got no samples"));
  for (double const wrong :
       {std::nextafter(greatest_signal_magnitude, INFINITY), -1e308, double(INFINITY), double(NAN)}) {
    EXPECT_THAT(test::refusal([&] {
                  validate({"x", 1, 2, {1, wrong}});
                }),
                testing::MatchesRegex("signal: got a sample of .*; need magnitudes up to 2\\^100 = 1.26765e\\+30 .*"));
  }
  EXPECT_THAT(test::refusal([] { validate(built_in_signal(1, 4), {.algorithms = {"quick"}}); }),
              testing::HasSubstr("algorithms: got quick; need one of sequential"));
  EXPECT_THAT(test::refusal([] { validate(built_in_signal(1, 4), {.backends = {"cuda13"}}); }),
              testing::HasSubstr("backends: got cuda13"));
}

// Linear systems do not care how large a signal is, as long as nothing overflows: at the greatest magnitude, of one sign so
// that sums are as large as they can be, at the greatest length; and where all is subnormal in float, or in double, where
// most outputs are zero; and where there is nothing, only kernels are compared.
TEST(Validate, AnyMagnitude) {
  validation_options const options{.algorithms = {"blelloch", "heinsen"}, .backends = {"serial"}};
  constexpr index_t short_length = 500;
  for (double const size : {greatest_signal_magnitude, 3e-39, 5e-324, 0.0}) {
    index_t const length = size == greatest_signal_magnitude ? options.greatest_length : short_length;
    validation_report const report = validate({"constant", 1, length, std::vector<double>(at(length), size)}, options);
    if (size > 1e-300) { EXPECT_GT(report.count(check_status::pass), 100); }
    for (validation_check const& check : report.checks) {
      bool const is_kernel = check.name.ends_with("/kernel");
      if (is_kernel) { EXPECT_NE(check.status, check_status::skip) << check.name; }
      if (size == 0 && !is_kernel) { EXPECT_EQ(check.status, check_status::skip) << check.name; }
      EXPECT_NE(check.status, check_status::fail) << size << " " << check.name << " " << check.algorithm << " "
                                                  << check.dtype << " " << check.error << " of " << check.bound;
      EXPECT_TRUE(std::isfinite(check.error)) << size << " " << check.name << " " << check.dtype;
    }
  }
}

// Every algorithm on every backend, on two images row by row: long runs of zeros, then jumps.
void expect_pixels_pass(signal const& input) {
  ASSERT_EQ(input.length, 784);
  ASSERT_EQ(input.batch, 2);
  validation_report const report = validate(input);
  EXPECT_GT(report.count(check_status::pass), 600);
  EXPECT_THAT(report.signal, testing::EndsWith("of LegT, LagT and FouT: 1 x 256, from the first that is not zero; "
                                               "scans of S4: 1 x 128"));
  std::set<std::pair<std::string, std::string>> scans;
  for (validation_check const& check : report.checks) {
    if (check.name == "s4d.lin.zoh/scan") scans.emplace(check.algorithm, check.backend);
    EXPECT_NE(check.status, check_status::fail) << check.name << " " << check.algorithm << " " << check.ratio;
    if (check.status == check_status::skip) {
      EXPECT_TRUE(may_be_skipped(check)) << check.name << " " << check.algorithm << ": " << check.reason;
    }
  }
  EXPECT_EQ(scans.size(), algorithm_names().size() * backend_names().size());
}

// A seven and a four, drawn with a pen of two pixels on 28 x 28 in steps of 1/255, as MNIST's are.
signal drawn_digits() {
  struct stroke {
    double x, y, along, down;
  };
  std::vector<stroke> const digits[] = {{{8, 8, 12, 0}, {20, 8, -7, 14}},
                                        {{9, 7, -1, 9}, {8, 16, 12, 0}, {17, 7, -1, 15}}};
  signal made{"two drawn digits", 2, 28 * 28, {}};
  for (auto const& strokes : digits) {
    for (int pixel = 0; pixel < 28 * 28; ++pixel) {
      double nearest = 1e9;
      for (stroke const& s : strokes) {
        double const x = pixel % 28 - s.x, y = pixel / 28 - s.y;
        double const part = std::clamp((x * s.along + y * s.down) / (s.along * s.along + s.down * s.down), 0.0, 1.0);
        nearest = std::min(nearest, std::hypot(x - part * s.along, y - part * s.down));
      }
      made.values.push_back(std::round(255 * std::clamp(2 - nearest, 0.0, 1.0)) / 255);
    }
  }
  return made;
}

TEST(Validate, DrawnPixelsPassEveryCheck) { expect_pixels_pass(drawn_digits()); }

// Of MNIST itself, whose test images are not ours to keep here. The first pixel that is not zero is the 203rd of the first image,
// beyond the first 128, which are what S4's scans take.
TEST(Validate, MnistPixelsPassEveryCheck) {
  std::filesystem::path const images = SSMSCAN_MNIST_IMAGES;
  if (images.empty()) GTEST_SKIP() << "t10k-images-idx3-ubyte.gz is not here: -DSSMSCAN_MNIST_IMAGES=FILE names it";
  signal input = read_signal(images);
  input.batch = 2;
  input.values.resize(at(input.batch * input.length));
  expect_pixels_pass(input);
}

// As of an image's pixels: a piece of a row begins where something is.
TEST(Validate, PiecesBeginWhereTheSignalDoes) {
  signal late{"late", 2, 40, std::vector<double>(80)};
  late.values[30] = 1, late.values[39] = -1;  // 7 samples from here on are there
  late.values[40 + 39] = 2;                   // the last sample: 7 before it are zero
  for (index_t const others : {7, 14}) {
    validation_report const report = validate(late, {.greatest_length = 20,
                                                     .greatest_other_matrices = others,
                                                     .greatest_low_rank_matrices = 3,
                                                     .algorithms = {"sequential"},
                                                     .backends = {"serial"}});
    EXPECT_THAT(report.signal, testing::StartsWith("late; used: 2 x 20, from the first that is not zero; of "));
    EXPECT_EQ(report.count(check_status::fail), 0);
    for (validation_check const& check : report.checks)
      EXPECT_NE(check.reason, detail::nothing_compared) << check.name << " " << check.algorithm;
  }
}

TEST(Validate, WhatIsLeftOutIsSaid) {
  validation_report const report = validate(built_in_signal(9, 30), {.greatest_length = 20,
                                                                     .greatest_samples = 160,
                                                                     .greatest_singles = 119,
                                                                     .greatest_matrices = 40,
                                                                     .greatest_other_matrices = 7,
                                                                     .algorithms = {"sequential"},
                                                                     .backends = {"serial"}});
  EXPECT_THAT(report.signal, testing::EndsWith("30 samples; used: 8 x 20; scans in complex float: 5 x 20; "
                                               "scans of matrices: 2 x 20; of LegT, LagT and FouT: 1 x 7"));
  EXPECT_EQ(report.count(check_status::fail), 0);
}

TEST(Validate, ShortestSignals) {
  for (index_t const length : {1, 2, 3}) {
    validation_report const report = validate(built_in_signal(1, length));
    EXPECT_EQ(report.count(check_status::fail), 0) << length;
  }
}

}  // namespace
}  // namespace ssmscan::ssm
