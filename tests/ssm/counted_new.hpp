#pragma once
// Every operator new of a program that counted_new.cpp is part of, counted.
#include <atomic>
#include <cstddef>

namespace ssmscan::ssm::test::counted {

// Bytes that are given out, and the most that ever were since somebody set it.
extern std::atomic<std::size_t> live, most;

}  // namespace ssmscan::ssm::test::counted
