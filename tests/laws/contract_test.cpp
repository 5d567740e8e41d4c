#include "tests/laws/contract.hpp"

#include "tests/laws/exact.hpp"
#include "tests/laws/suite.hpp"
#include "tests/laws/tiles_of_8.hpp"
#include "tests/must_take.hpp"

namespace ssmscan::laws {
namespace {

std::vector<contractor> contractors() {
  std::vector<contractor> all;
  auto const add = [&]<class A>(std::string const& name) {
    backends::for_each([&]<class B>(std::type_identity<B>) {
      if constexpr (supports<A, B, stretches>) all.push_back(contractor_of<A, B>(name));
    });
  };
  algorithms::for_each([&]<class A>(std::type_identity<A>) { add.template operator()<A>(std::string(A::info.name)); });
  short_tiled::for_each(
      [&]<class A>(std::type_identity<A>) { add.template operator()<A>(std::string(A::info.name) + "<8>"); });
  return all;
}

// Every tree of combines takes any monoid on any backend that it takes at all; only a reformulation may need a particular one.
TEST(contract, every_tree_has_signed_it) {
  EXPECT_EQ(static_cast<index_t>(contractors().size()),
            tests::trees_on_backends<algorithms>() + tests::trees_on_backends<short_tiled>());
}

TEST(contract, every_length) {
  auto lengths = exact_lengths(chosen_effort());
  lengths.insert(lengths.end(), {4095, 4096, 4097, 8191, 8192, 8193, 65537, 100003});
  index_t judged = 0;
  for (contractor const& c : contractors()) {
    verdict const found = contract_law(c, {1, 3}, lengths);
    EXPECT_EQ(found.failure, "");
    EXPECT_EQ(found.cases, 2 * size_of(lengths)) << c.name;
    judged += found.cases;
  }
  tally::add(judged);
}

}  // namespace
}  // namespace ssmscan::laws
