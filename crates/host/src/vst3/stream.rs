//! State in memory, as the stream VST3 plug-ins read and write.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;

use vst3::Class;
use vst3::Steinberg::IBStream_::IStreamSeekMode_::{kIBSeekCur, kIBSeekEnd, kIBSeekSet};
use vst3::Steinberg::{IBStream, IBStreamTrait, kInvalidArgument, kResultFalse, kResultOk, tresult};

// The bindings' enums are unsigned on some platforms, the interface's argument is not.
const FROM_START: i32 = kIBSeekSet as i32;
const FROM_HERE: i32 = kIBSeekCur as i32;
const FROM_END: i32 = kIBSeekEnd as i32;

/// A growing byte buffer with a position.
#[derive(Default)]
pub(super) struct MemoryStream {
    bytes: RefCell<Vec<u8>>,
    position: Cell<usize>,
}

impl MemoryStream {
    /// A stream to read `bytes` from.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { bytes: RefCell::new(bytes.to_vec()), position: Cell::new(0) }
    }

    /// Everything written so far.
    pub(super) fn take(&self) -> Vec<u8> {
        self.position.set(0);
        self.bytes.take()
    }
}

impl Class for MemoryStream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for MemoryStream {
    unsafe fn read(&self, buffer: *mut c_void, length: i32, done: *mut i32) -> tresult {
        let Ok(length) = usize::try_from(length) else { return kInvalidArgument };
        if buffer.is_null() && length > 0 {
            return kInvalidArgument;
        }
        let bytes = self.bytes.borrow();
        let rest = bytes.get(self.position.get()..).unwrap_or_default();
        let count = length.min(rest.len());
        if count > 0 {
            // SAFETY: `rest` has at least `count` bytes, the caller's buffer at least `length`; ours is not lent out.
            unsafe { std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), count) };
        }
        self.position.set(self.position.get() + count);
        // SAFETY: null or a place for the count, by the interface.
        unsafe { report(done, count as i32) };
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, length: i32, done: *mut i32) -> tresult {
        let Ok(length) = usize::try_from(length) else { return kInvalidArgument };
        if buffer.is_null() && length > 0 {
            return kInvalidArgument;
        }
        let mut bytes = self.bytes.borrow_mut();
        let start = self.position.get();
        let end = start + length;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        if length > 0 {
            // SAFETY: the caller's buffer holds `length` bytes, ours was grown to `end`; they are different memory.
            unsafe {
                std::ptr::copy_nonoverlapping(buffer.cast::<u8>(), bytes[start..end].as_mut_ptr(), length)
            };
        }
        self.position.set(end);
        // SAFETY: null or a place for the count, by the interface.
        unsafe { report(done, length as i32) };
        kResultOk
    }

    unsafe fn seek(&self, offset: i64, mode: i32, result: *mut i64) -> tresult {
        let origin = match mode {
            FROM_START => 0,
            FROM_HERE => self.position.get() as i64,
            FROM_END => self.bytes.borrow().len() as i64,
            _ => return kInvalidArgument,
        };
        let Some(position) = origin.checked_add(offset).and_then(|sum| usize::try_from(sum).ok()) else {
            return kResultFalse;
        };
        self.position.set(position);
        // SAFETY: null or a place for the position, by the interface.
        unsafe { report(result, position as i64) };
        kResultOk
    }

    unsafe fn tell(&self, position: *mut i64) -> tresult {
        // SAFETY: null or a place for the position, by the interface.
        unsafe { report(position, self.position.get() as i64) };
        kResultOk
    }
}

/// Writes an answer where the caller wants one.
///
/// # Safety
/// `place` is null or valid for writing.
unsafe fn report<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not null, hence valid by the function's condition.
        unsafe { place.write(value) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_the_end_is_the_end() {
        let stream = MemoryStream::default();
        let (mut done, mut place) = (0, 0);
        let mut data = *b"state";
        let mut back = [0u8; 16];
        // SAFETY: all pointers lead to local variables of at least the stated length.
        unsafe {
            assert_eq!(stream.write(data.as_mut_ptr().cast(), 5, &mut done), kResultOk);
            assert_eq!(done, 5);
            assert_eq!(stream.seek(-4, FROM_END, &mut place), kResultOk);
            assert_eq!(place, 1);
            assert_eq!(stream.read(back.as_mut_ptr().cast(), 16, &mut done), kResultOk);
            assert_eq!((done, &back[..4]), (4, &b"tate"[..]));
            assert_eq!(stream.read(back.as_mut_ptr().cast(), 16, &mut done), kResultOk);
            assert_eq!(done, 0, "nothing after the end");
            assert_eq!(stream.seek(-1, FROM_START, std::ptr::null_mut()), kResultFalse);
            assert_eq!(stream.read(back.as_mut_ptr().cast(), -1, &mut done), kInvalidArgument);
        }
        assert_eq!(stream.take(), b"state");
    }
}
