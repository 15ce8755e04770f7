//! Harmony: walks through graphs of chord functions, one for each mode.

use super::plan::Plan;
use crate::random::Stream;
use crate::{Chord, Key, Mode, Mood, Quality, SectionName};

/// A chord for some sixteenths of one bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub bar: usize,
    pub step: usize,
    pub steps: usize,
    pub chord: Chord,
}

/// A function in a mode: its numeral, semitones above the tonic, as a triad and with more.
struct Function {
    numeral: &'static str,
    root: u8,
    triad: Quality,
    seventh: Quality,
    /// Where it leads, with weights. Secondary dominants lead to what they are dominants of.
    next: &'static [(&'static str, f32)],
}

const fn function(
    numeral: &'static str,
    root: u8,
    triad: Quality,
    seventh: Quality,
    next: &'static [(&'static str, f32)],
) -> Function {
    Function { numeral, root, triad, seventh, next }
}

use Quality::{Augmented, Diminished, Diminished7, Dominant7, HalfDiminished, Major, Major7, Minor, Minor7};

// The first function of each graph is the tonic. Weights are ours, in the proportions that corpora of popular music show
// (de Clercq and Temperley 2011: IV, V and vi after I; V and I after IV; bVII and IV in mixolydian).
const MAJOR: &[Function] = &[
    function(
        "I",
        0,
        Major,
        Major7,
        &[
            ("IV", 3.0),
            ("V", 3.0),
            ("vi", 3.0),
            ("ii", 2.0),
            ("iii", 1.0),
            ("V/IV", 0.35),
            ("V/vi", 0.3),
            ("V/ii", 0.3),
            ("bVII", 0.3),
            ("#idim", 0.15),
            ("I+", 0.15),
        ],
    ),
    function("ii", 2, Minor, Minor7, &[("V", 4.0), ("vii", 0.6), ("IV", 0.7), ("V/V", 0.4), ("iv", 0.2)]),
    function("iii", 4, Minor, Minor7, &[("vi", 3.0), ("IV", 2.5), ("ii", 0.8)]),
    function(
        "IV",
        5,
        Major,
        Major7,
        &[("V", 3.5), ("I", 2.5), ("ii", 1.0), ("vi", 0.8), ("iv", 0.5), ("V/V", 0.3), ("bVII", 0.2)],
    ),
    function(
        "V",
        7,
        Major,
        Dominant7,
        &[("I", 4.0), ("vi", 1.6), ("IV", 0.9), ("iii", 0.3), ("V/vi", 0.3), ("V+", 0.25), ("bVI", 0.15)],
    ),
    function(
        "vi",
        9,
        Minor,
        Minor7,
        &[("IV", 3.0), ("ii", 2.5), ("V", 1.5), ("iii", 0.7), ("I", 0.5), ("V/V", 0.5)],
    ),
    function("vii", 11, Diminished, HalfDiminished, &[("I", 3.0), ("V/vi", 0.6), ("vi", 0.4)]),
    function("V/V", 2, Major, Dominant7, &[("V", 4.0)]),
    function("V/vi", 4, Major, Dominant7, &[("vi", 4.0), ("IV", 0.8)]),
    function("V/ii", 9, Major, Dominant7, &[("ii", 4.0)]),
    function("V/IV", 0, Dominant7, Dominant7, &[("IV", 4.0)]),
    function("iv", 5, Minor, Minor7, &[("I", 3.0), ("V", 1.2)]),
    function("bVI", 8, Major, Major7, &[("bVII", 2.0), ("V", 1.0), ("iv", 0.7)]),
    function("bVII", 10, Major, Dominant7, &[("IV", 2.0), ("I", 2.0)]),
    function("#idim", 1, Diminished, Diminished7, &[("ii", 4.0)]),
    function("I+", 0, Augmented, Augmented, &[("IV", 2.0), ("vi", 2.0)]),
    function("V+", 7, Augmented, Augmented, &[("I", 4.0)]),
];

