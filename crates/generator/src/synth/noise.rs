//! White noise.

/// Xorshift (Marsaglia 2003), fast enough for every sample.
#[derive(Debug, Clone)]
pub(super) struct Noise(u32);

impl Noise {
    pub(super) fn new(seed: u32) -> Noise {
        Noise(seed.wrapping_mul(0x9E37_79B9) ^ 0x5BD1_E995 | 1)
    }

    /// Uniform in [-1, 1).
    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 as i32) as f32 / 2_147_483_648.0
    }
}
