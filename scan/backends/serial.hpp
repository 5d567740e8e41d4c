#pragma once
// One thread, in order: the simplest backend, and what every other must agree with.
#include <memory>
#include <utility>
#include <vector>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

// Uninitialised values in host memory, freed with the object.
template <class T>
class host_scratch {
 public:
  explicit host_scratch(index_t n) : values_(std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(n))) {}
  T* data() const { return values_.get(); }

 private:
  std::unique_ptr<T[]> values_;
};

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

  template <class Body>
  void ordered_blocks(index_t count, Body body) {
    blocks(count, body);
  }

  template <class T>
  host_scratch<T> scratch(index_t n) {
    return host_scratch<T>(n);
  }

  // In order every slot is published before it is asked for, so that nothing ever waits.
  template <class T>
  class mailbox_view {
   public:
    explicit mailbox_view(std::pair<T, bool>* slots) : slots_(slots) {}
    void publish(index_t slot, T const& value) const { slots_[slot] = {value, true}; }
    bool ready(index_t slot) const { return slots_[slot].second; }
    T const& await(index_t slot) const { return slots_[slot].first; }

   private:
    std::pair<T, bool>* slots_;
  };

  template <class T>
  class mailbox_owner {
   public:
    explicit mailbox_owner(index_t n) : slots_(static_cast<std::size_t>(n)) {}
    mailbox_view<T> boxes() { return mailbox_view<T>(slots_.data()); }

   private:
    std::vector<std::pair<T, bool>> slots_;
  };

  template <class T>
  mailbox_owner<T> mailboxes(index_t n) {
    return mailbox_owner<T>(n);
  }
};

}  // namespace ssmscan