const MINOR: &[Function] = &[
    function(
        "i",
        0,
        Minor,
        Minor7,
        &[
            ("bVI", 3.0),
            ("iv", 3.0),
            ("bVII", 2.5),
            ("V", 2.0),
            ("ii", 1.0),
            ("bIII", 1.0),
            ("v", 0.8),
            ("vii", 0.4),
            ("V/iv", 0.3),
            ("IV", 0.3),
            ("bII", 0.25),
        ],
    ),
    function("ii", 2, Diminished, HalfDiminished, &[("V", 4.0), ("i", 0.5)]),
    function(
        "bIII",
        3,
        Major,
        Major7,
        &[("bVI", 2.5), ("bVII", 2.0), ("iv", 1.5), ("i", 0.7), ("III+", 0.15)],
    ),
    function("iv", 5, Minor, Minor7, &[("V", 2.5), ("i", 2.0), ("bVII", 1.5), ("bVI", 1.0), ("ii", 0.5)]),
    function("v", 7, Minor, Minor7, &[("i", 2.0), ("bVI", 2.0), ("iv", 1.0)]),
    function("V", 7, Major, Dominant7, &[("i", 4.0), ("bVI", 1.5), ("iv", 0.4)]),
    function(
        "bVI",
        8,
        Major,
        Major7,
        &[("bVII", 3.0), ("bIII", 2.0), ("V", 1.6), ("iv", 1.5), ("i", 1.0), ("ii", 0.5)],
    ),
    function("bVII", 10, Major, Dominant7, &[("i", 2.5), ("bIII", 2.5), ("bVI", 1.5), ("v", 0.4)]),
    function("vii", 11, Diminished, Diminished7, &[("i", 4.0)]),
    function("V/iv", 0, Major, Dominant7, &[("iv", 4.0)]),
    function("IV", 5, Major, Dominant7, &[("i", 1.5), ("bVII", 1.5), ("V", 1.0)]),
    function("bII", 1, Major, Major7, &[("V", 3.0), ("i", 0.7)]),
    function("III+", 3, Augmented, Augmented, &[("bVI", 2.0), ("i", 1.0)]),
];

const DORIAN: &[Function] = &[
    function("i", 0, Minor, Minor7, &[("IV", 4.0), ("bVII", 2.0), ("ii", 1.5), ("bIII", 1.0), ("v", 1.0)]),
    function("ii", 2, Minor, Minor7, &[("i", 2.0), ("IV", 1.0), ("v", 1.0)]),
    function("bIII", 3, Major, Major7, &[("IV", 2.0), ("bVII", 1.0), ("i", 1.0)]),
    function("IV", 5, Major, Dominant7, &[("i", 4.0), ("bVII", 1.5), ("v", 0.6)]),
    function("v", 7, Minor, Minor7, &[("i", 2.0), ("IV", 2.0)]),
    function("bVII", 10, Major, Major7, &[("i", 2.5), ("IV", 2.0)]),
];

const MIXOLYDIAN: &[Function] = &[
    function("I", 0, Major, Dominant7, &[("bVII", 4.0), ("IV", 3.0), ("v", 1.0), ("ii", 1.0), ("vi", 1.0)]),
    function("ii", 2, Minor, Minor7, &[("bVII", 1.5), ("IV", 1.0), ("v", 1.0)]),
    function("IV", 5, Major, Major7, &[("I", 3.0), ("bVII", 1.5)]),
    function("v", 7, Minor, Minor7, &[("I", 2.0), ("IV", 1.0), ("bVII", 1.0)]),
    function("vi", 9, Minor, Minor7, &[("IV", 2.0), ("bVII", 1.5), ("ii", 1.0)]),
    function("bVII", 10, Major, Major7, &[("IV", 3.0), ("I", 2.5)]),
];

