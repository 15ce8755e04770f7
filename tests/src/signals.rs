//! Sound to feed the plug-in with: repeatable, computed, the same on every machine.

/// Repeatable random numbers: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in 0..`end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end.max(1) as u64) as usize
    }
}

/// Everything that 32 bits can hold: a third noise, a third random bit patterns (NaN with payloads, infinities, denormals,
/// both zeros, huge numbers), a third silence. `[channel][sample]`.
pub fn every_bit_pattern(channels: usize, samples: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed);
    let special =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX];
    let mut sample = |n: usize, length: usize| match 3 * n / length.max(1) {
        0 => (random.unit() - 0.5) as f32,
        1 if random.below(8) == 0 => special[random.below(special.len())],
        1 => f32::from_bits(random.bits() as u32),
        _ => 0.0,
    };
    (0..channels).map(|_| (0..samples).map(|n| sample(n, samples)).collect()).collect()
}

/// Something like music: a chord that changes every two beats and a noise hit on every beat at 120 bpm, after an eighth of a
/// second of silence. `[channel][sample]`; the channels differ.
pub fn music(channels: usize, rate: f64, seconds: f64) -> Vec<Vec<f32>> {
    const CHORDS: [[f64; 3]; 4] =
        [[220.0, 277.18, 329.63], [146.83, 220.0, 293.66], [164.81, 246.94, 329.63], [110.0, 220.0, 277.18]];
    let samples = (rate * seconds) as usize;
    (0..channels)
        .map(|channel| {
            let mut random = Random::new(channel as u64 + 1);
            let pan = 0.3 + 0.1 * channel as f64;
            (0..samples)
                .map(|n| {
                    let time = n as f64 / rate - 0.125;
                    if time < 0.0 {
                        return 0.0;
                    }
                    let chord = CHORDS[time as usize % CHORDS.len()];
                    let tone: f64 =
                        chord.iter().map(|hertz| (std::f64::consts::TAU * hertz * time).sin()).sum();
                    let since_beat = time % 0.5;
                    let hit = (-since_beat * 30.0).exp() * (2.0 * random.unit() - 1.0);
                    (pan * 0.2 * tone + 0.4 * hit) as f32
                })
                .collect()
        })
        .collect()
}

/// Silence. `[channel][sample]`.
pub fn silence(channels: usize, samples: usize) -> Vec<Vec<f32>> {
    vec![vec![0.0; samples]; channels]
}

/// Whether two recordings agree in every bit; if not, where they first differ: channel, sample, the two bit patterns.
///
/// # Errors
/// The place of the first difference, or the lengths if they differ.
pub fn same_bits(left: &[Vec<f32>], right: &[Vec<f32>]) -> Result<(), String> {
    if left.len() != right.len() {
        return Err(format!("{} channels and {}", left.len(), right.len()));
    }
    for (channel, (left, right)) in left.iter().zip(right).enumerate() {
        if left.len() != right.len() {
            return Err(format!("{} samples and {}", left.len(), right.len()));
        }
        if let Some(n) = (0..left.len()).find(|n| left[*n].to_bits() != right[*n].to_bits()) {
            let (left, right) = (left[n].to_bits(), right[n].to_bits());
            return Err(format!("channel {channel}, sample {n}: {left:#010x} and {right:#010x}"));
        }
    }
    Ok(())
}
