//! The parameters of the playing: mode, key, chords, voices, modulation.

use std::sync::Arc;

use dendrite_composer as composer;
use dendrite_composer::{ModulationSettings, Scale, Settings, VoiceSettings};
use nice_plug::prelude::*;

use crate::params::{linear, number, switch};

/// When it plays.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum PlayMode {
    /// Never.
    #[id = "off"]
    Off,
    /// While the transport plays.
    #[id = "transport"]
    #[name = "With transport"]
    WithTransport,
    /// By its own clock too.
    #[id = "always"]
    Always,
    /// While a note is held on the MIDI input.
    #[id = "held"]
    #[name = "While a note is held"]
    WhileHeld,
}

/// The tonic.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the notes say it")]
pub enum KeyName {
    /// The one that is heard.
    #[id = "auto"]
    Auto,
    #[id = "c"]
    C,
    #[id = "c_sharp"]
    #[name = "C#"]
    CSharp,
    #[id = "d"]
    D,
    #[id = "d_sharp"]
    #[name = "D#"]
    DSharp,
    #[id = "e"]
    E,
    #[id = "f"]
    F,
    #[id = "f_sharp"]
    #[name = "F#"]
    FSharp,
    #[id = "g"]
    G,
    #[id = "g_sharp"]
    #[name = "G#"]
    GSharp,
    #[id = "a"]
    A,
    #[id = "a_sharp"]
    #[name = "A#"]
    ASharp,
    #[id = "b"]
    B,
}

/// The scale, after the first choice in the order of [`Scale::ALL`].
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are those of dendrite_composer::Scale")]
pub enum ScaleName {
    /// The one that is heard.
    #[id = "auto"]
    Auto,
    #[id = "major"]
    Major,
    #[id = "minor"]
    Minor,
    #[id = "harmonic_minor"]
    #[name = "Harmonic minor"]
    HarmonicMinor,
    #[id = "dorian"]
    Dorian,
    #[id = "phrygian"]
    Phrygian,
    #[id = "lydian"]
    Lydian,
    #[id = "mixolydian"]
    Mixolydian,
    #[id = "major_pentatonic"]
    #[name = "Major pentatonic"]
    MajorPentatonic,
    #[id = "minor_pentatonic"]
    #[name = "Minor pentatonic"]
    MinorPentatonic,
    #[id = "blues"]
    Blues,
}

/// Where chords come from.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum ChordsFrom {
    /// Those that are heard.
    #[id = "hear"]
    Hear,
    /// The last one.
    #[id = "hold"]
    Hold,
    /// None.
    #[id = "off"]
    Off,
}

/// One voice.
#[derive(Params)]
pub struct VoiceParams {
    /// Whether it plays.
    #[id = "on"]
    pub on: BoolParam,
    /// MIDI channel, 1 - 16.
    #[id = "channel"]
    pub channel: IntParam,
    /// Octaves up or down.
    #[id = "octave"]
    pub octave: IntParam,
    /// How many notes.
    #[id = "density"]
    pub density: FloatParam,
    /// Factor of velocities.
    #[id = "velocity"]
    pub velocity: FloatParam,
    /// Random deviation.
    #[id = "humanise"]
    pub humanise: FloatParam,
}

impl VoiceParams {
    fn new(voice: composer::Voice) -> Self {
        let defaults = *Settings::default().voice(voice);
        let name = |what: &str| format!("{} {what}", voice.name());
        let percent = |share: f32| share * 100.0;
        Self {
            on: switch(voice.name(), defaults.on),
            channel: channel(name("Channel"), defaults.channel),
            octave: IntParam::new(
                name("Octave"),
                i32::from(defaults.octave),
                IntRange::Linear { min: -3, max: 3 },
            ),
            density: number(name("Density"), percent(defaults.density), linear(0.0, 100.0), 0.1, " %"),
            velocity: number(name("Velocity"), percent(defaults.velocity), linear(0.0, 200.0), 0.1, " %"),
            humanise: number(name("Humanise"), percent(defaults.humanise), linear(0.0, 100.0), 0.1, " %"),
        }
    }

    fn settings(&self) -> VoiceSettings {
        VoiceSettings {
            on: self.on.value(),
            channel: (self.channel.value() - 1).clamp(0, 15) as u8,
            octave: self.octave.value().clamp(-3, 3) as i8,
            density: self.density.value() / 100.0,
            velocity: self.velocity.value() / 100.0,
            humanise: self.humanise.value() / 100.0,
        }
    }
}

/// The number of one signal's controller.
#[derive(Params)]
pub struct ControllerParams {
    /// 0 - 119.
    #[id = "cc"]
    pub number: IntParam,
}

/// Control signals as controllers.
#[derive(Params)]
pub struct ModulationParams {
    /// Whether they are sent.
    #[id = "modulation"]
    pub on: BoolParam,
    /// MIDI channel, 1 - 16.
    #[id = "modulation_channel"]
    pub channel: IntParam,
    /// The controllers, in the order of [`composer::MODULATIONS`].
    #[nested(array)]
    pub controllers: [ControllerParams; composer::MODULATIONS.len()],
}

