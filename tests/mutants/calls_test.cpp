// Wrong calls of a right algorithm. Each must be rejected by the law named beside it; the right call passes them all.
#include "tests/laws/exact.hpp"
#include "tests/laws/huge_strides.hpp"
#include "tests/laws/invariance.hpp"
#include "tests/laws/layout.hpp"
#include "tests/laws/many_workers.hpp"
#include "tests/laws/packed.hpp"
#include "tests/laws/signs_of_zero.hpp"
#include "tests/laws/special_values.hpp"
#include "tests/laws/split.hpp"
#include "tests/laws/symmetry.hpp"
#include "tests/mutants/flawed_calls.hpp"
#include "tests/mutants/trial.hpp"

namespace ssmscan::mutants {
namespace {

subject<float> named(std::string const& name) {
  for (auto const& s : laws::subjects<float>())
    if (s.name == name) return s;
  throw std::logic_error("no subject " + name);
}

std::vector<index_t> const lengths{0, 1, 2, 3, 7, 8, 9, 17, 33, 100, 257, 1000};

using law = laws::verdict (*)(subject<float> const&);
laws::verdict exact(subject<float> const& s) { return laws::exact_law(s, lengths); }
laws::verdict scaling(subject<float> const& s) { return laws::scaling_law(s, lengths); }
laws::verdict mirror(subject<float> const& s) { return laws::mirror_law(s, lengths); }
laws::verdict padding(subject<float> const& s) { return laws::padding_law(s, lengths); }
laws::verdict split(subject<float> const& s) { return laws::split_law(s, {9, 40}); }
laws::verdict lanes(subject<float> const& s) { return laws::lanes_law(s, lengths); }
laws::verdict repetition(subject<float> const& s) { return laws::repetition_law(s, lengths); }
laws::verdict definition(subject<float> const& s) { return laws::definition_law(s, lengths); }
laws::verdict same_tree(subject<float> const& s) { return laws::same_tree_law(s, named("chunked<8>/serial"), lengths); }
laws::verdict special(subject<float> const& s) {
  return laws::special_values_law(s, laws::special_positions(laws::effort::fast));
}
laws::verdict packed(subject<float> const& s) { return laws::packed_law(s, lengths); }
laws::verdict packed_definition(subject<float> const& s) {
  return laws::packed_definition_law(s, laws::packed_calls(lengths));
}
laws::verdict layout(subject<float> const& s) {
  auto cases = laws::every_layout(9);
  cases.push_back(laws::some_layouts(1, laws::effort::fast).front());
  return laws::layout_law(s, cases);
}
laws::verdict huge_strides(subject<float> const& s) { return laws::huge_strides_law(s); }
laws::verdict composition(subject<float> const& s) { return laws::composition_law(s, lengths); }
laws::verdict bounds(subject<float> const& s) { return on_every_family(s); }
laws::verdict signs_of_zero(subject<float> const& s) { return laws::signs_of_zero_law(s, lengths); }
laws::verdict few_steps(subject<float> const& s) { return laws::threads_law(s, lengths); }
laws::verdict long_lane(subject<float> const& s) { return laws::long_lane_law(s); }
laws::verdict wide(subject<float> const& s) { return laws::wide_law(s); }

struct named_law {
  char const* name;
  law judge;
};
constexpr named_law every_law[] = {{"exact", exact},
                                   {"scaling", scaling},
                                   {"mirror", mirror},
                                   {"padding", padding},
                                   {"split", split},
                                   {"lanes", lanes},
                                   {"repetition", repetition},
                                   {"same tree", same_tree},
                                   {"special values", special},
                                   {"packed", packed},
                                   {"packed definition", packed_definition},
                                   {"layout", layout},
                                   {"huge strides", huge_strides},
                                   {"bounds", bounds},
                                   {"composition", composition},
                                   {"signs of zero", signs_of_zero}};
constexpr named_law of_workers[] = {{"threads", few_steps}, {"long lane", long_lane}, {"wide", wide}};

trial spoiled(char const* mutant, spoil how, named_law by, subject<float> const& base) {
  subject<float> wrong = base;
  wrong.name = mutant;
  wrong.run = [how, base](recurrence<float> const& problem, int threads) { how(base, problem, threads); };
  return {mutant, by.name, [wrong, by] { return by.judge(wrong); }};
}

std::vector<trial> wrong() {
  auto const base = named("chunked<8>/serial");
  std::vector<trial> all;
  auto const add = [&](char const* mutant, spoil how, named_law by) { all.push_back(spoiled(mutant, how, by, base)); };
  add("initial state ignored", initial_ignored, {"exact", exact});
  add("initial state ignored", initial_ignored, {"split", split});
  add("initial state applied twice", initial_applied_twice, {"exact", exact});
  add("absent initial state is zero", absent_initial_read_as_zero, {"special values", special});
  add("reverse ignored", reverse_ignored, {"exact", exact});
  add("reverse ignored", reverse_ignored, {"mirror", mirror});
  add("final state not written", final_not_written, {"exact", exact});
  add("final state one step early", final_one_step_early, {"exact", exact});
  add("final state one step early", final_one_step_early, {"split", split});
  add("packing ignored", packing_ignored, {"packed", packed});
  named_law const packed_by_definition{"packed definition", packed_definition};
  add("packing ignored", packing_ignored, packed_by_definition);
  add("initial state ignored", initial_ignored, packed_by_definition);
  add("reverse ignored", reverse_ignored, packed_by_definition);
  add("final state one step early", final_one_step_early, packed_by_definition);
  add("boundary by a = 0", boundary_by_zero, {"packed", packed});
  add("changes an input", changes_an_input, {"exact", exact});
  add("clears the output first", clears_the_output_first, {"exact", exact});
  add("last lane left out", last_lane_left_out, {"layout", layout});
  add("last lane left out", last_lane_left_out, {"lanes", lanes});
  add("strides cut to 32 bits", strides_cut_to_32_bits, {"huge strides", huge_strides});
  add("sign of a lost", sign_of_a_lost, {"exact", exact});
  add("sign of a lost", sign_of_a_lost, {"bounds", bounds});
  add("small b replaced by 1e-6", small_b_replaced_by_1e_6, {"exact", exact});
  add("small b replaced by 1e-6", small_b_replaced_by_1e_6, {"bounds", bounds});
  add("NaN taken for zero", nan_taken_for_zero, {"special values", special});
  add("infinity cut to the greatest", infinity_cut_to_the_greatest, {"special values", special});
  add("a of 8 bits", a_of_bfloat16, {"bounds", bounds});
#if defined(__SSE__)
  add("subnormals flushed", subnormals_flushed, {"bounds", bounds});
#endif
  add("tree from run to run", tree_from_run_to_run, {"repetition", repetition});
  add("tree from the lanes", tree_from_lanes, {"lanes", lanes});
  add("tree of another", tree_of_another, {"same tree", same_tree});
  add("tree from the direction", tree_from_direction, {"mirror", mirror});
  add("tree from the length", prefix_from_the_length, {"padding", padding});
  add("sign of a lost", sign_of_a_lost, {"composition", composition});
  add("epsilon added", epsilon_added, {"scaling", scaling});
  add("-0 lost", minus_zero_lost, {"signs of zero", signs_of_zero});
  for (named_law const& l : {of_workers[1], of_workers[2]})
    all.push_back(spoiled("tree from many workers", tree_from_many_workers, l, named("look_back/openmp")));
  auto boundless = base;  // right, but by a tree of which its bound can say nothing
  boundless.roundings = [](index_t) { return index_t{1} << 24; };
  all.push_back({"bound that is infinite", "bounds", [boundless] { return bounds(boundless); }});
  all.push_back(spoiled("multiply, then add", not_fused, {"definition", definition}, named("sequential/serial")));
  return all;
}

#if defined(__SSE__)
constexpr index_t spoiled_calls = 28;
#else
constexpr index_t spoiled_calls = 27;
#endif

TEST(wrong_calls, are_each_rejected) {
  auto const trials = wrong();
  EXPECT_EQ(mutants_of(trials), spoiled_calls);
  hold(trials, expectation::rejected);
}

TEST(wrong_calls, without_their_flaw_are_accepted) {
  std::vector<trial> right;
  auto const base = named("chunked<8>/serial");
  for (named_law const& l : every_law) right.push_back({"chunked<8>", l.name, [&, l] { return l.judge(base); }});
  auto const many = named("look_back/openmp");  // the tuned form
  for (named_law const& l : of_workers) right.push_back({"look_back", l.name, [&, l] { return l.judge(many); }});
  auto const definite = named("sequential/serial");
  right.push_back({"sequential", "definition", [&] { return definition(definite); }});
  hold(right, expectation::accepted);
}

// What a law is there for: all others take these.
TEST(wrong_calls, that_only_one_law_rejects) {
  std::vector<trial> trials;
  for (named_law const& l : every_law)
    if (l.judge != signs_of_zero) trials.push_back(spoiled("-0 lost", minus_zero_lost, l, named("chunked<8>/serial")));
  for (named_law const& l : {of_workers[0], named_law{"exact", exact}, named_law{"lanes", lanes}})
    trials.push_back(spoiled("tree from many workers", tree_from_many_workers, l, named("look_back/openmp")));
  hold(trials, expectation::accepted);
}

}  // namespace
}  // namespace ssmscan::mutants
