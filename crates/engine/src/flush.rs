//! Denormals count as zero while the engine works, whatever the host's thread was set to.

/// Sets flush-to-zero and denormals-are-zero for the calling thread, and restores what was set when dropped.
///
/// Plug-in, renderer, server and bindings thus compute with the same arithmetic. Does nothing on processors other than
/// x86-64 and 64-bit ARM.
#[derive(Debug)]
pub struct FlushDenormals {
    #[cfg(target_arch = "x86_64")]
    saved: u32,
    #[cfg(target_arch = "aarch64")]
    saved: u64,
    /// The setting belongs to the thread: the guard must be dropped where it was made.
    thread_bound: std::marker::PhantomData<*const ()>,
}

/// FTZ (bit 15) and DAZ (bit 6) of MXCSR.
#[cfg(target_arch = "x86_64")]
const FLUSH_BITS: u32 = 0x8040;

/// FZ (bit 24) of FPCR; it covers inputs and results.
#[cfg(target_arch = "aarch64")]
const FLUSH_BITS: u64 = 1 << 24;

impl FlushDenormals {
    /// Starts flushing. Does not allocate.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut saved = 0_u32;
        // SAFETY: stmxcsr writes four bytes to `saved`, which is a live, aligned u32.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut saved, options(nostack, preserves_flags)) };
        set_mxcsr(saved | FLUSH_BITS);
        Self { saved, thread_bound: std::marker::PhantomData }
    }

    /// Starts flushing. Does not allocate.
    #[cfg(target_arch = "aarch64")]
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let saved: u64;
        // SAFETY: reads the thread's floating-point control register, which every thread may do.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) saved, options(nomem, nostack, preserves_flags)) };
        set_fpcr(saved | FLUSH_BITS);
        Self { saved, thread_bound: std::marker::PhantomData }
    }

    /// Does nothing on this processor.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { thread_bound: std::marker::PhantomData }
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        set_mxcsr(self.saved);
        #[cfg(target_arch = "aarch64")]
        set_fpcr(self.saved);
    }
}

#[cfg(target_arch = "x86_64")]
fn set_mxcsr(value: u32) {
    // SAFETY: `value` is what stmxcsr gave, with two defined bits set, so no reserved bit is written; ldmxcsr reads four
    // bytes of a live, aligned u32. Only denormal handling changes, which Rust code does not rely on for soundness.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, preserves_flags, readonly)) };
}

#[cfg(target_arch = "aarch64")]
fn set_fpcr(value: u64) {
    // SAFETY: `value` is what the register held, with one defined bit set. Only denormal handling changes.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn flushes_while_it_lives_and_restores_after() {
        let halved = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert!(halved() > 0.0);
        {
            let _guard = FlushDenormals::new();
            let _nested = FlushDenormals::new();
            if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
                assert_eq!(halved(), 0.0);
                assert_eq!(black_box(1e-40_f32) * black_box(1e30), 0.0, "denormal inputs count as zero");
            }
        }
        assert!(halved() > 0.0);
    }
}
