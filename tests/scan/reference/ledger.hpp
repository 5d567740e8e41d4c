#pragma once
// A ledger of what a scan moves through scratch: a backend that knows which body runs and where its scratch is, and values
// that say when they are read and written. What a body touches again is in its cache, so that within a body each place
// counts once each way, and a read of what the body has written does not count.
#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include <ssmscan/scan/backends/serial.hpp>

namespace ssmscan::reference {

class ledger {
 public:
  void begin_body() {
    most_in_one_body_ = std::max(most_in_one_body_, static_cast<index_t>(read_here_.size() + written_here_.size()));
    read_here_.clear(), written_here_.clear();
  }
  // n values, each of which moves `weight`.
  template <class T>
  void add(T const* begin, index_t n, index_t weight) {
    scratch_.push_back(
        {reinterpret_cast<std::byte const*>(begin), reinterpret_cast<std::byte const*>(begin + n), weight});
  }
  void read(void const* place) {
    if (!written_here_.contains(place) && weight_of(place) > 0 && read_here_.insert(place).second)
      moved_ += weight_of(place);
  }
  void wrote(void const* place) {
    if (weight_of(place) > 0 && written_here_.insert(place).second) moved_ += weight_of(place);
  }
  index_t moved() const { return moved_; }
  index_t most_in_one_body() const { return most_in_one_body_; }

 private:
  struct range {
    std::byte const *begin, *end;
    index_t weight;
  };
  index_t weight_of(void const* place) const {
    auto const* const at = static_cast<std::byte const*>(place);
    for (range const& r : scratch_)
      if (!std::less{}(at, r.begin) && std::less{}(at, r.end)) return r.weight;
    return 0;  // not scratch
  }

  std::vector<range> scratch_;
  std::unordered_set<void const*> read_here_, written_here_;  // by the body that runs
  index_t moved_ = 0, most_in_one_body_ = 0;
};

// The one that is kept: values cannot be told of another.
inline ledger kept;

struct traced {
  traced() = default;
  traced(traced const& other) { kept.read(&other), kept.wrote(this); }
  traced& operator=(traced const& other) {
    kept.read(&other), kept.wrote(this);
    return *this;
  }
};

// Any monoid, its values traced; and the monoid of nothing else.
template <class M>
struct traced_monoid {
  struct value_type {
    typename M::value_type value;
    traced mark;
  };
  M combine{};
  value_type identity() const { return {combine.identity(), {}}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    kept.read(&earlier.mark), kept.read(&later.mark);
    return {combine(earlier.value, later.value), {}};
  }
};

// Serial, with the ledger told of bodies, scratch and mailboxes. Weight: of a traced value in scratch.
template <index_t Weight>
struct counting_backend {
  static constexpr std::string_view name = "counting";

  template <class Body>
  void parallel_for(extent e, Body body) {
    serial{}.parallel_for(e, [&](index_t lane, index_t i) { kept.begin_body(), body(lane, i); });
  }
  template <class Body>
  void blocks(index_t count, Body body) {
    serial{}.blocks(count, [&](index_t block) { kept.begin_body(), body(block); });
  }
  template <class Body>
  void ordered_blocks(index_t count, Body body) {
    blocks(count, body);
  }
  template <class T>
  host_scratch<T> scratch(index_t n) {
    host_scratch<T> made(n);
    kept.add(made.data(), n, Weight);
    return made;
  }

  template <class T>
  struct mailboxes_of {
    host_scratch<T> values;
    std::unique_ptr<bool[]> published;
    struct view {
      T* values;
      bool* published;
      void publish(index_t slot, T const& value) const { values[slot] = value, published[slot] = true; }
      bool ready(index_t slot) const { return published[slot]; }
      T const& await(index_t slot) const { return values[slot]; }
    };
    view boxes() const { return {values.data(), published.get()}; }
  };
  template <class T>
  mailboxes_of<T> mailboxes(index_t n) {
    return {scratch<T>(n), std::make_unique<bool[]>(static_cast<std::size_t>(n))};
  }
};

}  // namespace ssmscan::reference
