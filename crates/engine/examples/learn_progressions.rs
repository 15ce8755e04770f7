//! Writes the tables of `crates/composer/src/progressions.rs`: which chords follow which in each mode, and what is heard of a chord.
//!
//! `cargo run --release -p dendrite-engine --example learn_progressions > crates/composer/src/progressions.rs`
//!
//! Chords are counted in the labels of 2,700 pieces of the generator's training split. What the trained harmony model hears of
//! them is measured on 185 more, which are played to the engine. Nothing of the other splits is looked at.

use std::ops::Range;

use dendrite_engine::{Engine, ModelSet, Networks, Output, Settings, Snapshot, Transport};
use dendrite_generator::{self as generator, Labels, Options, Section, Split, compose, render};
use dendrite_pipeline::{CHORDS, Chord, Quality};

/// Seeds whose chords are counted ...
const COUNTED: Range<u64> = 300..3000;
/// ... and those whose sound is listened to.
const LISTENED: Range<u64> = 0..185;
/// Frames that are taken together, as the tracker does.
const FRAMES: usize = 12;
/// Less likely successors are left to how often a chord is used.
const LEAST: f64 = 0.003;

fn main() {
    let options = Options { split: Split::Train, length_s: 30.0..=60.0, ..Options::default() };
    let mut counts = [(); 6].map(|()| Counts::default());
    for seed in COUNTED {
        count(&compose(seed, &options).labels, &mut counts);
    }
    let set = ModelSet::built_in(dendrite_engine::DEFAULT_WEIGHTS);
    let mut heard = [[0.0; CHORDS]; 6];
    for seed in LISTENED {
        let score = compose(seed, &options);
        let sound = render(&score).samples;
        let mut engine = Engine::new(48_000).expect("a usual rate");
        engine.install(Networks::new(set.clone()));
        let mut ears = Ears::default();
        engine.process(&[&sound], sound.len(), &Transport::default(), &Settings::default(), &mut ears);
        listen(&score.labels, &ears, &mut heard);
    }
    print(&counts, &heard);
}

/// What is counted of a mode, chords by their class above the tonic.
struct Counts {
    pieces: f64,
    begins: [f64; CHORDS],
    uses: [f64; CHORDS],
    next: Vec<[f64; CHORDS]>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { pieces: 0.0, begins: [0.0; CHORDS], uses: [0.0; CHORDS], next: vec![[0.0; CHORDS]; CHORDS] }
    }
}

/// The nearest of the 64 chords, as in the training of the harmony model.
fn nearest(chord: generator::Chord) -> Chord {
    use generator::Quality as Written;
    let quality = match chord.quality {
        Written::Major
        | Written::Major7
        | Written::Sixth
        | Written::AddNinth
        | Written::Suspended4
        | Written::Suspended2 => Quality::Major,
        Written::Minor | Written::MinorAddNinth => Quality::Minor,
        Written::Dominant7 => Quality::Dominant,
        Written::Minor7 | Written::MinorSixth => Quality::MinorSeventh,
        Written::Diminished | Written::Diminished7 | Written::HalfDiminished => Quality::Diminished,
        Written::Augmented => Quality::Augmented,
    };
    Chord { root: chord.root % 12, quality }
}

fn above(chord: Chord, tonic: u8) -> usize {
    Chord { root: (chord.root + 12 - tonic) % 12, ..chord }.class()
}

fn section_at(labels: &Labels, time_s: f64) -> &Section {
    let after = labels.sections.partition_point(|section| section.start_s <= time_s);
    &labels.sections[after.max(1) - 1]
}

fn count(labels: &Labels, counts: &mut [Counts; 6]) {
    let mut before: Option<(Chord, generator::Key)> = None;
    for (n, span) in labels.chords.iter().enumerate() {
        let Some(chord) = span.chord.map(nearest) else {
            before = None;
            continue;
        };
        let key = section_at(labels, span.start_s + 0.05).key;
        let mode = generator::Mode::ALL.iter().position(|mode| *mode == key.mode).expect("one of all");
        let counts = &mut counts[mode];
        let class = above(chord, key.tonic);
        match before {
            // Pieces begin with a moment before the first bar.
            None if n <= 1 => {
                counts.pieces += 1.0;
                counts.begins[class] += 1.0;
            }
            Some((last, its)) if its == key && last != chord => {
                counts.next[above(last, key.tonic)][class] += 1.0;
            }
            _ => {}
        }
        counts.uses[class] += 1.0;
        before = Some((chord, key));
    }
}

