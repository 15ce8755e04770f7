//! What the user can set of the listening, the motion and the playing.

/// Lowest and highest sensitivity in dB.
const SENSITIVITY_DB: [f32; 2] = [-24.0, 24.0];

/// Settings of the engine. They take effect on the next hop boundary, those of the playing at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Gain of the analysis in dB, -24 ... +24; the sound that is heard is not touched.
    pub sensitivity_db: f32,
    /// Whether quiet input is slowly brought up to a usual level for the analysis.
    pub auto_level: bool,
    /// Settings of the motion of c(t).
    pub orbit: dendrite_orbit::Settings,
    /// Settings of the playing. These take effect at once, on the first sample of the block.
    pub play: dendrite_composer::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sensitivity_db: 0.0,
            auto_level: true,
            orbit: dendrite_orbit::Settings::default(),
            play: dendrite_composer::Settings::default(),
        }
    }
}

impl Settings {
    /// The sensitivity as a factor; values that are not finite count as 0 dB.
    pub(crate) fn sensitivity_gain(&self) -> f32 {
        let db = if self.sensitivity_db.is_finite() { self.sensitivity_db } else { 0.0 };
        10.0_f32.powf(db.clamp(SENSITIVITY_DB[0], SENSITIVITY_DB[1]) / 20.0)
    }
}
