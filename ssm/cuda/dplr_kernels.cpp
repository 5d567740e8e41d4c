#include <cstdint>
#include <optional>

#include <ssmscan/ssm/cuda/batched_fft.hpp>
#include <ssmscan/ssm/cuda/check_views.hpp>
#include <ssmscan/ssm/cuda/dplr_launch.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>

namespace ssmscan::device {

template <class T>
struct dplr_kernels<T>::state {
  detail::dplr_on_device<T> on;
  std::optional<detail::batched_fft<T>> backward{};

  struct memory {
    arena_array<T> spectra;
    arena_array<std::byte> work;
    memory(arena& of, state const& s)
        : spectra(of, 2 * s.on.channels * s.on.bins),
          work(of, s.backward ? static_cast<index_t>(s.backward->work_bytes()) : 0) {}
  };
};

template <class T>
dplr_kernels<T>::dplr_kernels(std::span<ssm::dplr_system const> channels, index_t length, ssm::read_out_kind kind,
                              int threads)
    : channels_(static_cast<index_t>(channels.size())), length_(length) {
  if (channels.empty()) throw_invalid("channels", "none", "at least 1");
  auto const tables = ssm::detail::make_dplr_tables<T>(channels, length, kind, threads);
  index_t const bins = length / 2 + 1;
  detail::dplr_parameters<T> made{
      tables.roots.tangent, tables.roots.tangent_rest, tables.roots.growth, tables.roots.tau, {}, {0}, {}};
  for (index_t h = 0; h < channels_; ++h) {
    auto const& channel = tables.channels[static_cast<std::size_t>(h)];
    auto const by_itself = [&](index_t k, std::complex<double> value) {
      value /= static_cast<double>(length);
      made.made.push_back({h, k, static_cast<T>(value.real()), static_cast<T>(value.imag())});
    };
    if (channel.poles.empty()) {
      for (index_t k = 0; k < bins; ++k) by_itself(k, ssm::detail::dplr_spectrum_at(channel.truncated, k, length));
    } else if (length % 2 == 0) {
      by_itself(length / 2, channel.last);
    }
    made.poles.insert(made.poles.end(), channel.poles.begin(), channel.poles.end());
    made.first_pole.push_back(static_cast<index_t>(made.poles.size()));
  }
  auto own = std::make_unique<state>(detail::upload(made, length));
  if (length > 1)
    own->backward.emplace(detail::transform::backward, detail::fft_shape{length, channels_, length, bins});
  state_ = std::move(own);
}

template <class T>
dplr_kernels<T>::~dplr_kernels() = default;
template <class T>
dplr_kernels<T>::dplr_kernels(dplr_kernels&&) noexcept = default;

template <class T>
std::size_t dplr_kernels<T>::workspace_bytes() const {
  arena counted;
  { typename state::memory const all(counted, *state_); }
  return counted.needed();
}

template <class T>
void dplr_kernels<T>::generate(ssm::matrix_view<T> const& taps, run_on const& how) const {
  if (taps.rows != channels_ || taps.columns != length_ || taps.row_stride != length_)
    throw_invalid("taps",
                  std::to_string(taps.rows) + " rows of " + std::to_string(taps.columns) + ", " +
                      std::to_string(taps.row_stride) + " apart",
                  std::to_string(channels_) + " of " + std::to_string(length_) + ", one after the other");
  if (taps.data == nullptr) throw_invalid("taps", "a null pointer", "device memory");
  constexpr std::size_t alignment = 2 * sizeof(T);
  if (reinterpret_cast<std::uintptr_t>(taps.data) % alignment != 0)
    throw_invalid("taps", "an address that is no multiple of " + std::to_string(alignment),
                  "memory aligned for complex values, as cuFFT asks of what it writes");
  detail::need_workspace(how.workspace, workspace_bytes());
  arena of_workspace(how.workspace);
  typename state::memory const memory(of_workspace, *state_);
  detail::launch_spectra(state_->on, memory.spectra.data(), how.stream);
  if (!state_->backward) return detail::launch_single_taps(state_->on, memory.spectra.data(), taps.data, how.stream);
  state_->backward->run(taps.data, memory.spectra.data(), how.stream, memory.work.data());
  detail::launch_growth(state_->on, taps.data, how.stream);
}

template class dplr_kernels<float>;
template class dplr_kernels<double>;

}  // namespace ssmscan::device
