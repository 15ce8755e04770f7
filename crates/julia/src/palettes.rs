//! Six palettes as data, blended in OKLab into the lookup table that shader and CPU renderer share.
//!
//! ```text
//! assets/palettes/*.json   exterior: sRGB stops from far away to the boundary, evenly spaced
//!                          interior: sRGB stops from the relief's valleys to its peaks, evenly spaced
//!                          rim: the colour of the boundary line;  mood: [valence, arousal]
//! ```

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{PaletteBlend, Scene, oklab};

/// Number of palettes.
pub const COUNT: usize = 6;

/// Colours per ramp of a [`Table`].
pub const RAMP: usize = 256;

/// One palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// Its name, for menus.
    pub name: String,
    /// Where it lives on the plane of valence and arousal, each -1 ..= 1.
    pub mood: [f32; 2],
    /// Exterior stops in OKLab, from far away to the boundary.
    exterior: Vec<[f32; 3]>,
    /// Interior stops in OKLab, from the valleys to the peaks.
    interior: Vec<[f32; 3]>,
    /// Rim colour in OKLab.
    rim: [f32; 3],
}

/// A palette file as written.
#[derive(Deserialize)]
struct Written {
    name: String,
    mood: [f32; 2],
    exterior: Vec<String>,
    interior: Vec<String>,
    rim: String,
}

/// The palettes, in their fixed order: Abyss, Ember, Aurora, Orchid, Lichen, Ink. Parsed at first use (that allocates).
pub static ALL: LazyLock<[Palette; COUNT]> = LazyLock::new(|| {
    [
        include_str!("../../../assets/palettes/abyss.json"),
        include_str!("../../../assets/palettes/ember.json"),
        include_str!("../../../assets/palettes/aurora.json"),
        include_str!("../../../assets/palettes/orchid.json"),
        include_str!("../../../assets/palettes/lichen.json"),
        include_str!("../../../assets/palettes/ink.json"),
    ]
    .map(|text| parse(text).expect("the palettes are compiled in and checked by a test"))
});

fn parse(text: &str) -> Option<Palette> {
    let written: Written = serde_json::from_str(text).ok()?;
    let stops = |list: &[String]| -> Option<Vec<[f32; 3]>> {
        if list.len() < 2 { None } else { list.iter().map(|s| hex(s)).collect() }
    };
    Some(Palette {
        exterior: stops(&written.exterior)?,
        interior: stops(&written.interior)?,
        rim: hex(&written.rim)?,
        name: written.name,
        mood: written.mood,
    })
}

/// `#rrggbb` to OKLab.
fn hex(text: &str) -> Option<[f32; 3]> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let mut rgb = [0.0; 3];
    for (k, v) in rgb.iter_mut().enumerate() {
        let byte = u8::from_str_radix(&digits[2 * k..2 * k + 2], 16).ok()?;
        *v = oklab::to_linear(f32::from(byte) / 255.0);
    }
    Some(oklab::from_linear(rgb))
}

/// The chosen palette drawn towards the one that lives nearest to the mood: at most two thirds, the more the further
/// the mood is from neutral. Does not allocate once [`ALL`] is parsed.
pub fn for_mood(chosen: usize, valence: f32, arousal: f32) -> PaletteBlend {
    let chosen = chosen % COUNT;
    let distance = |p: &Palette| (p.mood[0] - valence).hypot(p.mood[1] - arousal);
    let nearest = (0..COUNT)
        .filter(|&k| k != chosen)
        .min_by(|&a, &b| distance(&ALL[a]).total_cmp(&distance(&ALL[b])))
        .unwrap_or(chosen);
    // The amount falls to 0 where another palette becomes the nearest, so that nothing jumps there.
    let second = (0..COUNT)
        .filter(|&k| k != chosen && k != nearest)
        .map(|k| distance(&ALL[k]))
        .fold(f32::INFINITY, f32::min);
    let lead = ((second - distance(&ALL[nearest])) / 0.6).clamp(0.0, 1.0);
    let strength = (valence.hypot(arousal) / 0.8).clamp(0.0, 1.0);
    PaletteBlend { from: chosen, to: nearest, amount: 0.67 * lead * strength }
}

