//! Casting: instruments, drum kit and production for a piece.

use super::plan::Plan;
use crate::random::Stream;
use crate::{Casting, Cues, Ensemble, Family, Kit, Options, Patch, Production, SectionName, Sound, Split};

/// What an instrument is chosen for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Melody,
    Chords,
    Bass,
}

/// How often a family plays a role; 0 is never.
fn suitability(family: Family, role: Role) -> f32 {
    let [melody, chords, bass] = match family {
        Family::Piano => [1.0, 2.0, 0.35],
        Family::ElectricPiano => [0.6, 1.4, 0.8],
        Family::Organ => [0.5, 1.0, 0.3],
        Family::Plucked => [1.0, 1.8, 2.2],
        Family::Mallet => [0.8, 0.5, 0.0],
        Family::Strings => [0.8, 1.4, 0.2],
        Family::Brass => [0.9, 0.5, 0.15],
        Family::Reed => [1.1, 0.3, 0.1],
        Family::Flute => [1.1, 0.2, 0.0],
        Family::Synth => [1.0, 1.0, 1.6],
        Family::Choir => [0.5, 0.8, 0.0],
        Family::Bell => [0.5, 0.4, 0.0],
        Family::Overdriven => [0.7, 0.5, 0.25],
        // Held out: test pieces alone.
        Family::PhaseDistortion => [1.0, 1.0, 1.0],
        Family::Glass => [1.0, 1.0, 0.0],
    };
    match role {
        Role::Melody => melody,
        Role::Chords => chords,
        Role::Bass => bass,
    }
}

fn draw_family(role: Role, split: Split, cues: &Cues, ambient: bool, stream: &mut Stream) -> Family {
    let held_out = |family: &Family| Family::HELD_OUT.contains(family);
    let weight = |family: &Family| {
        let allowed = match (split, role) {
            (Split::Test, Role::Melody | Role::Chords) => held_out(family),
            (Split::Test, Role::Bass) => true,
            _ => !held_out(family),
        };
        if !allowed {
            return 0.0;
        }
        // Instruments are chosen by how bright the music is to be, loosely.
        let far = (family.brightness() - (0.52 + 0.24 * cues.brightness)) / 0.22;
        let pads = if ambient && role == Role::Chords && family.sustains() { 4.0 } else { 1.0 };
        suitability(*family, role) * pads / (1.0 + far * far)
    };
    Family::ALL[stream.weighted(Family::ALL.iter().map(weight))]
}

/// A patch somewhere in its family's space.
fn draw_patch(family: Family, role: Role, cues: &Cues, ambient: bool, stream: &mut Stream) -> Patch {
    let mut between = |low: f32, high: f32| stream.range(low, high);
    // Attack, decay and release, low to high; the families' own characters (ours).
    let (attack, decay, sustain, release) = match family {
        Family::Piano => ((0.001, 0.003), (1.2, 4.0), 0.0, (0.06, 0.2)),
        Family::ElectricPiano => ((0.001, 0.004), (0.8, 2.8), 0.0, (0.06, 0.25)),
        Family::Organ => ((0.002, 0.015), (0.1, 0.3), 0.95, (0.02, 0.08)),
        Family::Plucked => ((0.001, 0.002), (0.6, 3.0), 0.0, (0.04, 0.15)),
        Family::Mallet => ((0.001, 0.002), (0.15, 1.6), 0.0, (0.08, 0.5)),
        Family::Strings => ((0.03, 0.16), (0.2, 0.5), 0.85, (0.1, 0.4)),
        Family::Brass => ((0.012, 0.06), (0.1, 0.4), 0.75, (0.04, 0.12)),
        Family::Reed => ((0.012, 0.05), (0.1, 0.3), 0.85, (0.03, 0.1)),
        Family::Flute => ((0.02, 0.07), (0.1, 0.3), 0.85, (0.04, 0.12)),
        Family::Synth => ((0.001, 0.03), (0.1, 0.9), 0.6, (0.03, 0.3)),
        Family::Choir => ((0.03, 0.15), (0.2, 0.6), 0.85, (0.1, 0.35)),
        Family::Bell => ((0.001, 0.002), (0.5, 2.0), 0.0, (0.12, 0.45)),
        Family::Overdriven => ((0.002, 0.006), (0.4, 1.2), 0.7, (0.03, 0.1)),
        Family::PhaseDistortion => ((0.002, 0.04), (0.15, 0.9), 0.6, (0.04, 0.3)),
        Family::Glass => ((0.02, 0.12), (0.2, 0.6), 0.85, (0.1, 0.5)),
    };
    let slow = ambient && role == Role::Chords && family.sustains();
    let brightness = 0.5 + 0.25 * cues.brightness + between(-0.22, 0.22);
    let attack_s = between(attack.0, attack.1) * if slow { 5.0 } else { 1.0 };
    Patch {
        family,
        brightness: brightness.clamp(0.02, 0.98),
        touch: between(0.25, 0.9),
        attack_s,
        decay_s: between(decay.0, decay.1),
        sustain,
        release_s: between(release.0, release.1) * if slow { 2.0 } else { 1.0 },
        detune_cents: between(1.0, 12.0),
        vibrato_hz: between(4.6, 6.6),
        vibrato_cents: between(25.0, 60.0),
        tremolo_hz: between(3.5, 7.0),
        tremolo: {
            let drawn = between(-0.6, 0.4);
            match family {
                Family::Organ | Family::ElectricPiano | Family::Mallet => drawn.max(0.0),
                _ => 0.0,
            }
        },
        noise: between(0.0, 1.0),
        shape: [between(0.0, 1.0), between(0.0, 1.0), between(0.0, 1.0), between(0.0, 1.0)],
    }
}

