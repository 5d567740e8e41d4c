#include "bench/common/names.hpp"

namespace ssmscan::bench {

std::string benchmark_name::text() const {
  std::string name = question + "/" + operation + "." + dtype + "/" + algorithm + "/" + backend +
                     "/lanes:" + std::to_string(lanes) + "/time:" + std::to_string(time);
  auto const add = [&](bool given, std::string const& key, std::string const& value) {
    if (given) name += "/" + key + ":" + value;
  };
  add(layout == ssmscan::layout::time_major, "layout", "time_major");
  add(!family.empty(), "family", family);
  add(threads != 0, "threads", std::to_string(threads));
  add(reverse, "direction", "reverse");
  add(packed != 0, "packed", std::to_string(packed));
  add(!state.empty(), "state", state);
  add(cold, "cache", "cold");
  add(state_size != 0, "N", std::to_string(state_size));
  add(hidden != 0, "H", std::to_string(hidden));
  add(!inner.empty(), "inner", inner);
  return name;
}

char const* const name_pattern =
    "^(throughput|latency|accuracy|ssm)/"
    "(affine|semi_log|selective|kernel|convolution|layer|decode)\\.(f32|f64|c64|c128|u32|bf16|f16)/"
    "[a-z][a-z0-9_]*(\\.[a-z0-9_]+)?/(serial|openmp|cuda)/lanes:[0-9]+/time:[0-9]+"
    "(/layout:time_major)?(/family:[a-z0-9_-]+)?(/threads:[0-9]+)?(/direction:reverse)?(/packed:[0-9]+)?"
    "(/state:[a-z0-9_]+)?(/cache:cold)?(/N:[0-9]+)?(/H:[0-9]+)?(/inner:[a-z0-9_.]+)?"
    "(/(real_time|manual_time)(_(mean|median|stddev|cv))?)?$";

}  // namespace ssmscan::bench
