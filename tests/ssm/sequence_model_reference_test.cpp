// The deep model against PyTorch's functions around a plain recurrence (tests/reference/make_torch_reference.py), read from files
// that safetensors' own writer made.
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using detail::error_of_largest;

// As of every output that is not ours, of the largest. Either side rounds some hundred times in double on the way to an output.
constexpr double bar = 1e-12;

TEST(SequenceModel, IsThatOfTorch) {
  auto const u = test::reference<double>("sequence_model/u");
  std::vector<index_t> const ids = test::reference<std::int64_t>("sequence_model/ids");
  index_t const time = static_cast<index_t>(ids.size());
  for (std::string const ssm : {"s4d", "s4"}) {
    for (std::string const encoder : {"linear", "embedding"}) {
      std::string const name = "sequence_model/" + ssm + "." + encoder;
      auto parameters = load_sequence_model<double>(test::data_path(name + ".safetensors")).parameters();
      std::vector<std::vector<double>> last_steps;  // of each pooling
      for (pooling const pool : {pooling::none, pooling::mean, pooling::last}) {
        parameters.pool = pool;
        sequence_model<double> const model(parameters);
        index_t const rows = pool == pooling::none ? time : 1;
        auto const expected = test::reference<double>(name + "." + std::string(name_of(pool)));
        for (layer_execution const& how : {layer_execution{.mode = mode::recurrence},
                                           {.mode = mode::convolution},
                                           {.mode = mode::scan, .scan = {.algorithm = "chunked"}}}) {
          std::vector<double> y(expected.size());
          ASSERT_EQ(static_cast<index_t>(y.size()), rows * model.outputs());
          matrix_view<double> const output(y.data(), rows, model.outputs());
          if (encoder == "embedding") {
            model.run(ids, output, how);
          } else {
            model.run(matrix_view<double const>(u.data(), time, parameters.encoder.inputs), output, how);
          }
          EXPECT_LE(error_of_largest(y, expected), bar) << name << " " << name_of(pool) << " " << name_of(how.mode);
        }
        last_steps.emplace_back(expected.end() - model.outputs(), expected.end());
      }
      EXPECT_LE(error_of_largest(last_steps[0], last_steps[2]), bar) << name;
      EXPECT_GT(error_of_largest(last_steps[1], last_steps[2]), 0.01) << name;  // a pooling for another is seen
    }
  }
}

}  // namespace
}  // namespace ssmscan::ssm
