//! RTNeural JSON.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    rtneural_fuzz::json(data);
});
