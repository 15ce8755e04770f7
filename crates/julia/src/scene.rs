//! What is to be seen: the scene, the user's choice and the music's reaction.

use crate::palettes;

/// A mixture of two of the [`palettes::ALL`], made in OKLab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaletteBlend {
    /// Index of the first palette, taken modulo the number of palettes.
    pub from: usize,
    /// Index of the second palette, taken modulo the number of palettes.
    pub to: usize,
    /// 0 shows the first palette only, 1 the second only.
    pub amount: f32,
}

impl PaletteBlend {
    /// One palette alone.
    pub const fn single(palette: usize) -> Self {
        Self { from: palette, to: palette, amount: 0.0 }
    }
}

/// Everything that determines one picture, except its size. Values outside their range are clamped when drawn; a
/// value that is not finite counts as its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// The parameter of z² + c as `[re, im]`, any finite value; [-2, 2] is meaningful.
    pub c: [f64; 2],
    /// Point of the z-plane in the middle of the picture. At `[0, 0]` the picture is point-symmetric and twice as
    /// fast to draw on the CPU.
    pub centre: [f64; 2],
    /// Magnification, 0.1 ..= 1,000. At 1 the picture's height spans [`VIEW_HEIGHT`](crate::formula::VIEW_HEIGHT)
    /// units. f32 arithmetic shows its grain above about 1,000.
    pub zoom: f64,
    /// Counter-clockwise rotation of the set in the picture, in radians.
    pub rotation: f64,
    /// Largest number of iterations, 32 ..= 2,000: how fine the rim is resolved.
    pub iterations: u32,
    /// Colours.
    pub palette: PaletteBlend,
    /// Strength of the rim's line and halo, 0 ..= 1.
    pub glow: f32,
    /// Factor on the linear light of all colours, 0.25 ..= 2; 1 is neutral.
    pub light: f32,
    /// Rotation of all hues, in turns of the OKLab hue circle; 0 is neutral.
    pub hue_shift: f32,
    /// Factor on the chroma of all colours, 0 ..= 2; 1 is neutral.
    pub saturation: f32,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            c: [-0.122_561, 0.744_862],
            centre: [0.0, 0.0],
            zoom: 1.0,
            rotation: 0.0,
            iterations: 200,
            palette: PaletteBlend::single(0),
            glow: 0.5,
            light: 1.0,
            hue_shift: 0.0,
            saturation: 1.0,
        }
    }
}

impl Scene {
    /// The same scene with every value finite and inside its documented range. Does not allocate.
    pub fn sanitized(&self) -> Self {
        let fallback = Self::default();
        let finite = |v: f64, otherwise: f64| if v.is_finite() { v } else { otherwise };
        let ranged = |v: f32, otherwise: f32, low: f32, high: f32| {
            if v.is_finite() { v.clamp(low, high) } else { otherwise }
        };
        // The square root of the largest f32 bounds c and centre, so that the first iterate stays finite.
        let plane = |p: [f64; 2], o: [f64; 2]| {
            [finite(p[0], o[0]).clamp(-1e6, 1e6), finite(p[1], o[1]).clamp(-1e6, 1e6)]
        };
        Self {
            c: plane(self.c, fallback.c),
            centre: plane(self.centre, fallback.centre),
            zoom: finite(self.zoom, 1.0).clamp(0.1, 1000.0),
            rotation: finite(self.rotation, 0.0),
            iterations: self.iterations.clamp(32, 2000),
            palette: PaletteBlend {
                from: self.palette.from % palettes::COUNT,
                to: self.palette.to % palettes::COUNT,
                amount: ranged(self.palette.amount, 0.0, 0.0, 1.0),
            },
            glow: ranged(self.glow, fallback.glow, 0.0, 1.0),
            light: ranged(self.light, 1.0, 0.25, 2.0),
            hue_shift: ranged(self.hue_shift, 0.0, -1e3, 1e3).rem_euclid(1.0),
            saturation: ranged(self.saturation, 1.0, 0.0, 2.0),
        }
    }
}