pub(super) fn draw(plan: &Plan, options: &Options) -> Sound {
    let mut stream = Stream::new(plan.seed, "casting", 0);
    let split = options.split;
    let ambient = plan.ensemble == Ensemble::Ambient;
    let count = plan.sections.len() as f32;
    let mean =
        |cue: fn(&Cues) -> f32| plan.sections.iter().map(|section| cue(&section.cues)).sum::<f32>() / count;
    let cues = Cues { brightness: mean(|cues| cues.brightness), ..Cues::default() };
    // Two melody instruments, two for chords, one bass.
    let roles = [Role::Melody, Role::Melody, Role::Chords, Role::Chords, Role::Bass];
    let patches: Vec<Patch> = roles
        .into_iter()
        .map(|role| {
            let family = draw_family(role, split, &cues, ambient, &mut stream);
            draw_patch(family, role, &cues, ambient, &mut stream)
        })
        .collect();
    let changes = stream.chance(0.6);
    let alternate = stream.unit();
    let casting = plan
        .sections
        .iter()
        .map(|section| match section.name {
            SectionName::Solo => Casting { melody: 1, chords: 2, bass: 4 },
            SectionName::Bridge if changes => Casting { melody: 1, chords: 3, bass: 4 },
            SectionName::Chorus if changes && alternate < 0.5 => Casting { melody: 0, chords: 3, bass: 4 },
            SectionName::Intro if changes && alternate > 0.7 => Casting { melody: 1, chords: 3, bass: 4 },
            _ => Casting { melody: 0, chords: 2, bass: 4 },
        })
        .collect();
    let mut stream = Stream::new(plan.seed, "production", 0);
    let reverb = stream.unit();
    let level_db = -36.0 * stream.unit().powf(1.5);
    Sound {
        patches,
        casting,
        kit: stream.pick(&Kit::ALL),
        kit_tuning: stream.range(0.85, 1.2),
        production: Production {
            tuning_cents: stream.range(-15.0, 15.0),
            reverb_db: if ambient { stream.range(-12.0, -7.0) } else { -26.0 + 17.0 * reverb },
            reverb_s: if ambient { stream.range(1.2, 2.6) } else { 0.3 + 1.5 * reverb * stream.unit() },
            reverb_damping: stream.range(0.2, 0.8),
            tilt_db: stream.range(-4.5, 4.5),
            hiss_db: stream.range(-95.0, -52.0),
            drive_db: (stream.range(-4.0, 9.0)).max(0.0),
            level_db: options
                .forced
                .level_db
                .filter(|level| !level.is_nan())
                .unwrap_or(level_db)
                .clamp(-36.0, 0.0),
            mix_db: [
                stream.range(-2.5, 2.5),
                stream.range(-8.0, -2.5),
                stream.range(-3.5, 2.0),
                stream.range(-4.0, 2.5),
            ],
        },
    }
}
