//! Which key the succession of chords speaks for: a hidden Markov model of mode, tonic and chord.
//!
//! ```text
//! chord posterior ──mean of 12 frames──> likelihood of 64 chords ──┐
//! belief [6 modes][12 tonics][64 chords] ──progressions of a mode──┴──> belief ──sum──> 24 keys
//! ```
//! The forward recursion of Rabiner (1989), with chords as functions of a key as in Raphael and Stoddard (2004): relative keys
//! share their chords and differ in which of them follows which, and in the one that music begins with.

use dendrite_features::N_CHROMA;
use dendrite_pipeline::{CHORDS, Quality};

use crate::key::{Key, Scale};
use crate::progressions::{HEARD, PROGRESSIONS};

/// Frames of a step of the recursion, and of the work on it.
const FRAMES: usize = 12;
/// Probability that the chord stays for a step: chords last some five seconds in slow music, two in fast.
const STAYS: f32 = 0.95;
/// Probability that a new key begins with a step.
const MODULATES: f32 = 0.002;
/// Successive steps hear the same notes again: what they say counts less than it would by itself.
const INDEPENDENCE: f32 = 0.6;
/// Probability of what no piece had, before it counts as a share.
const UNUSUAL: f32 = 3e-4;

const MODES: usize = PROGRESSIONS.len();
const QUALITIES: usize = Quality::ALL.len();
/// Tonics that are worked on in one frame, once all qualities are done.
const TONICS: usize = N_CHROMA / (FRAMES - QUALITIES);

/// What music in a mode begins with, and how often it uses each chord.
struct Habits {
    begins: [f32; CHORDS],
    uses: [f32; CHORDS],
}

static HABITS: [Habits; MODES] = {
    let mut habits = [const { Habits { begins: [0.0; CHORDS], uses: [0.0; CHORDS] } }; MODES];
    let mut mode = 0;
    while mode < MODES {
        habits[mode].begins = shares(PROGRESSIONS[mode].begins);
        habits[mode].uses = shares(PROGRESSIONS[mode].uses);
        mode += 1;
    }
    habits
};

/// All chords, those that are not listed too, as shares of 1.
const fn shares(listed: &[(u8, f32)]) -> [f32; CHORDS] {
    let mut shares = [UNUSUAL; CHORDS];
    let mut sum = CHORDS as f32 * UNUSUAL;
    let mut at = 0;
    while at < listed.len() {
        let (class, share) = listed[at];
        sum += share - UNUSUAL;
        shares[class as usize] = share;
        at += 1;
    }
    let mut class = 0;
    while class < CHORDS {
        shares[class] /= sum;
        class += 1;
    }
    shares
}

/// Follows chords and key together. Does not allocate; the work of a step is spread over the [`FRAMES`] calls of
/// [`push`](Self::push), some 6,000 operations in each at most.
#[derive(Clone, Debug)]
pub(crate) struct Tonality {
    /// How likely each mode, tonic and chord above it is; times `scale` a probability after the last step.
    belief: [[[f32; CHORDS]; N_CHROMA]; MODES],
    scale: f32,
    /// The same of all chords together, as far as the step that is under way has come.
    sums: [[f32; N_CHROMA]; MODES],
    /// Probability of each mode and tonic after the last step.
    keys: [[f32; N_CHROMA]; MODES],
    /// Sum over the frames of the window that is being filled, and how many there are.
    sum: [f32; CHORDS],
    frames: usize,
    /// The window that is worked on, if there is one, and how likely it is with each chord.
    window: Option<[f32; CHORDS]>,
    likelihood: [f32; CHORDS],
    /// Steps were done before this one.
    begun: bool,
}

impl Tonality {
    /// Has heard nothing: any tonic, and what music begins with.
    pub(crate) fn new() -> Self {
        let share = |mode: usize| PROGRESSIONS[mode].share / N_CHROMA as f32;
        Self {
            belief: std::array::from_fn(|mode| {
                [HABITS[mode].begins.map(|begins| share(mode) * begins); N_CHROMA]
            }),
            scale: 1.0,
            sums: [[0.0; N_CHROMA]; MODES],
            keys: std::array::from_fn(|mode| [share(mode); N_CHROMA]),
            sum: [0.0; CHORDS],
            frames: 0,
            window: None,
            likelihood: [0.0; CHORDS],
            begun: false,
        }
    }

    /// Takes the chord posterior of the next frame in.
    pub(crate) fn push(&mut self, probabilities: &[f32; CHORDS]) {
        if let Some(window) = self.window {
            match self.frames {
                quality if quality < QUALITIES => self.compare(quality, &window),
                part => {
                    let first = (part - QUALITIES) * TONICS;
                    (first..first + TONICS).for_each(|tonic| self.step(tonic));
                }
            }
        }
        self.sum.iter_mut().zip(probabilities).for_each(|(sum, probability)| *sum += probability);
        self.frames += 1;
        if self.frames == FRAMES {
            if self.window.is_some() {
                self.normalise();
            }
            self.window = Some(self.sum.map(|sum| sum / FRAMES as f32));
            (self.sum, self.frames) = ([0.0; CHORDS], 0);
        }
    }

    /// How likely a key is.
    pub(crate) fn probability(&self, key: Key) -> f32 {
        self.modes_of(key).map(|(_, probability)| probability).sum()
    }

    /// The likeliest mode of a key.
    pub(crate) fn scale(&self, key: Key) -> Scale {
        let likeliest = self.modes_of(key).max_by(|a, b| a.1.total_cmp(&b.1));
        likeliest.map_or(Scale::Major, |(scale, _)| scale)
    }

