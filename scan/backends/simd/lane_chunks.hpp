#pragma once
// A lane as chunks, and how a problem's stores are best written.
#include <unistd.h>

#include <ssmscan/scan/backends/simd/functions.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {

// Past the cache where what is written, and what was read for it, will have left it before anyone asks. No bit depends on
// it.
template <class T>
write best_write(detail::recurrence_problem<T> const& p) {
  static double const last_cache = [] {
    long bytes = -1;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    return bytes > 0 ? static_cast<double>(bytes) : 32e6;
  }();
  double const moved = 3.0 * sizeof(T) * static_cast<double>(p.size.lanes) * static_cast<double>(p.size.time);
  bool const in_place = p.size.lanes > 0 && p.size.time > 0 && (&p.x(0, 0) == &p.a(0, 0) || &p.x(0, 0) == &p.b(0, 0));
  return moved > 2 * last_cache && !in_place ? write::past_the_cache : write::through_the_cache;
}

template <class T>
class lane_chunks {
 public:
  lane_chunks(detail::recurrence_problem<T> const& p, write how) : p_(&p), how_(how) {}

  index_t count() const { return detail::ceil_div(p_->size.time, chunk); }

  // Runs body(source, sink) for chunk k of a lane.
  template <class Body>
  auto with(index_t lane, index_t k, Body const& body) const {
    index_t const begin = k * chunk, n = std::min(chunk, p_->size.time - begin);
    bool const stepped = p_->size.time > 1;  // a stride that is never stepped along may be anything
    index_t const a_stride = stepped ? p_->a.time_stride() : 1, b_stride = stepped ? p_->b.time_stride() : 1;
    T const first = k > 0         ? T(0)
                    : p_->initial ? multiply_add(p_->a(lane, 0), p_->initial(lane, 0), p_->b(lane, 0))
                                  : p_->b(lane, 0);
    chunk_source<T> const in{&p_->a(lane, begin),      &p_->b(lane, begin), a_stride, b_stride, n,
                             k == 0 ? &first : nullptr};
    return body(in, chunk_sink<T>{&p_->x(lane, begin), stepped ? p_->x.time_stride() : 1, how_});
  }

  void finish(index_t lane) const {
    if (p_->final) p_->final(lane, 0) = p_->x(lane, p_->size.time - 1);
  }

 private:
  detail::recurrence_problem<T> const* p_;
  write how_;
};

// As many as the backend has, and as the work is worth.
template <class B>
index_t workers_for(B& on, extent size) {
  constexpr index_t least_share = 2 * chunk;
  index_t threads = 1;
  if constexpr (requires { on.threads(); }) threads = on.threads();
  return std::clamp<index_t>(size.lanes * size.time / least_share, 1, threads);
}

}  // namespace ssmscan::simd
