#pragma once
// Fills a device_table: what an entry of scan/backends/cuda/registry.hpp supports, and for each the size query, which is
// the same text on a backend that runs nothing.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packing.hpp>
#include <ssmscan/scan/detail/make_kernels.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::detail {

// A form that takes the whole problem instead of functors.
template <class A, class B, class M, class T>
concept tuned = requires(B& on, M const& combine, recurrence_problem<T> const& problem) {
  A::solve(on, combine, problem);
};

// The same for packed sequences, of which it is told where they start: in the list or in bits, or by pieces.
template <class A, class B, class M, class T, class Starts>
concept told_of = requires(B& on, M const& combine, recurrence_problem<T> const& problem, Starts const& starts) {
  A::solve(on, combine, problem, starts);
};
template <class A, class B, class M, class T>
concept tuned_packed = told_of<A, B, M, T, sequence_starts> || told_of<A, B, M, T, starts_by_piece>;

template <class A, class M, class B, class T>
void solve(B& on, recurrence_problem<T> const& problem) {
  if constexpr (tuned<A, B, M, T>) {
    A::solve(on, M{}, problem);
  } else {
    using io = recurrence_io<M, by_value>;
    scan(on, A{}, M{}, problem.size, typename io::load{{problem}}, typename io::store{{problem}});
  }
}

template <class M>
inline constexpr bool is_segmented = false;
template <class M>
inline constexpr bool is_segmented<segmented<M>> = true;

// A form by pieces that asks which sequence each step is of says so by a member.
template <class A>
inline constexpr steps_told steps_told_to = [] {
  if constexpr (requires { A::asks_for_steps; }) {
    return steps_told::yes;
  } else {
    return steps_told::no;
  }
}();

template <class A, class M, class B, class T>
void run_on(B& on, device_call<T> const& call) {
  if constexpr (is_segmented<M> && tuned_packed<A, B, M, T>) {
    bool const with_states = call.problem.initial || call.problem.final;
    using packed_as =
        std::conditional_t<told_of<A, B, M, T, sequence_starts>, packed_starts<B>, packed_pieces<B, steps_told_to<A>>>;
    packed_as const packed(on, call.packing, call.problem.size.time, with_states);
    recurrence_problem<T> problem = call.problem;
    problem.offsets = packed.offsets();
    A::solve(on, M{}, problem, packed.starts());
    finish_empty_sequences(on, states_of(problem), call.packing.sequences);
  } else if constexpr (is_segmented<M>) {
    packed_sequences<B> const packed(on, call.packing, call.problem.size.time);
    recurrence_problem<T> problem = call.problem;
    problem.heads = packed.heads();
    problem.offsets = packed.offsets();
    solve<A, M>(on, problem);
    finish_empty_sequences(on, problem, call.packing.sequences);
  } else {
    solve<A, M>(on, call.problem);
    finish_empty_sequences(on, states_of(call.problem), call.packing.sequences);
  }
}

template <class A, class M, class T>
struct device_form_of {
  static std::size_t workspace_bytes(device_call<T> const& call) {
    workspace_query query;
    run_on<A, M>(query, call);
    return query.bytes();
  }
  static void run(device_call<T> const& call, device::stream stream, std::span<std::byte> workspace) {
    cuda on(stream, workspace);
    run_on<A, M>(on, call);
  }
  static constexpr device_form<T> form{&workspace_bytes, &run};
};

template <class A>
struct device_kernels {
  template <class M, class T>
  static constexpr bool tuned = detail::tuned<A, cuda, M, T>;
  template <class M, class T>
  static constexpr bool takes =
      (supports<A, cuda, M> && !storage_dtype<T>) || tuned<M, T> || tuned_packed<A, cuda, M, T>;

  template <class M, class T>
  static constexpr device_kernel<T> kernel_for() {
    if constexpr (takes<M, T>) {
      return &device_form_of<A, M, T>::form;
    } else {
      return nullptr;
    }
  }
};

// "TREE/cuda_math": the order of operations is that of TREE; log and exp are CUDA's, whose bits are not the C library's.
template <class A>
inline constexpr auto cuda_math_tree = [] {
  constexpr std::string_view tree = A::info.tree, suffix = "/cuda_math";
  std::array<char, tree.size() + suffix.size()> text{};
  std::copy(suffix.begin(), suffix.end(), std::copy(tree.begin(), tree.end(), text.begin()));
  return text;
}();

template <class A, storage_dtype S>
constexpr kernels_of<device_kernel<S>> stored_kernels() {
  kernels_of<device_kernel<S>> made;
  made.table[0] = {device_kernels<A>::template kernel_for<affine<float>, S>(),
                   device_kernels<A>::template kernel_for<segmented<affine<float>>, S>()};
  return made;
}

template <class A>
device_table const& device_kernels_for() {
  static constexpr std::string_view with_logarithms{cuda_math_tree<A>.data(), cuda_math_tree<A>.size()};
  static constexpr device_table table{
      make_table<device_kernel, A, device_kernels<A>>(
          cuda::name, {A::info.result == result_class::reformulates ? with_logarithms : A::info.tree, with_logarithms}),
      {stored_kernels<A, bfloat16>(), stored_kernels<A, float16>()}};
  return table;
}

}  // namespace ssmscan::detail
