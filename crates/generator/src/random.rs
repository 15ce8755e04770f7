//! Random numbers, keyed by what they are for.

/// SplitMix64 (Steele, Lea and Flood 2014). One stream per purpose, so that a change in how one part of a piece is drawn
/// leaves the others alone.
#[derive(Debug, Clone)]
pub(crate) struct Stream(u64);

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Stream {
    /// The stream of a seed for a purpose, of which there may be several.
    pub(crate) fn new(seed: u64, purpose: &str, index: usize) -> Self {
        let mut state = mix(seed ^ 0x9E37_79B9_7F4A_7C15);
        for byte in purpose.bytes() {
            state = mix(state ^ u64::from(byte).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
        Stream(mix(state ^ (index as u64).wrapping_mul(0xD1B5_4A32_D192_ED03)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Uniform in [low, high).
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Bell-shaped with mean 0 and standard deviation 1, never beyond 3.5: the sum of four uniform numbers. No
    /// logarithm, hence the same on every machine.
    pub(crate) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.unit()).sum();
        (sum - 2.0) * 1.732_050_8
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Uniform in 0..count; 0 if there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (((self.next() >> 32) * count as u64) >> 32) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// An index with probability in proportion to its weight; the last one if all are 0.
    pub(crate) fn weighted(&mut self, weights: impl IntoIterator<Item = f32> + Clone) -> usize {
        let total: f32 = weights.clone().into_iter().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (index, weight) in weights.into_iter().enumerate() {
            last = index;
            if left < weight {
                break;
            }
            left -= weight;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn splitmix64_gives_the_published_numbers() {
        // First outputs of the reference implementation (Vigna, splitmix64.c) from state 1234567.
        let mut stream = Stream(1_234_567);
        assert_eq!(stream.next(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn purposes_and_indices_are_independent() {
        let first = |purpose, index| Stream::new(3, purpose, index).next();
        assert_ne!(first("melody", 0), first("bass", 0));
        assert_ne!(first("melody", 0), first("melody", 1));
    }

    #[test]
    fn normal_has_the_stated_moments() {
        let mut stream = Stream::new(1, "moments", 0);
        let values: Vec<f32> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 20_000.0;
        // Standard errors: 0.007 and 0.01.
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        assert!(values.iter().all(|value| value.abs() <= 3.47));
    }
}
