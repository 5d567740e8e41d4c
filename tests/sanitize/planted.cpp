// One fault by name, so that a sanitizer build shows that it would see such a one: overrun, leak, overflow or race.
#include <cstdio>
#include <limits>
#include <string_view>
#include <vector>

namespace {

void overrun(std::vector<int>& values) { *(values.data() + values.size()) = 1; }

int* volatile kept;
void leak() {
  kept = new int(1);
  kept = nullptr;
}

int overflow(int most) { return most + 1; }

void race(int& shared) {
#pragma omp parallel num_threads(4)
  for (int k = 0; k < 1000; ++k) ++shared;
}

}  // namespace

int main(int count, char** words) {
  std::string_view const fault = count == 2 ? words[1] : "";
  int shared = 0;
  std::vector<int> values(static_cast<std::size_t>(count));
  if (fault == "overrun")
    overrun(values);
  else if (fault == "leak")
    leak();
  else if (fault == "overflow")
    shared = overflow(std::numeric_limits<int>::max() - 2 + count);
  else if (fault == "race")
    race(shared);
  else {
    std::fprintf(stderr, "planted: got \"%s\"; need overrun, leak, overflow or race\n", words[count - 1]);
    return 2;
  }
  std::printf("%s went unseen (%d)\n", words[1], shared);
}
