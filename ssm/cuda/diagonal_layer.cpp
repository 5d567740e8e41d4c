#include <algorithm>

#include <ssmscan/ssm/cuda/check_views.hpp>
#include <ssmscan/ssm/cuda/diagonal_launch.hpp>
#include <ssmscan/ssm/detail/pole_logarithm.hpp>

namespace ssmscan::device {

template <class T>
struct diagonal_layer<T>::state {
  detail::diagonal_tables<T> tables;

  index_t tiles(index_t length) const { return (length + detail::tile_steps - 1) / detail::tile_steps; }
  // Three blocks fit on a multiprocessor; fewer sequences than that leave it room for tiles side by side.
  bool is_split(index_t batch, index_t length) const {
    constexpr index_t blocks_of_multiprocessor = 3;
    return tiles(length) > 1 && batch * tables.channels < blocks_of_multiprocessor * tables.multiprocessors;
  }
  index_t carried(index_t batch, index_t length) const {
    return is_split(batch, length) ? 2 * tiles(length) * batch * tables.channels * tables.padded : 0;
  }
};

template <class T>
diagonal_layer<T>::diagonal_layer(std::span<ssm::diagonal_system const> channels) {
  if (channels.empty()) throw_invalid("channels", "none", "at least 1");
  channels_ = static_cast<index_t>(channels.size()), states_ = static_cast<index_t>(channels[0].lambda.size());
  index_t const padded = detail::padded_states(states_);
  std::vector<detail::pole> poles(static_cast<std::size_t>(channels_ * padded));
  std::vector<double> d;
  for (std::size_t h = 0; h < channels.size(); ++h) {
    ssm::diagonal_system const& system = channels[h];
    ssm::discrete_diagonal const discrete = ssm::discretize(system);
    if (static_cast<index_t>(system.lambda.size()) != states_ || system.kept != channels[0].kept)
      throw_invalid("channels",
                    "channel " + std::to_string(h) + " with " + std::to_string(system.lambda.size()) +
                        " states, or another spectrum",
                    std::to_string(states_) + " states and one spectrum, as channel 0 has");
    d.push_back(system.d);
    for (std::size_t n = 0; n < system.lambda.size(); ++n) {
      auto const w = ssm::detail::log_of_pole(system.lambda[n], system.step, system.rule);
      double const f = system.read_out_factor();
      constexpr double nothing = -1e300;  // e^(0 of it) = 1, and 0 of any more
      poles[h * static_cast<std::size_t>(padded) + n] = {w.vanishes ? nothing : w.hi.real(),
                                                         w.lo.real(),
                                                         w.hi.imag(),
                                                         w.lo.imag(),
                                                         discrete.b[n].real(),
                                                         discrete.b[n].imag(),
                                                         f * system.c[n].real(),
                                                         f * system.c[n].imag()};
    }
  }
  state_ = std::make_unique<state const>(state{detail::make_tables<T>(poles, d, states_)});
}

template <class T>
diagonal_layer<T>::~diagonal_layer() = default;
template <class T>
diagonal_layer<T>::diagonal_layer(diagonal_layer&&) noexcept = default;

template <class T>
void diagonal_layer<T>::kernel(ssm::matrix_view<T> const& taps, device::stream where) const {
  if (taps.rows != channels_ || taps.columns < 1)
    throw_invalid("taps", std::to_string(taps.rows) + " rows of " + std::to_string(taps.columns),
                  std::to_string(channels_) + ", one for each channel, of at least 1");
  if (taps.data == nullptr) throw_invalid("taps", "a null pointer", "device memory");
  if (taps.row_stride < taps.columns)
    throw_invalid("taps", "rows " + std::to_string(taps.row_stride) + " apart",
                  "at least " + std::to_string(taps.columns) + ", the taps of a row");
  detail::launch_kernel(state_->tables, taps, where);
}

template <class T>
std::size_t diagonal_layer<T>::workspace_bytes(index_t batch, index_t length) const {
  if (batch < 0) throw_invalid("batch", std::to_string(batch), "0 or more");
  if (length < 0) throw_invalid("length", std::to_string(length), "0 or more");
  arena counted;
  { arena_array<T> const all(counted, state_->carried(batch, length)); }
  return counted.needed();
}

template <class T>
void diagonal_layer<T>::scan(diagonal_call<T> const& call, run_on const& how) const {
  index_t const batch = call.u.shape.batch, length = call.u.shape.time;
  if (batch < 0 || length < 0) throw_invalid("u", "shape " + detail::text_of(call.u.shape), "no negative size");
  detail::need_view("u", call.u, {batch, channels_, length}, "(batch, channels of the layer, length)");
  detail::need_view("y", call.y, {batch, channels_, length}, "(batch, channels, length) of u");
  tensor_shape const states{batch, channels_, states_};
  if (call.initial.data != nullptr) detail::need_view("initial", call.initial, states, "(batch, channels, states)");
  if (call.final.data != nullptr) detail::need_view("final", call.final, states, "(batch, channels, states)");
  detail::need_apart(call.y, call.u);
  using ssmscan::detail::overlap, ssmscan::detail::overlaps_itself;
  if (overlaps_itself(call.final))
    throw_invalid("final", "strides that write one place twice", "a place of its own for each element");
  if (overlap(call.final, call.u) || overlap(call.final, call.y))
    throw_invalid("final", "memory that overlaps a signal", "no overlap");
  if (!(call.initial.data == call.final.data && call.initial.stride == call.final.stride) &&
      overlap(call.final, call.initial))
    throw_invalid("final", "memory that overlaps initial", "the same place as initial, or no overlap");
  detail::need_workspace(how.workspace, workspace_bytes(batch, length));
  arena of_workspace(how.workspace);
  arena_array<T> const carried(of_workspace, state_->carried(batch, length));
  detail::launch_scan(state_->tables, call, state_->is_split(batch, length) ? carried.data() : nullptr, how.stream);
}

template class diagonal_layer<float>;
template class diagonal_layer<double>;

}  // namespace ssmscan::device
