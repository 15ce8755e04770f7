/// @file
/// Replacements of the allocation functions that count their calls and pass them on.

#include "allocations.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>

// A sanitizer brings its own malloc.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNT_MALLOC 1
#else
#define COUNT_MALLOC 0
#endif

namespace {
thread_local std::size_t calls = 0;
}

std::size_t allocation_calls() noexcept { return calls; }

bool malloc_is_counted() noexcept { return COUNT_MALLOC; }

#if COUNT_MALLOC
// glibc's documentation ("Replacing malloc") lists these as the functions to replace together; the names with __libc_
// are those of its own versions.
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
void __libc_free(void*) noexcept;

void* malloc(std::size_t size) noexcept {
    ++calls;
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    ++calls;
    return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
    ++calls;
    return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    ++calls;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++calls;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    ++calls;
    *memory = __libc_memalign(alignment, size);
    return *memory || size == 0 ? 0 : ENOMEM;
}

void free(void* memory) noexcept {
    ++calls;
    __libc_free(memory);
}
}
#endif

void* operator new(std::size_t size) {
    ++calls;
    if (void* memory = std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc{};
}

void operator delete(void* memory) noexcept {
    ++calls;
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
