//! Random numbers by place: the same place in the song always draws the same number.

use crate::settings::Voice;

/// What a number is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Rhythm = 1,
    Pitch,
    Velocity,
    Timing,
    Shape,
}

/// Where a number is drawn. Numbers do not depend on how often or in what order they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub seed: u32,
    pub bar: i64,
    pub step: u32,
    pub voice: Voice,
}

impl Place {
    /// Uniform in 0..1.
    pub(crate) fn unit(self, purpose: Purpose) -> f32 {
        let mut hash = 0x9E37_79B9_7F4A_7C15_u64 ^ u64::from(self.seed);
        for part in [self.bar as u64, u64::from(self.step), self.voice as u64, purpose as u64] {
            hash = mixed(hash.wrapping_add(part));
        }
        (hash >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Gumbel-distributed, one number for each `choice`: the choice with the largest sum of its log weight and this is drawn
    /// with a probability in proportion to its weight (Gumbel 1954).
    pub(crate) fn gumbel(self, choice: u32) -> f32 {
        let place = Place { seed: self.seed.wrapping_add(choice.wrapping_mul(0x9E37_79B9)), ..self };
        let unit = place.unit(Purpose::Pitch).clamp(1e-6, 1.0 - 1e-6);
        -(-unit.ln()).ln()
    }

    /// Bell-shaped with mean 0 and deviation 1, within -2.4..2.4: the sum of two uniform numbers is triangular.
    pub(crate) fn bell(self, purpose: Purpose) -> f32 {
        let other = Place { seed: self.seed ^ 0x5bd1_e995, ..self };
        (self.unit(purpose) + other.unit(purpose) - 1.0) * 6.0_f32.sqrt()
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_uniform_and_belong_to_their_place() {
        let place = |bar, step| Place { seed: 1, bar, step, voice: Voice::Melody };
        let draws: Vec<f32> = (-500..500)
            .flat_map(|bar| (0..16).map(move |step| place(bar, step).unit(Purpose::Rhythm)))
            .collect();
        let mean = draws.iter().sum::<f32>() / draws.len() as f32;
        // The mean of 16,000 uniform numbers has a deviation of 0.29 / sqrt(16,000) = 0.0023.
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mut sorted = draws.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.dedup();
        assert!(sorted.len() > 15_900, "{} of 16,000 differ", sorted.len());
        assert_eq!(place(3, 4).unit(Purpose::Pitch), place(3, 4).unit(Purpose::Pitch));
        assert_ne!(place(3, 4).unit(Purpose::Pitch), place(4, 3).unit(Purpose::Pitch));
        let bells: Vec<f32> = (0..4000).map(|bar| place(bar, 0).bell(Purpose::Timing)).collect();
        let variance = bells.iter().map(|x| x * x).sum::<f32>() / 4000.0;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
    }
}
