#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/layer_door.hpp>
#include <ssmscan/ssm/detail/systems.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using ssmscan::detail::to_string;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// One system of the layer on one batch row: where its rows begin, and copies in and out in the order of time.
template <class T>
struct piece {
  layer_call<T> const& call;
  linear_system const& system;
  index_t batch, first_input, first_output, first_state;
  std::span<index_t const> offsets;

  index_t time() const { return call.input.shape.time; }
  index_t sequences() const { return static_cast<index_t>(offsets.size()) - 1; }
  // Where the sample that comes t-th in its sequence lies.
  index_t place(index_t sequence, index_t t) const {
    return call.direction == direction::forward ? t : offsets[at(sequence)] + offsets[at(sequence + 1)] - 1 - t;
  }
  template <class Each>
  void each_sample(Each each) const {
    for (index_t k = 0; k < sequences(); ++k)
      for (index_t t = offsets[at(k)]; t < offsets[at(k + 1)]; ++t) each(t, place(k, t));
  }
  template <class Number>
  std::vector<Number> load() const {
    std::vector<Number> made(at(system.inputs() * time()));
    for (index_t q = 0; q < system.inputs(); ++q)
      each_sample([&](index_t t, index_t from) {
        made[at(q * time() + t)] = static_cast<Number>(call.input(batch, first_input + q, from));
      });
    return made;
  }
  void store(std::vector<double> const& y) const {
    for (index_t p = 0; p < system.outputs(); ++p)
      each_sample([&](index_t t, index_t to) {
        call.output(batch, first_output + p, to) = static_cast<T>(y[at(p * time() + t)]);
      });
  }
  // The system's rows as they stand in the call's memory, where what load() and store() have is just that; else null. In
  // place y would be written over u that is still read.
  double const* input_in_order() const { return rows_in_order(call.input, first_input, system.inputs()); }
  double* output_in_order() const {
    bool const in_place = call.output.data == call.input.data;
    return in_place ? nullptr : rows_in_order(call.output, first_output, system.outputs());
  }
  template <class Number>
  auto rows_in_order(tensor_view<Number> const& view, index_t first, index_t count) const {
    using row = std::conditional_t<std::is_const_v<Number>, double const*, double*>;
    if constexpr (std::is_same_v<T, double>) {
      bool const in_order = call.direction == direction::forward && time() > 0 &&
                            (view.stride.time == 1 || time() == 1) && (view.stride.channel == time() || count == 1);
      return in_order ? row{&view(batch, first, 0)} : row{nullptr};
    } else {
      return row{nullptr};
    }
  }
  // (sequences, states)
  std::vector<complex> initial() const {
    std::vector<complex> made(at(sequences() * system.states()));
    for (index_t k = 0; call.initial.data != nullptr && k < sequences(); ++k)
      for (index_t n = 0; n < system.states(); ++n)
        made[at(k * system.states() + n)] = call.initial(batch, first_state + n, k);
    return made;
  }
  void store_final(std::vector<complex> const& states) const {
    for (index_t k = 0; call.final.data != nullptr && k < sequences(); ++k)
      for (index_t n = 0; n < system.states(); ++n)
        call.final(batch, first_state + n, k) = states[at(k * system.states() + n)];
  }
};

// Of the rows of `values` (count, time), those samples that belong to sequence k, row after row.
template <class Number>
std::vector<Number> sequence_of(std::vector<Number> const& values, index_t count, index_t time, index_t begin,
                                index_t end) {
  std::vector<Number> made;
  for (index_t row = 0; row < count; ++row)
    made.insert(made.end(), values.begin() + row * time + begin, values.begin() + row * time + end);
  return made;
}

template <class T>
void run_recurrence(piece<T> const& on) {
  std::vector<double> const u = on.template load<double>();
  std::vector<double> y(at(on.system.outputs() * on.time()));
  std::vector<complex> states = on.initial();
  for (index_t k = 0; k < on.sequences(); ++k) {
    index_t const begin = on.offsets[at(k)], length = on.offsets[at(k + 1)] - begin;
    complex* const state = states.data() + k * on.system.states();
    if (on.sequences() == 1) {
      on.system.recurrence(state, u.data(), y.data(), length);
      continue;
    }
    std::vector<double> const input = sequence_of(u, on.system.inputs(), on.time(), begin, begin + length);
    std::vector<double> output(at(on.system.outputs() * length));
    on.system.recurrence(state, input.data(), output.data(), length);
    for (index_t p = 0; p < on.system.outputs(); ++p)
      std::copy_n(output.begin() + p * length, length, y.begin() + p * on.time() + begin);
  }
  on.store(y);
  on.store_final(states);
}