    fn modes_of(&self, key: Key) -> impl Iterator<Item = (Scale, f32)> {
        let modes = PROGRESSIONS.iter().zip(&self.keys);
        modes
            .filter(move |(mode, _)| mode.scale.is_minor() == key.minor)
            .map(move |(mode, tonics)| (mode.scale, tonics[usize::from(key.tonic) % N_CHROMA]))
    }

    /// How likely the window is with the chords of a quality.
    fn compare(&mut self, quality: usize, window: &[f32; CHORDS]) {
        let first = quality * N_CHROMA;
        for root in 0..N_CHROMA.min(CHORDS - first) {
            let sum: f32 = (0..CHORDS).map(|above| HEARD[quality][above] * window[moved(above, root)]).sum();
            self.likelihood[first + root] = (INDEPENDENCE * sum).exp();
        }
    }

    /// One step of the recursion in all modes on a tonic.
    fn step(&mut self, tonic: usize) {
        let modes = PROGRESSIONS.iter().zip(&HABITS).zip(&mut self.belief).zip(&mut self.sums);
        for (((mode, habits), belief), sums) in modes {
            let belief = &mut belief[tonic];
            belief.iter_mut().for_each(|share| *share *= self.scale);
            let mut led = [0.0; CHORDS];
            // What leads to no usual chord leads to any that is used.
            let mut free: f32 = belief.iter().sum();
            for &(from, next) in mode.next {
                let from = belief[usize::from(from)];
                for &(to, share) in next {
                    led[usize::from(to)] += from * share;
                    free -= from * share;
                }
            }
            let new = MODULATES * mode.share / N_CHROMA as f32;
            for class in 0..CHORDS {
                if self.begun {
                    let moves = led[class] + free.max(0.0) * habits.uses[class];
                    let here = STAYS * belief[class] + (1.0 - STAYS) * moves;
                    belief[class] = (1.0 - MODULATES) * here + new * habits.begins[class];
                }
                belief[class] *= self.likelihood[moved(class, tonic)];
            }
            sums[tonic] = belief.iter().sum();
        }
    }

    /// Makes probabilities of what the step has come to; the next one scales what it begins from.
    fn normalise(&mut self) {
        let sum: f32 = self.sums.iter().flatten().sum();
        if sum.is_finite() && sum > 0.0 {
            self.keys = self.sums.map(|tonics| tonics.map(|share| share / sum));
            self.scale = 1.0 / sum;
            self.begun = true;
        } else {
            *self = Self::new();
        }
    }
}

/// The class of a chord whose root goes up by semitones; augmented triads have four roots.
const fn moved(class: usize, by: usize) -> usize {
    const AUGMENTED: usize = Quality::Augmented as usize * N_CHROMA;
    if class >= AUGMENTED {
        AUGMENTED + (class - AUGMENTED + by) % (CHORDS - AUGMENTED)
    } else {
        class / N_CHROMA * N_CHROMA + (class % N_CHROMA + by) % N_CHROMA
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dendrite_pipeline::Chord;

    #[test]
    fn tables_are_probabilities() {
        let shares: f32 = PROGRESSIONS.iter().map(|mode| mode.share).sum();
        assert!((shares - 1.0).abs() < 0.01, "{shares}");
        for (mode, habits) in PROGRESSIONS.iter().zip(&HABITS) {
            for sum in [habits.begins.iter().sum::<f32>(), habits.uses.iter().sum()] {
                assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            }
            for (_, next) in mode.next {
                assert!(next.iter().map(|(_, share)| share).sum::<f32>() <= 1.001);
            }
            // The tonic's chord is what a piece in a mode most often begins with.
            let likeliest = (0..CHORDS).max_by(|&a, &b| habits.begins[a].total_cmp(&habits.begins[b]));
            assert_eq!(likeliest.map(|class| class % N_CHROMA), Some(0));
        }
        for row in HEARD {
            let sum: f32 = row.iter().map(|heard| heard.exp()).sum();
            assert!((sum - 1.0).abs() < 0.1, "{sum}");
        }
    }

    #[test]
    fn chords_move_with_their_roots() {
        for class in 0..CHORDS {
            let chord = Chord::of_class(class).unwrap();
            for by in 0..N_CHROMA {
                let there = Chord { root: (chord.root + by as u8) % 12, ..chord };
                assert_eq!(moved(class, by), there.class(), "{chord} by {by}");
            }
        }
    }

    /// What the order of the same four chords says of relative keys.
    #[test]
    fn relative_keys_are_told_apart_by_what_follows_what() {
        let (c, f, g, a) = (
            Chord { root: 0, quality: Quality::Major },
            Chord { root: 5, quality: Quality::Major },
            Chord { root: 7, quality: Quality::Major },
            Chord { root: 9, quality: Quality::Minor },
        );
        let lead = |chords: [Chord; 4]| {
            let mut tonality = Tonality::new();
            for chord in chords.into_iter().cycle().take(8) {
                let mut heard = [0.3 / 63.0; CHORDS];
                heard[chord.class()] = 0.7;
                (0..94).for_each(|_| tonality.push(&heard));
            }
            let sum: f32 = tonality.keys.iter().flatten().sum();
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            let major = tonality.probability(Key { tonic: 0, minor: false });
            (major / tonality.probability(Key { tonic: 9, minor: true })).ln()
        };
        // I vi IV V against i bVI bIII bVII.
        assert!(lead([c, a, f, g]) > 2.0, "{}", lead([c, a, f, g]));
        assert!(lead([a, f, c, g]) < 0.0, "{}", lead([a, f, c, g]));
    }
}
