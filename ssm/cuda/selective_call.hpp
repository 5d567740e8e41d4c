#pragma once
// A call of the selective scan on a device: checked, and the form and the workspace chosen.
#include <algorithm>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/ssm/cuda/selective_choice.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>
#include <ssmscan/ssm/detail/check_selective.hpp>

namespace ssmscan::device::detail {

inline constexpr index_t most_fused_states = 64, fused_channels = 64;
inline constexpr index_t general_shared_bytes = 48 << 10, general_block_warps = 4;

struct selective_call {
  selective_form chosen;
  index_t batch, channels, states, time, sequences;
  index_t chunk = 0, slots = 0;    // fused
  bool is_split = false;           // fused: some sequence may have more than one chunk
  bool is_copied = false;          // fused_time: B and C are copied
  index_t workspace_elements = 0;  // of V
  // unfused: channels at a time, values of a, of b, of what is entered with (each a multiple of the workspace's alignment)
  // and the scan's own workspace
  index_t at_once = 0, unfused_values = 0, enter_values = 0;
  std::size_t scan_bytes = 0;
  choice made{};
};

inline constexpr index_t unfused_bytes = index_t{1} << 30;  // of a and b together

template <class V>
struct unfused_workspace {
  unfused_workspace(selective_call const& call, V* from)
      : a(from),
        b(a + call.unfused_values),
        enter(b + call.unfused_values),
        rest(reinterpret_cast<std::byte*>(enter + call.enter_values)) {}
  V *a, *b, *enter;
  std::byte* rest;
};

// The scan of the channels [first, first + count) of a batch row: lanes are (channel, state).
template <class V, class IO>
recurrence<V> unfused_recurrence(ssm::selective_problem<V, IO> const& p, selective_call const& call, index_t row,
                                 index_t first, index_t count, unfused_workspace<V> const& at) {
  tensor_shape const shape{count, call.states, call.time}, states{count, call.states, call.sequences};
  recurrence<V> scan;
  scan.a = tensor_view<V const>(at.a, shape), scan.b = tensor_view<V const>(at.b, shape), scan.x = {at.b, shape};
  scan.offsets = p.offsets;
  if (p.initial.data != nullptr) scan.initial = tensor_view<V const>(at.enter, states);
  if (p.final.data != nullptr) {
    auto const& by = p.final.stride;
    scan.final = {p.final.data + row * by.batch + first * by.channel, states, {by.channel, by.state, by.sequence}};
  }
  return scan;
}

template <class V, class IO>
void plan_unfused(ssm::selective_problem<V, IO> const& p, selective_execution const& how, selective_call& call) {
  constexpr index_t alignment = workspace_alignment / sizeof(V);
  auto const aligned = [](index_t values) { return (values + alignment - 1) / alignment * alignment; };
  index_t const per_channel = call.states * std::max<index_t>(call.time, 1);
  call.at_once = std::clamp<index_t>(unfused_bytes / (2 * index_t{sizeof(V)} * per_channel), 1,
                                     std::max<index_t>(call.channels, 1));
  call.unfused_values = aligned(call.at_once * call.states * call.time);
  call.enter_values = p.initial.data == nullptr ? 0 : aligned(call.at_once * call.states * call.sequences);
  // At addresses of no memory, which checks compare and nothing reads.
  unfused_workspace<V> const nowhere_yet(call, reinterpret_cast<V*>(workspace_alignment));
  recurrence<V> const scan = unfused_recurrence(p, call, 0, 0, call.at_once, nowhere_yet);
  execution const scan_how{.algorithm = how.algorithm, .inner = how.inner, .host_offsets = how.host_offsets};
  call.made = device::plan(scan, scan_how);
  call.scan_bytes = device::workspace_bytes(scan, scan_how);
  call.workspace_elements =
      2 * call.unfused_values + call.enter_values + static_cast<index_t>((call.scan_bytes + sizeof(V) - 1) / sizeof(V));
}

template <class V, class IO>
bool is_fusible(ssm::selective_problem<V, IO> const& p) {
  auto const contiguous = [](auto const& view) { return view.data == nullptr || view.stride.time == 1; };
  auto const takes = [&](auto const& of) {
    index_t const group = p.u.shape.channel / of.groups;
    return of.stride.time == 1 && (of.groups == 1 || group % fused_channels == 0);
  };
  return !is_complex<V> && p.rule == ssm::selective_rule::mamba && p.A.columns <= most_fused_states &&
         contiguous(p.u) && contiguous(p.delta) && contiguous(p.z) && contiguous(p.y) && takes(p.B) && takes(p.C);
}

template <class T>
bool is_aligned(index_t bytes, T const* data, std::initializer_list<index_t> strides) {
  bool aligned = reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(bytes) == 0;
  for (index_t const stride : strides) aligned = aligned && stride * index_t{sizeof(T)} % bytes == 0;
  return aligned;
}
// Whether all rows of the problem begin at multiples of so many bytes.
template <class V, class IO>
bool all_aligned(index_t bytes, ssm::selective_problem<V, IO> const& p) {
  auto const tensor = [&](auto const& view) {
    return view.data == nullptr || is_aligned(bytes, view.data, {view.stride.batch, view.stride.channel});
  };
  auto const coefficient = [&](auto const& of) {
    return is_aligned(bytes, of.data, {of.stride.batch, of.stride.group, of.stride.state});
  };
  return tensor(p.u) && tensor(p.delta) && tensor(p.z) && tensor(p.y) && coefficient(p.B) && coefficient(p.C);
}

template <class V, class IO>
selective_form form_of(ssm::selective_problem<V, IO> const& p, selective_form wanted) {
  bool const fusible = is_fusible(p);
  if (wanted == selective_form::automatic) {
    if (!fusible) return selective_form::general;
    auto const& of = p.u.shape;
    bool const by_time = std::is_same_v<V, float> && p.offsets.empty() &&
                         time_is_faster(of.batch, of.channel, p.A.columns, of.time, sizeof(IO));
    return by_time ? selective_form::fused_time : selective_form::fused;
  }
  if ((wanted == selective_form::fused || wanted == selective_form::fused_time) && !fusible)
    throw_invalid("form", wanted == selective_form::fused ? "fused" : "fused_time",
                  "general, or rule mamba, real A of at most 64 states, all arrays contiguous in time, one group or "
                  "groups of a multiple of 64 channels");
  return wanted;
}

inline void check_copy(char const* name, std::span<index_t const> copy, std::span<index_t const> of) {
  if (!copy.empty() && copy.size() != of.size())
    throw_invalid(name, std::to_string(copy.size()) + " values",
                  "a copy of what the problem has, " + std::to_string(of.size()) + " values");
}

template <class V, class IO>
selective_call checked_call(ssm::selective_problem<V, IO> const& p, selective_execution const& how) {
  ssm::detail::check_selective_arrays(p);
  ssm::name_of(p.rule);
  check_copy("host_offsets", how.host_offsets, p.offsets);
  check_copy("host_begin", how.host_begin, p.begin), check_copy("host_end", how.host_end, p.end);
  if (how.host_begin.size() != how.host_end.size())
    throw_invalid("host_begin, host_end", "one of them", "both or none");
  ssm::detail::check_selective_offsets(how.host_offsets, p.u.shape.time);
  ssm::detail::check_selective_padding(how.host_begin, how.host_end, p.u.shape.time);

  auto const [batch, channels, time] = p.u.shape;
  selective_call call{form_of(p, how.form), batch, channels, p.A.columns, time, ssm::detail::selective_sequences(p)};
  if (!p.offsets.empty() && call.sequences < 1) throw_invalid("offsets", "1 value", "at least 2");
  bool const fused = call.chosen == selective_form::fused, over_time = call.chosen == selective_form::fused_time;
  call.chunk = fused ? chunk_of(channels * call.states) : whole_sequence;
  call.slots = slots_of(time, call.sequences, call.chunk, !p.offsets.empty());
  call.is_split = fused && time > call.chunk;
  if (call.chosen == selective_form::unfused) {
    plan_unfused(p, how, call);
    return call;
  }
  if (how.algorithm != "automatic" || !how.inner.empty())
    throw_invalid("algorithm", std::string(how.algorithm), "automatic: only form unfused runs a scan algorithm");
  index_t const lanes = batch * channels * call.states;
  if (fused)
    call.workspace_elements =
        call.is_split ? 2 * (call.slots * lanes + lanes * call.sequences) : 0;  // twice: of 8 bytes where V has 4
  else if (over_time) {
    constexpr index_t piece_steps = piece_bytes / sizeof(IO);
    call.is_copied = !all_aligned(piece_bytes, p) || time % piece_steps > 0 || !p.offsets.empty() || !p.begin.empty();
    index_t const copied_values =
        batch * (p.B.groups + p.C.groups) * call.states * copied_from(time, call.sequences, piece_steps);
    call.workspace_elements =
        call.is_copied ? (copied_values * index_t{sizeof(IO)} + index_t{sizeof(V)} - 1) / index_t{sizeof(V)} : 0;
  } else
    call.workspace_elements =
        call.states * index_t{sizeof(V)} * general_block_warps > general_shared_bytes ? call.sequences * lanes : 0;
  std::string tree = fused       ? "selective_chunks_of_" + std::to_string(call.chunk) + "/2"
                     : over_time ? "selective_warp_tiles_of_" +
                                       std::to_string(32 * time_steps<typename ssm::real_part_of<V>::type>) + "/3"
                                 : "selective_warp/2";
  call.made = {fused       ? "fused"
               : over_time ? "fused_time"
                           : "general",
               "", "cuda", std::move(tree),
               how.form != selective_form::automatic ? "named by the caller"
               : fused                               ? "real, rule mamba, contiguous in time"
               : over_time ? "real, rule mamba, contiguous in time; few channels for their length"
                           : "strides, rule, type, groups or states that fused does not take"};
  return call;
}

inline std::size_t bytes_of(selective_call const& call, std::size_t element) {
  arena counted;
  { arena_array<std::byte> const all(counted, call.workspace_elements * static_cast<index_t>(element)); }
  return counted.needed();
}

// What launches; a translation unit for each type.
template <class V, class IO>
void launch_selective(ssm::selective_problem<V, IO> const& problem, selective_call const& call, device::stream stream,
                      V* workspace);

}  // namespace ssmscan::device::detail
