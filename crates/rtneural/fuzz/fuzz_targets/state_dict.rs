//! A PyTorch state dict behind its description.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    rtneural_fuzz::state_dict(data);
});