/// The lookup table: what a scene's palette, light, hue and saturation make of the stops.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// [`RAMP`] exterior colours, then [`RAMP`] interior colours; sRGB-coded red, green, blue in 0 ..= 1, alpha 1.
    pub colours: Vec<[f32; 4]>,
    /// The rim's colour, coded alike.
    pub rim: [f32; 4],
    key: Option<Key>,
}

type Key = (PaletteBlend, f32, f32, f32);

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// An empty (black) table. Allocates, once and for all.
    pub fn new() -> Self {
        Self { colours: vec![[0.0, 0.0, 0.0, 1.0]; 2 * RAMP], rim: [0.0, 0.0, 0.0, 1.0], key: None }
    }

    /// Makes the table show `scene`'s colours; true if anything changed. Does not allocate once [`ALL`] is parsed.
    pub fn update(&mut self, scene: &Scene) -> bool {
        let scene = scene.sanitized();
        let key = (scene.palette, scene.light, scene.hue_shift, scene.saturation);
        if self.key == Some(key) {
            return false;
        }
        let (from, to) = (&ALL[scene.palette.from], &ALL[scene.palette.to]);
        let (sin, cos) = (scene.hue_shift * std::f32::consts::TAU).sin_cos();
        let coded = |[l, a, b]: [f32; 3]| {
            let chroma = scene.saturation;
            let lab = [l, chroma * (a * cos - b * sin), chroma * (a * sin + b * cos)];
            let rgb = oklab::to_linear_rgb(lab).map(|v| oklab::to_srgb((v * scene.light).clamp(0.0, 1.0)));
            [rgb[0], rgb[1], rgb[2], 1.0]
        };
        let amount = scene.palette.amount;
        let mix =
            |a: [f32; 3], b: [f32; 3]| -> [f32; 3] { std::array::from_fn(|k| a[k] + (b[k] - a[k]) * amount) };
        for k in 0..RAMP {
            let t = k as f32 / (RAMP - 1) as f32;
            self.colours[k] = coded(mix(smooth(&from.exterior, t), smooth(&to.exterior, t)));
            self.colours[RAMP + k] = coded(mix(smooth(&from.interior, t), smooth(&to.interior, t)));
        }
        self.rim = coded(mix(from.rim, to.rim));
        self.key = Some(key);
        true
    }
}

/// Catmull-Rom spline through evenly spaced stops, so that the ramp has no kinks the eye would see as Mach bands.
fn smooth(stops: &[[f32; 3]], t: f32) -> [f32; 3] {
    let last = stops.len() - 1;
    let x = t.clamp(0.0, 1.0) * last as f32;
    let i = (x as usize).min(last - 1);
    let f = x - i as f32;
    let at = |k: isize| stops[k.clamp(0, last as isize) as usize];
    let i = i as isize;
    let (p0, p1, p2, p3) = (at(i - 1), at(i), at(i + 1), at(i + 2));
    std::array::from_fn(|k| {
        let (a, b, c, d) = (p0[k], p1[k], p2[k], p3[k]);
        b + 0.5 * f * (c - a + f * (2.0 * a - 5.0 * b + 4.0 * c - d + f * (3.0 * (b - c) + d - a)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_parses_and_is_in_its_place() {
        let names: Vec<&str> = ALL.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["Abyss", "Ember", "Aurora", "Orchid", "Lichen", "Ink"]);
    }

    #[test]
    fn tables_change_only_with_their_colours() {
        let mut table = Table::new();
        let scene = Scene::default();
        assert!(table.update(&scene));
        assert!(!table.update(&Scene { c: [0.3, 0.3], ..scene }));
        assert!(table.update(&Scene { light: 1.2, ..scene }));
        assert!(table.colours.as_flattened().iter().all(|v| (0.0..=1.0).contains(v)));
    }

    #[test]
    fn a_neutral_mood_shows_the_chosen_palette() {
        assert_eq!(for_mood(2, 0.0, 0.0).amount, 0.0);
        assert_eq!(for_mood(2, 0.0, 0.0).from, 2);
    }
}