const LYDIAN: &[Function] = &[
    function("I", 0, Major, Major7, &[("II", 4.0), ("V", 1.5), ("vi", 1.5), ("iii", 1.0), ("vii", 1.0)]),
    function("II", 2, Major, Dominant7, &[("I", 3.0), ("V", 1.5), ("iii", 1.0), ("vi", 0.7)]),
    function("iii", 4, Minor, Minor7, &[("vi", 2.0), ("II", 1.0), ("I", 1.0)]),
    function("V", 7, Major, Major7, &[("I", 2.0), ("vi", 1.5), ("II", 0.7)]),
    function("vi", 9, Minor, Minor7, &[("II", 2.0), ("V", 1.0), ("I", 1.0), ("iii", 1.0)]),
    function("vii", 11, Minor, Minor7, &[("iii", 1.5), ("II", 1.0), ("I", 1.0)]),
];

const PHRYGIAN: &[Function] = &[
    function("i", 0, Minor, Minor7, &[("bII", 4.0), ("bVII", 1.5), ("bVI", 1.5), ("iv", 1.0), ("bIII", 0.8)]),
    function("bII", 1, Major, Major7, &[("i", 4.0), ("bIII", 1.0), ("bVII", 0.5)]),
    function("bIII", 3, Major, Dominant7, &[("bII", 2.0), ("iv", 1.0), ("i", 1.0)]),
    function("iv", 5, Minor, Minor7, &[("i", 2.0), ("bII", 1.5)]),
    function("bVI", 8, Major, Major7, &[("bVII", 1.0), ("bII", 1.5), ("i", 1.0)]),
    function("bVII", 10, Minor, Minor7, &[("i", 2.5), ("bVI", 1.0)]),
];

fn graph(mode: Mode) -> &'static [Function] {
    match mode {
        Mode::Major => MAJOR,
        Mode::Minor => MINOR,
        Mode::Dorian => DORIAN,
        Mode::Mixolydian => MIXOLYDIAN,
        Mode::Lydian => LYDIAN,
        Mode::Phrygian => PHRYGIAN,
    }
}

fn find(graph: &'static [Function], numeral: &str) -> usize {
    graph.iter().position(|function| function.numeral == numeral).unwrap_or(0)
}

/// How strongly `from` leads to `to`.
fn leads(graph: &[Function], from: usize, to: usize) -> f32 {
    let to = graph[to].numeral;
    graph[from].next.iter().find(|(numeral, _)| *numeral == to).map_or(0.0, |(_, weight)| *weight)
}

/// A progression that can be repeated: its last function leads to its first.
fn progression(graph: &'static [Function], length: usize, mood: Mood, stream: &mut Stream) -> Vec<usize> {
    // Glad music prefers major chords, sad music minor and dissonant ones (Gabrielsson and Lindström 2010). What counts is
    // how glad it is for its mode: a major key that is not to sound happy leans on its minor chords.
    let glad = mood.harmonic_valence();
    let usual = if matches!(graph[0].triad, Minor) { -0.5 } else { 0.5 };
    let taste = |index: usize| (1.6 * (glad - usual) * graph[index].triad.cue()).exp();
    let first = if stream.chance(0.75) {
        0
    } else {
        stream.weighted(graph.iter().enumerate().map(|(index, _)| leads(graph, 0, index)))
    };
    let mut functions = vec![first];
    while functions.len() < length {
        let from = functions[functions.len() - 1];
        let last = functions.len() + 1 == length;
        let weights = graph.iter().enumerate().map(|(to, _)| {
            let back = if last { 0.02 + leads(graph, to, first) } else { 1.0 };
            leads(graph, from, to) * back * taste(to)
        });
        functions.push(stream.weighted(weights));
    }
    functions
}

/// How a piece colours its chords; probabilities.
#[derive(Clone, Copy)]
struct Colour {
    sevenths: f32,
    dominants: f32,
    additions: f32,
    inversions: f32,
}

