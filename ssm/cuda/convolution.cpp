#include <algorithm>

#include <ssmscan/ssm/cuda/batched_fft.hpp>
#include <ssmscan/ssm/cuda/check_views.hpp>
#include <ssmscan/ssm/cuda/convolution_rows.hpp>

namespace ssmscan::device {

index_t fft_points(index_t taps, index_t length) {
  if (taps < 0) throw_invalid("taps", std::to_string(taps), "0 or more");
  if (length < 0) throw_invalid("length", std::to_string(length), "0 or more");
  constexpr index_t greatest = index_t{1} << 40;
  if (taps > greatest - length) throw_invalid("taps + length", "more than 2^40", "at most 2^40");
  index_t const least = std::max<index_t>(2, taps + length - 1);
  index_t best = 2;
  while (best < least) best *= 2;
  for (index_t by_7 = 2; by_7 < best; by_7 *= 7)
    for (index_t by_5 = by_7; by_5 < best; by_5 *= 5)
      for (index_t by_3 = by_5; by_3 < best; by_3 *= 3) {
        index_t n = by_3;
        while (n < least) n *= 2;
        best = std::min(best, n);
      }
  return best;
}

template <class T>
struct causal_convolution<T>::state {
  index_t points, bins, room_channels, room_batch;
  detail::batched_fft<T> forward, backward;

  index_t signals() const { return room_channels * room_batch; }
  index_t rows() const { return signals() + room_channels; }
  static detail::fft_shape of(index_t points, index_t rows) {
    return {points, rows, 2 * (points / 2 + 1), points / 2 + 1};
  }
  state(index_t points_, index_t channels, index_t batch)
      : points(points_),
        bins(points_ / 2 + 1),
        room_channels(channels),
        room_batch(batch),
        forward(detail::transform::forward, of(points_, channels * (batch + 1))),
        backward(detail::transform::backward, of(points_, channels * batch)) {}

  struct memory {
    arena_array<T> rows;
    arena_array<std::byte> work;
    memory(arena& of, state const& s)
        : rows(of, 2 * s.rows() * s.bins),
          work(of, static_cast<index_t>(std::max(s.forward.work_bytes(), s.backward.work_bytes()))) {}
  };
};

template <class T>
causal_convolution<T>::causal_convolution(convolution_shape const& shape, std::size_t group_bytes) : shape_(shape) {
  if (shape.batch < 0) throw_invalid("batch", std::to_string(shape.batch), "0 or more");
  if (shape.channels < 0) throw_invalid("channels", std::to_string(shape.channels), "0 or more");
  index_t const points = fft_points(shape.taps, shape.length);
  if (shape.batch == 0 || shape.channels == 0 || shape.length == 0) return;  // nothing to plan
  // Groups as equal as can be; of one channel, or of a part of one's batch, where that is all there is room for.
  auto const rows = std::max<index_t>(2, static_cast<index_t>(group_bytes) / ((points + 2) * index_t{sizeof(T)}));
  auto const up = [](index_t x, index_t by) { return (x + by - 1) / by; };
  index_t const batch_groups = up(shape.batch, std::min(shape.batch, rows - 1));
  index_t const room_batch = up(shape.batch, batch_groups);
  index_t const channels_that_fit = std::max<index_t>(1, rows / (room_batch + 1));
  index_t const room_channels = up(shape.channels, up(shape.channels, channels_that_fit));
  state_ = std::make_unique<state const>(points, room_channels, room_batch);
}

template <class T>
causal_convolution<T>::~causal_convolution() = default;
template <class T>
causal_convolution<T>::causal_convolution(causal_convolution&&) noexcept = default;

template <class T>
std::size_t causal_convolution<T>::workspace_bytes() const {
  arena counted;
  if (state_ != nullptr) { typename state::memory const all(counted, *state_); }
  return counted.needed();
}

template <class T>
void causal_convolution<T>::run(convolution_call<T> const& call, run_on const& how) const {
  auto const& [batch, channels, taps, length] = shape_;
  tensor_shape const signals{batch, channels, length};
  detail::need_view("u", call.u, signals, "(batch, channels, length) of the plan");
  detail::need_view("y", call.y, signals, "(batch, channels, length) of the plan");
  if (call.kernel.rows != channels || call.kernel.columns != taps)
    throw_invalid("kernel", std::to_string(call.kernel.rows) + " rows of " + std::to_string(call.kernel.columns),
                  std::to_string(channels) + " of " + std::to_string(taps) + ", the plan's channels and taps");
  if (call.kernel.data == nullptr && channels > 0 && taps > 0)
    throw_invalid("kernel", "a null pointer", "a pointer to " + std::to_string(channels) + " rows");
  if (!call.skip.empty() && static_cast<index_t>(call.skip.size()) != channels)
    throw_invalid("skip", std::to_string(call.skip.size()) + " values",
                  std::to_string(channels) + ", one for each channel, or none");
  detail::need_apart(call.y, call.u);
  detail::need_workspace(how.workspace, workspace_bytes());
  if (state_ == nullptr) return;

  state const& s = *state_;
  arena of_workspace(how.workspace);
  typename state::memory const memory(of_workspace, s);
  T* const rows = memory.rows.data();
  for (index_t channel = 0; channel < channels; channel += s.room_channels) {
    for (index_t first = 0; first < batch; first += s.room_batch) {
      detail::convolution_group<T> const g{.rows = rows,
                                           .bins = s.bins,
                                           .first_channel = channel,
                                           .channels = std::min(s.room_channels, channels - channel),
                                           .first_batch = first,
                                           .batch = std::min(s.room_batch, batch - first),
                                           .room_channels = s.room_channels,
                                           .room_batch = s.room_batch,
                                           .call = call};
      detail::launch_pad(g, how.stream);
      s.forward.run(rows, rows, how.stream, memory.work.data());
      detail::launch_multiply(g, T(1) / static_cast<T>(s.points), how.stream);
      s.backward.run(rows, rows, how.stream, memory.work.data());
      detail::launch_crop(g, how.stream);
    }
  }
}

template class causal_convolution<float>;
template class causal_convolution<double>;

}  // namespace ssmscan::device
