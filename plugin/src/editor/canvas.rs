//! The Julia set behind everything, drawn by the graphics card.

use std::sync::Arc;

use dendrite_julia::cpu::Antialias;
use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::formula::VIEW_HEIGHT;
use dendrite_julia::gl::GlPainter;
use dendrite_julia::{Look, Scene};
use egui::{PaintCallback, Ui};
use egui_glow::CallbackFn;
use parking_lot::Mutex;

/// The painter as far as it has come.
#[derive(Default)]
enum Painter {
    /// Not asked for yet: it can be made only where the context is current, in the callback.
    #[default]
    Wanted,
    /// At work.
    Ready(Box<GlPainter>),
    /// Refused by the driver, with its reason; not reported yet.
    Refused(String),
    /// Refused and reported.
    Silent,
}

/// The picture of one window. Dropped with its GL context, which takes the painter's objects along.
pub struct Canvas {
    /// Shared with the paint callback, which runs later in the same frame on the same thread.
    painter: Arc<Mutex<Painter>>,
    limiter: FlashLimiter,
    /// Time of the pictures in seconds, for the limiter.
    time_s: f64,
}

impl Default for Canvas {
    fn default() -> Self {
        Self { painter: Arc::default(), limiter: FlashLimiter::new(), time_s: 0.0 }
    }
}

impl Canvas {
    /// Draws a set over the whole window, in the middle of what is not `covered` (logical pixels) on the left,
    /// `elapsed_s` after the last picture.
    pub fn show(&mut self, ui: &mut Ui, mut candidate: Scene, look: &Look, covered: f32, elapsed_s: f64) {
        self.time_s += elapsed_s;
        candidate.centre = centre(&candidate, ui.ctx().content_rect().height(), covered);
        let shown = if look.flash_limit { self.limiter.limit(&candidate, self.time_s) } else { candidate };
        let rect = ui.ctx().content_rect();
        let painter = self.painter.clone();
        let callback = CallbackFn::new(move |info, with| paint(&painter, &info, with.gl(), &shown));
        ui.painter().add(PaintCallback { rect, callback: Arc::new(callback) });
    }

    /// What keeps the picture from being drawn, said once.
    pub fn problem(&mut self) -> Option<String> {
        let mut painter = self.painter.lock();
        match std::mem::replace(&mut *painter, Painter::Silent) {
            Painter::Refused(reason) => Some(format!("The picture cannot be drawn here: {reason}")),
            other => {
                *painter = other;
                None
            }
        }
    }
}

/// The point of the z-plane in the window's middle if z = 0 shall be half of `covered` right of it.
fn centre(scene: &Scene, height: f32, covered: f32) -> [f64; 2] {
    let shift = f64::from(covered) / 2.0 / f64::from(height.max(1.0)) * VIEW_HEIGHT / scene.zoom;
    // The picture shows (z - centre) turned by the rotation.
    let (sin, cos) = scene.rotation.sin_cos();
    [-shift * cos, shift * sin]
}

/// Runs with the window's context current.
fn paint(painter: &Mutex<Painter>, info: &egui::PaintCallbackInfo, gl: &glow::Context, shown: &Scene) {
    let mut painter = painter.lock();
    if matches!(*painter, Painter::Wanted) {
        *painter = match GlPainter::new(gl) {
            Ok(ready) => Painter::Ready(Box::new(ready)),
            Err(error) => Painter::Refused(error.to_string()),
        };
    }
    if let Painter::Ready(ready) = &mut *painter {
        let area = info.viewport_in_pixels();
        let side = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
        let size = [side(area.width_px), side(area.height_px)];
        ready.paint(gl, shown, [area.left_px, area.from_bottom_px], size, Antialias::None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_in_the_middle_of_what_is_not_covered() {
        for (rotation, zoom) in [(0.0, 1.0), (1.0, 3.0), (-2.5, 0.5)] {
            let scene = Scene { rotation, zoom, ..Scene::default() };
            let [re, im] = centre(&scene, 600.0, 280.0);
            let (sin, cos) = rotation.sin_cos();
            // Where z = 0 is in the picture, in pixels from its middle.
            let pixels = 600.0 * zoom / VIEW_HEIGHT;
            let (x, y) = ((-re * cos + im * sin) * pixels, (-re * sin - im * cos) * pixels);
            assert!((x - 140.0).abs() < 1e-9 && y.abs() < 1e-9, "{x} {y}");
        }
    }
}
