//! Voices: a family's source under envelope, controllers, vibrato and tremolo.

use super::controls::Controls;
use super::envelope::Envelope;
use super::fm::Fm;
use super::formant::{Choir, ChoirTables};
use super::glass::Glass;
use super::overdrive::Overdriven;
use super::partials::Partials;
use super::phase_distortion::PhaseDistortion;
use super::string::PluckedString;
use super::subtractive::Subtractive;
use super::wave::{Wave, WaveTables};
use super::wavetable::{Wavetable, sine};
use super::{BLOCK, RATE};
use crate::{Family, Patch, Voice};

/// A note to be sounded.
pub(super) struct Tone {
    /// First sample.
    pub start: usize,
    /// Samples until it is let go.
    pub held: usize,
    /// Cycles per sample.
    pub frequency: f32,
    /// 0 to 1.
    pub velocity: f32,
    /// Of its noise.
    pub seed: u32,
}

/// Tables that the notes of an instrument share.
enum Tables {
    None,
    Wave(WaveTables),
    Choir(ChoirTables),
    Single(Wavetable),
}

/// A patch ready to play.
pub(super) struct Instrument {
    patch: Patch,
    tables: Tables,
    /// Brings all families to the same loudness.
    gain: f32,
}

/// What makes the sound of one note. Pitch in cycles per sample and brightness (0 to 1) change from block to block.
enum Source<'a> {
    Partials(Box<Partials>),
    Wave(Wave<'a>),
    Fm(Fm),
    String(PluckedString),
    Subtractive(Subtractive<'a>),
    Choir(Choir<'a>),
    Overdriven(Overdriven<'a>),
    PhaseDistortion(PhaseDistortion),
    Glass(Glass),
}

impl Source<'_> {
    fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32, level: f32) {
        match self {
            Source::Partials(source) => source.fill(block),
            Source::Wave(source) => source.fill(block, pitch, brightness, level),
            Source::Fm(source) => source.fill(block, pitch, brightness),
            Source::String(source) => source.fill(block),
            Source::Subtractive(source) => source.fill(block, pitch, brightness),
            Source::Choir(source) => source.fill(block, pitch, brightness),
            Source::Overdriven(source) => source.fill(block, pitch, brightness),
            Source::PhaseDistortion(source) => source.fill(block, pitch, brightness),
            Source::Glass(source) => source.fill(block, pitch, brightness),
        }
    }
}

impl Instrument {
    pub(super) fn new(patch: &Patch, role: Voice) -> Instrument {
        let tables = match patch.family {
            Family::Organ | Family::Strings | Family::Brass | Family::Reed | Family::Flute => {
                Tables::Wave(WaveTables::new(patch))
            }
            Family::Choir => Tables::Choir(ChoirTables::new(patch)),
            Family::Synth => Tables::Single(Wavetable::new(|harmonic| 1.0 / harmonic as f32)),
            Family::Overdriven => Tables::Single(Wavetable::new(|harmonic| (harmonic as f32).powf(-1.3))),
            _ => Tables::None,
        };
        let mut instrument = Instrument { patch: *patch, tables, gain: 1.0 };
        instrument.gain = instrument.measured_gain(role);
        instrument
    }

    /// The gain that gives a note in the middle of the role's range, played mezzo forte, a root mean square of 0.1.
    fn measured_gain(&self, role: Voice) -> f32 {
        let pitch = match role {
            Voice::Melody => 69.0,
            Voice::Chords => 59.0,
            Voice::Bass | Voice::Drums => 40.0,
        };
        let length = (0.45 * RATE) as usize;
        let mut samples = vec![0.0; length];
        let frequency = 440.0 * ((pitch - 69.0) / 12.0_f32).exp2() / RATE;
        let tone = Tone { start: 0, held: length, frequency, velocity: 0.65, seed: 1 };
        self.play(&tone, &Controls::neutral(), 1.0, &mut samples);
        // Slow attacks are measured where they have arrived.
        let from = ((self.patch.attack_s * RATE) as usize).min(length / 2);
        let power = samples[from..].iter().map(|x| x * x).sum::<f32>() / (length - from) as f32;
        0.1 / power.sqrt().max(1e-4)
    }

    fn source(&self, tone: &Tone, brightness: f32) -> Source<'_> {
        let patch = &self.patch;
        match (&self.tables, patch.family) {
            (Tables::Wave(tables), _) => Source::Wave(Wave::new(tables, patch, tone)),
            (Tables::Choir(tables), _) => Source::Choir(Choir::new(tables, patch, tone)),
            (Tables::Single(table), Family::Synth) => {
                Source::Subtractive(Subtractive::new(table, patch, tone))
            }
            (Tables::Single(table), _) => Source::Overdriven(Overdriven::new(table, patch, tone)),
            (Tables::None, Family::Piano) => {
                Source::Partials(Box::new(Partials::piano(patch, tone, brightness)))
            }
            (Tables::None, Family::Mallet) => {
                Source::Partials(Box::new(Partials::mallet(patch, tone, brightness)))
            }
            (Tables::None, Family::Plucked) => Source::String(PluckedString::new(patch, tone, brightness)),
            (Tables::None, Family::PhaseDistortion) => {
                Source::PhaseDistortion(PhaseDistortion::new(patch, tone))
            }
            (Tables::None, Family::Glass) => Source::Glass(Glass::new(patch, tone)),
            (Tables::None, _) => Source::Fm(Fm::new(patch, tone)),
        }
    }

    /// Adds a note to a bus.
    pub(super) fn play(&self, tone: &Tone, controls: &Controls, gain: f32, bus: &mut [f32]) {
        let patch = &self.patch;
        // High notes of struck and plucked instruments die sooner.
        let higher = (220.0 / (tone.frequency * RATE)).powf(0.45).clamp(0.3, 2.0);
        let mut envelope = match patch.family {
            family if family.sustains() => {
                Envelope::new(patch.attack_s, patch.decay_s, patch.sustain, patch.release_s)
            }
            Family::Piano | Family::Mallet | Family::Plucked => {
                // Their sources decay by themselves; this only ends them.
                Envelope::new(patch.attack_s, 2.2 * patch.decay_s * higher, 0.0, patch.release_s)
            }
            _ => Envelope::new(patch.attack_s, patch.decay_s * higher, 0.0, patch.release_s),
        };
        let sings = patch.family.sustains();
        let loudness = tone.velocity * tone.velocity * gain * self.gain;
        let bright = |cc74: f32| {
            let touched = patch.brightness + 0.7 * patch.touch * (tone.velocity - 0.6) + 0.6 * (cc74 - 0.5);
            touched.clamp(0.0, 1.0)
        };
        let mut source = self.source(tone, bright(controls.at(tone.start).brightness));
        let mut block = [0.0; BLOCK];
        let mut place = tone.start;
        let mut before = 0.0;
        // Singers and players start their vibrato late and each at another phase.
        let mut vibrato = (tone.seed as f32 * 0.618_034).fract();
        let mut tremolo = (tone.start as f32 / RATE * patch.tremolo_hz).fract();
        let (vibrato_step, tremolo_step) =
            (patch.vibrato_hz * BLOCK as f32 / RATE, patch.tremolo_hz * BLOCK as f32 / RATE);
        while place < bus.len() {
            let played = place - tone.start;
            if played >= tone.held {
                envelope.let_go();
            }
            let level = envelope.next();
            if envelope.is_over() {
                break;
            }
            let moment = controls.at(place);
            let mut pitch = tone.frequency;
            if sings {
                vibrato = (vibrato + vibrato_step).fract();
                let arrived = ((played as f32 / RATE - 0.15) / 0.35).clamp(0.0, 1.0);
                let cents = patch.vibrato_cents * moment.modulation * arrived * sine(vibrato);
                pitch *= 1.0 + cents * (std::f32::consts::LN_2 / 1200.0);
            }
            tremolo = (tremolo + tremolo_step).fract();
            let shaken = 1.0 - patch.tremolo * (0.5 + 0.5 * sine(tremolo));
            let count = BLOCK.min(bus.len() - place);
            let block = &mut block[..count];
            source.fill(block, pitch, bright(moment.brightness), level);
            let after = level * loudness * moment.expression * shaken;
            let step = (after - before) / count as f32;
            let mut now = before;
            for (out, sample) in bus[place..place + count].iter_mut().zip(block) {
                now += step;
                *out += now * *sample;
            }
            before = after;
            place += count;
        }
    }
}