/// The user's choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Index into [`palettes::ALL`].
    pub palette: usize,
    /// Let valence and arousal choose the colours, around the chosen palette.
    pub palette_follows_mood: bool,
    /// Magnification, as [`Scene::zoom`].
    pub zoom: f64,
    /// Rotation in radians, as [`Scene::rotation`].
    pub rotation: f64,
    /// Glow at rest, 0 ..= 1.
    pub glow: f32,
    /// How fine the rim is resolved, 0 ..= 1: 80, 200 (at 0.5) ... 500 iterations.
    pub detail: f32,
    /// How much colours, glow and size answer to the music, 0 ..= 1. At 0 only c moves the picture.
    pub reaction: f32,
    /// Whether a [`flash::FlashLimiter`](crate::flash::FlashLimiter) shall watch the pictures.
    pub flash_limit: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            palette: 0,
            palette_follows_mood: true,
            zoom: 1.0,
            rotation: 0.0,
            glow: 0.5,
            detail: 0.5,
            reaction: 0.5,
            flash_limit: true,
        }
    }
}

impl Look {
    /// The fixed look in which the sync score is measured: one palette, no hue, zoom or brightness reaction, no flash
    /// limiter. Geometry alone.
    pub const fn neutral() -> Self {
        Self {
            palette: 0,
            palette_follows_mood: false,
            zoom: 1.0,
            rotation: 0.0,
            glow: 0.5,
            detail: 0.5,
            reaction: 0.0,
            flash_limit: false,
        }
    }
}

/// What the music does at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reaction {
    /// Loudness, 0 ..= 1 (the rms feature).
    pub loudness: f32,
    /// Onset strength with its decay, 0 ..= 1.
    pub onset: f32,
    /// Valence, -1 (sad) ..= 1 (glad).
    pub valence: f32,
    /// Arousal, -1 (calm) ..= 1 (excited).
    pub arousal: f32,
}

impl Reaction {
    fn sanitized(&self) -> Self {
        let ranged = |v: f32, low: f32| if v.is_finite() { v.clamp(low, 1.0) } else { 0.0 };
        Self {
            loudness: ranged(self.loudness, 0.0),
            onset: ranged(self.onset, 0.0),
            valence: ranged(self.valence, -1.0),
            arousal: ranged(self.arousal, -1.0),
        }
    }
}

/// The scene for `c`, seen with the user's look while the music does `reaction`.
///
/// Loudness brings the set up to 6 % nearer and lights it up; an onset adds glow and a little light; arousal
/// saturates; valence and arousal choose the second palette of the blend where the look allows it. All of it scaled by
/// [`Look::reaction`]. Continuous in every argument but the palette indices. Does not allocate.
pub fn scene(c: [f64; 2], look: &Look, reaction: &Reaction) -> Scene {
    let amount = if look.reaction.is_finite() { look.reaction.clamp(0.0, 1.0) } else { 0.0 };
    let Reaction { loudness, onset, valence, arousal } = reaction.sanitized();
    let detail = if look.detail.is_finite() { look.detail.clamp(0.0, 1.0) } else { 0.5 };
    let palette = if look.palette_follows_mood {
        palettes::for_mood(look.palette, valence, arousal)
    } else {
        PaletteBlend::single(look.palette)
    };
    Scene {
        c,
        zoom: look.zoom * f64::from(1.0 + amount * 0.06 * loudness),
        rotation: look.rotation,
        iterations: (80.0 * 6.25_f32.powf(detail)).round() as u32,
        palette,
        glow: look.glow + amount * (0.25 * loudness + 0.5 * onset),
        light: 1.0 + amount * (0.15 * loudness + 0.25 * onset),
        saturation: 1.0 + amount * 0.25 * arousal,
        ..Scene::default()
    }
    .sanitized()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_look_ignores_the_music() {
        let loud = Reaction { loudness: 1.0, onset: 1.0, valence: -1.0, arousal: 1.0 };
        let c = [0.1, 0.2];
        assert_eq!(scene(c, &Look::neutral(), &loud), scene(c, &Look::neutral(), &Reaction::default()));
        assert_eq!(scene(c, &Look::neutral(), &loud).iterations, 200);
    }

    #[test]
    fn every_input_gives_a_scene_in_range() {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -5.0, 1e30];
        for v in bad {
            let look = Look {
                zoom: v.into(),
                rotation: v.into(),
                glow: v,
                detail: v,
                reaction: v,
                palette: 99,
                ..Look::default()
            };
            let reaction = Reaction { loudness: v, onset: v, valence: v, arousal: v };
            let scene = scene([v.into(), 0.0], &look, &reaction);
            assert_eq!(scene, scene.sanitized());
            assert!((0.1..=1000.0).contains(&scene.zoom) && (0.0..=1.0).contains(&scene.glow));
            assert!(
                scene.c[0].is_finite() && scene.rotation.is_finite() && scene.palette.from < palettes::COUNT
            );
        }
    }
}
