//! Controllers, as one value per block.

use super::BLOCK;
use crate::expression::Track;
use crate::{Controller, Labels, SAMPLE_RATE};

/// Controllers at one block, each 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub expression: f32,
    pub modulation: f32,
    pub brightness: f32,
}

/// Controllers over a piece.
pub(super) struct Controls {
    moments: Vec<Moment>,
    /// Samples at which the pedal goes down and up.
    pedal: Vec<(usize, usize)>,
}

impl Controls {
    pub(super) fn new(labels: &Labels, length: usize) -> Controls {
        let blocks = length / BLOCK + 1;
        let track = |controller| -> Vec<f32> {
            let track = Track::new(&labels.controls, controller);
            let at = |block: usize| track.at((block * BLOCK) as f64 / f64::from(SAMPLE_RATE)) / 127.0;
            (0..blocks).map(at).collect()
        };
        let expression = track(Controller::Expression);
        let modulation = track(Controller::Modulation);
        let brightness = track(Controller::Brightness);
        let moments = (0..blocks).map(|block| Moment {
            expression: expression[block],
            modulation: modulation[block],
            brightness: brightness[block],
        });
        let mut pedal = Vec::new();
        let mut down = None;
        for control in labels.controls.iter().filter(|control| control.controller == Controller::Sustain) {
            let at = (control.time_s.max(0.0) * f64::from(SAMPLE_RATE)) as usize;
            match (control.value >= 64, down) {
                (true, None) => down = Some(at),
                (false, Some(since)) => {
                    pedal.push((since, at));
                    down = None;
                }
                _ => {}
            }
        }
        pedal.extend(down.map(|since| (since, length)));
        Controls { moments: moments.collect(), pedal }
    }

    /// Neutral controllers, for measuring instruments.
    pub(super) fn neutral() -> Controls {
        let moment = Moment { expression: 1.0, modulation: 0.0, brightness: 0.5 };
        Controls { moments: vec![moment], pedal: Vec::new() }
    }

    /// At a sample; what lies behind the end is as the end.
    pub(super) fn at(&self, sample: usize) -> Moment {
        self.moments[(sample / BLOCK).min(self.moments.len() - 1)]
    }

    /// When a key let go at a sample stops sounding: at once, or when the pedal is let go.
    pub(super) fn pedalled(&self, end: usize) -> usize {
        let after = self.pedal.partition_point(|(down, _)| *down <= end);
        match after.checked_sub(1).map(|index| self.pedal[index]) {
            Some((_, up)) if up > end => up,
            _ => end,
        }
    }
}
