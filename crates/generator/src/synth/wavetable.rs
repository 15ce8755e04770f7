//! Wavetables: one period for each octave of pitch, with as many harmonics as fit below the Nyquist frequency.

use std::f32::consts::TAU;
use std::sync::LazyLock;

/// Points of a period.
const POINTS: usize = 2048;

/// Harmonics of the richest table; every further one has half as many.
const HARMONICS: usize = 256;

/// A period and its first point again. The length is in the type so that reading needs no check.
type Period = [f32; POINTS + 1];

static SINE: LazyLock<Box<Period>> =
    LazyLock::new(|| Box::new(std::array::from_fn(|point| (TAU * point as f32 / POINTS as f32).sin())));

/// sin(2 pi phase) for a phase in [0, 1).
pub(super) fn sine(phase: f32) -> f32 {
    read(&SINE, phase)
}

/// Sine with a reference to the table taken once: for loops.
#[derive(Clone, Copy)]
pub(super) struct Sine(&'static Period);

impl Sine {
    pub(super) fn new() -> Sine {
        Sine(&SINE)
    }

    /// sin(2 pi phase) for any phase within some thousand turns.
    pub(super) fn at(self, phase: f32) -> f32 {
        // Without SSE 4.1, `floor` is a call; a shift and a cast are not.
        let shifted = phase + 4096.0;
        read(self.0, shifted - (shifted as i32) as f32)
    }
}

fn read(table: &Period, phase: f32) -> f32 {
    let place = phase * POINTS as f32;
    let whole = place as i32;
    let along = place - whole as f32;
    let index = whole as usize % POINTS;
    table[index] + along * (table[index + 1] - table[index])
}

/// Tables of a spectrum, richest first.
#[derive(Debug, Clone)]
pub(super) struct Wavetable {
    levels: Vec<Box<Period>>,
}

impl Wavetable {
    /// From amplitudes of harmonics (the argument is the harmonic's number, from 1), in sine phase with alternating
    /// quarter turns that keep the crest low. Scaled to a root mean square of 0.3.
    pub(super) fn new(amplitude: impl Fn(usize) -> f32) -> Wavetable {
        let amplitudes: Vec<f32> = (1..=HARMONICS).map(amplitude).collect();
        let power: f32 = amplitudes.iter().map(|a| a * a / 2.0).sum();
        let scale = 0.3 / power.sqrt().max(1e-9);
        let mut levels = Vec::new();
        let mut count = HARMONICS;
        // The poorest table first: each richer one adds to it.
        let mut counts = Vec::new();
        while count > 0 {
            counts.push(count);
            count /= 2;
        }
        let mut table: Box<Period> = Box::new([0.0; POINTS + 1]);
        let mut done = 0;
        for count in counts.into_iter().rev() {
            for harmonic in done + 1..=count {
                let a = scale * amplitudes[harmonic - 1];
                if a.abs() < 1e-5 {
                    continue;
                }
                let turn = if harmonic % 4 < 2 { 0 } else { POINTS / 4 };
                for (point, value) in table.iter_mut().enumerate() {
                    *value += a * SINE[(harmonic * point + turn) % POINTS];
                }
            }
            done = count;
            levels.push(table.clone());
        }
        levels.reverse();
        Wavetable { levels }
    }

    /// The richest table without aliasing for a frequency (fraction of the sample rate) and some vibrato above it.
    pub(super) fn level(&self, frequency: f32) -> usize {
        let most = 0.46 / frequency.max(1e-5);
        let level = (HARMONICS as f32 / most).log2().ceil().max(0.0) as usize;
        level.min(self.levels.len() - 1)
    }

    /// The table of a level.
    pub(super) fn table(&self, level: usize) -> Table<'_> {
        Table(&self.levels[level])
    }
}

/// One period.
#[derive(Clone, Copy)]
pub(super) struct Table<'a>(&'a Period);

impl Table<'_> {
    pub(super) fn at(self, phase: Phase) -> f32 {
        let index = (phase.0 >> FRACTION_BITS) as usize % POINTS;
        let along = (phase.0 & FRACTION_MASK) as i32 as f32 * (1.0 / (1_u32 << FRACTION_BITS) as f32);
        self.0[index] + along * (self.0[index + 1] - self.0[index])
    }
}

const FRACTION_BITS: u32 = 32 - POINTS.trailing_zeros();
const FRACTION_MASK: u32 = (1 << FRACTION_BITS) - 1;

/// A place in a period as a fixed-point number, which wraps by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase(u32);

impl Phase {
    /// From a fraction of a period, or cycles per sample.
    pub(super) fn new(turns: f32) -> Phase {
        Phase((f64::from(turns) * 4_294_967_296.0) as u32)
    }

    pub(super) fn advance(&mut self, step: Phase) {
        self.0 = self.0.wrapping_add(step.0);
    }

    pub(super) fn ahead(self, by: Phase) -> Phase {
        Phase(self.0.wrapping_add(by.0))
    }
}
