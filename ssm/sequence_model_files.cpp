// sequence_model.hpp's safetensors: names, shapes and metadata of a file, in one list for writing and for reading.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <set>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/io/safetensors.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

constexpr char const* format = "ssmscan.sequence_model/1";
constexpr index_t most_blocks =
    1 << 20;  // a number beyond is no block's, and its tensor one that a model does not have

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// A file in the making: the tensors' numbers, which the table views once all are there.
class writer {
 public:
  template <class T>
  void add(std::string name, std::vector<index_t> shape, std::vector<T> const& values) {
    auto& kept = storage<T>()[name];
    kept = values;
    table_.tensors[name] = view_of<T>(std::move(shape), kept);
  }
  tensor_table& table() { return table_; }

 private:
  template <class T>
  std::map<std::string, std::vector<T>>& storage() {
    if constexpr (std::is_same_v<T, float>)
      return floats_;
    else
      return doubles_;
  }
  std::map<std::string, std::vector<float>> floats_;
  std::map<std::string, std::vector<double>> doubles_;
  tensor_table table_;
};

// A file being read: every tensor is asked for, and none may be left.
class reader {
 public:
  explicit reader(std::filesystem::path const& path) : files_(read_safetensors(path)) {}

  std::string const& metadata(std::string const& key) const {
    auto const found = files_.table().metadata.find(key);
    if (found == files_.table().metadata.end()) throw_invalid(files_.source(), "no metadata \"" + key + "\"", "it");
    return found->second;
  }
  std::vector<index_t> const& shape(std::string const& name, std::size_t rank) const {
    auto const& tensor = files_.at(name);
    if (tensor.shape.size() != rank)
      throw_invalid(files_.source() + ": " + name, std::to_string(tensor.shape.size()) + " axes", std::to_string(rank));
    return tensor.shape;
  }
  template <class T>
  std::vector<T> take(std::string const& name, std::vector<index_t> const& shape_needed) {
    auto const& tensor = files_.at(name);
    if (tensor.shape != shape_needed) {
      auto const text = [](std::vector<index_t> const& sizes) {
        std::string made;
        for (index_t const n : sizes) made += (made.empty() ? "" : ", ") + std::to_string(n);
        return "(" + made + ")";
      };
      throw_invalid(files_.source() + ": " + name, "shape " + text(tensor.shape), text(shape_needed));
    }
    taken_.insert(name);
    return values_of<T>(tensor, files_.source() + ": " + name);
  }
  // One more than the greatest I of a tensor layers.I.*: a block of which any tensor is there is one.
  index_t blocks() const {
    constexpr std::string_view prefix = "layers.";
    index_t count = 0;
    for (auto const& [name, tensor] : files_.table().tensors) {
      if (!name.starts_with(prefix)) continue;
      index_t i = -1;
      char const* const digits = name.data() + prefix.size();
      auto const [end, error] = std::from_chars(digits, name.data() + name.size(), i);
      if (error == std::errc{} && *end == '.' && i >= 0 && i < most_blocks) count = std::max(count, i + 1);
    }
    return count;
  }
  std::string const& source() const { return files_.source(); }
  void finish() const {
    for (auto const& [name, tensor] : files_.table().tensors)
      if (!taken_.contains(name))
        throw_invalid(files_.source(), "a tensor \"" + name + "\"", "none that a model does not have");
  }

 private:
  tensor_files files_;
  std::set<std::string> taken_;
};

// Complex numbers of each channel, one after the other, as pairs.
template <class Systems, class Member>
std::vector<double> pairs_of(Systems const& systems, Member member) {
  std::vector<double> made;
  for (auto const& system : systems)
    for (complex const z : system.*member) made.push_back(z.real()), made.push_back(z.imag());
  return made;
}
std::vector<complex> channel_of(std::vector<double> const& pairs, index_t channel, index_t count) {
  std::vector<complex> made;
  for (index_t i = channel * count; i < (channel + 1) * count; ++i)
    made.emplace_back(pairs[at(2 * i)], pairs[at(2 * i + 1)]);
  return made;
}

