//! The parameters that a preset holds: ids, ranges, and where their values go in the engine's settings and the picture's look.
//!
//! Ids, ranges, steps and the order of choices are those of the plug-in's parameters, which are frozen; a test of the plug-in
//! compares the two. A *plain* value is the f32 that the plug-in's framework counts a parameter in: numbers as shown, switches
//! as 0 and 1, choices and components by their place in the list.

use std::sync::LazyLock;

use dendrite_composer::{ChordSource, PlayMode, Scale};
use dendrite_engine::Settings;
use dendrite_julia::Look;
use dendrite_orbit::Lock;

use crate::{Value, components};

/// Where a parameter stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The picture.
    Look,
    /// The orbit of c.
    Motion,
    /// What is played along.
    Play,
}

impl Group {
    /// All, in the order of a file.
    pub const ALL: [(Group, &str); 3] =
        [(Group::Look, "Look"), (Group::Motion, "Motion"), (Group::Play, "Play")];
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number that moves in steps.
    Number {
        /// Lowest and highest.
        range: [f32; 2],
        /// Distance of neighbouring values: a power of ten.
        step: f32,
        /// What it counts; empty for bare numbers.
        unit: &'static str,
    },
    /// On or off.
    Switch,
    /// One of a list, by its id.
    Choice(&'static [&'static str]),
    /// A component of the Mandelbrot set, by its number or name in [`components`].
    Component,
}

/// One parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its frozen id.
    pub id: &'static str,
    /// Its place in a file.
    pub group: Group,
    /// Its values.
    pub kind: Kind,
    /// Reads its plain value.
    read: fn(&Settings, &Look) -> f32,
    /// Writes its plain value.
    write: fn(&mut Settings, &mut Look, f32),
}

/// Ids of the choices of bars per turn; each is its number of bars.
const BARS: &[&str] = &["1", "2", "4", "8", "16"];

/// Ids of the palettes, in the order of [`dendrite_julia::palettes::ALL`].
const PALETTES: &[&str] = &["abyss", "ember", "aurora", "orchid", "lichen", "ink"];

/// Ids of the keys: the heard one, then the pitch classes.
const KEYS: &[&str] =
    &["auto", "c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b"];

/// Ids of the scales: the heard one, then those of [`Scale::ALL`].
const SCALES: &[&str] = &[
    "auto",
    "major",
    "minor",
    "harmonic_minor",
    "dorian",
    "phrygian",
    "lydian",
    "mixolydian",
    "major_pentatonic",
    "minor_pentatonic",
    "blues",
];

/// Ids of the sources of chords.
const CHORDS: &[&str] = &["hear", "hold", "off"];

/// Ids of the ways to play.
const MODES: &[&str] = &["off", "transport", "always", "held"];

/// A share from 0 to 1 that is shown in percent.
const PERCENT: Kind = Kind::Number { range: [0.0, 100.0], step: 0.1, unit: "%" };

macro_rules! parameter {
    ($id:literal, $group:ident, $kind:expr, $read:expr, $write:expr) => {
        Parameter { id: $id, group: Group::$group, kind: $kind, read: $read, write: $write }
    };
}

/// A share of the orbit's settings, in f64 there.
macro_rules! orbit_share {
    ($id:literal, $field:ident) => {
        parameter!(
            $id,
            Motion,
            PERCENT,
            |settings, _| (settings.orbit.$field * 100.0) as f32,
            |settings, _, plain| settings.orbit.$field = f64::from(plain) / 100.0
        )
    };
}

/// A share of the look.
macro_rules! look_share {
    ($id:literal, $field:ident) => {
        parameter!($id, Look, PERCENT, |_, look| look.$field * 100.0, |_, look, plain| look.$field =
            plain / 100.0)
    };
}

/// A share of one voice.
macro_rules! voice_share {
    ($id:literal, $voice:literal, $field:ident, $highest:literal) => {
        parameter!(
            $id,
            Play,
            Kind::Number { range: [0.0, $highest], step: 0.1, unit: "%" },
            |settings, _| settings.play.voices[$voice].$field * 100.0,
            |settings, _, plain| settings.play.voices[$voice].$field = plain / 100.0
        )
    };
}

