//! What a piece sounds like: instruments, drum kit, room and level.

use serde::{Deserialize, Serialize};

/// Kinds of instruments, each with its own way of making sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Struck strings: decaying, slightly stretched partials in pairs, hammer noise.
    Piano,
    /// Two operators of frequency modulation at whole ratios.
    ElectricPiano,
    /// Drawbars in a wavetable, key click, rotating speaker.
    Organ,
    /// Plucked strings: a delay line with a filter in its loop (Karplus and Strong).
    Plucked,
    /// Struck bars: a few partials at the ratios of marimba, vibraphone, xylophone.
    Mallet,
    /// Many bowed strings: detuned saws that speak slowly, behind a filter.
    Strings,
    /// A wavetable that opens with loudness.
    Brass,
    /// Odd harmonics and some breath.
    Reed,
    /// Few harmonics and much breath.
    Flute,
    /// Saw and pulse through a resonant low-pass filter with its own envelope.
    Synth,
    /// A glottal pulse through formants.
    Choir,
    /// Frequency modulation at ratios that are not whole.
    Bell,
    /// A plucked string driven into distortion, held by it, through a cabinet.
    Overdriven,
    /// Held out: a cosine read at a bent phase, with a resonance that follows the envelope.
    PhaseDistortion,
    /// Held out: noise through narrow resonators at the harmonics, as of bowed glass.
    Glass,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 15] = [
        Family::Piano,
        Family::ElectricPiano,
        Family::Organ,
        Family::Plucked,
        Family::Mallet,
        Family::Strings,
        Family::Brass,
        Family::Reed,
        Family::Flute,
        Family::Synth,
        Family::Choir,
        Family::Bell,
        Family::Overdriven,
        Family::PhaseDistortion,
        Family::Glass,
    ];

    /// The families that are never heard in training: no other family reads a bent phase or is excited by noise.
    pub const HELD_OUT: [Family; 2] = [Family::PhaseDistortion, Family::Glass];

    /// Whether a held note stays as loud as it is.
    pub fn sustains(self) -> bool {
        !matches!(
            self,
            Family::Piano | Family::ElectricPiano | Family::Plucked | Family::Mallet | Family::Bell
        )
    }

    /// How bright the family is for its kind, 0 to 1; part of the brightness cue (ours, in the order of the spectral
    /// centroids that the families render at equal settings).
    pub(crate) fn brightness(self) -> f32 {
        match self {
            Family::Choir => 0.3,
            Family::Flute | Family::Mallet => 0.35,
            Family::Piano | Family::ElectricPiano | Family::Glass => 0.42,
            Family::Organ | Family::Reed | Family::Plucked => 0.5,
            Family::Strings | Family::PhaseDistortion => 0.58,
            Family::Bell | Family::Synth => 0.62,
            Family::Brass => 0.66,
            Family::Overdriven => 0.8,
        }
    }
}

/// One instrument: a family and where in its space of sounds it lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// How the sound is made.
    pub family: Family,
    /// 0 (dark) to 1 (bright), before velocity and CC74.
    pub brightness: f32,
    /// How much velocity changes brightness, 0 to 1.
    pub touch: f32,
    /// Time to full loudness.
    pub attack_s: f32,
    /// Time constant of the fall from full to `sustain`; of the whole sound where the family does not sustain.
    pub decay_s: f32,
    /// Loudness of a held note, 0 to 1 of the full. Unused where the family does not sustain.
    pub sustain: f32,
    /// Time constant of the fall after the key is let go.
    pub release_s: f32,
    /// Detuning between the parts of the sound, in cents.
    pub detune_cents: f32,
    /// Rate of vibrato.
    pub vibrato_hz: f32,
    /// Depth of vibrato in cents with CC1 at 127.
    pub vibrato_cents: f32,
    /// Rate of tremolo.
    pub tremolo_hz: f32,
    /// Depth of tremolo, 0 to 1.
    pub tremolo: f32,
    /// Breath, hammer or click, 0 to 1.
    pub noise: f32,
    /// What else the family has: ratios, positions, drawbars, vowels. Each 0 to 1.
    pub shape: [f32; 4],
}

