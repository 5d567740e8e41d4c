#pragma once
// The names of benchmarks, which scripts parse: one grammar, written here once.
//
//   <question>/<operation>.<dtype>/<algorithm>[.<variant>]/<backend>/lanes:<n>/time:<n> [/key:value ...]
//
// The keys come in the order of the members below and only where they differ from the default. Google Benchmark adds
// /real_time or /manual_time, and _median and its like to aggregates.
#include <string>

#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan::bench {

struct benchmark_name {
  std::string question;   // throughput, latency, accuracy, ssm
  std::string operation;  // affine, semi_log, selective, kernel, convolution, layer, decode
  std::string dtype;      // f32 f64 c64 c128 u32, bf16 f16 on cuda
  std::string algorithm;  // with its variant; or a contender
  std::string backend;    // serial, openmp, cuda
  index_t lanes = 1;
  index_t time = 0;
  ssmscan::layout layout = ssmscan::layout::lane_major;
  std::string family = "";  // of the data; "" = the question's own
  int threads = 0;          // 0 = all
  bool reverse = false;
  index_t packed = 0;      // sequences along time; 0 = not packed
  std::string state = "";  // "initial_final" where both are given
  bool cold = false;       // caches emptied before every pass
  index_t state_size = 0;  // N
  index_t hidden = 0;      // H
  std::string inner = "";  // heinsen's, where not its default

  std::string text() const;
};

// What text() may give, and what a result file may hold: an ECMAScript regular expression for the whole name, with the
// endings that Google Benchmark adds.
extern char const* const name_pattern;

}  // namespace ssmscan::bench
