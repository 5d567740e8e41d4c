#pragma once
// From a checked call to launches: how many states a thread has, how many channels, how large blocks are. No bit depends on
// these three.
#include <numeric>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/ssm/cuda/selective_call.hpp>
#include <ssmscan/ssm/cuda/selective_chunks.cuh>
#include <ssmscan/ssm/cuda/selective_fused.cuh>
#include <ssmscan/ssm/cuda/selective_general.cuh>
#include <ssmscan/ssm/cuda/selective_time.cuh>
#include <ssmscan/ssm/cuda/selective_time_copy.cuh>
#include <ssmscan/ssm/cuda/selective_time_whole.cuh>
#include <ssmscan/ssm/cuda/selective_unfused.cuh>

namespace ssmscan::device::detail {

template <class Real, class IO>
fused_arguments<IO, Real> arguments_of(ssm::selective_problem<Real, IO> const& p, selective_call const& call,
                                       Real* workspace) {
  auto const row = [](auto const& view) {
    return rows<std::remove_reference_t<decltype(*view.data)>>{view.data, view.stride.batch, view.stride.channel};
  };
  auto const coefficients = [&](auto const& of) {
    return coefficient_rows<IO>{of.data, of.stride.batch, of.stride.group, of.stride.state, call.channels / of.groups};
  };
  auto const states = [](auto const& of) {
    return state_rows<std::remove_reference_t<decltype(*of.data)>>{of.data, of.stride.batch, of.stride.channel,
                                                                   of.stride.sequence, of.stride.state};
  };
  auto const given = [](auto const& span) { return span.empty() ? nullptr : span.data(); };
  index_t const carried = call.slots * call.batch * call.channels * call.states;
  return {.u = row(p.u),
          .delta = row(p.delta),
          .z = row(p.z),
          .y = row(p.y),
          .B = coefficients(p.B),
          .C = coefficients(p.C),
          .A = p.A.data,
          .D = given(p.D),
          .bias = given(p.delta_bias),
          .row_of_A = p.A.row_stride,
          .initial = states(p.initial),
          .final = states(p.final),
          .offsets = given(p.offsets),
          .begin = given(p.begin),
          .end = given(p.end),
          .batch = call.batch,
          .channels = call.channels,
          .time = call.time,
          .sequences = call.sequences,
          .states = static_cast<int>(call.states),
          .softplus = p.activation == ssm::delta_activation::softplus,
          .vectors = all_aligned(alignof(quad<IO>), p),
          .copied = call.is_copied ? reinterpret_cast<IO*>(workspace) : nullptr,
          .chunk = call.chunk,
          .slots = call.slots,
          .enter = call.is_split ? workspace : nullptr,
          .shrink = call.is_split ? workspace + carried : nullptr,
          .poisoned = call.is_split ? reinterpret_cast<unsigned long long*>(workspace + 2 * carried) : nullptr};
}

inline constexpr int carry_threads = 128, poison_threads = 64;

template <fused_pass Pass, fused_rows Rows, int States, int PerThread, int Channels, int Warps,
          int BlocksPerMultiprocessor, class IO, class Real>
void launch_fused_pass(fused_arguments<IO, Real> const& p, cudaStream_t stream) {
  using shape = fused_shape<States, PerThread, Channels, Warps>;
  constexpr auto* kernel =
      &selective_fused_kernel<IO, Real, States, PerThread, Channels, Warps, BlocksPerMultiprocessor, Pass, Rows>;
  // Nothing asks by how much the last slot's chunk shrinks.
  index_t const slots = Pass == fused_pass::shrink ? p.slots - 1 : p.slots;
  launch_shape const all{in_whole(p.channels, shape::block_channels) * p.batch * slots, shape::threads,
                         shape::template shared_bytes<Real>()};
  launch_with_shared<kernel>(this_device(), stream, all, p);
}

template <int States, int PerThread, int Channels, int Warps, int BlocksPerMultiprocessor, class IO, class Real>
void launch_fused(fused_arguments<IO, Real> const& p, bool is_split, cudaStream_t stream) {
  constexpr int block_channels = fused_shape<States, PerThread, Channels, Warps>::block_channels;
  static_assert(block_channels == fused_block_channels(States), "as automatic counts on");
  auto const run = [&]<fused_pass Pass, fused_rows Rows>() {
    launch_fused_pass<Pass, Rows, States, PerThread, Channels, Warps, BlocksPerMultiprocessor>(p, stream);
  };
  bool const is_shifted = sizeof(IO) == 2 && !p.vectors;
  bool const is_whole = p.vectors && p.offsets == nullptr && p.begin == nullptr && p.time > 0 &&
                        p.time % tile_time == 0 && p.chunk % tile_time == 0 && p.channels % block_channels == 0 &&
                        p.states == States;
  bool by_eight = false;
  if constexpr (States == 16 && sizeof(Real) == 4)
    by_eight = is_whole && eight_are_faster(p.channels, p.batch * in_whole(p.time, p.chunk));
  if (is_split) {
    if constexpr (sizeof(IO) == 2)
      if (is_shifted) run.template operator()<fused_pass::shrink, fused_rows::shifted>();
    if (!is_shifted) run.template operator()<fused_pass::shrink, fused_rows::any>();
    index_t const carries = p.batch * p.channels * p.states * p.sequences;
    launch(stream, {(carries + carry_threads - 1) / carry_threads, carry_threads}, &selective_carry_kernel<IO, Real>,
           p);
  }
  if constexpr (sizeof(IO) == 2)
    if (is_shifted) run.template operator()<fused_pass::output, fused_rows::shifted>();
  if (by_eight) {
    if constexpr (States == 16 && sizeof(Real) == 4) {
      static_assert(fused_channels % fused_shape<States, 8, 1, 4>::block_channels == 0, "a block's are of one group");
      launch_fused_pass<fused_pass::output, fused_rows::whole, States, 8, 1, 4, 2>(p, stream);
    }
  } else if (is_whole) {
    run.template operator()<fused_pass::output, fused_rows::whole>();
  } else if (!is_shifted) {
    run.template operator()<fused_pass::output, fused_rows::any>();
  }
  if (is_split)
    launch(stream, {p.batch * p.channels * p.sequences, poison_threads}, &selective_poison_kernel<IO, Real>, p);
}
template <class IO, class Real>
void launch_fused(fused_arguments<IO, Real> const& p, bool is_split, cudaStream_t stream) {
  if (p.states <= 8) return launch_fused<8, 4, 1, 4, 3>(p, is_split, stream);
  if (p.states <= 16) return launch_fused<16, 4, 1, 4, 4>(p, is_split, stream);
  if (p.states <= 32) return launch_fused<32, 4, 1, 4, 4>(p, is_split, stream);
  return launch_fused<64, 8, 2, 4, 2>(p, is_split, stream);
}

// Blocks of a multiprocessor: what its registers hold.
template <class IO>
inline constexpr int time_blocks = sizeof(IO) == 8 ? 2 : 3;
static_assert(fused_channels % time_block_channels(1) == 0 && fused_channels % time_block_channels(4) == 0,
              "a block's channels are of one group");

template <time_rows Rows, int Channels, int Parts, int Blocks, class IO, class Real>
void launch_time_as(fused_arguments<IO, Real> const& p, cudaStream_t stream) {
  using shape = time_shape<IO, Real, time_steps<Real>, Channels, Parts>;
  constexpr auto* kernel = &selective_time_kernel<IO, Real, time_steps<Real>, Channels, Parts, Blocks, Rows>;
  index_t const channel_blocks = (p.channels + Channels - 1) / Channels;
  launch_with_shared<kernel>(this_device(), stream,
                             {channel_blocks * p.batch * p.slots, shape::threads, shape::shared_bytes(p.states)}, p);
}
template <time_rows Rows, class IO, class Real>
void launch_time_as(fused_arguments<IO, Real> const& p, cudaStream_t stream) {
  switch (time_parts_of<Real>(p.batch * p.sequences, p.channels, p.time / p.sequences)) {
    case 4:
      return launch_time_as<Rows, time_block_channels(4), 4, 1>(p, stream);
    case 2:
      return launch_time_as<Rows, time_block_channels(2), 2, time_blocks<IO>>(p, stream);
    default:
      return launch_time_as<Rows, time_block_channels(1), 1, time_blocks<IO>>(p, stream);
  }
}

// Of shared memory, what a block may have.
inline index_t shared_bytes_of(this_device const& device) {
  return std::min(device.most_shared_bytes_of_block(), most_shared_bytes);
}
template <time_block Block, int Tiles, class IO, class Real>
void launch_time_whole_as(fused_arguments<IO, Real> const& p, index_t section, this_device const& device,
                          cudaStream_t stream) {
  constexpr int channels = channels_of(Block);
  constexpr auto* kernel =
      &selective_time_whole_kernel<IO, Real, time_steps<Real>, channels, Tiles, blocks_at_once(Block)>;
  std::size_t const shared = static_cast<std::size_t>(time_whole_bytes(Block, p.states, sizeof(IO), Tiles));
  index_t const section_blocks = in_whole(section, channels);
  launch_shape const shape{p.batch * (p.channels / section) * section_blocks, 32 * channels, shared, 1,
                           blocks_at_once(Block) == 1 ? start::beside_the_last : start::after_all_before};
  launch_with_shared<kernel>(device, stream, shape,
                             time_whole_arguments_of<32 * time_steps<Real>>(p, section, section_blocks));
}
// Rows of whole tiles. float arithmetic alone has registers for blocks of six and twelve.
template <class IO, class Real>
void launch_time_whole(fused_arguments<IO, Real> const& p, cudaStream_t stream) {
  if constexpr (sizeof(Real) == 4) {
    constexpr index_t most_time = index_t{1} << 30;  // the kernel counts steps in int
    if (time_parts_of<Real>(p.batch, p.channels, p.time) == 1 && p.time <= most_time) {
      this_device const device;
      index_t const section = std::gcd(p.B.channels, p.C.channels), shared = shared_bytes_of(device);
      switch (time_whole_block(p.batch * (p.channels / section), section, p.states, sizeof(IO), shared).block) {
        case time_block::six:
          return launch_time_whole_as<time_block::six, tiles_at_once(time_block::six)>(p, section, device, stream);
        case time_block::twelve:
          if constexpr (sizeof(IO) == 2)
            if (time_whole_bytes(time_block::twelve, p.states, sizeof(IO), most_tiles_at_once) <= shared)
              return launch_time_whole_as<time_block::twelve, most_tiles_at_once>(p, section, device, stream);
          return launch_time_whole_as<time_block::twelve, tiles_at_once(time_block::twelve)>(p, section, device,
                                                                                             stream);
        case time_block::four:
          break;
      }
    }
  }
  launch_time_as<time_rows::whole>(p, stream);
}

inline constexpr int copy_threads = 128;

template <class IO, class Real>
void launch_time(fused_arguments<IO, Real> const& p, cudaStream_t stream) {
  if (p.copied == nullptr) {
    bool const whole = p.time > 0 && p.time % (32 * time_steps<Real>) == 0 && p.states % 2 == 0;
    return whole ? launch_time_whole(p, stream) : launch_time_as<time_rows::aligned>(p, stream);
  }
  fused_arguments<IO, Real> q = p;
  index_t const pieces = copied_coefficients(q);
  launch(stream, {(pieces + copy_threads - 1) / copy_threads, copy_threads}, &copy_coefficients_kernel<IO, Real>, p, q);
  launch_time_as<sizeof(IO) < 4 ? time_rows::shifted : time_rows::ragged>(q, stream);
}

template <class V, class IO>
void launch_general(ssm::selective_problem<V, IO> const& p, selective_call const& call, cudaStream_t stream,
                    V* workspace) {
  auto const given = [](auto const& span) { return span.empty() ? nullptr : span.data(); };
  general_arguments<V, IO> const q{.problem = p,
                                   .batch = call.batch,
                                   .channels = call.channels,
                                   .time = call.time,
                                   .states = call.states,
                                   .sequences = call.sequences,
                                   .workspace = call.workspace_elements > 0 ? workspace : nullptr,
                                   .offsets = given(p.offsets),
                                   .begin = given(p.begin),
                                   .end = given(p.end),
                                   .chunk = whole_sequence};
  static_assert(general_warps == general_block_warps);
  std::size_t const shared =
      q.workspace != nullptr ? 0 : static_cast<std::size_t>(call.states) * sizeof(V) * general_warps;
  index_t const warps = call.batch * call.channels * call.sequences;
  launch_shape const shape{(warps + general_warps - 1) / general_warps, 32 * general_warps, shared};
  switch (p.rule) {
    case ssm::selective_rule::mamba:
      return launch(stream, shape, &selective_general_kernel<V, IO, ssm::selective_rule::mamba>, q);
    case ssm::selective_rule::zoh:
      return launch(stream, shape, &selective_general_kernel<V, IO, ssm::selective_rule::zoh>, q);
    case ssm::selective_rule::bilinear:
      return launch(stream, shape, &selective_general_kernel<V, IO, ssm::selective_rule::bilinear>, q);
  }
}

inline constexpr int clearing_threads = 256;

template <class V, class IO>
void launch_selective(ssm::selective_problem<V, IO> const& p, selective_call const& call, device::stream stream,
                      V* workspace) {
  if (call.batch == 0 || call.channels == 0) return;
  if (call.chosen == selective_form::unfused) {
    launch_unfused(p, call, stream, workspace);
  } else if constexpr (!is_complex<V>) {
    if (call.chosen == selective_form::fused)
      launch_fused(arguments_of(p, call, workspace), call.is_split, stream);
    else if (call.chosen == selective_form::fused_time)
      launch_time(arguments_of(p, call, workspace), stream);
    else
      launch_general(p, call, stream, workspace);
  } else {
    launch_general(p, call, stream, workspace);
  }
  if (!p.begin.empty() && call.time > 0)
    launch(stream, {call.batch * call.channels, clearing_threads}, &clear_padding_kernel<IO>, p.y, p.begin.data(),
           p.end.data());
}

}  // namespace ssmscan::device::detail