/// Whether one voice plays.
macro_rules! voice_on {
    ($id:literal, $voice:literal) => {
        parameter!(
            $id,
            Play,
            Kind::Switch,
            |settings, _| f32::from(u8::from(settings.play.voices[$voice].on)),
            |settings, _, plain| settings.play.voices[$voice].on = plain != 0.0
        )
    };
}

/// The octave of one voice.
macro_rules! voice_octave {
    ($id:literal, $voice:literal) => {
        parameter!(
            $id,
            Play,
            Kind::Number { range: [-3.0, 3.0], step: 1.0, unit: "octaves" },
            |settings, _| f32::from(settings.play.voices[$voice].octave),
            |settings, _, plain| settings.play.voices[$voice].octave = plain as i8
        )
    };
}

/// All, in the plug-in's order.
pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter!(
        "smoothing",
        Motion,
        Kind::Number { range: [0.0, 2000.0], step: 1.0, unit: "ms" },
        |settings, _| (settings.orbit.smoothing_s * 1000.0) as f32,
        |settings, _, plain| settings.orbit.smoothing_s = f64::from(plain) / 1000.0
    ),
    orbit_share!("impact_amount", impact_amount),
    orbit_share!("section_sensitivity", section_sensitivity),
    parameter!(
        "component_lock",
        Motion,
        Kind::Component,
        |settings, _| match settings.orbit.lock {
            Lock::Automatic => 0.0,
            Lock::Component(id) => components::number(id) as f32,
        },
        |settings, _, plain| settings.orbit.lock =
            components::component(plain as i32).map_or(Lock::Automatic, Lock::Component)
    ),
    parameter!(
        "bars_per_turn",
        Motion,
        Kind::Choice(BARS),
        // The choice next to it: the engine takes any number of bars.
        |settings, _| settings.orbit.bars_per_turn.max(1.0).log2().round().min(4.0) as f32,
        |settings, _, plain| settings.orbit.bars_per_turn = f64::from(plain).exp2()
    ),
    parameter!(
        "s_bias",
        Motion,
        Kind::Number { range: [-0.5, 0.5], step: 0.001, unit: "" },
        |settings, _| settings.orbit.s_bias as f32,
        |settings, _, plain| settings.orbit.s_bias = f64::from(plain)
    ),
    orbit_share!("residual_depth", residual_depth),
    parameter!("palette", Look, Kind::Choice(PALETTES), |_, look| look.palette as f32, |_, look, plain| {
        look.palette = plain as usize
    }),
    parameter!(
        "palette_follows_mood",
        Look,
        Kind::Switch,
        |_, look| f32::from(u8::from(look.palette_follows_mood)),
        |_, look, plain| look.palette_follows_mood = plain != 0.0
    ),
    parameter!(
        "zoom",
        Look,
        Kind::Number { range: [0.25, 16.0], step: 0.01, unit: "x" },
        |_, look| look.zoom as f32,
        |_, look, plain| look.zoom = f64::from(plain)
    ),
    parameter!(
        "rotation",
        Look,
        Kind::Number { range: [-180.0, 180.0], step: 0.1, unit: "degrees" },
        |_, look| look.rotation.to_degrees() as f32,
        |_, look, plain| look.rotation = f64::from(plain).to_radians()
    ),
    look_share!("glow", glow),
    look_share!("detail", detail),
    look_share!("reaction", reaction),
    parameter!(
        "play_key",
        Play,
        Kind::Choice(KEYS),
        |settings, _| settings.play.tonic.map_or(0.0, |tonic| f32::from(tonic) + 1.0),
        |settings, _, plain| settings.play.tonic = (plain as u8).checked_sub(1)
    ),
    parameter!(
        "play_scale",
        Play,
        Kind::Choice(SCALES),
        |settings, _| {
            let place = |scale| Scale::ALL.iter().position(|&known| known == scale);
            settings.play.scale.and_then(place).map_or(0.0, |place| place as f32 + 1.0)
        },
        |settings, _, plain| settings.play.scale =
            (plain as usize).checked_sub(1).and_then(|place| Scale::ALL.get(place).copied())
    ),
    parameter!(
        "play_chords",
        Play,
        Kind::Choice(CHORDS),
        |settings, _| match settings.play.chords {
            ChordSource::Hear => 0.0,
            ChordSource::Hold => 1.0,
            ChordSource::Off => 2.0,
        },
        |settings, _, plain| settings.play.chords = match plain as u8 {
            0 => ChordSource::Hear,
            1 => ChordSource::Hold,
            _ => ChordSource::Off,
        }
    ),
    parameter!(
        "play_seed",
        Play,
        Kind::Number { range: [1.0, 9999.0], step: 1.0, unit: "" },
        |settings, _| settings.play.seed as f32,
        |settings, _, plain| settings.play.seed = plain as u32
    ),
    parameter!(
        "play_expression",
        Play,
        Kind::Switch,
        |settings, _| f32::from(u8::from(settings.play.expression)),
        |settings, _, plain| settings.play.expression = plain != 0.0
    ),
    voice_on!("melody_on", 0),
    voice_octave!("melody_octave", 0),
    voice_share!("melody_density", 0, density, 100.0),
    voice_share!("melody_velocity", 0, velocity, 200.0),
    voice_share!("melody_humanise", 0, humanise, 100.0),
    voice_on!("chords_on", 1),
    voice_octave!("chords_octave", 1),
    voice_share!("chords_density", 1, density, 100.0),
    voice_share!("chords_velocity", 1, velocity, 200.0),
    voice_share!("chords_humanise", 1, humanise, 100.0),
    voice_on!("bass_on", 2),
    voice_octave!("bass_octave", 2),
    voice_share!("bass_density", 2, density, 100.0),
    voice_share!("bass_velocity", 2, velocity, 200.0),
    voice_share!("bass_humanise", 2, humanise, 100.0),
    voice_on!("drums_on", 3),
    voice_octave!("drums_octave", 3),
    voice_share!("drums_density", 3, density, 100.0),
    voice_share!("drums_velocity", 3, velocity, 200.0),
    voice_share!("drums_humanise", 3, humanise, 100.0),
];

