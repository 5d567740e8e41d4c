#include "progress.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace ssmscan::cli {
namespace {

using namespace std::chrono_literals;

bool on_a_terminal() {
  static bool const is = isatty(STDERR_FILENO) == 1;
  return is;
}

// A block that runs to and fro: how much is left is not known.
std::string bar(long tick) {
  long constexpr width = 20, block = 5, turn = width - block;
  long const at = tick % (2 * turn) < turn ? tick % turn : turn - tick % turn;
  std::string made(static_cast<std::size_t>(width), '.');
  return made.replace(static_cast<std::size_t>(at), static_cast<std::size_t>(block), static_cast<std::size_t>(block),
                      '#');
}

}  // namespace

progress::progress(std::string what) : what_(std::move(what)), teller_([this] { run(); }) {}

progress::~progress() {
  {
    std::scoped_lock const lock(guard_);
    state_ = state::over;
  }
  ended_.notify_all();
  teller_.join();
}

void progress::run() {
  bool const terminal = on_a_terminal();
  bool const color = terminal && std::getenv("NO_COLOR") == nullptr;
  auto const begin = std::chrono::steady_clock::now();
  auto const period = terminal ? std::chrono::milliseconds(200) : std::chrono::milliseconds(30s);
  long tick = 0;
  std::unique_lock lock(guard_);
  while (!ended_.wait_for(lock, period, [this] { return state_ == state::over; })) {
    auto const seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
    if (terminal) {
      fmt::print(stderr, "\r{}[{}]{} {} {} s", color ? "\x1b[36m" : "", bar(tick++), color ? "\x1b[0m" : "", what_,
                 seconds);
      std::fflush(stderr);
    } else {
      fmt::print(stderr, "{}: {} s\n", what_, seconds);
    }
  }
  if (terminal && tick > 0) fmt::print(stderr, "\r{:<{}}\r", "", what_.size() + 40);  // 40: the bar and the seconds
}

}  // namespace ssmscan::cli
