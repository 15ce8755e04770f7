//! C structs and strings of VST3.

use std::ffi::c_char;

use vst3::Steinberg::Vst::{AudioBusBuffers, BusInfo, Event, ParameterInfo, ProcessContext, UnitInfo};
use vst3::Steinberg::{PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo, ViewRect};

/// A C struct for which all zeros is a valid value.
///
/// # Safety
/// The type must consist of integers, floats, raw pointers and arrays or unions of them.
pub(super) unsafe trait Plain: Sized {
    /// The value with all bytes zero.
    fn zeroed() -> Self {
        // SAFETY: the trait's condition.
        unsafe { std::mem::zeroed() }
    }
}

macro_rules! plain {
    ($($name:ident),*) => {
        $(
            // SAFETY: a struct of the VST3 headers made of numbers, pointers and arrays of them.
            unsafe impl Plain for $name {}
        )*
    };
}

plain!(
    AudioBusBuffers,
    BusInfo,
    Event,
    ParameterInfo,
    ProcessContext,
    UnitInfo,
    PClassInfo,
    PClassInfo2,
    PClassInfoW,
    PFactoryInfo,
    ViewRect
);

/// Text up to the first zero of a UTF-16 buffer.
pub(super) fn from_utf16(buffer: &[u16]) -> String {
    let end = buffer.iter().position(|unit| *unit == 0).unwrap_or(buffer.len());
    String::from_utf16_lossy(&buffer[..end])
}

/// Text up to the first zero of a byte buffer.
pub(super) fn from_chars(buffer: &[c_char]) -> String {
    let bytes: Vec<u8> = buffer.iter().take_while(|c| **c != 0).map(|c| c.cast_unsigned()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text as UTF-16 with a zero at the end.
pub(super) fn to_utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Writes text into a fixed UTF-16 buffer, cut so that the zero at the end fits.
pub(super) fn fill_utf16(buffer: &mut [u16], text: &str) {
    buffer.fill(0);
    let room = buffer.len().saturating_sub(1);
    for (unit, value) in buffer[..room].iter_mut().zip(text.encode_utf16()) {
        *unit = value;
    }
}

/// A class id as 32 upper-case hexadecimal digits.
pub(super) fn class_id_text(id: &[c_char; 16]) -> String {
    id.iter().map(|byte| format!("{:02X}", byte.cast_unsigned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_at_the_zero_or_the_buffer() {
        assert_eq!(from_utf16(&to_utf16("Größe")), "Größe");
        assert_eq!(from_utf16(&[65, 66]), "AB");
        assert_eq!(from_chars(&[65, 0, 66]), "A");
        let mut small = [7u16; 4];
        fill_utf16(&mut small, "abcdef");
        assert_eq!(from_utf16(&small), "abc");
        assert_eq!(small[3], 0);
    }

    #[test]
    fn class_ids_are_bytes_in_order() {
        let mut id = [0; 16];
        (id[0], id[15]) = (0x4D, -1);
        assert_eq!(class_id_text(&id), "4D0000000000000000000000000000FF");
    }
}
