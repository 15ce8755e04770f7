//! One aligned piece of memory for weights of different types.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Alignment of the arena and of everything in it: a cache line, and the widest vector.
pub(crate) const LINE: usize = 64;
/// Pages that make up for 512 ordinary ones in the processor's page tables.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes that never change after construction, aligned to 64 (from 2 MiB on: to huge pages, which Linux is asked for).
pub(crate) struct Arena {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory belongs to the arena alone and is only read after `new`.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// Copies the parts one after the other.
    pub(crate) fn new(parts: &[&[u8]]) -> Arena {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let alignment = if length >= HUGE_PAGE { HUGE_PAGE } else { LINE };
        let layout = Layout::from_size_align(length.max(LINE), alignment).expect("slices are not that long");
        // SAFETY: the layout's size is not 0.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        advise_huge_pages(start, length);
        let mut at = 0;
        for part in parts {
            // SAFETY: the parts' lengths add up to `length`, and memory just allocated overlaps none of them.
            unsafe { start.add(at).copy_from_nonoverlapping(NonNull::from(*part).cast(), part.len()) };
            at += part.len();
        }
        // SAFETY: `at` = `length` <= the layout's size; the rest (nothing but the padding of an empty arena) is made
        // defined too.
        unsafe { start.add(at).write_bytes(0, layout.size() - at) };
        Arena { start, layout }
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `new` wrote all bytes of the layout.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.layout.size()) }
    }

    /// `count` values at a byte offset, of any of the types that weights have.
    fn values<T>(&self, offset: usize, count: usize) -> &[T] {
        let bytes = &self.bytes()[offset..][..count * size_of::<T>()];
        assert!(bytes.as_ptr().cast::<T>().is_aligned(), "the builder aligns everything");
        // SAFETY: in bounds (the slicing above) and aligned; the callers' types have no invalid bit patterns.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), count) }
    }

    pub(crate) fn f32s(&self, offset: usize, count: usize) -> &[f32] {
        self.values(offset, count)
    }

    pub(crate) fn u16s(&self, offset: usize, count: usize) -> &[u16] {
        self.values(offset, count)
    }

    pub(crate) fn i32s(&self, offset: usize, count: usize) -> &[i32] {
        self.values(offset, count)
    }

    pub(crate) fn i8s(&self, offset: usize, count: usize) -> &[i8] {
        self.values(offset, count)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Fewer page-table entries for the weights; without effect, but not wrong, where the kernel does not listen.
fn advise_huge_pages(start: NonNull<u8>, length: usize) {
    #[cfg(target_os = "linux")]
    if length >= HUGE_PAGE {
        // SAFETY: the range lies within one allocation, its start is aligned to pages (HUGE_PAGE), and the advice
        // changes no content.
        unsafe { libc::madvise(start.as_ptr().cast(), length / HUGE_PAGE * HUGE_PAGE, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, length);
}
