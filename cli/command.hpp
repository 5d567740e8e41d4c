#pragma once
// A command adds its options to the program; parsing chooses the action, which runs afterwards and gives the exit code.
// Bad input is std::invalid_argument with "ARGUMENT: got GIVEN; need NEEDED"; any other exception is a run-time failure.
#include <functional>

#include <CLI/CLI.hpp>

namespace ssmscan::cli {

enum exit_code : int { good = 0, verification_failed = 1, bad_input = 2, run_time_failure = 3, skipped = 77 };

using action = std::function<int()>;

void add_info(CLI::App& program, action& chosen);
void add_kernel(CLI::App& program, action& chosen);
void add_list(CLI::App& program, action& chosen);
void add_mamba(CLI::App& program, action& chosen);
void add_scan(CLI::App& program, action& chosen);
void add_selective(CLI::App& program, action& chosen);
void add_ssm(CLI::App& program, action& chosen);
void add_validate(CLI::App& program, action& chosen);

}  // namespace ssmscan::cli