// kernels: (outputs, inputs), each as long as the longest sequence.
template <class T>
void run_convolution(piece<T> const& on, std::vector<std::vector<T>> const& kernels, convolution_method method) {
  index_t const inputs = on.system.inputs(), outputs = on.system.outputs(), time = on.time();
  std::vector<T> const u = on.template load<T>();
  std::vector<double> y(at(outputs * time));
  std::vector<complex> states = on.initial();
  for (index_t k = 0; k < on.sequences(); ++k) {
    index_t const begin = on.offsets[at(k)], length = on.offsets[at(k + 1)] - begin;
    if (length == 0) continue;
    std::vector<T> convolved(at(length));
    for (index_t p = 0; p < outputs; ++p) {
      double* const to = y.data() + p * time + begin;
      for (index_t q = 0; q < inputs; ++q) {
        std::span<T const> const input(u.data() + q * time + begin, at(length));
        std::span<T const> const kernel = std::span<T const>(kernels[at(p * inputs + q)]).first(at(length));
        causal_convolution(kernel, input, 1, convolved, method);
        double const d = on.system.feedthrough(p, q);
        for (std::size_t t = 0; t < input.size(); ++t)
          to[t] += static_cast<double>(convolved[t]) + d * static_cast<double>(input[t]);
      }
    }
    complex* const state = states.data() + k * on.system.states();
    if (on.call.initial.data != nullptr) {  // what is left of the past
      std::vector<complex> fading(state, state + on.system.states());
      std::vector<double> const rest(at(inputs * length));
      std::vector<double> past(at(outputs * length));
      on.system.recurrence(fading.data(), rest.data(), past.data(), length);
      for (index_t p = 0; p < outputs; ++p)
        for (index_t t = 0; t < length; ++t) y[at(p * time + begin + t)] += past[at(p * length + t)];
    }
    if (on.call.final.data != nullptr) {
      std::vector<T> const part = sequence_of(u, inputs, time, begin, begin + length);
      std::vector<double> const input(part.begin(), part.end());
      on.system.recurrence(state, input.data(), nullptr, length);
    }
  }
  on.store(y);
  on.store_final(states);
}

template <class T>
choice run_scan(piece<T> const& on, execution const& how) {
  double const* u = on.input_in_order();
  double* y = on.output_in_order();
  std::vector<double> const loaded = u == nullptr ? on.template load<double>() : std::vector<double>();
  std::vector<double> made_here(y == nullptr ? at(on.system.outputs() * on.time()) : 0);
  if (u == nullptr) u = loaded.data();
  if (y == nullptr) y = made_here.data();
  std::vector<complex> const initial = on.initial();
  std::vector<complex> final(initial);
  choice const made = on.system.scan(
      u, y, on.time(), {on.offsets, on.call.initial.data == nullptr ? nullptr : initial.data(), final.data()}, how);
  if (y == made_here.data()) on.store(made_here);
  on.store_final(final);
  return made;
}

// One channel after the other; a refusal says of which: "lambda of channel 3: got ...".
template <class System, class Make>
std::vector<linear_system_ptr> systems_of(std::span<System const> channels, Make const& make) {
  std::vector<linear_system_ptr> made;
  for (System const& channel : channels) {
    try {
      made.push_back(make(channel));
    } catch (std::invalid_argument const& error) {
      std::string text = error.what();
      text.insert(std::min(text.find(':'), text.size()), " of channel " + std::to_string(made.size()));
      throw std::invalid_argument(text);
    }
  }
  return made;
}

}  // namespace

std::string_view name_of(mode which) {
  switch (which) {
    case mode::recurrence:
      return "recurrence";
    case mode::convolution:
      return "convolution";
    case mode::scan:
      return "scan";
  }
  throw_invalid("mode", std::to_string(static_cast<int>(which)), "recurrence, convolution or scan");
}

