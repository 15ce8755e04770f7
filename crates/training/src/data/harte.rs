//! Chord labels in the syntax of Harte, Sandler, Abdallah and Gómez ("Symbolic representation of musical chords: a proposed
//! syntax for text annotations", ISMIR 2005), as Isophonics and others use it.
//!
//! ```text
//! label     = "N" | "X" | note [ ":" ( shorthand [ "(" degrees ")" ] | "(" degrees ")" ) ] [ "/" degree ]
//! note      = A ... G { "b" | "#" }                                C, F#, Bb, Abb
//! degrees   = [ "*" ] degree { "," [ "*" ] degree }                (b7,9), (*3): "*" takes the degree out of the shorthand
//! degree    = { "b" | "#" } 1 ... 13                               3, b7, #11
//! ```
//! A root alone is a major triad. Shorthands are those of the paper and the ninths, elevenths and thirteenths in use since.

use dendrite_pipeline::{Chord, Quality};

/// A parsed label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `N`: no chord sounds.
    None,
    /// `X`: a chord that the annotator could not name.
    Unknown,
    /// A chord.
    Chord(Tones),
}

/// The tones of a chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tones {
    /// Pitch class of the root, C = 0.
    pub root: u8,
    /// Which of the twelve semitones above the root sound.
    pub above_root: [bool; 12],
    /// Pitch class of the bass.
    pub bass: u8,
}

impl Label {
    /// Parses a label.
    ///
    /// # Errors
    /// What was expected, and what stands there.
    pub fn parse(text: &str) -> Result<Label, String> {
        match text {
            "N" => return Ok(Label::None),
            "X" => return Ok(Label::Unknown),
            _ => {}
        }
        let (chord, bass) = match text.split_once('/') {
            Some((chord, bass)) => (chord, Some(bass)),
            None => (text, None),
        };
        let (root, kind) = match chord.split_once(':') {
            Some((root, kind)) => (root, Some(kind)),
            None => (chord, None),
        };
        let root = note(root).ok_or_else(|| {
            format!("expected N, X or a chord such as C, F#:min7 or G:sus4(b7)/5, found {text:?}")
        })?;
        let mut above_root = [false; 12];
        let (shorthand, degrees) = match kind {
            None => ("maj", None),
            Some(kind) => match kind.split_once('(') {
                Some((shorthand, rest)) => {
                    let degrees = rest.strip_suffix(')');
                    let degrees = degrees.ok_or_else(|| format!("expected ) at the end of {text:?}"))?;
                    (shorthand, Some(degrees))
                }
                None => (kind, None),
            },
        };
        if shorthand.is_empty() && degrees.is_some() {
            // A list alone names all tones but the root.
            above_root[0] = true;
        } else {
            let tones = tones(shorthand).ok_or_else(|| {
                format!("expected a shorthand such as maj, min7 or sus4, found {shorthand:?}")
            })?;
            tones.iter().for_each(|&tone| above_root[usize::from(tone)] = true);
        }
        for item in degrees.into_iter().flat_map(|degrees| degrees.split(',')) {
            let item = item.trim();
            let (written, sounds) = match item.strip_prefix('*') {
                Some(left_out) => (left_out, false),
                None => (item, true),
            };
            above_root[usize::from(degree(written)?)] = sounds;
        }
        let bass = bass.map_or(Ok(0), degree)?;
        Ok(Label::Chord(Tones { root, above_root, bass: (root + bass) % 12 }))
    }

    /// The nearest of the 64 chords; `None` where no chord sounds or nobody knows which.
    pub fn class(&self) -> Option<u8> {
        match self {
            Label::Chord(tones) => Some(tones.nearest().class() as u8),
            Label::None | Label::Unknown => None,
        }
    }
}

impl Tones {
    /// The nearest chord that is told apart; the bass does not count.
    ///
    /// Thirds decide first: a major third gives major (augmented with a raised fifth, dominant with a minor seventh), a
    /// minor third gives minor (diminished with a lowered fifth, a minor seventh chord with a seventh or a sixth). Without a
    /// third a chord counts as major, or as dominant with a minor seventh.
    pub fn nearest(&self) -> Chord {
        let has = |semitones: usize| self.above_root[semitones];
        let quality = if has(4) {
            match (has(8) && !has(7), has(10)) {
                (_, true) => Quality::Dominant,
                (true, false) => Quality::Augmented,
                (false, false) => Quality::Major,
            }
        } else if has(3) {
            if has(6) && !has(7) {
                Quality::Diminished
            } else if has(10) || has(9) {
                Quality::MinorSeventh
            } else {
                Quality::Minor
            }
        } else if has(10) {
            Quality::Dominant
        } else {
            Quality::Major
        };
        Chord { root: self.root, quality }
    }
}

/// Pitch class of a note name.
fn note(text: &str) -> Option<u8> {
    let (name, accidentals) = text.split_at_checked(1)?;
    let natural = "C.D.EF.G.A.B".find(name).filter(|_| name != ".")?;
    Some((natural as i32 + shift(accidentals)?).rem_euclid(12) as u8)
}