/// The chords that the engine heard, frame by frame, and where it heard silence.
#[derive(Default)]
struct Ears {
    heard: Vec<[f32; CHORDS]>,
    silent: Vec<bool>,
}

impl Output for Ears {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.heard.push(snapshot.harmony.probabilities);
        self.silent.push(snapshot.frame.silent);
    }
}

/// Adds what was heard while each kind of chord sounded, moved to a root of C.
fn listen(labels: &Labels, ears: &Ears, heard: &mut [[f64; CHORDS]; 6]) {
    for (n, frames) in ears.heard.chunks_exact(FRAMES).enumerate() {
        let first = n * FRAMES;
        let silent = ears.silent[first..first + FRAMES].iter().filter(|&&silent| silent).count();
        let time_s = (first + FRAMES / 2) as f64 / dendrite_features::FRAME_RATE;
        let after = labels.chords.partition_point(|span| span.start_s <= time_s);
        let Some(chord) = labels.chords[after.max(1) - 1].chord.map(nearest).filter(|_| 2 * silent <= FRAMES)
        else {
            continue;
        };
        for class in 0..CHORDS {
            let other = Chord::of_class(class).expect("one of 64");
            let sum: f32 = frames.iter().map(|frame| frame[class]).sum();
            heard[chord.quality as usize][above(other, chord.root)] += f64::from(sum) / FRAMES as f64;
        }
    }
}

fn print(counts: &[Counts; 6], heard: &[[f64; CHORDS]; 6]) {
    println!(
        "//! Which chords follow which in each mode, and what is heard of a chord. Written by\n\
         //! `cargo run --release -p dendrite-engine --example learn_progressions`, which says from what; not to be edited.\n\
         //!\n\
         //! Chords are classes of [`dendrite_pipeline::Chord`] with roots counted from the tonic.\n\n\
         use crate::key::Scale;\n\n\
         /// What is usual in a mode.\n\
         pub(crate) struct Progressions {{\n    \
             /// Its scale.\n    pub scale: Scale,\n    \
             /// How many pieces are in it.\n    pub share: f32,\n    \
             /// What music begins with.\n    pub begins: &'static [(u8, f32)],\n    \
             /// How often each chord is used.\n    pub uses: &'static [(u8, f32)],\n    \
             /// Chords and those that follow them.\n    pub next: &'static [(u8, &'static [(u8, f32)])],\n\
         }}\n\n\
         /// The modes, bright to dark.\n#[rustfmt::skip]\npub(crate) const PROGRESSIONS: [Progressions; 6] = ["
    );
    let pieces: f64 = counts.iter().map(|counts| counts.pieces).sum();
    for (mode, counts) in generator::Mode::ALL.into_iter().zip(counts) {
        let all: f64 = counts.uses.iter().sum();
        // A chord that was never used is used once in three thousand times.
        let uses = counts.uses.map(|uses| (uses + 0.02 * all / CHORDS as f64) / (1.02 * all));
        let begun: f64 = counts.begins.iter().sum();
        let begins: [f64; CHORDS] =
            std::array::from_fn(|class| (counts.begins[class] + 5.0 * uses[class]) / (begun + 5.0));
        println!("    Progressions {{");
        println!("        scale: Scale::{mode:?},");
        println!("        share: {:.3},", counts.pieces / pieces);
        println!("        begins: &[{}],", list(&begins));
        println!("        uses: &[{}],", list(&uses));
        println!("        next: &[");
        for (class, next) in counts.next.iter().enumerate() {
            let left: f64 = next.iter().sum();
            let row: [f64; CHORDS] = std::array::from_fn(|to| next[to] / (left + 1.0));
            if left >= 5.0 {
                println!("            ({class}, &[{}]),", list(&row));
            }
        }
        println!("        ],\n    }},");
    }
    println!("];\n");
    println!(
        "/// Logarithms of the probability that the harmony model gives to each chord while a chord of each quality on C sounds."
    );
    println!("#[rustfmt::skip]\npub(crate) const HEARD: [[f32; 64]; 6] = [");
    for row in heard {
        let sum: f64 = row.iter().sum();
        let numbers: Vec<String> =
            row.iter().map(|heard| format!("{:.1}", ((heard / sum + 1.5e-4) / 1.0096).ln())).collect();
        println!("    [{}],", numbers.join(", "));
    }
    println!("];");
}

fn list(values: &[f64; CHORDS]) -> String {
    let entries: Vec<String> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| **value >= LEAST)
        .map(|(class, value)| format!("({class}, {value:.3})"))
        .collect();
    entries.join(", ")
}
