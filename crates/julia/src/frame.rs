//! What both renderers need to know of one picture: the scene in f32, at one size.

use crate::{Capture, Quality, Scene, formula};

/// One picture's numbers, computed once in f64 and handed to the CPU renderer or, as uniforms, to the shader.
///
/// The pixel in column `x` and row `y` (from the top) shows
/// `z = centre + ((x + 1/2 - width/2)·step - (y + 1/2 - height/2)·i·step)`, with `step` a complex number that
/// holds scale and rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Parameter of z² + c.
    pub c: [f32; 2],
    /// Point of the z-plane in the middle of the picture.
    pub centre: [f32; 2],
    /// The z-plane's step from one pixel to its right neighbour, as a complex number.
    pub step: [f32; 2],
    /// Height of the picture in the z-plane.
    pub view_height: f32,
    /// Largest number of iterations.
    pub iterations: u32,
    /// Disc that ends an orbit early.
    pub capture: Capture,
    /// Strength of the rim, 0 ..= 1.
    pub glow: f32,
    /// The light's direction turned into the z-plane (first two) and its height (third).
    pub light: [f32; 3],
}

impl Frame {
    /// Prepares `scene` (sanitized first) for a picture of `width` x `height` pixels. Does not allocate; takes some
    /// microseconds, for the cycle is looked for.
    pub fn new(scene: &Scene, width: u32, height: u32) -> Self {
        let scene = scene.sanitized();
        let view_height = formula::VIEW_HEIGHT / scene.zoom;
        let scale = view_height / f64::from(height.max(1));
        // Turning the set counter-clockwise turns the pixel grid clockwise over it.
        let (sin, cos) = (-scene.rotation).sin_cos();
        let [lx, ly, lz] = formula::LIGHT.map(f64::from);
        Self {
            size: [width, height],
            c: scene.c.map(|v| v as f32),
            centre: scene.centre.map(|v| v as f32),
            step: [(scale * cos) as f32, (scale * sin) as f32],
            view_height: view_height as f32,
            iterations: scene.iterations,
            capture: Capture::find(scene.c),
            glow: scene.glow,
            light: [(lx * cos - ly * sin) as f32, (lx * sin + ly * cos) as f32, lz as f32],
        }
    }

    /// The same picture on the grid of a quality. The part of the plane that pixels of the screen show stays what it was; the
    /// grid may reach beyond it by a part of a pixel at each edge.
    pub fn on_grid_of(self, quality: Quality) -> Self {
        let fraction = quality.fraction();
        Self { size: quality.size(self.size), step: self.step.map(|side| side / fraction), ..self }
    }

    /// Whether pixel (x, y) and pixel (width-1-x, height-1-y) show z and -z.
    pub fn is_point_symmetric(&self) -> bool {
        self.centre == [0.0, 0.0]
    }
}
