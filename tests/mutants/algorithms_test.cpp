// Wrong algorithms. Each must be rejected by every law named beside it; the right one of each kind passes them all.
#include "tests/laws/exact.hpp"
#include "tests/laws/invariance.hpp"
#include "tests/laws/symmetry.hpp"
#include "tests/mutants/flawed_chunked.hpp"
#include "tests/mutants/flawed_heinsen.hpp"
#include "tests/mutants/flawed_look_back.hpp"
#include "tests/mutants/flawed_semi_log.hpp"
#include "tests/mutants/flawed_sweeps.hpp"
#include "tests/mutants/trial.hpp"

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>

namespace ssmscan::mutants {
namespace {

std::vector<index_t> const lengths{0, 1, 2, 3, 7, 8, 9, 13, 16, 17, 24, 25, 31, 32, 33, 64, 100, 129, 1000};

// Long enough to pass through sixteen bits.
std::vector<index_t> with_a_long_one() {
  auto made = lengths;
  made.push_back(70001);
  return made;
}

template <class A, class B>
trial by_contract(std::string const& name) {
  return {name, "contract", [name] {
            return laws::contract_law(laws::contractor_of<A, B>(name), {1, 2}, with_a_long_one());
          }};
}
template <class A, class B>
trial by_exact(std::string const& name) {
  return {name, "exact", [name] { return laws::exact_law(plain_subject_of<A, B, std::uint32_t>(name), lengths); }};
}
template <class A, class B>
trial by_threads(std::string const& name) {
  return {name, "threads",
          [name] { return laws::threads_law(plain_subject_of<A, B, float>(name), laws::chosen_lengths()); }};
}

template <class A, class T>
trial by_bounds(std::string const& name) {
  return {name, "bounds", [name] { return on_every_family(plain_subject_of<A, serial, T>(name)); }};
}
template <semi_log_flaw Flaw>
trial by_bounds_of_semi_log(std::string const& name) {
  using monoid = flawed_semi_log<Flaw, float>;
  return {name, "bounds", [name] {
            return on_every_family(plain_subject_of<flawed_chunked<chunked_flaw::none>, serial, float, monoid>(name));
          }};
}

template <class A>
void by_both(std::vector<trial>& trials, std::string const& name) {
  trials.push_back(by_contract<A, serial>(name));
  trials.push_back(by_exact<A, serial>(name));
}

std::vector<trial> wrong() {
  std::vector<trial> all;
  using c = chunked_flaw;
  by_both<flawed_chunked<c::swapped_in_chunk>>(all, "chunked: swapped in a chunk");
  by_both<flawed_chunked<c::swapped_in_spine>>(all, "chunked: swapped in the spine");
  by_both<flawed_chunked<c::swapped_in_apply>>(all, "chunked: swapped in apply");
  by_both<flawed_chunked<c::lost_carry>>(all, "chunked: lost carry");
  by_both<flawed_chunked<c::own_carry>>(all, "chunked: its own carry");
  by_both<flawed_chunked<c::dropped_tail>>(all, "chunked: dropped tail");
  by_both<flawed_chunked<c::identity_for_first>>(all, "chunked: identity for the first leaf");
  by_both<flawed_chunked<c::last_of_chunk_left_out>>(all, "chunked: last of a chunk left out");
  all.push_back(by_contract<flawed_chunked<c::loads_past_the_end>, serial>("chunked: loads past the end"));
  by_both<flawed_chunked<c::stores_past_the_end>>(all, "chunked: stores past the end");
  all.push_back(by_contract<flawed_chunked<c::loads_twice>, serial>("chunked: loads an element twice"));
  by_both<flawed_chunked<c::loads_after_store>>(all, "chunked: loads after it stored");
  all.push_back(by_contract<flawed_chunked<c::sixteen_bit_index>, serial>("chunked: index of sixteen bits"));
  all.push_back(by_threads<flawed_chunked<c::length_from_threads>, openmp>("chunked: length from threads"));
  using s = sequential_flaw;
  by_both<flawed_sequential<s::swapped>>(all, "sequential: swapped");
  by_both<flawed_sequential<s::skips_the_first>>(all, "sequential: skips the first");
  by_both<flawed_sequential<s::stops_one_short>>(all, "sequential: stops one short");
  all.push_back(by_contract<flawed_sequential<s::carries_into_the_next_lane>, serial>("sequential: lanes run on"));
  using d = doubling_flaw;
  by_both<flawed_doubling<d::swapped>>(all, "doubling: swapped");
  by_both<flawed_doubling<d::stops_one_step_early>>(all, "doubling: stops one step early");
  by_both<flawed_doubling<d::wrong_distance>>(all, "doubling: wrong distance");
  by_both<flawed_doubling<d::starts_one_late>>(all, "doubling: starts one late");
  // In order on one thread its first step is the whole scan, and what follows meets the zero that a start carries: no
  // recurrence can tell it from right. The contract can.
  all.push_back(by_contract<flawed_doubling<d::reads_what_it_writes>, serial>("doubling: reads what it writes"));
  using w = sweep_flaw;
  by_both<flawed_sweeps<w::swapped_going_up>>(all, "sweeps: swapped going up");
  by_both<flawed_sweeps<w::swapped_going_down>>(all, "sweeps: swapped going down");
  by_both<flawed_sweeps<w::powers_of_two_only>>(all, "sweeps: powers of two only");
  by_both<flawed_sweeps<w::last_level_left_out>>(all, "sweeps: last level left out");
  using l = look_back_flaw;
  all.push_back(by_threads<flawed_look_back<l::does_not_wait>, openmp>("look_back: does not wait"));
  all.push_back(by_threads<flawed_look_back<l::folds_backwards>, openmp>("look_back: folds backwards"));
  all.push_back(by_threads<flawed_look_back<l::skips_a_tile>, openmp>("look_back: skips a tile"));
  using h = heinsen_flaw;
  all.push_back(by_bounds<flawed_heinsen<h::lost_restart>, float>("heinsen: lost restart"));
  all.push_back(by_bounds<flawed_heinsen<h::lost_phase>, std::complex<float>>("heinsen: lost phase"));
  all.push_back(by_bounds<flawed_heinsen<h::plain_double>, double>("heinsen: sums in plain double"));
  using m = semi_log_flaw;
  all.push_back(by_bounds_of_semi_log<m::sign_of_the_later>("semi_log: sign of the later"));
  all.push_back(by_bounds_of_semi_log<m::small_a_clamped>("semi_log: small a clamped"));
  return all;
}

std::vector<trial> right() {
  std::vector<trial> all;
  by_both<flawed_chunked<chunked_flaw::none>>(all, "chunked");
  by_both<flawed_sequential<sequential_flaw::none>>(all, "sequential");
  by_both<flawed_doubling<doubling_flaw::none>>(all, "doubling");
  by_both<flawed_sweeps<sweep_flaw::none>>(all, "sweeps");
  by_both<flawed_look_back<look_back_flaw::none>>(all, "look_back");
  all.push_back(by_threads<flawed_chunked<chunked_flaw::none>, openmp>("chunked"));
  all.push_back(by_threads<flawed_look_back<look_back_flaw::none>, openmp>("look_back"));
  using right_heinsen = flawed_heinsen<heinsen_flaw::none>;
  all.push_back(by_bounds<right_heinsen, float>("heinsen"));
  all.push_back(by_bounds<right_heinsen, std::complex<float>>("heinsen"));
  all.push_back(by_bounds<right_heinsen, double>("heinsen"));
  all.push_back(by_bounds_of_semi_log<semi_log_flaw::none>("semi_log"));
  return all;
}

TEST(wrong_algorithms, are_each_rejected) {
  auto const trials = wrong();
  EXPECT_EQ(mutants_of(trials), 35);
  hold(trials, expectation::rejected);
}

TEST(wrong_algorithms, without_their_flaw_are_accepted) { hold(right(), expectation::accepted); }

}  // namespace
}  // namespace ssmscan::mutants
