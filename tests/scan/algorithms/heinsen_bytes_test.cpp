// heinsen's info.bytes, counted: what each inner algorithm moves through its own scratch, and heinsen's leaves and a* by the
// calls in which it gets at them.
#include "tests/scan/algorithms/heinsen_common.hpp"
#include "tests/scan/reference/ledger.hpp"

namespace ssmscan::heinsen_tests {
namespace {

using reference::counting_backend;
using reference::kept;
using reference::traced;
using reference::traced_monoid;

constexpr index_t log_value = 32;  // bytes of a traced value in scratch: log_number and its flags

// Stand-ins for heinsen's two arrays, one mark for each element.
struct own_arrays {
  std::vector<traced> leaves, products;
  int sums = 0;  // that have begun
};
own_arrays* own = nullptr;

// Inner, with its values traced, and each of its loads and stores noted for what heinsen does in it: the first sum writes a
// leaf as it loads and a* as it stores; the second reads both in either.
template <class Inner>
struct noting {
  static constexpr algorithm_info info = Inner::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    static_assert(sizeof(typename M::value_type) == log_value);
    bool const first = own->sums++ == 0;
    auto const at = [](index_t t) { return static_cast<std::size_t>(t); };
    auto const reads = [=](index_t t) { kept.read(&own->leaves[at(t)]), kept.read(&own->products[at(t)]); };
    using value = typename traced_monoid<M>::value_type;
    Inner::inclusive(
        on, traced_monoid<M>{combine}, e,
        [=](index_t lane, index_t t) {
          first ? kept.wrote(&own->leaves[at(t)]) : reads(t);
          return value{load(lane, t), {}};
        },
        [=](index_t lane, index_t t, value const& prefix) {
          kept.read(&prefix.mark);
          first ? kept.wrote(&own->products[at(t)]) : reads(t);
          store(lane, t, prefix.value);
        });
  }
};

template <class Inner>
index_t bytes_moved(index_t n) {
  constexpr index_t element = sizeof(float), leaf = 2 * element;  // b and its flag
  own_arrays arrays{std::vector<traced>(static_cast<std::size_t>(n)), std::vector<traced>(static_cast<std::size_t>(n))};
  own = &arrays;
  kept = {};
  kept.add(arrays.leaves.data(), n, leaf);
  kept.add(arrays.products.data(), n, log_value);
  index_t loads = 0, stores = 0;
  counting_backend<log_value> on;
  scan(
      on, basic_heinsen<noting<Inner>>{}, affine<float>{}, {1, n},
      [&](index_t, index_t) {
        ++loads;
        return affine_map<float>{0.5F, 1};
      },
      [&](index_t, index_t, affine_map<float> const&) { ++stores; });
  return 2 * element * loads + element * stores + kept.moved();
}

TEST(heinsen, moves_the_bytes_it_states) {
  inner_algorithms::for_each([]<class Inner>(std::type_identity<Inner>) {
    for (index_t const n : {1, 2, 5, 16, 17, 64, 1000, 4096, 4097, 9001}) {
      auto const counted = static_cast<double>(bytes_moved<Inner>(n));
      // Five sums and products of what are whole numbers over n, each with a rounding.
      EXPECT_NEAR(basic_heinsen<Inner>::info.bytes(n, sizeof(float)) * static_cast<double>(n), counted,
                  counted * 6 * 0x1p-53)
          << Inner::info.name << ", " << n;
    }
  });
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