mode mode_by_name(std::string_view name) {
  for (mode const which : {mode::recurrence, mode::convolution, mode::scan}) {
    if (name == name_of(which)) return which;
  }
  throw_invalid("mode", std::string(name), "recurrence, convolution or scan");
}

// Kernels of the diagonal plus low-rank systems, which share their roots: of the last length in each type.
struct layer::kept_generators {
  std::vector<index_t> place;  // of each system among them; -1: it is none
  std::mutex mutex;            // over what follows
  std::shared_ptr<dplr_kernels<float> const> floats;
  std::shared_ptr<dplr_kernels<double> const> doubles;

  explicit kept_generators(std::vector<linear_system_ptr> const& systems) {
    index_t count = 0;
    for (auto const& system : systems) place.push_back(low_rank(*system) == nullptr ? -1 : count++);
  }
  static detail::dplr_realization const* low_rank(linear_system const& system) {
    return dynamic_cast<detail::dplr_realization const*>(&system);
  }
  template <class T>
  std::shared_ptr<dplr_kernels<T> const> of(std::vector<linear_system_ptr> const& systems, index_t length,
                                            int threads) {
    std::lock_guard const lock(mutex);
    auto& held = [&]() -> auto& {
      if constexpr (std::is_same_v<T, float>)
        return floats;
      else
        return doubles;
    }
    ();
    if (held == nullptr || held->length() != length) {
      std::vector<dplr_system> channels;
      for (auto const& system : systems)
        if (auto const* const one = low_rank(*system)) channels.push_back(one->system());
      held.reset();  // not both in memory
      held = std::make_shared<dplr_kernels<T> const>(channels, length, read_out_kind::recurrence, threads);
    }
    return held;
  }
};

layer::layer(std::vector<linear_system_ptr> systems) : systems_(std::move(systems)) {
  if (systems_.empty()) throw_invalid("systems", "none", "at least 1");
  for (auto const& system : systems_) {
    if (system == nullptr) throw_invalid("systems", "a null pointer", "systems");
    first_input_.push_back(inputs_), first_output_.push_back(outputs_), first_state_.push_back(states_);
    inputs_ += system->inputs(), outputs_ += system->outputs(), states_ += system->states();
  }
  kept_ = std::make_shared<kept_generators>(systems_);
}

layer::layer(std::span<diagonal_system const> channels)
    : layer(systems_of(channels, [](diagonal_system const& channel) { return diagonal(channel); })) {}

layer::layer(std::span<dplr_system const> channels)
    : layer(systems_of(channels, [](dplr_system const& channel) { return diagonal_plus_low_rank(channel); })) {}

template <class T>
choice layer::run(layer_call<T> const& call, layer_execution const& how) const {
  index_t const whole[] = {0, call.input.shape.time};
  std::span<index_t const> const offsets = call.offsets.empty() ? std::span<index_t const>(whole) : call.offsets;
  detail::check_call(systems_, {inputs_, outputs_, states_}, call, offsets, how);
  index_t const batch = call.input.shape.batch;
  index_t const count = static_cast<index_t>(systems_.size());
  auto const piece_of = [&](index_t b, index_t k) {
    return piece<T>{call, *systems_[at(k)], b, first_input_[at(k)], first_output_[at(k)], first_state_[at(k)], offsets};
  };
  auto const side_by_side = [&](index_t tasks, auto const& body) {
    if (how.scan.backend == openmp::name) {
      openmp(how.scan.threads).blocks(tasks, body);
    } else {
      serial().blocks(tasks, body);
    }
  };
  choice made;
  made.backend = how.scan.backend;
  if (how.mode == mode::scan) {
    // An empty signal still goes there once, so that a wrong name is refused whatever the data.
    if (batch == 0) {
      index_t const none[] = {0, 0};
      double nothing = 0;
      return systems_[0]->scan(&nothing, &nothing, 0, {none, nullptr, nullptr}, how.scan);
    }
    // Many systems: one thread for each at a time; few: the threads share each scan. No bit of a named algorithm depends on it.
    int const threads = how.scan.backend == openmp::name ? openmp(how.scan.threads).threads() : 1;
    if (batch * count >= 2 * threads) {
      execution alone = how.scan;
      alone.threads = 1;
      side_by_side(batch * count, [&](index_t task) {
        choice const one = run_scan(piece_of(task / count, task % count), alone);
        if (task == 0) made = one;
      });
    } else {
      for (index_t task = 0; task < batch * count; ++task)
        made = run_scan(piece_of(task / count, task % count), how.scan);
    }
  } else if (how.mode == mode::recurrence) {
    side_by_side(batch * count, [&](index_t task) { run_recurrence(piece_of(task / count, task % count)); });
  } else {
    index_t const longest = detail::longest_of(offsets);
    int const threads = how.scan.backend == openmp::name ? how.scan.threads : 1;
    std::vector<index_t> const& place = kept_->place;
    bool const low_rank = std::any_of(place.begin(), place.end(), [](index_t p) { return p >= 0; });
    std::shared_ptr<dplr_kernels<T> const> const generator =
        low_rank && longest > 0 && batch > 0 ? kept_->template of<T>(systems_, longest, threads) : nullptr;
    side_by_side(batch > 0 ? count : 0, [&](index_t k) {
      linear_system const& system = *systems_[at(k)];
      std::vector<std::vector<T>> kernels(at(system.inputs() * system.outputs()));
      for (index_t i = 0; longest > 0 && i < system.inputs() * system.outputs(); ++i) {
        auto& kernel = kernels[at(i)];
        index_t const output = i / system.inputs(), input = i % system.inputs();
        if (place[at(k)] >= 0) {
          kernel.resize(at(longest));
          generator->generate(place[at(k)], kernel);
        } else if constexpr (std::is_same_v<T, float>) {
          kernel = system.kernel_of_floats(output, input, longest);
        } else {
          kernel = system.kernel(output, input, longest);
        }
      }
      for (index_t b = 0; b < batch; ++b) run_convolution(piece_of(b, k), kernels, how.convolution);
    });
  }
  return made;
}

