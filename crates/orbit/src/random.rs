//! Random choices keyed by what they are for, never by how often something was called.

/// A value drawn for a key: the SplitMix64 finaliser (Steele, Lea, Flood 2014) over the seed and the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed(u64);

impl Keyed {
    pub(crate) fn new(seed: u64, key: u64) -> Self {
        Self(mix(seed ^ mix(key.wrapping_add(0x9E37_79B9_7F4A_7C15))))
    }

    /// In [0, 1).
    pub(crate) fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
