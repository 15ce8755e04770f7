//! The parameters: their frozen ids, ranges, units and texts.

use std::sync::Arc;

use dendrite_engine::Settings;
use dendrite_julia::Look;
use dendrite_orbit::Lock;
use nice_plug::prelude::*;

use crate::components;
use crate::play::PlayParams;

/// What is listened to.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum ListenTo {
    /// The sound that passes through.
    #[id = "main"]
    Main,
    /// The sidechain input; the main input as long as nothing has come in there.
    #[id = "sidechain"]
    Sidechain,
}

/// The unit of N in "turns per N bars".
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum BarsPerTurn {
    /// One bar.
    #[id = "1"]
    #[name = "1 bar"]
    One,
    /// Two bars.
    #[id = "2"]
    #[name = "2 bars"]
    Two,
    /// Four bars.
    #[id = "4"]
    #[name = "4 bars"]
    Four,
    /// Eight bars.
    #[id = "8"]
    #[name = "8 bars"]
    Eight,
    /// Sixteen bars.
    #[id = "16"]
    #[name = "16 bars"]
    Sixteen,
}

impl BarsPerTurn {
    /// The choice whose number of bars is next to `bars`.
    fn nearest(bars: f64) -> Self {
        let distance = |choice: &Self| (choice.bars() - bars).abs();
        [Self::One, Self::Two, Self::Four, Self::Eight, Self::Sixteen]
            .into_iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(Self::Eight)
    }

    /// The number of bars.
    pub fn bars(self) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Two => 2.0,
            Self::Four => 4.0,
            Self::Eight => 8.0,
            Self::Sixteen => 16.0,
        }
    }
}

/// The palettes, in the order of [`dendrite_julia::palettes::ALL`].
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum PaletteName {
    /// Deep sea.
    #[id = "abyss"]
    Abyss,
    /// Fire.
    #[id = "ember"]
    Ember,
    /// Northern lights.
    #[id = "aurora"]
    Aurora,
    /// Violet and rose.
    #[id = "orchid"]
    Orchid,
    /// Greens of stone.
    #[id = "lichen"]
    Lichen,
    /// Black and white.
    #[id = "ink"]
    Ink,
}

/// Parameters of what is heard.
#[derive(Params)]
pub struct ListenParams {
    /// Which input is listened to.
    #[id = "listen_to"]
    pub listen_to: EnumParam<ListenTo>,
    /// Gain of the analysis.
    #[id = "sensitivity"]
    pub sensitivity: FloatParam,
    /// Slow gain that brings quiet buses up.
    #[id = "auto_level"]
    pub auto_level: BoolParam,
    /// Delays the sound to the picture. Not automatable: it changes the latency.
    #[id = "align_sound"]
    pub align_sound: BoolParam,
}

/// Parameters of the motion.
#[derive(Params)]
pub struct MotionParams {
    /// Smoothing of the control signals.
    #[id = "smoothing"]
    pub smoothing: FloatParam,
    /// Strength of the answer to onsets.
    #[id = "impact_amount"]
    pub impact_amount: FloatParam,
    /// How readily sections are found.
    #[id = "section_sensitivity"]
    pub section_sensitivity: FloatParam,
    /// Which component of the Mandelbrot set is orbited: 0 chooses by the music.
    #[id = "component_lock"]
    pub component_lock: IntParam,
    /// N in "turns per N bars".
    #[id = "bars_per_turn"]
    pub bars_per_turn: EnumParam<BarsPerTurn>,
    /// Added to s, the modulus of the multiplier.
    #[id = "s_bias"]
    pub s_bias: FloatParam,
    /// Depth of the epicycles.
    #[id = "residual_depth"]
    pub residual_depth: FloatParam,
}

/// Parameters of the picture.
#[derive(Params)]
pub struct LookParams {
    /// The palette.
    #[id = "palette"]
    pub palette: EnumParam<PaletteName>,
    /// Whether mood moves the colours.
    #[id = "palette_follows_mood"]
    pub palette_follows_mood: BoolParam,
    /// Magnification.
    #[id = "zoom"]
    pub zoom: FloatParam,
    /// Rotation of the set.
    #[id = "rotation"]
    pub rotation: FloatParam,
    /// Strength of the rim's line and halo.
    #[id = "glow"]
    pub glow: FloatParam,
    /// How fine the rim is resolved.
    #[id = "detail"]
    pub detail: FloatParam,
    /// How much colours, glow and size answer to the music.
    #[id = "reaction"]
    pub reaction: FloatParam,
    /// The flash limiter.
    #[id = "flash_limit"]
    pub flash_limit: BoolParam,
}

