#pragma once
// Says on stderr that something is under way: on a terminal one line that counts the seconds and is wiped in the end, else
// a line every half minute. Never on stdout. NO_COLOR is honoured.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ssmscan::cli {

class progress {
 public:
  explicit progress(std::string what);
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress();

 private:
  void run();

  std::string what_;
  std::mutex guard_;
  std::condition_variable ended_;
  enum class state { running, over } state_ = state::running;
  std::thread teller_;  // last: it uses all of the above
};

}  // namespace ssmscan::cli
