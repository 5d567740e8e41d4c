// A benchmark binary in which one contender combines in the wrong order and one throws: programs_test.py holds what must
// come of it.
#include <stdexcept>

#include "bench/common/main.hpp"
#include "bench/common/timing.hpp"

namespace {

using namespace ssmscan::bench;

enum class order { right, swapped, throws };

contender<float> loop(order how) {
  auto const prepare = [=](problem<float>& on, int) {
    auto const pass = [how, &on] {
      if (how == order::throws) throw std::runtime_error("no memory, say");
      float x = 0;
      for (std::size_t t = 0; t < on.x.size(); ++t)
        on.x[t] = x = how == order::right ? on.a[t] * x + on.b[t] : on.a[t] * (x + on.b[t]);
    };
    return prepared{.pass = pass, .promised = {.right_steps = 1, .rounding = rounding::apart}};
  };
  auto const* const name = how == order::right ? "right" : how == order::swapped ? "swapped" : "throws";
  return {name, "", "serial", [](auto const&) { return true; }, prepare};
}

}  // namespace

int main(int argc, char** argv) {
  return run_main(argc, argv, [](options const& given) {
    auto const shared = std::make_shared<session>("throughput", given);
    for (auto const how : {order::right, order::swapped, order::throws})
      add_case<float>(shared, loop(how), {.lanes = 1, .time = 1000});
  });
}