/// Semitones above the root of a degree such as `b7`.
fn degree(text: &str) -> Result<u8, String> {
    let text = text.trim();
    let number = text.trim_start_matches(['b', '#']);
    // Semitones of the major scale.
    const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
    let parsed = number.parse::<usize>().ok().filter(|degree| (1..=13).contains(degree));
    let above =
        parsed.and_then(|degree| Some(SCALE[(degree - 1) % 7] + shift(&text[..text.len() - number.len()])?));
    above
        .map(|above| above.rem_euclid(12) as u8)
        .ok_or_else(|| format!("expected a degree of 1 to 13, perhaps with b or #, found {text:?}"))
}

/// Sum of sharps and flats.
fn shift(accidentals: &str) -> Option<i32> {
    let step = |accidental| match accidental {
        '#' => Some(1),
        'b' => Some(-1),
        _ => None,
    };
    // More than a handful is no music, and would overflow at some point.
    let few = accidentals.len() <= 8;
    if few { accidentals.chars().map(step).sum() } else { None }
}

/// Semitones above the root.
fn tones(shorthand: &str) -> Option<&'static [u8]> {
    Some(match shorthand {
        "maj" => &[0, 4, 7],
        "min" => &[0, 3, 7],
        "dim" => &[0, 3, 6],
        "aug" => &[0, 4, 8],
        "maj7" => &[0, 4, 7, 11],
        "min7" => &[0, 3, 7, 10],
        "7" => &[0, 4, 7, 10],
        "dim7" => &[0, 3, 6, 9],
        "hdim7" | "hdim" => &[0, 3, 6, 10],
        "minmaj7" => &[0, 3, 7, 11],
        "aug7" => &[0, 4, 8, 10],
        "maj6" | "6" => &[0, 4, 7, 9],
        "min6" => &[0, 3, 7, 9],
        "9" => &[0, 4, 7, 10, 2],
        "maj9" => &[0, 4, 7, 11, 2],
        "min9" => &[0, 3, 7, 10, 2],
        "11" => &[0, 4, 7, 10, 2, 5],
        "maj11" => &[0, 4, 7, 11, 2, 5],
        "min11" => &[0, 3, 7, 10, 2, 5],
        "13" => &[0, 4, 7, 10, 2, 5, 9],
        "maj13" => &[0, 4, 7, 11, 2, 5, 9],
        "min13" => &[0, 3, 7, 10, 2, 5, 9],
        "sus4" => &[0, 5, 7],
        "sus2" => &[0, 2, 7],
        "5" => &[0, 7],
        "1" => &[0],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> String {
        let label = Label::parse(text).unwrap();
        match label.class() {
            Some(class) => Chord::of_class(usize::from(class)).unwrap().to_string(),
            None => format!("{label:?}"),
        }
    }

    #[test]
    fn labels_lead_to_the_contracts_nearest_chords() {
        // Left: the paper's examples and Isophonics' usage. Right: the contract's mapping.
        let expected = [
            ("C", "C"),
            ("C:maj", "C"),
            ("C:maj7/3", "C"),
            ("A:min7", "Am7"),
            ("G:sus4(b7)", "G7"),
            ("G:sus4", "G"),
            ("D:sus2", "D"),
            ("F#:min", "F#m"),
            ("Bb:7", "A#7"),
            ("Cb", "B"),
            ("B#:min", "Cm"),
            ("Abb", "G"),
            ("E:hdim7", "Edim"),
            ("E:dim7", "Edim"),
            ("E:aug", "C+"),
            ("D:min6", "Dm7"),
            ("C:maj6", "C"),
            ("C:minmaj7", "Cm"),
            ("C:min(9)", "Cm"),
            ("C:maj(9)/5", "C"),
            ("C:9", "C7"),
            ("C:7(#9)", "C7"),
            ("A:(b3,5)", "Am"),
            ("A:(1,3,5,b7)", "A7"),
            ("A:min7(*b7)", "Am"),
            ("C:5", "C"),
            ("C:maj(*3)/b7", "C"),
            ("N", "None"),
            ("X", "Unknown"),
        ];
        for (text, name) in expected {
            assert_eq!(named(text), name, "{text}");
        }
    }

    #[test]
    fn the_bass_is_counted_from_the_root() {
        let Label::Chord(tones) = Label::parse("D:min/b3").unwrap() else { panic!("a chord") };
        assert_eq!((tones.root, tones.bass), (2, 5));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("H:maj", "found \"H:maj\""),
            ("", "expected N, X or a chord"),
            ("C:major", "found \"major\""),
            ("C:", "found \"\""),
            ("C:maj(9", "expected )"),
            ("C:maj(14)", "found \"14\""),
            ("C:maj/x", "found \"x\""),
            ("C:()", "expected a degree"),
            (".", "expected N, X or a chord"),
            ("é", "expected N, X or a chord"),
        ] {
            let message = Label::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_label_or_an_error(text in "[A-GNX]?[b#]{0,3}[:/(]?[a-z0-9*,b#]{0,9}[)/]?.{0,4}") {
            if let Ok(label) = Label::parse(&text) {
                prop_assert!(label.class().is_none_or(|class| class < 64));
            }
        }
    }
}
