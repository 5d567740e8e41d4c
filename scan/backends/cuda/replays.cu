#include <cstdint>
#include <mutex>
#include <vector>

#include <ssmscan/scan/backends/cuda/replays.hpp>

namespace ssmscan::device {
namespace {

constexpr std::uint32_t most = 65536;
__device__ unsigned long long counters[most];  // each device has them all; zero from the beginning

// Which of them are nobody's. Never destroyed, as graphs may go after main has returned.
class places {
 public:
  static places& all() {
    static places* const one = new places;
    return *one;
  }
  // `most` where there is none.
  std::uint32_t take() {
    std::lock_guard const lock(mutex_);
    if (returned_.empty()) return untouched_ < most ? untouched_++ : most;
    std::uint32_t const place = returned_.back();
    returned_.pop_back();
    return place;
  }
  void give_back(std::uint32_t place) {
    std::lock_guard const lock(mutex_);
    returned_.push_back(place);
  }

 private:
  places() { returned_.reserve(most); }  // so that giving back, in a callback of CUDA's, cannot throw

  std::mutex mutex_;
  std::vector<std::uint32_t> returned_;
  std::uint32_t untouched_ = 0;
};

// By a thread of CUDA's, when the last graph that holds the place is gone and its runs are over.
void CUDART_CB give_back(void* place) {
  places::all().give_back(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(place)));
}

// From here on the graph holds the place. False, and nobody does, where CUDA refuses.
bool is_held_by(cudaGraph_t graph, std::uint32_t place) {
  cudaUserObject_t held = nullptr;
  auto* const as_pointer = reinterpret_cast<void*>(std::uintptr_t{place});
  if (cudaUserObjectCreate(&held, as_pointer, &give_back, 1, cudaUserObjectNoDestructorSync) != cudaSuccess) {
    give_back(as_pointer);
    return false;
  }
  if (cudaGraphRetainUserObject(graph, held, 1, cudaGraphUserObjectMove) == cudaSuccess) return true;
  (void)cudaUserObjectRelease(held, 1);  // gives it back
  return false;
}

}  // namespace

unsigned long long* counter_of_replays(cudaStream_t capturing) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cudaGraph_t graph = nullptr;
  void* first = nullptr;
  if (cudaStreamGetCaptureInfo(capturing, &status, nullptr, &graph) == cudaSuccess &&
      cudaGetSymbolAddress(&first, counters) == cudaSuccess) {
    std::uint32_t const place = graph != nullptr ? places::all().take() : most;
    if (place == most) return nullptr;
    if (is_held_by(graph, place)) return static_cast<unsigned long long*>(first) + place;
  }
  (void)cudaGetLastError();  // of the call that failed
  return nullptr;
}

}  // namespace ssmscan::device
