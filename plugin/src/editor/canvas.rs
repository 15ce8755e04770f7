//! The Julia set behind everything, drawn by the graphics card, and what the mouse does to it.

use std::sync::Arc;

use dendrite_julia::cpu::Antialias;
use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::gl::ScaledPainter;
use dendrite_julia::{Look, Quality, Scene};
use egui::{CursorIcon, Id, PaintCallback, PointerButton, Rect, Response, Sense, Ui};
use egui_glow::CallbackFn;
use parking_lot::Mutex;

use super::resolution::Resolution;
use super::view;
use crate::pictures::{PictureTrace, Row, thread_cpu_s};
use crate::state::ViewMemory;

/// What a point of scrolling does to the logarithm of the zoom; a notch of a wheel is 40 to 50 points.
const ZOOM_PER_POINT: f32 = 0.004;

/// Pictures of the same scene in a row from which on it counts as held, and is drawn as finely as it can be.
const STILL: u32 = 12;

/// The painter as far as it has come.
#[derive(Default)]
enum Painter {
    /// Not asked for yet: it can be made only where the context is current, in the callback.
    #[default]
    Wanted,
    /// At work.
    Ready(Box<ScaledPainter>),
    /// Refused by the driver, with its reason; not reported yet.
    Refused(String),
    /// Refused and reported.
    Silent,
}

/// What is drawn with, where the context is current.
#[derive(Default)]
struct Easel {
    painter: Painter,
    resolution: Resolution,
    /// The scene and the size that were drawn last, and how many pictures in a row they have been so.
    held: (Scene, [u32; 2], u32),
    /// What is to be told of the picture that was drawn last; its time and interval are filled in with the next one.
    drawn: Option<Row>,
}

/// The picture of one window. Dropped with its GL context, which takes the painter's objects along.
pub struct Canvas {
    /// Shared with the paint callback, which runs later in the same frame on the same thread.
    easel: Arc<Mutex<Easel>>,
    limiter: FlashLimiter,
    /// Time of the pictures in seconds, for the limiter.
    time_s: f64,
    /// What was drawn last.
    shown: Scene,
    /// The trace that the environment asks for, or why there is none; asked with the first picture, since canvases are made that
    /// never draw one.
    trace: Option<Result<Option<PictureTrace>, String>>,
    /// Processor time of the thread when the work on the picture began.
    began_cpu_s: Option<f64>,
}

impl Default for Canvas {
    fn default() -> Self {
        Self {
            easel: Arc::default(),
            limiter: FlashLimiter::new(),
            time_s: 0.0,
            shown: Scene::default(),
            trace: None,
            began_cpu_s: None,
        }
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
        self.account(elapsed_s);
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
        let (easel, now) = (self.easel.clone(), Now { scene: self.shown, time_s: self.time_s, elapsed_s });
        let callback = CallbackFn::new(move |info, with| easel.lock().paint(&info, with.gl(), &now));
        ui.painter().add(PaintCallback { rect, callback: Arc::new(callback) });
        response
    }

    /// What was drawn last, with the set in the middle of a picture that nothing covers.
    pub fn uncovered(&self, view: &ViewMemory) -> Scene {
        let plain = Scene { zoom: self.shown.zoom / f64::from(view.zoom), ..self.shown };
        view::place(view, &plain, 0.0, 1.0)
    }

    /// What keeps the picture from being drawn or traced, said once.
    pub fn problem(&mut self) -> Option<String> {
        if let Some(Err(problem)) = &mut self.trace {
            let problem = std::mem::take(problem);
            self.trace = Some(Ok(None));
            return Some(problem);
        }
        let painter = &mut self.easel.lock().painter;
        match std::mem::replace(painter, Painter::Silent) {
            Painter::Refused(reason) => Some(format!("The picture cannot be drawn here: {reason}")),
            other => {
                *painter = other;
                None
            }
        }
    }

    /// Tells the trace of the last picture, `elapsed_s` after it was begun, as the next one begins.
    fn account(&mut self, elapsed_s: f64) {
        let Ok(Some(trace)) = self.trace.get_or_insert_with(PictureTrace::requested) else { return };
        let began = std::mem::replace(&mut self.began_cpu_s, thread_cpu_s());
        if let Some(mut row) = self.easel.lock().drawn.take() {
            row.interval_s = elapsed_s;
            row.cpu_s = match (began, row.cpu_s, self.began_cpu_s) {
                (Some(began), Some([_, drew]), Some(now)) => Some([now - began, drew - began]),
                _ => None,
            };
            trace.record(row);
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

/// What a picture shows, and when.
struct Now {
    scene: Scene,
    time_s: f64,
    /// Time since the picture before.
    elapsed_s: f64,
}

impl Easel {
    /// Runs with the window's context current.
    fn paint(&mut self, info: &egui::PaintCallbackInfo, gl: &glow::Context, now: &Now) {
        // Everything but the drawing is done: egui makes its triangles before anything is drawn.
        let ready_cpu_s = thread_cpu_s();
        if matches!(self.painter, Painter::Wanted) {
            self.painter = match ScaledPainter::new(gl) {
                Ok(ready) => Painter::Ready(Box::new(ready)),
                Err(error) => Painter::Refused(error.to_string()),
            };
        }
        let Painter::Ready(ready) = &mut self.painter else { return };
        let area = info.viewport_in_pixels();
        let side = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
        let size = [side(area.width_px), side(area.height_px)];
        let times =
            if (self.held.0, self.held.1) == (now.scene, size) { self.held.2.saturating_add(1) } else { 0 };
        self.held = (now.scene, size, times);
        let quality = if times >= STILL { Quality::BEST } else { self.resolution.quality() };
        if times == 0 {
            self.resolution.begun(now.elapsed_s, now.time_s);
        }
        let cost = ready.paint(gl, &now.scene, [area.left_px, area.from_bottom_px], size, quality);
        if let Some(cost) = cost {
            self.resolution.measured(cost, size, now.time_s);
        }
        self.drawn = Some(Row {
            time_s: now.time_s,
            interval_s: 0.0,
            cpu_s: ready_cpu_s.map(|cpu_s| [cpu_s, cpu_s]),
            window: size,
            canvas: if ready.scales() { quality.size(size) } else { size },
            samples: match quality.antialias() {
                _ if times > STILL => 0,
                Antialias::None => 1,
                Antialias::TwoByTwo => 4,
            },
            canvas_s: cost.map(|cost| cost.seconds),
        });
    }
}
