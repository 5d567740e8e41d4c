#pragma once
// Counters of tickets (tickets.cuh) for calls that are captured in a graph: of the library's own device memory, as what is in a
// workspace may be another's between two replays.
#include <cuda_runtime_api.h>

namespace ssmscan::device {

// One for a call that is being captured on the stream, of the current device: n * 2^32 after n replays, but for what whoever had it
// before counted. It is the call's until the graph and all that was made of it are gone. Null where all 65,536 are taken, by calls on
// whatever devices, or CUDA refuses.
unsigned long long* counter_of_replays(cudaStream_t capturing);

}  // namespace ssmscan::device
