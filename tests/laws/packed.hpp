#pragma once
// Packed sequences are the sequences one by one: bit for bit on exact data, and on any data where the tree is the
// definition's left fold; empty ones leave their initial state as their final one; a reset mask says what offsets say;
// a NaN in one sequence leaves every other sequence's bits alone. And they are the definition's. All on views, places of x
// and threads that turn from case to case (packing.hpp).
#include "tests/laws/exact_data.hpp"
#include "tests/laws/packing.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

namespace ssmscan::laws {

// Sequences of some kind, and of each an initial state where the case has one.
template <class T>
sequences<T> packed_any(random_stream& random, packed_case const& c, index_t lanes, std::vector<index_t> offsets) {
  auto made = random_sequences<T>(random.bits(), lanes, c.time, initial_state::absent);
  made.offsets = std::move(offsets);
  if (c.initial == initial_state::given)
    made.initial = random_sequences<T>(random.bits(), lanes, made.segments(), initial_state::absent).b;
  return made;
}
template <class T>
sequences<T> packed_exact(random_stream& random, packed_case const& c, index_t lanes, std::vector<index_t> offsets) {
  sequences<T> made{lanes, c.time, {}, {}};
  for (index_t k = 0; k < lanes * c.time; ++k) {
    made.a.push_back(exact_coefficient<T>(random, 50));
    made.b.push_back(exact_summand<T>(random));
  }
  made.offsets = std::move(offsets);
  if (c.initial == initial_state::given)
    for (index_t k = 0; k < lanes * made.segments(); ++k) made.initial.push_back(exact_summand<T>(random));
  return made;
}

// The same answer, one call for each sequence, all on one thread.
template <class T>
outcome<T> one_by_one(subject<T> const& s, sequences<T> const& given, direction d) {
  auto const& offsets = given.offsets;
  index_t const segments = given.segments();
  outcome<T> made{std::vector<T>(given.b.size()), std::vector<T>(static_cast<std::size_t>(given.lanes * segments)), ""};
  for (index_t k = 0; k < segments; ++k) {
    index_t const begin = offsets[static_cast<std::size_t>(k)], end = offsets[static_cast<std::size_t>(k) + 1];
    sequences<T> one{given.lanes, end - begin, cut(given.a, given.lanes, given.time, begin, end),
                     cut(given.b, given.lanes, given.time, begin, end)};
    if (!given.initial.empty()) one.initial = cut(given.initial, given.lanes, segments, k, k + 1);
    outcome<T> const part = call(s, one, d, aliasing::apart, 1);
    made.fault += part.fault;
    for (index_t lane = 0; lane < given.lanes; ++lane) {
      std::copy(part.x.begin() + lane * (end - begin), part.x.begin() + (lane + 1) * (end - begin),
                made.x.begin() + lane * given.time + begin);
      made.final[static_cast<std::size_t>(lane * segments + k)] = part.final[static_cast<std::size_t>(lane)];
    }
  }
  return made;
}

// Every element of any data against the bound of its own sequence.
template <class T>
std::string outside_packed(subject<T> const& s, sequences<T> const& given, outcome<T> const& got, direction d) {
  if (!got.fault.empty()) return got.fault;
  index_t const segments = given.segments(), n = given.time;
  for (index_t lane = 0; lane < given.lanes; ++lane)
    for (index_t k = 0; k < segments; ++k) {
      auto const segment = [&](std::vector<T> const& v) {
        std::vector<T> made(v.begin() + lane * n + given.offsets[static_cast<std::size_t>(k)],
                            v.begin() + lane * n + given.offsets[static_cast<std::size_t>(k) + 1]);
        if (d == direction::reverse) std::reverse(made.begin(), made.end());
        return made;
      };
      auto const a = segment(given.a), b = segment(given.b), x = segment(got.x);
      auto const at = static_cast<std::size_t>(lane * segments + k);
      std::optional<T> const initial = given.initial.empty() ? std::nullopt : std::optional(given.initial[at]);
      T const last = !x.empty() ? x.back() : initial.value_or(T(0));
      if (!same_bits(last, got.final[at])) return "final is not the last x of sequence " + std::to_string(k);
      if (!has_a_bound(s)) continue;
      // The tree spans all sequences, so its depth is that of the whole length.
      std::string const wrong = yardstick<T>(a, b, initial).outside(s, x.data(), static_cast<index_t>(x.size()), n);
      if (!wrong.empty()) return wrong + " of sequence " + std::to_string(k);
    }
  return "";
}

template <class T>
std::string exact_data_broken(subject<T> const& s, packed_case const& c, random_stream& random,
                              surroundings const& around) {
  auto const dense = packed_exact<T>(random, c, around.lanes(), random_offsets(random, c.time, empty_ones::some));
  laid_out<T> const views(around.where, dense, around.alias);
  return difference(one_by_one(s, views.given(), c.order), views.call(s, c.order, around.threads));
}

template <class T>
std::string any_data_broken(subject<T> const& s, packed_case const& c, random_stream& random,
                            surroundings const& around) {
  auto const dense = packed_any<T>(random, c, around.lanes(), random_offsets(random, c.time, empty_ones::some));
  laid_out<T> const views(around.where, dense, around.alias);
  outcome<T> const got = views.call(s, c.order, around.threads);
  if constexpr (!std::same_as<T, std::uint32_t>)
    if (!s.is_the_definition()) return outside_packed(s, views.given(), got, c.order);
  return difference(one_by_one(s, views.given(), c.order), got);
}

// A NaN in one place of a and of b: no bit of another sequence changes.
template <class T>
std::string nan_crosses(subject<T> const& s, packed_case const& c, random_stream& random, surroundings const& around) {
  auto dense = packed_any<T>(random, c, around.lanes(), random_offsets(random, c.time, empty_ones::some));
  outcome<T> const clean = call(s, dense, c.order, aliasing::apart, 1);
  index_t const lane = random.below(dense.lanes), t = random.below(c.time), position = lane * c.time + t;
  auto const nan = T(std::numeric_limits<reference::real_t<T>>::quiet_NaN());
  dense.a[static_cast<std::size_t>(position)] = dense.b[static_cast<std::size_t>(position)] = nan;
  outcome<T> const got = laid_out<T>(around.where, dense, around.alias).call(s, c.order, around.threads);
  auto const after = std::upper_bound(dense.offsets.begin(), dense.offsets.end(), t);
  index_t const begin = lane * c.time + *(after - 1), end = lane * c.time + *after;
  for (index_t k = 0; k < dense.lanes * c.time; ++k)
    if ((k < begin || k >= end) && !same_bits(clean.x[static_cast<std::size_t>(k)], got.x[static_cast<std::size_t>(k)]))
      return "NaN crossed to place " + std::to_string(k);
  return got.fault;
}

// By a reset mask instead of offsets, none of which are of an empty sequence.
template <class T>
sequences<T> masked(sequences<T> dense, packed_case const& c) {
  dense.reset.assign(static_cast<std::size_t>(c.time), 0);
  for (std::size_t k = 0; k + 1 < dense.offsets.size(); ++k)
    dense.reset[static_cast<std::size_t>(dense.offsets[k])] = 255;
  if (c.packing % 2 == 0) dense.reset[0] = 0;  // one starts at 0 in any case
  dense.offsets.clear();
  return dense;
}

template <class T>
std::string mask_broken(subject<T> const& s, packed_case const& c, random_stream& random, surroundings const& around) {
  auto const offsets = random_offsets(random, c.time, empty_ones::none);  // a mask cannot say "empty"
  laid_out<T> const views(around.where, masked(packed_any<T>(random, c, around.lanes(), offsets), c), around.alias);
  auto with_offsets = views.given();
  with_offsets.reset.clear(), with_offsets.offsets = offsets;
  return difference(call(s, with_offsets, c.order, aliasing::apart, 1), views.call(s, c.order, around.threads));
}

// The parts that speak of the subject and the length.
template <class T>
std::vector<packed_part> packed_parts(subject<T> const& s, index_t n) {
  std::vector<packed_part> parts;
  if (s.exact_on_exact_data()) parts.push_back(packed_part::exact_data);
  parts.push_back(packed_part::any_data);
  if (!std::same_as<T, std::uint32_t> && n > 0) parts.push_back(packed_part::nan_in_one);
  if (n > 0) parts.push_back(packed_part::reset_mask);
  return parts;
}

template <class T>
std::string packed_broken(subject<T> const& s, packed_case const& c, packed_part part) {
  random_stream random(static_cast<std::uint64_t>(c.number(part)));
  auto const judge = [&](auto law) { return law(s, c, random, surroundings_of(c, part)); };
  if (part == packed_part::exact_data) return judge(exact_data_broken<T>);
  if (part == packed_part::reset_mask) return judge(mask_broken<T>);
  if constexpr (!std::same_as<T, std::uint32_t>)
    if (part == packed_part::nan_in_one) return judge(nan_crosses<T>);
  return judge(any_data_broken<T>);
}

// In the order of their numbers of threads: an OpenMP runtime ends and starts threads where that number changes.
template <class T>
verdict packed_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  struct part_of_case {
    packed_case of;
    packed_part part;
    int threads;
  };
  std::vector<part_of_case> all;
  for (packed_case const& c : packed_cases(lengths))
    for (packed_part const part : packed_parts(s, c.time)) all.push_back({c, part, surroundings_of(c, part).threads});
  std::ranges::stable_sort(all, {}, &part_of_case::threads);
  verdict found;
  for (auto const& [c, part, threads] : all) {
    found.add(packed_broken(s, c, part), [&s, &c = c, part = part] {
      return place(s, c.time, c.order) + ", " + std::string(to_string(part)) + ", packing " +
             std::to_string(c.packing) + (c.initial == initial_state::given ? ", with initial states" : "");
    });
    if (!found.holds()) return found;
  }
  return found;
}

