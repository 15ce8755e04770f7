//! The Julia set behind everything, drawn by the graphics card, and what the mouse does to it.

use std::sync::Arc;

use dendrite_julia::cpu::Antialias;
use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::gl::GlPainter;
use dendrite_julia::{Look, Scene};
use egui::{CursorIcon, Id, PaintCallback, PointerButton, Rect, Response, Sense, Ui};
use egui_glow::CallbackFn;
use parking_lot::Mutex;

use super::view;
use crate::state::ViewMemory;

/// What a point of scrolling does to the logarithm of the zoom; a notch of a wheel is 40 to 50 points.
const ZOOM_PER_POINT: f32 = 0.004;

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
    /// What was drawn last.
    shown: Scene,
}

impl Default for Canvas {
    fn default() -> Self {
        Self { painter: Arc::default(), limiter: FlashLimiter::new(), time_s: 0.0, shown: Scene::default() }
    }
}

/// What is covered by glass, in logical pixels from the window's left and right edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Covered {
    /// By the panel.
    pub left: f32,
    /// By the overlays.
    pub right: f32,
}

impl Covered {
    /// The part of a window that is left free.
    pub fn free(self, window: Rect) -> Rect {
        window.with_min_x(window.left() + self.left).with_max_x(window.right() - self.right)
    }
}

/// The canvas as a widget.
pub fn id() -> Id {
    Id::unique("canvas")
}

impl Canvas {
    /// Draws a set over the whole window, in the middle of what is not `covered`, `elapsed_s` after the last picture, as
    /// `view` has it; drags, the wheel and double clicks change that.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        candidate: &Scene,
        look: &Look,
        covered: Covered,
        view: &mut ViewMemory,
        elapsed_s: f64,
    ) -> Response {
        self.time_s += elapsed_s;
        let rect = ui.ctx().content_rect();
        let middle = covered.free(rect).center();
        let right_of_middle = middle.x - rect.center().x;
        let response = ui.interact(rect, id(), Sense::click_and_drag());
        let response = response.on_hover_cursor(CursorIcon::Default);
        let unit = view::unit(candidate.zoom * f64::from(view.zoom), rect.height());
        *view = moved(ui, &response, *view, middle, unit);

        let placed = view::place(view, candidate, right_of_middle, rect.height());
        self.shown = if look.flash_limit { self.limiter.limit(&placed, self.time_s) } else { placed };
        let (painter, shown) = (self.painter.clone(), self.shown);
        let callback = CallbackFn::new(move |info, with| paint(&painter, &info, with.gl(), &shown));
        ui.painter().add(PaintCallback { rect, callback: Arc::new(callback) });
        response
    }

    /// What was drawn last, with the set in the middle of a picture that nothing covers.
    pub fn uncovered(&self, view: &ViewMemory) -> Scene {
        let plain = Scene { zoom: self.shown.zoom / f64::from(view.zoom), ..self.shown };
        view::place(view, &plain, 0.0, 1.0)
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

/// The view after what the mouse has done to the picture, whose middle is at `middle`.
fn moved(ui: &Ui, response: &Response, view: ViewMemory, middle: egui::Pos2, unit: f64) -> ViewMemory {
    if response.double_clicked() {
        return ViewMemory::default();
    }
    if response.dragged_by(PointerButton::Primary) {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        return view::dragged(view, response.drag_delta(), unit);
    }
    if let Some(pointer) = response.hover_pos() {
        let (scrolled, pinched) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = (scrolled * ZOOM_PER_POINT).exp() * pinched;
        if factor != 1.0 && factor.is_finite() && factor > 0.0 {
            return view::zoomed(view, factor, pointer - middle, unit);
        }
    }
    view
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