/// Everything of the playing.
#[derive(Params)]
pub struct PlayParams {
    /// When it plays.
    #[id = "play_mode"]
    pub mode: EnumParam<PlayMode>,
    /// The key.
    #[id = "play_key"]
    pub key: EnumParam<KeyName>,
    /// The scale.
    #[id = "play_scale"]
    pub scale: EnumParam<ScaleName>,
    /// Where chords come from.
    #[id = "play_chords"]
    pub chords: EnumParam<ChordsFrom>,
    /// Another seed is another idea.
    #[id = "play_seed"]
    pub seed: IntParam,
    /// Whether CC 1, 11, 64 and 74 are sent.
    #[id = "play_expression"]
    pub expression: BoolParam,
    /// One note at a time.
    #[nested(id_prefix = "melody", group = "Melody")]
    pub melody: VoiceParams,
    /// Chords.
    #[nested(id_prefix = "chords", group = "Chords")]
    pub comping: VoiceParams,
    /// Bass.
    #[nested(id_prefix = "bass", group = "Bass")]
    pub bass: VoiceParams,
    /// Drums.
    #[nested(id_prefix = "drums", group = "Drums")]
    pub drums: VoiceParams,
    /// Control signals.
    #[nested(group = "Modulation")]
    pub modulation: ModulationParams,
}

/// The highest seed: one that can be read out to somebody.
pub const MAX_SEED: i32 = 9_999;

impl Default for PlayParams {
    fn default() -> Self {
        let settings = Settings::default();
        let modulation = ModulationSettings::default();
        let controllers = std::array::from_fn(|i| ControllerParams {
            number: IntParam::new(
                format!("CC of {}", composer::MODULATIONS[i]),
                i32::from(modulation.controllers[i]),
                IntRange::Linear { min: 0, max: 119 },
            ),
        });
        Self {
            mode: EnumParam::new("Play Mode", PlayMode::WithTransport),
            key: EnumParam::new("Key", KeyName::Auto),
            scale: EnumParam::new("Scale", ScaleName::Auto),
            chords: EnumParam::new("Chords From", ChordsFrom::Hear),
            seed: IntParam::new("Seed", settings.seed as i32, IntRange::Linear { min: 1, max: MAX_SEED }),
            expression: switch("Expression", settings.expression),
            melody: VoiceParams::new(composer::Voice::Melody),
            comping: VoiceParams::new(composer::Voice::Chords),
            bass: VoiceParams::new(composer::Voice::Bass),
            drums: VoiceParams::new(composer::Voice::Drums),
            modulation: ModulationParams {
                on: switch("Modulation", modulation.on),
                channel: channel("Modulation Channel".to_owned(), modulation.channel),
                controllers,
            },
        }
    }
}

impl PlayParams {
    /// The voices, in the order of [`composer::Voice::ALL`].
    pub fn voices(&self) -> [&VoiceParams; 4] {
        [&self.melody, &self.comping, &self.bass, &self.drums]
    }

    /// The composer's settings. Does not allocate.
    pub fn settings(&self, bypassed: bool) -> Settings {
        let key = self.key.value() as u8;
        let scale = self.scale.value() as usize;
        Settings {
            mode: match self.mode.value() {
                PlayMode::Off => composer::PlayMode::Off,
                PlayMode::WithTransport => composer::PlayMode::WithTransport,
                PlayMode::Always => composer::PlayMode::Always,
                PlayMode::WhileHeld => composer::PlayMode::WhileHeld,
            },
            voices: self.voices().map(VoiceParams::settings),
            tonic: key.checked_sub(1),
            scale: scale.checked_sub(1).and_then(|scale| Scale::ALL.get(scale).copied()),
            chords: match self.chords.value() {
                ChordsFrom::Hear => composer::ChordSource::Hear,
                ChordsFrom::Hold => composer::ChordSource::Hold,
                ChordsFrom::Off => composer::ChordSource::Off,
            },
            seed: self.seed.value().max(0) as u32,
            expression: self.expression.value(),
            modulation: ModulationSettings {
                on: self.modulation.on.value(),
                channel: (self.modulation.channel.value() - 1).clamp(0, 15) as u8,
                controllers: std::array::from_fn(|i| {
                    self.modulation.controllers[i].number.value().clamp(0, 119) as u8
                }),
            },
            bypassed,
        }
    }
}

/// A MIDI channel as people count them.
fn channel(name: String, default: u8) -> IntParam {
    IntParam::new(name, i32::from(default) + 1, IntRange::Linear { min: 1, max: 16 })
        .with_string_to_value(Arc::new(|text| text.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_composers_order() {
        let scales: Vec<&str> = Scale::ALL.iter().map(|scale| scale.name()).collect();
        assert_eq!(ScaleName::variants()[1..], scales);
        assert_eq!(KeyName::variants()[1..], dendrite_pipeline::PITCH_NAMES);
    }
}