template <class System>
void write_systems(writer& to, std::string const& name, std::vector<System> const& systems) {
  index_t const channels = static_cast<index_t>(systems.size());
  index_t const states = channels == 0 ? 0 : static_cast<index_t>(systems[0].lambda.size());
  for (System const& system : systems) {
    check(system);
    bool fits = static_cast<index_t>(system.lambda.size()) == states && system.kept == spectrum::half;
    if constexpr (std::is_same_v<System, diagonal_system>) fits = fits && system.rule == discretization::zoh;
    if constexpr (std::is_same_v<System, dplr_system>) fits = fits && system.rank() == systems[0].rank();
    if (!fits)
      throw_invalid(name, "channels of other sizes, full spectra or another rule",
                    "half spectra of one size; zoh for s4d");
  }
  to.add<double>(name + ".lambda", {channels, states, 2}, pairs_of(systems, &System::lambda));
  to.add<double>(name + ".b", {channels, states, 2}, pairs_of(systems, &System::b));
  to.add<double>(name + ".c", {channels, states, 2}, pairs_of(systems, &System::c));
  if constexpr (std::is_same_v<System, dplr_system>)
    to.add<double>(name + ".p", {channels, channels == 0 ? 0 : systems[0].rank(), states, 2},
                   pairs_of(systems, &System::p));
  std::vector<double> d, step;
  for (System const& system : systems) d.push_back(system.d), step.push_back(system.step);
  to.add<double>(name + ".d", {channels}, d);
  to.add<double>(name + ".step", {channels}, step);
}

template <class System>
std::vector<System> read_systems(reader& from, std::string const& name, index_t channels) {
  index_t const states = from.shape(name + ".lambda", 3)[1];
  auto const lambda = from.take<double>(name + ".lambda", {channels, states, 2});
  auto const b = from.take<double>(name + ".b", {channels, states, 2});
  auto const c = from.take<double>(name + ".c", {channels, states, 2});
  auto const d = from.take<double>(name + ".d", {channels}), step = from.take<double>(name + ".step", {channels});
  std::vector<double> p;
  index_t rank = 0;
  if constexpr (std::is_same_v<System, dplr_system>) {
    rank = from.shape(name + ".p", 4)[1];
    p = from.take<double>(name + ".p", {channels, rank, states, 2});
  }
  std::vector<System> made(at(channels));
  for (index_t h = 0; h < channels; ++h) {
    System& system = made[at(h)];
    system.lambda = channel_of(lambda, h, states);
    system.b = channel_of(b, h, states);
    system.c = channel_of(c, h, states);
    if constexpr (std::is_same_v<System, dplr_system>) system.p = channel_of(p, h, rank * states);
    system.d = d[at(h)], system.step = step[at(h)];
  }
  return made;
}

enum class bias { none, one };

template <class T>
void write_linear(writer& to, std::string const& name, linear_parameters<T> const& given, bias has) {
  to.add<T>(name + ".weight", {given.outputs, given.inputs}, given.weight);
  if (has == bias::one) to.add<T>(name + ".bias", {given.outputs}, given.bias);
}
template <class T>
linear_parameters<T> read_linear(reader& from, std::string const& name, bias has) {
  auto const shape = from.shape(name + ".weight", 2);
  linear_parameters<T> made{shape[0], shape[1], from.take<T>(name + ".weight", shape), {}};
  if (has == bias::one) made.bias = from.take<T>(name + ".bias", {shape[0]});
  return made;
}

}  // namespace

