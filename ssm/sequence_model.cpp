#include <algorithm>
#include <cmath>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/layers/embedding.hpp>
#include <ssmscan/ssm/layers/gelu.hpp>
#include <ssmscan/ssm/layers/glu.hpp>
#include <ssmscan/ssm/layers/layer_norm.hpp>
#include <ssmscan/ssm/layers/linear.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

template <class T>
void need_numbers(std::string const& name, std::vector<T> const& given, index_t size) {
  detail::require_size(name.c_str(), given.size(), size);
  for (T const x : given)
    if (!std::isfinite(x)) throw_invalid(name, "a value that is not finite", "finite numbers");
}

enum class bias { none, one };

template <class T>
void check(std::string const& name, linear_parameters<T> const& given, index_t outputs, index_t inputs, bias has) {
  if (given.outputs != outputs || given.inputs != inputs || outputs < 1 || inputs < 1)
    throw_invalid(name + ".weight", detail::pair_text(given.outputs, given.inputs), detail::pair_text(outputs, inputs));
  need_numbers(name + ".weight", given.weight, outputs * inputs);
  if (has == bias::one) need_numbers(name + ".bias", given.bias, outputs);
}

template <class T>
void apply(linear_parameters<T> const& by, matrix_view<T const> x, matrix_view<T> y) {
  linear<T>(x, {by.weight.data(), by.outputs, by.inputs}, by.bias, y);
}

}  // namespace

std::string_view name_of(pooling which) {
  switch (which) {
    case pooling::none:
      return "none";
    case pooling::mean:
      return "mean";
    case pooling::last:
      return "last";
  }
  throw_invalid("pooling", std::to_string(static_cast<int>(which)), "none, mean or last");
}

pooling pooling_by_name(std::string_view name) {
  for (pooling const which : {pooling::none, pooling::mean, pooling::last})
    if (name == name_of(which)) return which;
  throw_invalid("pooling", std::string(name), "none, mean or last");
}

template <class T>
sequence_model<T>::sequence_model(sequence_parameters<T> parameters) : parameters_(std::move(parameters)) {
  auto const& p = parameters_;
  name_of(p.pool);  // refuses what is none
  index_t const width = features();
  check("decoder", p.decoder, p.decoder.outputs, width, bias::one);
  if (p.is_embedding) {
    check("encoder", p.encoder, p.encoder.outputs, width, bias::none);
  } else {
    check("encoder", p.encoder, width, p.encoder.inputs, bias::one);
  }
  if (!(p.epsilon > 0) || !std::isfinite(p.epsilon))
    throw_invalid("epsilon", detail::text_of(static_cast<double>(p.epsilon)), "a positive finite number");
  for (std::size_t i = 0; i < p.blocks.size(); ++i) {
    auto const& block = p.blocks[i];
    std::string const name = "layers." + std::to_string(i);
    need_numbers(name + ".norm.weight", block.norm_weight, width);
    need_numbers(name + ".norm.bias", block.norm_bias, width);
    check(name + ".mix", block.mix, 2 * width, width, bias::one);
    std::visit(
        [&](auto const& systems) {
          detail::require_size((name + ".ssm").c_str(), systems.size(), width);
          detail::named_in(name + ".ssm.", [&] { layers_.emplace_back(std::span(systems)); });
        },
        block.systems);
    states_ += layers_.back().states();
  }
}

template <class T>
void sequence_model<T>::check_call(index_t time, matrix_view<T> output, std::span<complex> states) const {
  if (time < 1) throw_invalid("input", "no time steps", "at least 1");
  detail::require_matrix("output", output, parameters_.pool == pooling::none ? time : 1, outputs());
  if (!states.empty()) detail::require_size("states", states.size(), states_);
}

template <class T>
void sequence_model<T>::run(matrix_view<T const> input, matrix_view<T> output, layer_execution const& how,
                            std::span<complex> states) const {
  if (parameters_.is_embedding) throw_invalid("input", "numbers", "ids: this model's encoder is an embedding");
  detail::require_matrix("input", input, input.rows, parameters_.encoder.inputs);
  check_call(input.rows, output, states);
  std::vector<T> x(at(input.rows * features()));
  apply(parameters_.encoder, input, {x.data(), input.rows, features()});
  run_blocks(x, input.rows, output, how, states);
}

template <class T>
void sequence_model<T>::run(std::span<index_t const> ids, matrix_view<T> output, layer_execution const& how,
                            std::span<complex> states) const {
  if (!parameters_.is_embedding) throw_invalid("ids", "ids", "numbers: this model's encoder is linear");
  index_t const time = static_cast<index_t>(ids.size());
  check_call(time, output, states);
  std::vector<T> x(at(time * features()));
  auto const& table = parameters_.encoder;
  embedding<T>(ids, {table.weight.data(), table.outputs, table.inputs}, {x.data(), time, features()});
  run_blocks(x, time, output, how, states);
}

template <class T>
void sequence_model<T>::run_blocks(std::vector<T>& x, index_t time, matrix_view<T> output, layer_execution const& how,
                                   std::span<complex> states) const {
  index_t const width = features();
  matrix_view<T> const stream(x.data(), time, width);
  std::vector<T> y(x.size()), mixed(2 * x.size());
  // (time, features) in memory is (batch, channel, time) with the channels contiguous.
  tensor_view<T> const signal(y.data(), {1, width, time}, layout::time_major);
  index_t first_state = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    auto const& block = parameters_.blocks[i];
    layer_norm<T>(stream, block.norm_weight, block.norm_bias, parameters_.epsilon, {y.data(), time, width});
    layer_call<T> call{.input = signal, .output = signal};
    if (!states.empty()) {
      complex* const at_block = states.data() + first_state;
      call.initial = {at_block, {1, layers_[i].states(), 1}};
      call.final = {at_block, {1, layers_[i].states(), 1}};
    }
    layers_[i].run(call, how);
    first_state += layers_[i].states();
    gelu<T>(y, gelu_form::tanh, y);
    apply(block.mix, matrix_view<T const>(y.data(), time, width), {mixed.data(), time, 2 * width});
    glu<T>({mixed.data(), time, 2 * width}, {y.data(), time, width});
    for (std::size_t k = 0; k < x.size(); ++k) x[k] += y[k];
  }
  if (parameters_.pool == pooling::none) return apply(parameters_.decoder, matrix_view<T const>(stream), output);
  std::vector<T> pooled(stream.row(time - 1), stream.row(time - 1) + width);
  if (parameters_.pool == pooling::mean) {
    for (index_t k = 0; k < width; ++k) {
      double sum = 0;
      for (index_t t = 0; t < time; ++t) sum += static_cast<double>(stream(t, k));
      pooled[at(k)] = static_cast<T>(sum / static_cast<double>(time));
    }
  }
  apply(parameters_.decoder, matrix_view<T const>(pooled.data(), 1, width), output);
}

template class sequence_model<float>;
template class sequence_model<double>;

}  // namespace ssmscan::ssm