/// All parameters.
#[derive(Params)]
pub struct DendriteParams {
    /// The host's bypass.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// What is heard.
    #[nested(group = "Listen")]
    pub listen: ListenParams,
    /// How it moves.
    #[nested(group = "Motion")]
    pub motion: MotionParams,
    /// How it looks.
    #[nested(group = "Look")]
    pub look: LookParams,
    /// How it plays along.
    #[nested(group = "Play")]
    pub play: PlayParams,
}

impl Default for DendriteParams {
    fn default() -> Self {
        // What the orbit has been calibrated to is the default.
        let orbit = dendrite_orbit::Settings::default();
        let percent = |share: f64| (share * 100.0) as f32;
        let highest_component = i32::try_from(components::COMPONENTS.len()).unwrap_or(i32::MAX);
        Self {
            bypass: switch("Bypass", false).make_bypass(),
            listen: ListenParams {
                listen_to: EnumParam::new("Listen To", ListenTo::Main),
                sensitivity: number("Sensitivity", 0.0, linear(-24.0, 24.0), 0.1, " dB"),
                auto_level: switch("Auto Level", true),
                align_sound: switch("Align Sound to Picture", false).non_automatable(),
            },
            motion: MotionParams {
                // A factor of 1/2 gives the first quarter of the range half of the knob's way.
                smoothing: number(
                    "Smoothing",
                    (orbit.smoothing_s * 1000.0) as f32,
                    FloatRange::Skewed { min: 0.0, max: 2000.0, factor: FloatRange::skew_factor(-1.5) },
                    1.0,
                    " ms",
                ),
                impact_amount: number(
                    "Impact Amount",
                    percent(orbit.impact_amount),
                    linear(0.0, 100.0),
                    0.1,
                    " %",
                ),
                section_sensitivity: number(
                    "Section Sensitivity",
                    percent(orbit.section_sensitivity),
                    linear(0.0, 100.0),
                    0.1,
                    " %",
                ),
                component_lock: IntParam::new(
                    "Component Lock",
                    0,
                    IntRange::Linear { min: 0, max: highest_component },
                )
                .with_value_to_string(Arc::new(|value| components::name(value).to_owned()))
                .with_string_to_value(Arc::new(components::value)),
                bars_per_turn: EnumParam::new("Bars per Turn", BarsPerTurn::nearest(orbit.bars_per_turn)),
                s_bias: number("S Bias", orbit.s_bias as f32, linear(-0.5, 0.5), 0.001, ""),
                residual_depth: number(
                    "Residual Depth",
                    percent(orbit.residual_depth),
                    linear(0.0, 100.0),
                    0.1,
                    " %",
                ),
            },
            look: LookParams {
                palette: EnumParam::new("Palette", PaletteName::Abyss),
                palette_follows_mood: switch("Palette Follows Mood", true),
                zoom: number(
                    "Zoom",
                    1.0,
                    FloatRange::Skewed { min: 0.25, max: 16.0, factor: FloatRange::skew_factor(-1.5) },
                    0.01,
                    " x",
                ),
                rotation: number("Rotation", 0.0, linear(-180.0, 180.0), 0.1, "°"),
                glow: number("Glow", 50.0, linear(0.0, 100.0), 0.1, " %"),
                detail: number("Detail", 50.0, linear(0.0, 100.0), 0.1, " %"),
                reaction: number("Reaction", 50.0, linear(0.0, 100.0), 0.1, " %"),
                flash_limit: switch("Flash Limiter", true),
            },
            play: PlayParams::default(),
        }
    }
}