template <class T>
index_t packed_cases_needed(subject<T> const& s, std::vector<index_t> const& lengths) {
  index_t const exact = s.exact_on_exact_data(), any = 1, nan = !std::same_as<T, std::uint32_t>, mask = 1;
  index_t const directions = 2, initial_states = 2;
  index_t needed = 0;
  for (index_t const n : lengths)
    needed += packings_of(n) * directions * initial_states * (n > 0 ? exact + any + nan + mask : exact + any);
  return needed;
}

// The definition of exact data, sequence by sequence, in integers.
template <class T>
outcome<T> defined_one_by_one(sequences<T> const& given, direction d) {
  index_t const segments = given.segments(), n = given.time;
  outcome<T> made{std::vector<T>(given.b.size()), {}, ""};
  for (index_t lane = 0; lane < given.lanes; ++lane)
    for (index_t k = 0; k < segments; ++k) {
      index_t const begin = given.offsets[static_cast<std::size_t>(k)],
                    end = given.offsets[static_cast<std::size_t>(k) + 1], at = lane * n + begin;
      T const* const initial =
          given.initial.empty() ? nullptr : &given.initial[static_cast<std::size_t>(lane * segments + k)];
      define(given.a.data() + at, given.b.data() + at, initial, end - begin, d, made.x.data() + at);
      index_t const last = lane * n + (d == direction::forward ? end - 1 : begin);
      made.final.push_back(begin < end ? made.x[static_cast<std::size_t>(last)] : initial != nullptr ? *initial : T(0));
    }
  return made;
}

