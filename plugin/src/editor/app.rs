//! The window's life: from its opening to its closing, one picture after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use atomic_float::AtomicF32;
use dendrite_julia::{Reaction, scene};
use egui::{CursorIcon, Id, Rect, Sense, Stroke, Ui, ViewportCommand, pos2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

use super::canvas::Canvas;
use super::clock::Clock;
use super::models::ModelPanel;
use super::windows::Guard;
use super::{panel, status, theme};
use crate::exchange::Subscriber;
use crate::state::{EditorMemory, Session};

/// Time between two pictures at most; screens of more than 60 Hz gain nothing that is worth a host's CPU.
const PICTURE_TIME: Duration = Duration::from_micros(16_600);

/// Side of the corner by which the window can be dragged larger.
const CORNER: f32 = 16.0;

/// One window's contents.
pub struct App {
    session: Arc<Session>,
    snapshots: Subscriber,
    scale_factor: Arc<AtomicF32>,
    clock: Clock,
    canvas: Canvas,
    /// The way to the host; there from `build` on.
    host: Option<GuiContext>,
    last_picture: Instant,
    /// What is being typed in the panel of the models.
    model_panel: ModelPanel,
    /// Size of the window when the drag of its corner began.
    dragged_from: Option<egui::Vec2>,
    /// Counts the window out when it goes. Last, so that it goes last.
    guard: Guard,
}

impl App {
    /// The contents of a window that is about to open.
    pub fn new(
        session: Arc<Session>,
        snapshots: Subscriber,
        scale_factor: Arc<AtomicF32>,
        guard: Guard,
    ) -> Self {
        Self {
            session,
            snapshots,
            scale_factor,
            clock: Clock::default(),
            canvas: Canvas::default(),
            host: None,
            last_picture: Instant::now(),
            model_panel: ModelPanel::default(),
            dragged_from: None,
            guard,
        }
    }

    /// A handle in the lower right corner, for hosts that do not offer the window's edges.
    fn resize_corner(&mut self, ui: &mut Ui) {
        let window = ui.ctx().content_rect();
        let corner = Rect::from_min_max(window.max - vec2(CORNER, CORNER), window.max);
        let response = ui.interact(corner, Id::unique("resize"), Sense::drag());
        if response.drag_started() {
            self.dragged_from = Some(window.size());
        }
        if let (Some(from), Some(delta)) = (self.dragged_from, response.total_drag_delta()) {
            let [min_width, min_height] = EditorMemory::MIN_SIZE;
            let size = (from + delta).max(vec2(min_width, min_height));
            ui.send_viewport_cmd(ViewportCommand::InnerSize(size));
        }
        if response.drag_stopped() {
            self.dragged_from = None;
        }
        let colour = if response.hovered() || response.dragged() { theme::TEXT } else { theme::FAINT };
        for reach in [5.0, 9.0, 13.0] {
            let end = window.max - vec2(3.0, 3.0);
            let line = [pos2(end.x - reach, end.y), pos2(end.x, end.y - reach)];
            ui.painter().line_segment(line, Stroke::new(1.0, colour.gamma_multiply(0.7)));
        }
        response.on_hover_cursor(CursorIcon::ResizeNwSe);
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        context: egui::Context,
        host: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.guard.enter_thread();
        // The context is a new one: what an earlier one has drawn with is gone with it.
        self.canvas = Canvas::default();
        self.host = Some(host);
        self.last_picture = Instant::now();
        theme::apply(&context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        let now = Instant::now();
        let elapsed_s = now.duration_since(self.last_picture).as_secs_f64();
        self.last_picture = now;

        let clock = &mut self.clock;
        self.snapshots.drain(|published| clock.push(published));
        let moment = clock.advance(elapsed_s);

        let params = &self.session.params;
        let [valence, arousal] = moment.mood;
        let reaction = Reaction { loudness: moment.loudness, onset: moment.impact, valence, arousal };
        let look = params.look();
        let covered = panel::covered_width(ui.ctx(), self.session.editor().panel_open);
        self.canvas.show(ui, scene(moment.c, &look, &reaction), &look, covered, elapsed_s);
        if let Some(problem) = self.canvas.problem() {
            self.session.notices.post(problem);
        }

        if let Some(host) = &self.host {
            let mut open = self.session.editor().panel_open;
            panel::show(ui, &host.param_setter(), &self.session, &mut self.model_panel, &mut open);
            if open != self.session.editor().panel_open {
                self.session.change_editor(|editor| editor.panel_open = open);
            }
        }
        status::line(ui, &moment, &self.snapshots.shared);
        status::notices(ui, &self.session.notices);
        self.resize_corner(ui);

        ui.ctx().request_repaint_after(PICTURE_TIME.saturating_sub(now.elapsed()));
    }

    fn resized(&mut self, size: WindowSize) {
        self.scale_factor.store(size.scale_factor as f32, Ordering::Relaxed);
        self.session.change_editor(|editor| {
            editor.width = size.logical.width as f32;
            editor.height = size.logical.height as f32;
        });
    }
}