fn coloured(function: &Function, key: Key, colour: Colour, stream: &mut Stream) -> Chord {
    let leading = function.seventh == Dominant7;
    let with_seventh = stream.chance(if leading { colour.dominants } else { colour.sevenths });
    let addition = stream.chance(colour.additions).then(|| stream.below(4));
    let quality = match (function.triad, addition) {
        _ if with_seventh => function.seventh,
        (Major, Some(0)) => Quality::Suspended4,
        (Major, Some(1 | 2)) if !leading => Quality::AddNinth,
        (Major, Some(3)) if !leading => Quality::Sixth,
        (Major | Minor, Some(1)) => Quality::Suspended2,
        (Minor, Some(2)) => Quality::MinorAddNinth,
        (Minor, Some(3)) if key.mode == Mode::Dorian => Quality::MinorSixth,
        (triad, _) => triad,
    };
    // A suspended second or added ninth a semitone above its root (iii in major, i in phrygian) would leave the key.
    let root = (key.tonic + function.root) % 12;
    let ninth = matches!(quality, Quality::Suspended2 | Quality::AddNinth | Quality::MinorAddNinth);
    let quality = if ninth && !key.contains((root + 2) % 12) { function.triad } else { quality };
    Chord { root, quality, bass: root }
}

/// The third or fifth into the bass where that makes the bass move by step.
fn invert(chord: &mut Chord, before: Option<Chord>, probability: f32, stream: &mut Stream) {
    let wanted = stream.chance(probability);
    let which = 1 + stream.below(2);
    let Some(before) = before else { return };
    let bass = (chord.root + chord.quality.intervals()[which]) % 12;
    let step = (bass + 12 - before.bass) % 12;
    if wanted && matches!(step, 0 | 1 | 2 | 10 | 11) {
        chord.bass = bass;
    }
}

/// Chords for all bars of the piece.
pub(super) fn write(plan: &Plan) -> Vec<Slot> {
    let mut piece = Stream::new(plan.seed, "harmony", 0);
    let colour = Colour {
        sevenths: piece.unit().powi(2) * 0.8,
        dominants: piece.range(0.25, 0.95),
        additions: piece.unit().powi(2) * 0.35,
        inversions: piece.range(0.0, 0.45),
    };
    // Chords per bar: slow pieces change within the bar, fast ones stay for two.
    let fast = plan.tempo_bpm > 130.0;
    let slow = plan.tempo_bpm < 76.0;
    let rhythm = piece.weighted([
        if fast { 0.4 } else { 0.12 },
        0.6,
        if slow {
            0.35
        } else if fast {
            0.04
        } else {
            0.2
        },
    ]);
    let pedal = piece.chance(0.15);
    let steps = plan.meter.steps();
    let mut slots = Vec::new();
    for (index, section) in plan.sections.iter().enumerate() {
        let graph = graph(section.key.mode);
        // The material's own stream: the verse comes back with the verse's chords. A solo plays over those of the chorus.
        let source = if section.material == 3 { 1 } else { section.material };
        let mut shared = Stream::new(plan.seed, "progression", source);
        let length = shared.pick(&[4, 4, 4, 8, 2, 3, 4, 8]);
        let functions = progression(graph, length, section.target, &mut shared);
        let mut chords: Vec<Chord> = functions
            .iter()
            .map(|function| coloured(&graph[*function], section.key, colour, &mut shared))
            .collect();
        for at in 1..chords.len() {
            let before = chords[at - 1];
            invert(&mut chords[at], Some(before), colour.inversions, &mut shared);
        }
        let mut own = Stream::new(plan.seed, "turnaround", index);
        let turnaround =
            own.chance(0.3).then(|| find(graph, if section.key.mode == Mode::Dorian { "IV" } else { "V" }));
        let over_pedal = pedal && matches!(section.name, SectionName::Intro | SectionName::Bridge);
        for bar in 0..section.bars {
            let parts: &[(usize, usize)] = match (rhythm, steps) {
                (2, 16) => &[(0, 8), (8, 8)],
                (2, _) if plan.meter == crate::Meter::SixEight => &[(0, 6), (6, 6)],
                (_, 16) => &[(0, 16)],
                _ => &[(0, 12)],
            };
            for (part, (step, length)) in parts.iter().enumerate() {
                let position = match rhythm {
                    0 => bar / 2,
                    _ => bar * parts.len() + part,
                };
                let mut chord = chords[position % chords.len()];
                let last_bar = bar + 1 == section.bars;
                if index + 1 == plan.sections.len() && last_bar {
                    let triad = graph[0].triad;
                    let root = section.key.tonic;
                    chord = Chord { root, quality: triad, bass: root };
                } else if let (Some(function), true) = (turnaround, last_bar && part + 1 == parts.len()) {
                    let function = &graph[function];
                    let root = (section.key.tonic + function.root) % 12;
                    chord = Chord { root, quality: function.triad, bass: root };
                }
                if over_pedal {
                    chord.bass = section.key.tonic;
                }
                slots.push(Slot { bar: section.first_bar + bar, step: *step, steps: *length, chord });
            }
        }
    }
    slots
}