impl DendriteParams {
    /// The engine's settings. Does not allocate.
    pub fn settings(&self) -> Settings {
        let motion = &self.motion;
        let mut settings = Settings {
            sensitivity_db: self.listen.sensitivity.value(),
            auto_level: self.listen.auto_level.value(),
            play: self.play.settings(self.bypass.value()),
            ..Settings::default()
        };
        settings.orbit.smoothing_s = f64::from(motion.smoothing.value()) / 1000.0;
        settings.orbit.impact_amount = f64::from(motion.impact_amount.value()) / 100.0;
        settings.orbit.section_sensitivity = f64::from(motion.section_sensitivity.value()) / 100.0;
        settings.orbit.lock =
            components::component(motion.component_lock.value()).map_or(Lock::Automatic, Lock::Component);
        settings.orbit.bars_per_turn = motion.bars_per_turn.value().bars();
        settings.orbit.s_bias = f64::from(motion.s_bias.value());
        settings.orbit.residual_depth = f64::from(motion.residual_depth.value()) / 100.0;
        settings
    }

    /// The picture's look.
    pub fn look(&self) -> Look {
        let look = &self.look;
        Look {
            palette: look.palette.value() as usize,
            palette_follows_mood: look.palette_follows_mood.value(),
            zoom: f64::from(look.zoom.value()),
            rotation: f64::from(look.rotation.value()).to_radians(),
            glow: look.glow.value() / 100.0,
            detail: look.detail.value() / 100.0,
            reaction: look.reaction.value() / 100.0,
            flash_limit: look.flash_limit.value(),
        }
    }
}

pub(crate) const fn linear(min: f32, max: f32) -> FloatRange {
    FloatRange::Linear { min, max }
}

/// A number whose text reads back to the same step, with or without its unit and in any locale's decimal sign.
pub(crate) fn number(
    name: impl Into<String>,
    default: f32,
    range: FloatRange,
    step: f32,
    unit: &'static str,
) -> FloatParam {
    FloatParam::new(name, default, range).with_step_size(step).with_unit(unit).with_string_to_value(Arc::new(
        move |text| {
            let text = text.trim();
            let text = text.strip_suffix(unit.trim()).unwrap_or(text).trim().replace(',', ".");
            text.parse::<f32>().ok().filter(|value| value.is_finite())
        },
    ))
}

/// A switch that reads "On" and "Off", and refuses what is neither instead of taking it for "Off".
pub(crate) fn switch(name: &'static str, default: bool) -> BoolParam {
    BoolParam::new(name, default)
        .with_value_to_string(Arc::new(|on| if on { "On" } else { "Off" }.to_owned()))
        .with_string_to_value(Arc::new(|text| match text.trim().to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Some(true),
            "off" | "false" | "no" | "0" => Some(false),
            _ => None,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lead_back_to_themselves_over_the_whole_range() {
        let params = DendriteParams::default();
        for (id, param, _) in params.param_map() {
            for step in 0..=100 {
                let value = step as f32 / 100.0;
                for with_unit in [false, true] {
                    // SAFETY: `params` outlives every pointer of its map.
                    let (text, back, again) = unsafe {
                        let text = param.normalized_value_to_string(value, with_unit);
                        let back = param.string_to_normalized_value(&text);
                        let again = back.map(|back| param.normalized_value_to_string(back, with_unit));
                        (text, back, again)
                    };
                    assert!(back.is_some(), "{id}: `{text}` is not understood");
                    assert_eq!(again.as_deref(), Some(text.as_str()), "{id} at {value}");
                }
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let params = DendriteParams::default();
        for (id, param, _) in params.param_map() {
            for text in ["", "nan", "inf", "-inf", "\u{1F300}", "1e999 dB", "--3", "maybe"] {
                // SAFETY: `params` outlives every pointer of its map.
                let value = unsafe { param.string_to_normalized_value(text) };
                assert_eq!(value, None, "{id}: `{text}`");
            }
        }
    }

    #[test]
    fn defaults_are_the_engines_and_the_pictures() {
        let params = DendriteParams::default();
        assert_eq!(params.settings(), Settings::default());
        assert_eq!(params.look(), Look::default());
    }

    #[test]
    fn palettes_are_in_the_order_of_the_pictures() {
        let names: Vec<&str> = dendrite_julia::palettes::ALL.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, PaletteName::variants());
    }
}