/// What no preset holds and can be set over time all the same.
pub(crate) const FURTHER: &[Parameter] = &[
    parameter!(
        "sensitivity",
        Motion,
        Kind::Number { range: [-24.0, 24.0], step: 0.1, unit: "dB" },
        |settings, _| settings.sensitivity_db,
        |settings, _, plain| settings.sensitivity_db = plain
    ),
    parameter!(
        "auto_level",
        Motion,
        Kind::Switch,
        |settings, _| f32::from(u8::from(settings.auto_level)),
        |settings, _, plain| settings.auto_level = plain != 0.0
    ),
    parameter!(
        "play_mode",
        Play,
        Kind::Choice(MODES),
        |settings, _| match settings.play.mode {
            PlayMode::Off => 0.0,
            PlayMode::WithTransport => 1.0,
            PlayMode::Always => 2.0,
            PlayMode::WhileHeld => 3.0,
        },
        |settings, _, plain| settings.play.mode = match plain as u8 {
            0 => PlayMode::Off,
            1 => PlayMode::WithTransport,
            2 => PlayMode::Always,
            _ => PlayMode::WhileHeld,
        }
    ),
];

/// The ids of the parameters that a preset holds, in the plug-in's order.
pub const IDS: &[&str] = &{
    let mut ids = [""; PARAMETERS.len()];
    let mut i = 0;
    while i < ids.len() {
        ids[i] = PARAMETERS[i].id;
        i += 1;
    }
    ids
};

/// Whether a preset holds the parameter with this id.
pub fn belongs(id: &str) -> bool {
    IDS.contains(&id)
}

/// The parameter with this id.
pub(crate) fn parameter(id: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.id == id)
}

/// The default of every parameter, in order.
static DEFAULTS: LazyLock<[f32; PARAMETERS.len()]> = LazyLock::new(|| {
    let (settings, look) = (Settings::default(), Look::default());
    std::array::from_fn(|i| PARAMETERS[i].plain_of(&settings, &look))
});

