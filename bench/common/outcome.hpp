#pragma once
// Why a benchmark has no speed, told by the beginning of its record's message; and what the process then ends with.
namespace ssmscan::bench {

// Left out by rule: no failure.
inline constexpr char const* not_run = "not run: ";

// The result is wrong: a verification failed. Any other message is a run that failed, by an exception.
inline constexpr char const* wrong_result = "wrong result: ";

enum exit_code : int { exit_good = 0, exit_wrong_result = 1, exit_usage = 2, exit_failed = 3, exit_nothing_ran = 77 };

}  // namespace ssmscan::bench
