//! How scenes are fitted to pictures of any shape.

use std::f64::consts::FRAC_PI_2;

use crate::Scene;
use crate::formula::VIEW_HEIGHT;

/// What a picture shows at least along its longer side, in units of the z-plane: most Julia sets, for the largest ones end in
/// thin tips. Along the shorter side it is what a picture of 16:9 shows from top to bottom.
const LONGER_SIDE: f64 = 3.4;

/// How scenes are fitted to a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    zoom: f64,
    rotation: f64,
}

impl Framing {
    /// Wide pictures show scenes as they are. Upright ones show them turned by a quarter, for Julia sets are wider than high;
    /// and what is nearly square steps back.
    pub fn of([width, height]: [u32; 2]) -> Self {
        let upright = height > width;
        let aspect = f64::from(width.max(height)) / f64::from(width.min(height).max(1));
        let zoom = (aspect * VIEW_HEIGHT / LONGER_SIDE).min(1.0);
        if upright {
            // Zoom is counted by the picture's height, which is the longer side here.
            Self { zoom: zoom / aspect, rotation: FRAC_PI_2 }
        } else {
            Self { zoom, rotation: 0.0 }
        }
    }

    /// The scene, fitted. A flash limiter looks at the scene before: its pictures are of 16:9.
    pub fn fit(self, scene: Scene) -> Scene {
        Scene { zoom: scene.zoom * self.zoom, rotation: scene.rotation + self.rotation, ..scene }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the plane a size shows, along its longer and its shorter side.
    fn shown(size: [u32; 2]) -> [f64; 2] {
        let height = VIEW_HEIGHT / Framing::of(size).zoom;
        let width = height * f64::from(size[0]) / f64::from(size[1]);
        [width.max(height), width.min(height)]
    }

    #[test]
    fn upright_pictures_show_what_wide_ones_show() {
        for [width, height] in [[1_920, 1_080], [1_280, 960], [1_080, 1_080], [2_560, 1_080]] {
            let (wide, upright) = (shown([width, height]), shown([height, width]));
            assert!((wide[0] - upright[0]).abs() < 1e-9 && (wide[1] - upright[1]).abs() < 1e-9);
            assert!(
                wide[0] >= LONGER_SIDE - 1e-9 && wide[1] >= VIEW_HEIGHT - 1e-9,
                "{width}x{height} {wide:?}"
            );
        }
        assert_eq!(Framing::of([1_920, 1_080]), Framing { zoom: 1.0, rotation: 0.0 });
    }
}