/// Which of [`Sound::patches`] play in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Casting {
    /// Index of the melody's patch.
    pub melody: usize,
    /// Index of the chords' patch.
    pub chords: usize,
    /// Index of the bass's patch.
    pub bass: usize,
}

/// Drums, by General MIDI key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drum {
    /// Key 36.
    Kick,
    /// Key 37.
    SideStick,
    /// Key 38.
    Snare,
    /// Key 39.
    Clap,
    /// Key 42.
    ClosedHat,
    /// Key 45.
    LowTom,
    /// Key 46.
    OpenHat,
    /// Key 49.
    Crash,
    /// Key 50.
    HighTom,
    /// Key 51.
    Ride,
    /// Key 54.
    Tambourine,
    /// Key 70.
    Shaker,
}

impl Drum {
    /// Every drum.
    pub const ALL: [Drum; 12] = [
        Drum::Kick,
        Drum::SideStick,
        Drum::Snare,
        Drum::Clap,
        Drum::ClosedHat,
        Drum::LowTom,
        Drum::OpenHat,
        Drum::Crash,
        Drum::HighTom,
        Drum::Ride,
        Drum::Tambourine,
        Drum::Shaker,
    ];

    /// Its General MIDI key.
    pub fn key(self) -> u8 {
        match self {
            Drum::Kick => 36,
            Drum::SideStick => 37,
            Drum::Snare => 38,
            Drum::Clap => 39,
            Drum::ClosedHat => 42,
            Drum::LowTom => 45,
            Drum::OpenHat => 46,
            Drum::Crash => 49,
            Drum::HighTom => 50,
            Drum::Ride => 51,
            Drum::Tambourine => 54,
            Drum::Shaker => 70,
        }
    }

    /// The drum on a key, if the kits have it.
    pub fn of_key(key: u8) -> Option<Drum> {
        Drum::ALL.into_iter().find(|drum| drum.key() == key)
    }
}

/// Drum kits, each with its own tuning, length and noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kit {
    /// Medium everything.
    Studio,
    /// Long, low, loud.
    Rock,
    /// Short and high, as played in small rooms.
    Jazz,
    /// A long sine for a kick, as of early drum machines.
    Boom,
    /// Hard and short, as of house machines.
    Machine,
    /// Coarse and filtered.
    Dust,
}

impl Kit {
    /// Every kit.
    pub const ALL: [Kit; 6] = [Kit::Studio, Kit::Rock, Kit::Jazz, Kit::Boom, Kit::Machine, Kit::Dust];
}

/// Room, equaliser, noise and level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Production {
    /// Deviation of the whole piece from A4 = 440 Hz, -15 to 15 cents.
    pub tuning_cents: f32,
    /// Level of the reverberation in dB relative to the dry sound, by energy.
    pub reverb_db: f32,
    /// Time in which it falls by 60 dB.
    pub reverb_s: f32,
    /// How fast its high frequencies die, 0 to 1.
    pub reverb_damping: f32,
    /// Slope of the equaliser around 900 Hz: dB at the top of the spectrum, and as much less at the bottom.
    pub tilt_db: f32,
    /// Level of background noise in dB relative to the peak; -inf is not allowed, -100 is silence.
    pub hiss_db: f32,
    /// How hard the sum is driven into the limiter, in dB. 0 leaves it alone.
    pub drive_db: f32,
    /// Peak level of the finished piece in dB of full scale, -36 to 0.
    pub level_db: f32,
    /// Levels of melody, chords, bass and drums in dB.
    pub mix_db: [f32; 4],
}

/// Everything that turns notes into sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    /// Instruments.
    pub patches: Vec<Patch>,
    /// Who plays in each section, in the order of the sections.
    pub casting: Vec<Casting>,
    /// The drums.
    pub kit: Kit,
    /// Tuning of the drums: a factor of frequency, 0.8 to 1.25.
    pub kit_tuning: f32,
    /// The rest.
    pub production: Production,
}
