//! The sliding window of base features that the orbit model sees.

use crate::{N_BASE, WINDOW_FRAMES};

/// Which differences stand behind the six base features of each frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deltas {
    /// The six base features alone: 60 inputs for ten frames.
    #[default]
    None,
    /// Base and first difference: 120 inputs.
    First,
    /// Base and second difference: 120 inputs.
    Second,
    /// Base, first and second difference: 180 inputs.
    Both,
}

impl Deltas {
    /// Values per frame: 6, 12 or 18.
    pub fn per_frame(self) -> usize {
        match self {
            Deltas::None => N_BASE,
            Deltas::First | Deltas::Second => 2 * N_BASE,
            Deltas::Both => 3 * N_BASE,
        }
    }
}

/// The last frames' features, oldest first, frame-major: `[frame 0: 6 base, 6 delta, 6 delta-delta][frame 1: ...]`.
///
/// Differences are causal first differences; those of the first frame are 0. Frames before the first are zeros. Pushing
/// and reading do not allocate.
#[derive(Clone, Debug)]
pub struct FeatureWindow {
    deltas: Deltas,
    values: Vec<f32>,
    last_base: [f32; N_BASE],
    last_delta: [f32; N_BASE],
    started: bool,
}

impl Default for FeatureWindow {
    /// Ten frames of six features: the orbit model's 60 inputs.
    fn default() -> Self {
        Self::new(WINDOW_FRAMES, Deltas::None)
    }
}

impl FeatureWindow {
    /// A window of `frames` frames (at least 1).
    pub fn new(frames: usize, deltas: Deltas) -> Self {
        Self {
            deltas,
            values: vec![0.0; frames.max(1) * deltas.per_frame()],
            last_base: [0.0; N_BASE],
            last_delta: [0.0; N_BASE],
            started: false,
        }
    }

    /// Adds a frame's base features; the oldest frame falls out.
    pub fn push(&mut self, base: &[f32; N_BASE]) {
        let mut delta = [0.0; N_BASE];
        let mut second = [0.0; N_BASE];
        if self.started {
            for i in 0..N_BASE {
                delta[i] = base[i] - self.last_base[i];
                second[i] = delta[i] - self.last_delta[i];
            }
        }
        let width = self.deltas.per_frame();
        self.values.copy_within(width.., 0);
        let start = self.values.len() - width;
        let newest = &mut self.values[start..];
        newest[..N_BASE].copy_from_slice(base);
        match self.deltas {
            Deltas::None => {}
            Deltas::First => newest[N_BASE..].copy_from_slice(&delta),
            Deltas::Second => newest[N_BASE..].copy_from_slice(&second),
            Deltas::Both => {
                newest[N_BASE..2 * N_BASE].copy_from_slice(&delta);
                newest[2 * N_BASE..].copy_from_slice(&second);
            }
        }
        self.last_base = *base;
        self.last_delta = delta;
        self.started = true;
    }

    /// The window's values, length `frames * per_frame`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Back to zeros.
    pub fn reset(&mut self) {
        self.values.fill(0.0);
        self.last_base = [0.0; N_BASE];
        self.last_delta = [0.0; N_BASE];
        self.started = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(k: usize) -> [f32; N_BASE] {
        std::array::from_fn(|i| (k * k) as f32 + i as f32 * 0.5)
    }

    #[test]
    fn oldest_frame_comes_first_and_frames_are_contiguous() {
        let mut window = FeatureWindow::default();
        for k in 0..13 {
            window.push(&ramp(k));
        }
        assert_eq!(window.values().len(), 60);
        for frame in 0..10 {
            assert_eq!(window.values()[frame * 6..frame * 6 + 6], ramp(frame + 3));
        }
    }

    #[test]
    fn differences_are_causal_and_start_at_zero() {
        let mut window = FeatureWindow::new(4, Deltas::Both);
        for k in 0..4 {
            window.push(&ramp(k));
        }
        assert_eq!(window.values().len(), 72);
        // k^2 has first differences 1, 3, 5; its second differences are 1 (from the zero first delta), 2, 2.
        let frame = |k: usize| &window.values()[k * 18..(k + 1) * 18];
        assert_eq!(frame(0)[6], 0.0);
        assert_eq!([frame(1)[6], frame(2)[6], frame(3)[6]], [1.0, 3.0, 5.0]);
        assert_eq!([frame(0)[12], frame(1)[12], frame(2)[12], frame(3)[12]], [0.0, 1.0, 2.0, 2.0]);
        let mut second_only = FeatureWindow::new(4, Deltas::Second);
        (0..4).for_each(|k| second_only.push(&ramp(k)));
        assert_eq!(second_only.values()[3 * 12 + 6], 2.0);
    }

    #[test]
    fn frames_before_the_first_are_zeros() {
        let mut window = FeatureWindow::default();
        window.push(&[1.0; N_BASE]);
        assert!(window.values()[..54].iter().all(|&v| v == 0.0));
        assert_eq!(window.values()[54..], [1.0; 6]);
        window.reset();
        assert!(window.values().iter().all(|&v| v == 0.0));
    }
}