template <class T>
void save_sequence_model(std::filesystem::path const& path, sequence_parameters<T> const& parameters,
                         existing_file existing) {
  sequence_model<T> const checked(parameters);
  bool const low_rank = parameters.blocks.empty() || parameters.blocks[0].systems.index() == 0;
  writer to;
  char epsilon[32];
  std::snprintf(epsilon, sizeof epsilon, "%.17g", static_cast<double>(parameters.epsilon));
  to.table().metadata = {{"format", format},
                         {"ssm", low_rank ? "s4" : "s4d"},
                         {"pooling", std::string(name_of(parameters.pool))},
                         {"encoder", parameters.is_embedding ? "embedding" : "linear"},
                         {"epsilon", epsilon}};
  write_linear(to, "encoder", parameters.encoder, parameters.is_embedding ? bias::none : bias::one);
  index_t const width = checked.features();
  for (std::size_t i = 0; i < parameters.blocks.size(); ++i) {
    auto const& block = parameters.blocks[i];
    std::string const name = "layers." + std::to_string(i);
    if ((block.systems.index() == 0) != low_rank)
      throw_invalid(name + ".ssm", "s4 and s4d in one model", "one of them");
    to.add<T>(name + ".norm.weight", {width}, block.norm_weight);
    to.add<T>(name + ".norm.bias", {width}, block.norm_bias);
    std::visit([&](auto const& systems) { write_systems(to, name + ".ssm", systems); }, block.systems);
    write_linear(to, name + ".mix", block.mix, bias::one);
  }
  write_linear(to, "decoder", parameters.decoder, bias::one);
  write_safetensors(path, to.table(), existing);
}

template <class T>
sequence_model<T> load_sequence_model(std::filesystem::path const& path) {
  reader from(path);
  auto const one_of = [&](std::string const& key, std::string const& first, std::string const& second) {
    std::string const& value = from.metadata(key);
    if (value != first && value != second)
      throw_invalid(from.source() + ": " + key, "\"" + value + "\"", first == second ? first : first + " or " + second);
    return value == first;
  };
  one_of("format", format, format);
  bool const low_rank = one_of("ssm", "s4", "s4d");
  sequence_parameters<T> made;
  made.is_embedding = one_of("encoder", "embedding", "linear");
  std::string const in_file = from.source() + ": ";
  made.pool = detail::named_in(in_file, [&] { return pooling_by_name(from.metadata("pooling")); });
  std::string const& epsilon = from.metadata("epsilon");
  double value = 0;
  auto const [end, error] = std::from_chars(epsilon.data(), epsilon.data() + epsilon.size(), value);
  if (error != std::errc{} || end != epsilon.data() + epsilon.size())
    throw_invalid(from.source() + ": epsilon", "\"" + epsilon + "\"", "a number");
  made.epsilon = static_cast<T>(value);
  made.encoder = read_linear<T>(from, "encoder", made.is_embedding ? bias::none : bias::one);
  made.decoder = read_linear<T>(from, "decoder", bias::one);
  index_t const width = made.decoder.inputs;
  for (index_t i = 0; i < from.blocks(); ++i) {
    std::string const name = "layers." + std::to_string(i);
    block_parameters<T> block;
    block.norm_weight = from.take<T>(name + ".norm.weight", {width});
    block.norm_bias = from.take<T>(name + ".norm.bias", {width});
    if (low_rank) {
      block.systems = read_systems<dplr_system>(from, name + ".ssm", width);
    } else {
      block.systems = read_systems<diagonal_system>(from, name + ".ssm", width);
    }
    block.mix = read_linear<T>(from, name + ".mix", bias::one);
    made.blocks.push_back(std::move(block));
  }
  from.finish();
  return detail::named_in(in_file, [&] { return sequence_model<T>(std::move(made)); });
}

template SSMSCAN_SSM_EXPORT void save_sequence_model(std::filesystem::path const&, sequence_parameters<float> const&,
                                                     existing_file);
template SSMSCAN_SSM_EXPORT void save_sequence_model(std::filesystem::path const&, sequence_parameters<double> const&,
                                                     existing_file);
template SSMSCAN_SSM_EXPORT sequence_model<float> load_sequence_model(std::filesystem::path const&);
template SSMSCAN_SSM_EXPORT sequence_model<double> load_sequence_model(std::filesystem::path const&);

}  // namespace ssmscan::ssm
