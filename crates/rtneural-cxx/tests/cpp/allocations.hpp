/// @file
/// Counts what a thread allocates and frees, through operator new and, with glibc, through malloc and its relatives,
/// which Rust's allocator calls.

#pragma once

#include <cstddef>

/// Calls of this thread that allocate or free, so far.
std::size_t allocation_calls() noexcept;

/// Whether calls of malloc are counted, so that allocations in Rust are.
bool malloc_is_counted() noexcept;
