//! The drums: kick, snare and hi-hat from the groove model's accents.

use crate::scene::Scene;
use crate::settings::VoiceSettings;

/// General MIDI percussion.
const KICK: u8 = 36;
const SNARE: u8 = 38;
const CLOSED_HAT: u8 = 42;
/// Accents above which a beat is struck, and above which a step between beats is.
const BEAT: f32 = 0.5;
const BETWEEN: f32 = 0.35;

/// The drum that is struck at this step, if one is: the kick on the first, third, ... beat of the bar, the snare on the second,
/// fourth, ..., the hi-hat between. Beats are those of the meter: in 6/8 the kick is struck with the first of two, the snare with
/// the second.
pub(crate) fn step(scene: &Scene, settings: &VoiceSettings) -> Option<u8> {
    let density = settings.density();
    if density <= 0.0 {
        return None;
    }
    let place = &scene.place;
    let accent = scene.accent(place.step);
    // Half of the density control leaves the thresholds as they are.
    let struck = |threshold: f32| {
        let threshold = if density <= 0.5 {
            threshold + (1.0 - threshold) * (1.0 - 2.0 * density)
        } else {
            threshold * (2.0 - 2.0 * density)
        };
        accent > threshold
    };
    let (drum, threshold) = match place.beat() {
        Some(beat) if beat.is_multiple_of(2) => (KICK, BEAT),
        Some(_) => (SNARE, BEAT),
        None => (CLOSED_HAT, BETWEEN),
    };
    struck(threshold).then_some(drum)
}

#[cfg(test)]
mod tests {
    use dendrite_pipeline::{Dynamics, Groove, Melody, Mood};

    use super::*;
    use crate::grid::BarStep;
    use crate::key::{Key, Scale};
    use crate::settings::{Settings, Voice};

    /// A bar with every step struck: K, S and h for each.
    fn bar(steps: u32, beat_steps: u32) -> String {
        let (mood, melody, dynamics, groove) =
            (Mood::default(), Melody::default(), Dynamics::default(), Groove::default());
        let mut settings = *Settings::default().voice(Voice::Drums);
        settings.density = 1.0;
        let drum = |number| {
            let scene = Scene {
                place: BarStep { bar: 0, step: number, steps, beat_steps },
                mood: &mood,
                melody: &melody,
                dynamics: &dynamics,
                groove: &groove,
                key: Key { tonic: 0, minor: false },
                scale: Scale::Major,
                chord: None,
                chord_changed: false,
                seed: 1,
                step_s: 0.1,
            };
            match step(&scene, &settings) {
                Some(KICK) => 'K',
                Some(SNARE) => 'S',
                Some(CLOSED_HAT) => 'h',
                other => panic!("{other:?}"),
            }
        };
        (0..steps).map(drum).collect()
    }

    #[test]
    fn kick_and_snare_take_turns_on_the_beats_of_the_meter() {
        assert_eq!(bar(16, 4), "KhhhShhhKhhhShhh");
        assert_eq!(bar(12, 4), "KhhhShhhKhhh");
        assert_eq!(bar(14, 4), "KhhhShhhKhhhSh");
        assert_eq!(bar(12, 6), "KhhhhhShhhhh");
        assert_eq!(bar(18, 6), "KhhhhhShhhhhKhhhhh");
        assert_eq!(bar(24, 6), "KhhhhhShhhhhKhhhhhShhhhh");
    }
}
