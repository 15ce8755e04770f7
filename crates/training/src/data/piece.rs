//! One piece of music as the models hear it, with what is known of it.

use dendrite_features::Frame;

use super::ContentHash;

/// What a piece is used for. Split by piece, never by frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// Weights are fitted to it.
    Train,
    /// Decides when to stop and which weights are kept.
    Validation,
    /// Only measured.
    Test,
}

/// A piece: frames of features and everything that its annotations say. What a data set does not know is `None`, and
/// whatever is trained on it leaves the piece out.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where it came from, for reports: a file, or a seed of the generator.
    pub name: String,
    /// What tells pieces apart, whatever they are called: of the audio file's bytes, of the MIDI file's where there is no
    /// audio, or of the generator's seed and options. Pieces of one content never lie on both sides of a split.
    pub content: ContentHash,
    /// What it is used for.
    pub split: Split,
    /// One frame for each hop of 1,024 samples at 48 kHz, in order; none where a set has notes but no sound.
    pub frames: Vec<Frame>,
    /// What is known.
    pub truth: Truth,
}

/// What annotations say of a piece. Everything that is "per frame" is as long as the frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Valence and arousal, -1..1, per frame.
    pub mood: Option<Vec<[f32; 2]>>,
    /// The cues that express the mood, -1..1 each, in the order of `dendrite_generator::Cues::NAMES`; per frame.
    pub cues: Option<Vec<[f32; 7]>>,
    /// Chord at the middle of each frame's 4,096 samples: class 0..64 of `dendrite_pipeline::Chord`, `None` where none
    /// sounds; per frame.
    pub chords: Option<Vec<Option<u8>>>,
    /// The key: pitch class of the tonic, and whether it counts as minor (third degree minor).
    pub key: Option<Key>,
    /// Sixteenths in the order of time, for melody; notes are the piece's own, not yet moved to C.
    pub steps: Option<Vec<Step>>,
    /// Bars with what the performance did in them, for dynamics and groove.
    pub bars: Option<Vec<Bar>>,
    /// Times of audible attacks in seconds, sorted.
    pub onsets_s: Option<Vec<f64>>,
    /// Starts of the sections in seconds, the first one included.
    pub sections_s: Option<Vec<f64>>,
    /// Tempo in quarter notes per minute.
    pub tempo_bpm: Option<f64>,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Pitch class of the tonic, C = 0.
    pub tonic: u8,
    /// Whether the third above the tonic is minor.
    pub minor: bool,
    /// The scale: bit n is set where n semitones above the tonic belong to it.
    pub scale: u16,
}

impl Key {
    /// Major, or minor with both its sevenths: what is known of a key where nobody says more.
    pub fn new(tonic: u8, minor: bool) -> Self {
        let degrees: &[u8] = if minor { &[0, 2, 3, 5, 7, 8, 10, 11] } else { &[0, 2, 4, 5, 7, 9, 11] };
        Self { tonic, minor, scale: degrees.iter().fold(0, |scale, degree| scale | 1 << degree) }
    }

    /// Whether a pitch that was moved to C belongs to the scale.
    pub fn has_in_c(self, pitch: usize) -> bool {
        self.scale >> (pitch % 12) & 1 == 1
    }

    /// A pitch of this key moved to C: by at most half an octave, to the nearest C.
    pub fn to_c(self, pitch: u8) -> u8 {
        let down = i32::from(self.tonic % 12);
        let shift = if down <= 6 { -down } else { 12 - down };
        (i32::from(pitch) + shift).clamp(0, 127) as u8
    }
}

/// A sixteenth of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Time of the grid line in seconds.
    pub time_s: f64,
    /// The frame whose results are in force when the step's networks run: the last one that has taken effect at the grid line
    /// two steps before. `None` if there is none yet.
    pub heard: Option<usize>,
    /// Pitch of the melody note that starts at this step, as it sounds.
    pub melody: Option<u8>,
    /// The key in force here: that of the section, which may differ from the piece's. [`Key::to_c`] moves the melody.
    pub key: Key,
    /// Index of the bar within [`Truth::bars`].
    pub bar: usize,
    /// Sixteenth within the bar, 0 first.
    pub in_bar: usize,
}

/// A bar, and what the performance did in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Start and end in seconds.
    pub span_s: [f64; 2],
    /// Timing offset of each step's notes as a share of a sixteenth, -0.5..0.5; `None` where nothing was played.
    pub offsets: [Option<f32>; 16],
    /// Accent of each step, 0..1; `None` beyond the bar's end.
    pub accents: [Option<f32>; 16],
    /// The sixteen values of `dendrite_pipeline::Expression`, 0..1; `None` where the bar does not tell.
    pub expression: [Option<f32>; 16],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_move_to_c_by_the_shorter_way() {
        let key = |tonic| Key::new(tonic, false);
        assert_eq!(key(0).to_c(60), 60);
        assert_eq!(key(7).to_c(67), 72);
        assert_eq!(key(6).to_c(66), 60);
        assert_eq!(key(11).to_c(71), 72);
        assert_eq!(key(2).to_c(1), 0);
    }
}
