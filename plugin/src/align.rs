//! The delay behind "align sound to picture": sound waits for the picture that it causes.

/// A delay of a whole number of samples for up to two channels. It moves samples without touching their bits, so that NaN
/// payloads and denormals pass too.
#[derive(Debug, Default)]
pub struct DelayLine {
    /// One ring per channel, all of the delay's length.
    rings: Vec<Vec<f32>>,
    /// The slot that the next sample goes into; shared, because all channels are in step.
    position: usize,
}

impl DelayLine {
    /// A line for `channels` channels that can delay by `delay_samples`; 0 passes sound through. Allocates.
    pub fn new(channels: usize, delay_samples: usize) -> Self {
        Self { rings: vec![vec![0.0; delay_samples]; channels], position: 0 }
    }

    /// The delay in samples.
    pub fn delay_samples(&self) -> usize {
        self.rings.first().map_or(0, Vec::len)
    }

    /// Fills the line with silence. Does not allocate.
    pub fn clear(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
        self.position = 0;
    }

    /// Delays a block in place. Channels beyond those of [`new`](Self::new) are left alone. Does not allocate.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let delay = self.delay_samples();
        if delay == 0 {
            return;
        }
        let frames = channels.first().map_or(0, |c| c.len());
        for (ring, channel) in self.rings.iter_mut().zip(channels.iter_mut()) {
            let mut position = self.position;
            for sample in channel.iter_mut().take(frames) {
                std::mem::swap(&mut ring[position], sample);
                position += 1;
                if position == delay {
                    position = 0;
                }
            }
        }
        self.position = (self.position + frames) % delay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_by_exactly_its_length_for_any_blocks() {
        let input: Vec<f32> = (0..997).map(|n| f32::from_bits(0x7fc0_0001 + n)).collect();
        for block in [1, 7, 64, 300, 997] {
            let mut line = DelayLine::new(2, 123);
            let (mut left, mut right) = (input.clone(), input.clone());
            for (l, r) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
                line.process(&mut [l, r]);
            }
            assert!(left[..123].iter().all(|s| s.to_bits() == 0));
            for (n, sample) in left.iter().enumerate().skip(123) {
                assert_eq!(sample.to_bits(), input[n - 123].to_bits(), "block {block}, sample {n}");
            }
            assert!(left.iter().zip(&right).all(|(l, r)| l.to_bits() == r.to_bits()));
        }
    }

    #[test]
    fn no_delay_touches_nothing() {
        let mut line = DelayLine::new(2, 0);
        let (mut left, mut right) = ([f32::NAN, 1.0], [f32::INFINITY, -0.0]);
        line.process(&mut [&mut left, &mut right]);
        assert!(left[0].is_nan() && left[1] == 1.0);
        assert!(right[0].is_infinite() && right[1].to_bits() == (-0.0f32).to_bits());
    }

    #[test]
    fn clearing_forgets_the_past() {
        let mut line = DelayLine::new(1, 4);
        line.process(&mut [&mut [1.0; 3]]);
        line.clear();
        let mut block = [2.0; 6];
        line.process(&mut [&mut block]);
        assert_eq!(block, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
    }
}
