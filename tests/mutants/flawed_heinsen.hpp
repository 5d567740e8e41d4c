#pragma once
// Heinsen's two sums along a lane, and what can go wrong in them. `none` is right, and must pass.
#include <ssmscan/scan/algorithms/heinsen.hpp>
#include <ssmscan/scan/algorithms/sequential.hpp>

namespace ssmscan::mutants {

enum class heinsen_flaw {
  none,
  lost_restart,  // a = 0 is passed over: what is before it goes on
  lost_phase,    // of a: its modulus in its place
  plain_double   // both sums in double, where the paper's |a*| u is lost
};

template <heinsen_flaw Flaw>
struct flawed_heinsen {
  static constexpr algorithm_info info = basic_heinsen<sequential>::info;

  template <backend B, class T, class Load, class Store>
  static void inclusive(B& on, affine<T> const&, extent e, Load load, Store store) {
    using enum heinsen_flaw;
    using sum_of = extended_log_sum_exp<is_complex<T> ? number_kind::complex : number_kind::real>;
    on.blocks(e.lanes, [=](index_t lane) {
      log_number product{}, sum{};
      for (index_t t = 0; t < e.time; ++t) {
        affine_map<T> const leaf = load(lane, t);
        bool const restarts = t == 0 || (Flaw != lost_restart && leaf.a == T(0));
        log_number log_a = leaf.a == T(0) ? log_number{} : log_of(leaf.a);
        if (Flaw == lost_phase) log_a.phase = 0;
        product = restarts ? log_number{} : kept(product * log_a);
        log_number const term = kept(sum_of::term(leaf.b) / product);
        sum = restarts ? term : kept(sum_of{}(sum, term));
        store(lane, t, {T(0), restarts ? leaf.b : exp_of<T>(product * sum)});
      }
    });
  }

 private:
  static log_number kept(log_number v) {
    if (Flaw == heinsen_flaw::plain_double) v.magnitude = {v.magnitude.high, 0};
    return v;
  }
};

}  // namespace ssmscan::mutants