/// The mode as heard in a section, by its key and its chords: [`Cues::mode`](crate::Cues::mode).
pub(super) fn mode_cue(key: Key, chords: impl Iterator<Item = (Chord, usize)>) -> f32 {
    let (sum, total) = chords.fold((0.0, 0.0), |(sum, total), (chord, steps)| {
        (sum + chord.quality.cue() * steps as f32, total + steps as f32)
    });
    0.4 * key.mode.cue() + 0.6 * if total > 0.0 { sum / total } else { key.mode.cue() }
}

/// Pitch classes (bits) a melody may use over a chord: the scale, with chord tones in place of the scale tones that they
/// alter.
pub(super) fn tones(key: Key, chord: Chord) -> u16 {
    let mut set = 0_u16;
    for above in key.mode.scale() {
        set |= 1 << ((key.tonic + above) % 12);
    }
    for class in chord.pitch_classes() {
        if set & (1 << class) == 0 {
            let (below, above) = ((class + 11) % 12, (class + 1) % 12);
            let altered = [below, above].into_iter().find(|neighbour| {
                set & (1 << neighbour) != 0
                    && *neighbour != key.tonic
                    && !chord.pitch_classes().any(|tone| tone == *neighbour)
            });
            if let Some(altered) = altered {
                set &= !(1 << altered);
            }
            set |= 1 << class;
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_leads_somewhere_and_can_be_reached() {
        for mode in Mode::ALL {
            let graph = graph(mode);
            for function in graph {
                assert!(!function.next.is_empty(), "{}", function.numeral);
                for (numeral, _) in function.next {
                    assert_eq!(
                        graph[find(graph, numeral)].numeral,
                        *numeral,
                        "{mode:?} {}",
                        function.numeral
                    );
                }
            }
            for (to, function) in graph.iter().enumerate() {
                let reached = (0..graph.len()).any(|from| leads(graph, from, to) > 0.0);
                assert!(reached, "{mode:?} {}", function.numeral);
            }
        }
    }

    #[test]
    fn applied_dominants_resolve() {
        for (dominant, target) in [("V/V", "V"), ("V/vi", "vi"), ("V/ii", "ii"), ("V/IV", "IV")] {
            let (from, to) = (find(MAJOR, dominant), find(MAJOR, target));
            // A dominant's root is a fifth above its target's.
            assert_eq!(MAJOR[from].root, (MAJOR[to].root + 7) % 12);
            assert!(leads(MAJOR, from, to) >= 4.0);
        }
    }

    #[test]
    fn the_raised_leading_tone_replaces_the_seventh_over_a_minor_dominant() {
        let key = Key { tonic: 9, mode: Mode::Minor };
        let set = tones(key, Chord { root: 4, quality: Dominant7, bass: 4 });
        let has = |class: u8| set & (1 << class) != 0;
        assert!(has(8) && !has(7) && has(9), "G sharp, no G, A: {set:012b}");
    }
}
