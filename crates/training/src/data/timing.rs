//! When frames are: their middles, which of them is in force when a step's networks run, and whether annotations end with
//! them.

use dendrite_features::{FRAME_RATE, HOP_LENGTH, N_FFT, SAMPLE_RATE};

use super::Reason;

/// Share of a hop by which times that should be equal may differ, from being added up.
const ROUNDING_HOPS: f64 = 1e-6;

/// The middle of a frame's 4,096 samples in seconds, which annotations are read at.
///
/// Frame k ends with sample (k + 1) · 1024, so its middle is (k + 1) · 1024 - 2048. The middle of frame 0 lies before the
/// first sample; it counts as 0, as the frame holds nothing that is earlier.
pub(crate) fn middle_s(frame: usize) -> f64 {
    let end = (frame + 1) * HOP_LENGTH;
    end.saturating_sub(N_FFT / 2) as f64 / f64::from(SAMPLE_RATE)
}

/// The frame whose results are in force when the networks run that are due at a grid line.
///
/// In the engine (`engine.rs`, `steps.rs`) hop boundaries lie at samples b · 1024, b = 1, 2, ... The networks due at a
/// line at g seconds run at the beginning of the first hop that starts at or after it, before anything of that hop is
/// heard:
///
/// ```text
/// b = max(1, ceil(g · 48000 / 1024))
/// ```
///
/// Frame k is complete at boundary k + 1 and takes effect one hop later, at boundary k + 2. So what is in force is
/// k = b - 2; for the first two boundaries, and before the first sample, there is nothing yet.
pub(crate) fn heard_at(line_s: f64) -> Option<usize> {
    if line_s < 0.0 {
        return None;
    }
    let boundary = ((line_s * FRAME_RATE - ROUNDING_HOPS).ceil() as usize).max(1);
    boundary.checked_sub(2)
}

/// [`heard_at`] for steps at these times, of a piece of so many frames: step n asks at the grid line of step n - 2. Before
/// the first step the grid goes on at the pace of the first two steps.
///
/// Ends early, with the last step whose frame is there. Without any frames all steps are there, and hear nothing.
pub(crate) fn heard_by_steps(times_s: &[f64], frames: usize) -> Vec<Option<usize>> {
    if frames == 0 {
        return vec![None; times_s.len()];
    }
    let pace_s = match times_s {
        [first, second, ..] => second - first,
        _ => 0.0,
    };
    let asked_s = |step: usize| match step.checked_sub(2) {
        Some(before) => times_s[before],
        None => times_s[0] - (2 - step) as f64 * pace_s,
    };
    let heard = (0..times_s.len()).map(|step| heard_at(asked_s(step)));
    heard.take_while(|heard| heard.is_none_or(|frame| frame < frames)).collect()
}

/// How far the ends of annotation and audio may lie apart: trailing silence, other masters.
const SAME_RECORDING_S: f64 = 5.0;

/// Refuses an annotation that ends elsewhere than the audio: it is of another recording.
pub(crate) fn check_length(annotated_s: f64, frames: usize) -> Result<(), Reason> {
    let heard_s = frames as f64 / FRAME_RATE;
    if annotated_s < heard_s - SAME_RECORDING_S {
        return Err(Reason::Length { annotated_s, heard_s });
    }
    check_end(annotated_s, frames)
}

/// Refuses notes that go on behind the audio's end; the audio may ring on behind theirs.
pub(crate) fn check_end(annotated_s: f64, frames: usize) -> Result<(), Reason> {
    let heard_s = frames as f64 / FRAME_RATE;
    if annotated_s > heard_s + SAME_RECORDING_S {
        Err(Reason::Length { annotated_s, heard_s })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine's rule, told hop by hop.
    fn simulated(line_samples: usize) -> Option<usize> {
        let mut in_force = None;
        for boundary in 1.. {
            // At boundary b frame b - 2 takes effect, then the step is decided.
            if boundary >= 2 {
                in_force = Some(boundary - 2);
            }
            if boundary * HOP_LENGTH >= line_samples {
                return in_force;
            }
        }
        unreachable!("boundaries go on")
    }

    #[test]
    fn what_is_heard_agrees_with_the_engines_order_of_events() {
        for line in [0, 1, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 6_000, 48_000, 384_000, 384_001] {
            assert_eq!(heard_at(line as f64 / 48_000.0), simulated(line), "line at sample {line}");
        }
        assert_eq!(heard_at(-0.1), None);
        // By hand: a line at sample 2,049 is passed at boundary 3, where frame 1 takes effect.
        assert_eq!(heard_at(2_049.0 / 48_000.0), Some(1));
    }

    #[test]
    fn steps_hear_what_is_in_force_two_steps_before() {
        // 120 bpm, beginning at half a second: the lines of steps -2 and -1 are at 0.25 and 0.375 s.
        let times: Vec<f64> = (0..8).map(|step| 0.5 + 0.125 * f64::from(step)).collect();
        let expected: Vec<_> = (0..8).map(|step| heard_at(0.25 + 0.125 * f64::from(step))).collect();
        assert_eq!(heard_by_steps(&times, 1_000), expected);
        assert_eq!(heard_by_steps(&[], 10), []);
        // A piece that begins at once has nothing to go by in its first two steps.
        let times: Vec<f64> = (0..4).map(|step| 0.125 * f64::from(step)).collect();
        assert_eq!(heard_by_steps(&times, 1_000), [None, None, None, Some(4)]);
        // Frame 4 is the fifth: of four frames, the step that would hear it is no more.
        assert_eq!(heard_by_steps(&times, 4), [None, None, None]);
        assert_eq!(heard_by_steps(&times, 0), [None; 4]);
    }

    #[test]
    fn middles_are_half_a_window_before_the_end() {
        assert_eq!(middle_s(0), 0.0);
        assert_eq!(middle_s(1), 0.0);
        assert_eq!(middle_s(2), 1_024.0 / 48_000.0);
    }
}