choice layer::run(std::span<double const> input, index_t batch, std::span<double> output,
                  layer_execution const& how) const {
  if (inputs_ != 1 || outputs_ != 1)
    throw_invalid("input", "rows of one channel", "a layer_call with (batch, " + std::to_string(inputs_) + ", time)");
  if (batch < 0 || (batch == 0 && !input.empty()) ||
      (batch > 0 && input.size() % static_cast<std::size_t>(batch) != 0)) {
    throw_invalid("batch", std::to_string(batch),
                  "a number that divides the " + std::to_string(input.size()) + " samples");
  }
  if (output.size() != input.size()) {
    throw_invalid("output", std::to_string(output.size()) + " samples",
                  std::to_string(input.size()) + ", as the input");
  }
  tensor_shape const shape{batch, 1, batch == 0 ? 0 : static_cast<index_t>(input.size()) / batch};
  return run<double>({.input = {input.data(), shape}, .output = {output.data(), shape}}, how);
}

template <class T>
void run_bidirectional(layer const& forward, layer const& backward, layer_call<T> const& call,
                       layer_execution const& how) {
  if (call.initial.data != nullptr || call.final.data != nullptr)
    throw_invalid("initial, final", "states", "none: each direction has its own");
  if (call.direction != direction::forward) throw_invalid("direction", "reverse", "forward: both are run");
  tensor_shape const shape = call.output.shape;
  if (shape.batch < 0 || shape.channel < 0 || shape.time < 0)
    throw_invalid("output", "shape " + to_string(shape), "no negative size");
  std::vector<T> other(at(shape.batch * shape.channel * shape.time));
  layer_call<T> back = call;
  back.direction = direction::reverse;
  back.output = {other.data(), shape};
  backward.run(back, how);
  forward.run(call, how);
  for (index_t b = 0; b < shape.batch; ++b)
    for (index_t c = 0; c < shape.channel; ++c)
      for (index_t t = 0; t < shape.time; ++t) call.output(b, c, t) += back.output(b, c, t);
}

template SSMSCAN_SSM_EXPORT choice layer::run(layer_call<float> const&, layer_execution const&) const;
template SSMSCAN_SSM_EXPORT choice layer::run(layer_call<double> const&, layer_execution const&) const;
template SSMSCAN_SSM_EXPORT void run_bidirectional(layer const&, layer const&, layer_call<float> const&,
                                                   layer_execution const&);
template SSMSCAN_SSM_EXPORT void run_bidirectional(layer const&, layer const&, layer_call<double> const&,
                                                   layer_execution const&);

}  // namespace ssmscan::ssm
