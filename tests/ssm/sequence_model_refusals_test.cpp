// What the deep model refuses, of its parameters, of a call and of a file.
#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/some_model.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/io/safetensors.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using test::some_model, test::width, test::outputs;

TEST(SequenceModel, Refusals) {
  auto const refused = [](auto change) {
    auto wrong = some_model<float>(true, false, pooling::none);
    change(wrong);
    return test::refusal([&] { sequence_model<float> const made(wrong); });
  };
  EXPECT_THAT(refused([](auto& p) { p.blocks[1].mix.outputs = width; }),
              testing::StartsWith("layers.1.mix.weight: got "));
  EXPECT_THAT(refused([](auto& p) { p.decoder.weight[0] = NAN; }),
              testing::StartsWith("decoder.weight: got a value that is not finite"));
  EXPECT_THAT(refused([](auto& p) { p.blocks[0].norm_bias.pop_back(); }),
              testing::StartsWith("layers.0.norm.bias: got 5 elements; need 6"));
  for (float const wrong : {0.0f, -1.0f, float(NAN), float(INFINITY)})
    EXPECT_THAT(refused([&](auto& p) { p.epsilon = wrong; }), testing::EndsWith("; need a positive finite number"));
  EXPECT_EQ(refused([](auto& p) { std::get<0>(p.blocks[2].systems)[3].step = -1; }),
            "layers.2.ssm.step of channel 3: got -1; need a positive finite number");
  sequence_model<float> const model(some_model<float>(true, false, pooling::none));
  std::vector<float> u(12), y(16);
  EXPECT_THAT(test::refusal([&] {
                model.run(matrix_view<float const>(u.data(), 4, 2), {y.data(), 4, outputs}, {});
              }),
              testing::StartsWith("input: got (4, 2); need (4, 3)"));
  EXPECT_THAT(test::refusal([&] {
                model.run(matrix_view<float const>(u.data(), 4, 3), {y.data(), 1, outputs}, {});
              }),
              testing::StartsWith("output: got (1, 4); need (4, 4)"));
  EXPECT_THAT(test::refusal([&] {
                model.run(std::vector<index_t>{1, 2}, {y.data(), 2, outputs}, {});
              }),
              testing::StartsWith("ids: got ids; need numbers"));
  test::scratch_folder const folder;
  auto const parameters = some_model<float>(true, false, pooling::none);
  save_sequence_model(folder / "m", parameters, existing_file::keep);
  EXPECT_THAT(test::refusal([&] { save_sequence_model(folder / "m", parameters, existing_file::keep); }),
              testing::HasSubstr("already there"));
}

// A file that was damaged in one place: the refusal names file and tensor.
TEST(SequenceModel, RefusalsNameFileAndTensor) {
  test::scratch_folder const folder;
  auto const path = folder / "m";
  auto const refused = [&](auto change, bool low_rank = true) {
    save_sequence_model(path, some_model<double>(low_rank, false, pooling::none), existing_file::replace);
    tensor_files const read = read_safetensors(path);
    tensor_table table = read.table();
    std::map<std::string, std::vector<double>> changed;
    change(table, [&](std::string const& name, std::size_t at, double value) {
      auto& values = changed[name] = values_of<double>(table.tensors.at(name), name);
      values[at] = value;
      table.tensors[name] = view_of<double>(table.tensors.at(name).shape, values);
    });
    write_safetensors(path, table, existing_file::replace);
    std::string const told = test::refusal([&] { load_sequence_model<double>(path); });
    EXPECT_THAT(told, testing::StartsWith(path.string() + ": "));
    return told.substr(std::min(told.size(), path.string().size() + 2));
  };
  constexpr std::size_t second_lambda = 2 * 4;  // of 4 pairs a channel
  EXPECT_EQ(
      refused([](auto&, auto set) { set("layers.1.ssm.lambda", second_lambda, 1.0); }),
      "layers.1.ssm.lambda of channel 1: got the real part 1 at index 0, an unstable system; need no positive real "
      "part");
  EXPECT_EQ(refused([](auto&, auto set) { set("layers.0.ssm.lambda", 2, NAN); }, false),
            "layers.0.ssm.lambda of channel 0: got a value that is not finite at index 1; need finite numbers");
  EXPECT_EQ(refused([](auto&, auto set) { set("layers.0.ssm.step", 5, -1.0); }),
            "layers.0.ssm.step of channel 5: got -1; need a positive finite number");
  EXPECT_EQ(refused([](auto&, auto set) { set("decoder.weight", 0, INFINITY); }),
            "decoder.weight: got a value that is not finite; need finite numbers");
  EXPECT_EQ(refused([](auto& table, auto) { table.metadata["pooling"] = "max"; }),
            "pooling: got max; need none, mean or last");
  for (std::string const wrong : {"inf", "nan", "0"})
    EXPECT_THAT(refused([&](auto& table, auto) { table.metadata["epsilon"] = wrong; }),
                testing::EndsWith("; need a positive finite number"));
  for (std::string const name : {"layers.0.norm.weight", "layers.2.norm.weight", "layers.1.ssm.p", "decoder.bias"})
    EXPECT_EQ(refused([&](auto& table, auto) { table.tensors.erase(name); }),
              "got no tensor '" + name + "'; need one of that name");
  for (std::string const name :
       {"layers.x.norm.weight", "layers.-1.norm.weight", "layers.99999999999999999999.a", "spare"})
    EXPECT_EQ(refused([&](auto& table, auto) { table.tensors[name] = table.tensors.at("decoder.bias"); }),
              "got a tensor \"" + name + "\"; need none that a model does not have");
}

}  // namespace
}  // namespace ssmscan::ssm
