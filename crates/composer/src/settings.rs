//! What the user can set of the playing.

use crate::key::Scale;

/// The voices, in the order of every array that has one entry for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// One note at a time.
    Melody,
    /// Three or four notes, led with least movement.
    Chords,
    /// Roots, fifths and octaves below.
    Bass,
    /// General MIDI kick, snare and hi-hat.
    Drums,
}

impl Voice {
    /// All, in order.
    pub const ALL: [Voice; 4] = [Voice::Melody, Voice::Chords, Voice::Bass, Voice::Drums];

    /// As track names spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Voice::Melody => "Melody",
            Voice::Chords => "Chords",
            Voice::Bass => "Bass",
            Voice::Drums => "Drums",
        }
    }
}

/// When the composer plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlayMode {
    /// Never.
    Off,
    /// While the host's transport plays.
    #[default]
    WithTransport,
    /// With the transport, and by a clock of its own at the tempo that is heard while it stands.
    Always,
    /// As `Always`, but only while a note is held on the MIDI input.
    WhileHeld,
}

/// Where the chords come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChordSource {
    /// Those that are heard.
    #[default]
    Hear,
    /// The one that was in force last, until another source is chosen.
    Hold,
    /// None: the chords rest, the bass stays on the tonic, the melody follows the scale alone.
    Off,
}

/// One voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoiceSettings {
    /// Whether it plays.
    pub on: bool,
    /// MIDI channel, 0..=15.
    pub channel: u8,
    /// Octaves up or down, -3..=3; drums ignore it.
    pub octave: i8,
    /// How many notes, 0..1: none at 0, what the music asks for at 0.5, every step at 1.
    pub density: f32,
    /// Factor of velocities, 0..2.
    pub velocity: f32,
    /// Random deviation of time and velocity, 0..1, in proportion to what the dynamics model asks for at 0.5.
    pub humanise: f32,
}

impl VoiceSettings {
    /// The density within its range; the middle, if it is no number.
    pub(crate) fn density(&self) -> f32 {
        if self.density.is_finite() { self.density.clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// Signals that are sent as controllers, in this order.
pub const MODULATIONS: [&str; 13] = [
    "S", "Alpha", "Omega", "Gate 1", "Gate 2", "Gate 3", "Gate 4", "Gate 5", "Gate 6", "Valence", "Arousal",
    "Loudness", "Onset",
];

/// Control signals and mood as MIDI controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModulationSettings {
    /// Whether they are sent.
    pub on: bool,
    /// MIDI channel, 0..=15.
    pub channel: u8,
    /// Controller number of each signal of [`MODULATIONS`], 0..=119.
    pub controllers: [u8; MODULATIONS.len()],
}

impl Default for ModulationSettings {
    /// Off; channel 16; 102 ... 114, which MIDI leaves undefined.
    fn default() -> Self {
        Self { on: false, channel: 15, controllers: std::array::from_fn(|i| 102 + i as u8) }
    }
}

/// Everything. Takes effect on the first sample of the span that it is given with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// When to play.
    pub mode: PlayMode,
    /// The voices, in the order of [`Voice::ALL`].
    pub voices: [VoiceSettings; 4],
    /// Pitch class of the key; `None` follows what is heard.
    pub tonic: Option<u8>,
    /// The scale; `None` follows what is heard.
    pub scale: Option<Scale>,
    /// Where chords come from.
    pub chords: ChordSource,
    /// Another seed is another idea on the same music.
    pub seed: u32,
    /// Whether CC 1, 11, 64 and 74 are sent to the pitched voices.
    pub expression: bool,
    /// Control signals as controllers.
    pub modulation: ModulationSettings,
    /// Nothing is played and everything that sounds ends at once.
    pub bypassed: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let voice = |channel| VoiceSettings {
            on: true,
            channel,
            octave: 0,
            density: 0.5,
            velocity: 1.0,
            humanise: 0.5,
        };
        Self {
            mode: PlayMode::default(),
            voices: [voice(0), voice(1), voice(2), voice(9)],
            tonic: None,
            scale: None,
            chords: ChordSource::default(),
            seed: 1,
            expression: true,
            modulation: ModulationSettings::default(),
            bypassed: false,
        }
    }
}

impl Settings {
    /// One voice's.
    pub fn voice(&self, voice: Voice) -> &VoiceSettings {
        &self.voices[voice as usize]
    }

    /// Whether anything could be played.
    pub fn armed(&self) -> bool {
        !self.bypassed && self.mode != PlayMode::Off && self.voices.iter().any(|voice| voice.on)
    }
}