impl Parameter {
    /// Its default.
    pub fn default_plain(&self) -> f32 {
        let place = IDS.iter().position(|&id| id == self.id);
        place.map_or(0.0, |place| DEFAULTS[place])
    }

    /// What the settings and the look hold.
    pub fn plain_of(&self, settings: &Settings, look: &Look) -> f32 {
        self.snap((self.read)(settings, look))
    }

    /// Writes a plain value where it belongs.
    pub fn write(&self, settings: &mut Settings, look: &mut Look, plain: f32) {
        (self.write)(settings, look, plain);
    }

    /// The plain value, on the parameter's step and within its range exactly as the plug-in's framework brings it there.
    pub fn snap(&self, plain: f32) -> f32 {
        match self.kind {
            Kind::Number { range: [low, high], step, .. } => ((plain / step).round() * step).clamp(low, high),
            _ => plain,
        }
    }

    /// The plain value of a value as written; `None` if it does not fit.
    pub fn plain(&self, value: &Value) -> Option<f32> {
        match (self.kind, value) {
            (Kind::Number { range: [low, high], step, .. }, &Value::Number(number)) => {
                let within = (exact(low)..=exact(high)).contains(&number);
                let whole = step < 1.0 || number.fract() == 0.0;
                (within && whole).then(|| self.snap(number as f32))
            }
            (Kind::Switch, &Value::Switch(on)) => Some(f32::from(u8::from(on))),
            (Kind::Choice(ids), Value::Choice(chosen)) => {
                ids.iter().position(|id| id == chosen).map(|place| place as f32)
            }
            (Kind::Component, &Value::Number(number)) => {
                let highest = components::COMPONENTS.len() as f64;
                let fits = (0.0..=highest).contains(&number) && number.fract() == 0.0;
                fits.then_some(number as f32)
            }
            (Kind::Component, Value::Choice(name)) => components::value(name).map(|number| number as f32),
            _ => None,
        }
    }

    /// Whether a choice has this id.
    pub fn chooses(&self, id: &str) -> bool {
        matches!(self.kind, Kind::Choice(ids) if ids.contains(&id))
    }

    /// A plain value as it is written, with the decimals of the parameter's step and no more.
    pub fn value(&self, plain: f32) -> Value {
        match self.kind {
            Kind::Number { step, .. } => {
                let per_unit = (1.0 / f64::from(step)).round();
                Value::Number((f64::from(plain) * per_unit).round() / per_unit)
            }
            Kind::Component => Value::Number(f64::from(plain)),
            Kind::Switch => Value::Switch(plain != 0.0),
            Kind::Choice(ids) => Value::Choice(ids.get(plain as usize).unwrap_or(&ids[0]).to_string()),
        }
    }

    /// What fits, for messages.
    pub fn expected(&self) -> String {
        match self.kind {
            Kind::Number { range: [low, high], step, unit } => {
                let what = if step < 1.0 { "a number" } else { "a whole number" };
                let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
                format!("{what} from {low} to {high}{unit}")
            }
            Kind::Switch => "true or false".to_owned(),
            Kind::Choice(ids) => {
                let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Kind::Component => format!(
                "a whole number from 0 (automatic) to {}, or a name such as \"{}\"",
                components::COMPONENTS.len(),
                components::name(1)
            ),
        }
    }

    /// What a value means, to stand behind it in a file; empty where it speaks for itself.
    pub fn remark(&self, value: &Value) -> String {
        match (self.kind, value) {
            (Kind::Number { range: [low, high], unit, .. }, _) => {
                format!("{unit}{}{low} ... {high}", if unit.is_empty() { "" } else { ", " })
            }
            (Kind::Component, Value::Number(number)) => components::name(*number as i32).to_owned(),
            _ => String::new(),
        }
    }
}

/// The decimal number that a constant of few digits was written as.
fn exact(constant: f32) -> f64 {
    (f64::from(constant) * 1e6).round() / 1e6
}