// One call: by offsets or, as a part says, by a mask.
struct packed_call {
  packed_case of;
  packed_part part;
  surroundings around;
};
// Each length cut one way: either way by which it is told, both directions, with initial states and without.
inline std::vector<packed_call> packed_calls(std::vector<index_t> const& lengths) {
  std::vector<packed_call> all;
  for (packed_case const& c : packed_cases(lengths))
    for (packed_part const part : {packed_part::exact_data, packed_part::reset_mask})
      if (c.packing == 0 && c.time > 0) all.push_back({c, part, surroundings_of(c, part)});
  return all;
}

template <class T>
std::string definition_broken(subject<T> const& s, packed_call const& how) {
  auto const& [c, part, around] = how;
  random_stream random(c.number(part));
  bool const by_mask = part == packed_part::reset_mask;
  auto const offsets = random_offsets(random, c.time, by_mask ? empty_ones::none : empty_ones::some);
  auto const dense = s.exact_on_exact_data() ? packed_exact<T>(random, c, around.lanes(), offsets)
                                             : packed_any<T>(random, c, around.lanes(), offsets);
  laid_out<T> const views(around.where, by_mask ? masked(dense, c) : dense, around.alias);
  outcome<T> const got = views.call(s, c.order, around.threads);
  auto given = views.given();
  given.reset.clear(), given.offsets = offsets;
  if constexpr (!std::same_as<T, std::uint32_t>)
    if (!s.exact_on_exact_data()) return outside_packed(s, given, got, c.order);
  return difference(defined_one_by_one(given, c.order), got);
}

// Packed sequences are what the definition says, or inside their bound where a subject reformulates. The subject is called once a case,
// so that it is a law for calls that are dear.
template <class T>
verdict packed_definition_law(subject<T> const& s, std::vector<packed_call> const& calls) {
  verdict found;
  for (packed_call const& how : calls) {
    found.add(definition_broken(s, how), [&] {
      return place(s, how.of.time, how.of.order) + ", " + std::string(to_string(how.part)) + ", x " +
             std::string(how.around.where.x.name) +
             (how.of.initial == initial_state::given ? ", with initial states" : "");
    });
    if (!found.holds()) return found;
  }
  return found;
}

}  // namespace ssmscan::laws
