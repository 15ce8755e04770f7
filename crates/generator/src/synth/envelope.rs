//! Envelopes, computed once per block.

use super::{BLOCK, RATE};

/// Attack, decay to a level, release after the key.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    level: f32,
    rise: f32,
    rising: bool,
    sustain: f32,
    fall: f32,
    release: f32,
    released: bool,
}

/// What falls by 1/e in so many seconds falls by this factor in a block.
pub(super) fn fall(seconds: f32) -> f32 {
    (-(BLOCK as f32) / (seconds.max(1e-3) * RATE)).exp()
}

impl Envelope {
    /// Times in seconds: of the attack the whole, of decay and release the constants of exponentials.
    pub(super) fn new(attack_s: f32, decay_s: f32, sustain: f32, release_s: f32) -> Envelope {
        Envelope {
            level: 0.0,
            rise: (BLOCK as f32 / (attack_s * RATE)).min(1.0),
            rising: true,
            sustain,
            fall: fall(decay_s),
            release: fall(release_s),
            released: false,
        }
    }

    pub(super) fn let_go(&mut self) {
        self.released = true;
    }

    /// The level at the end of the next block.
    pub(super) fn next(&mut self) -> f32 {
        if self.released {
            self.level *= self.release;
        } else if self.rising {
            self.level += self.rise;
            if self.level >= 1.0 {
                (self.level, self.rising) = (1.0, false);
            }
        } else {
            self.level = self.sustain + (self.level - self.sustain) * self.fall;
        }
        self.level
    }

    /// Whether nothing more will be heard (below -50 dB and falling).
    pub(super) fn is_over(&self) -> bool {
        self.level < 0.003 && (self.released || (!self.rising && self.sustain < 0.003))
    }
}
