#pragma once
// One thread, in order: the simplest backend, and what every other must agree with.
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/host_memory.hpp>

namespace ssmscan {

class serial {
 public:
  static constexpr std::string_view name = "serial";

  template <class Body>
  void parallel_for(extent e, Body body) {
    for (index_t lane = 0; lane < e.lanes; ++lane)
      for (index_t i = 0; i < e.time; ++i) body(lane, i);
  }

  template <class Body>
  void blocks(index_t count, Body body) {
    for (index_t block = 0; block < count; ++block) body(block);
  }

  // Every slot is published before it is asked for, so that nothing ever waits.
  template <class Body>
  void ordered_blocks(index_t count, Body body) {
    blocks(count, body);
  }

  template <class T>
  host_scratch<T> scratch(index_t n) {
    return host_scratch<T>(n);
  }

  template <class T>
  host_mailboxes<T> mailboxes(index_t n) {
    return host_mailboxes<T>(n);
  }
};

}  // namespace ssmscan
