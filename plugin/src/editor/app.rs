//! The window's life: from its opening to its closing, one picture after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use atomic_float::AtomicF32;
use dendrite_julia::{Reaction, Scene, scene};
use egui::{CursorIcon, Id, Rect, Sense, Stroke, Ui, ViewportCommand, pos2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

use super::canvas::{Canvas, Covered};
use super::clock::{Clock, Moment};
use super::gestures::Gestures;
use super::history::History;
use super::keys::{self, Around, Command};
use super::overlays::{Overlays, Sight, layout};
use super::pace::Pace;
use super::panel::{self, Panel};
use super::windows::Guard;
use super::{about, focus, hints, status, still, theme};
use crate::exchange::Reader;
use crate::save::Saver;
use crate::state::{EditorMemory, Session};

/// Time between two pictures at most; screens of more than 60 Hz gain nothing that is worth a host's CPU.
const PICTURE_TIME: Duration = Duration::from_micros(16_600);

/// Time between a picture and the request for the next one. Without any, the window library goes from one picture straight to the
/// next where a picture takes longer than a refresh, never hears that the host wants to close the window, and lets it wait forever.
const PAUSE: Duration = Duration::from_millis(1);

/// Side of the corner by which the window can be dragged larger.
const CORNER: f32 = 16.0;

/// One window's contents.
pub struct App {
    session: Arc<Session>,
    snapshots: Reader,
    scale_factor: Arc<AtomicF32>,
    clock: Clock,
    history: History,
    canvas: Canvas,
    /// Keeps pace with the screen, where the window library does not.
    pace: Option<Pace>,
    overlays: Overlays,
    /// What is to be seen besides the picture. Not remembered: a window without controls is no place to begin.
    around: Around,
    /// The scene that is held.
    frozen: Option<Scene>,
    /// Saves pictures.
    saver: Saver,
    /// Which keys the host was told it does not get.
    keys_taken: keys::Taken,
    /// Whether there is a host's window around this one.
    embedded: bool,
    /// The way of the other keys to the host's window.
    #[cfg(target_os = "linux")]
    forward: Option<super::forward::Forward>,
    /// Whether the about box is open.
    about: bool,
    /// Time in seconds since the window opened, and when the canvas was clicked last.
    time_s: f64,
    clicked_s: f64,
    /// The way to the host; there from `build` on.
    host: Option<GuiContext>,
    last_picture: Instant,
    /// What is being typed and asked in the panel.
    panel: Panel,
    /// Size of the window when the drag of its corner began.
    dragged_from: Option<egui::Vec2>,
    /// Counts the window out when it goes. Last, so that it goes last.
    guard: Guard,
}

impl App {
    /// The contents of a window that is about to open.
    pub fn new(session: Arc<Session>, snapshots: Reader, scale_factor: Arc<AtomicF32>, guard: Guard) -> Self {
        Self {
            session,
            snapshots,
            scale_factor,
            clock: Clock::default(),
            history: History::default(),
            canvas: Canvas::default(),
            pace: None,
            overlays: Overlays::default(),
            around: Around::default(),
            frozen: None,
            saver: Saver::default(),
            keys_taken: keys::Taken::default(),
            embedded: false,
            #[cfg(target_os = "linux")]
            forward: None,
            about: false,
            time_s: 0.0,
            clicked_s: f64::NEG_INFINITY,
            host: None,
            last_picture: Instant::now(),
            panel: Panel::default(),
            dragged_from: None,
            guard,
        }
    }

    /// The same in a window of a host's, or on its own.
    pub fn embedded(self, embedded: bool) -> Self {
        Self { embedded, ..self }
    }

    /// The picture, and what mouse and keys do to it.
    fn picture(&mut self, ui: &mut Ui, moment: &Moment, covered: Covered, elapsed_s: f64) {
        let look = self.session.params.look();
        let [valence, arousal] = moment.mood;
        let reaction = Reaction { loudness: moment.loudness, onset: moment.impact, valence, arousal };
        let live = scene(moment.c, &look, &reaction);
        let memory = self.session.editor();
        let mut view = memory.view;
        let candidate = self.frozen.unwrap_or(live);
        let canvas = self.canvas.show(ui, &candidate, &look, covered, &mut view, elapsed_s);
        if view != memory.view {
            self.session.change_editor(|editor| editor.view = view);
        }
        if canvas.clicked() || canvas.drag_started() {
            canvas.request_focus();
            self.clicked_s = self.time_s;
            if !memory.keys_hinted {
                self.session.change_editor(|editor| editor.keys_hinted = true);
            }
        }
        if let Some(problem) = self.canvas.problem() {
            self.session.notices.post(problem);
        }
        match keys::pressed(ui.ctx()) {
            None => {}
            Some(Command::Freeze) => {
                self.frozen = if self.frozen.is_some() { None } else { Some(live) };
            }
            Some(Command::Save) => {
                let shown = self.canvas.uncovered(&view);
                let height = still::rows(ui.ctx().content_rect().size(), still::WIDTH);
                let make = move || still::png(&shown, still::WIDTH, height);
                self.saver.save(still::PNG, "Dendrite", make, &self.session.notices);
            }
            Some(command) => self.around = self.around.after(command),
        }
    }

    /// Panel and overlays.
    fn controls(&mut self, ui: &mut Ui, moment: &Moment, column: Option<Rect>) {
        let memory = self.session.editor();
        let mut now = memory;
        if let Some(host) = &self.host {
            let gestures = Gestures::new(host, &self.session.edits);
            self.panel.show(ui, gestures, &self.session, &mut now.panel_open, &mut self.about);
        }
        if let Some(column) = column {
            let sight = Sight { moment, history: &self.history, shared: &self.snapshots.shared };
            self.overlays.show(ui, column, &sight, &mut now.overlays);
        }
        if now != memory {
            self.session.change_editor(|editor| {
                editor.panel_open = now.panel_open;
                editor.overlays = now.overlays;
            });
        }
    }

    /// The hints that are due.
    fn hints(&self, ui: &Ui, moment: &Moment, free: Rect) {
        let mut lines = Vec::new();
        if self.frozen.is_some() && self.around != Around::Nothing {
            lines.push(hints::FROZEN);
        }
        if self.around == Around::Everything {
            if moment.idle > 0.5 {
                lines.push(hints::PLAY);
            }
            if !self.session.editor().keys_hinted && self.time_s < hints::KEYS_S {
                lines.push(hints::KEYS);
            }
        } else if self.time_s - self.clicked_s < hints::HIDDEN_S {
            lines.push(hints::HIDDEN);
        }
        hints::show(ui, free, &lines);
    }

    /// A handle in the lower right corner, for hosts that do not offer the window's edges.
    fn resize_corner(&mut self, ui: &mut Ui) {
        let window = ui.ctx().content_rect();
        let corner = Rect::from_min_max(window.max - vec2(CORNER, CORNER), window.max);
        let response = ui.interact(corner, Id::unique("resize"), Sense::DRAG);
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
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.guard.enter_thread();
        #[cfg(target_os = "linux")]
        {
            let listen = || super::forward::Forward::listen(frame.baseview_window());
            self.forward = self.embedded.then(listen).flatten();
        }
        #[cfg(not(target_os = "linux"))]
        let _ = self.embedded;
        // The context is a new one: what an earlier one has drawn with is gone with it.
        self.canvas = Canvas::default();
        let window = frame.baseview_window();
        self.pace = Pace::new(window);
        // Hosts ask for the size in pixels as soon as the window is there, before it has been resized.
        self.scale_factor.store(window.scale_factor() as f32, Ordering::Relaxed);
        self.overlays = Overlays::default();
        self.keys_taken = keys::Taken::default();
        self.host = Some(host);
        self.session.edits.abandon();
        self.last_picture = Instant::now();
        theme::apply(&context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        if let Some(pace) = &mut self.pace {
            pace.next();
        }
        let now = Instant::now();
        let elapsed_s = now.duration_since(self.last_picture).as_secs_f64();
        self.last_picture = now;
        self.time_s += elapsed_s;

        let (clock, history) = (&mut self.clock, &mut self.history);
        self.snapshots.drain(|published| clock.push(published));
        let moment = clock.advance(elapsed_s);
        clock.passed(|snapshot| history.hop(snapshot));
        history.picture(&moment, elapsed_s);

        focus::watch(ui.ctx());
        if let Some(host) = &self.host {
            focus::undo_keys(ui.ctx(), Gestures::new(host, &self.session.edits));
        }
        let window = ui.ctx().content_rect();
        let controls = self.around == Around::Everything;
        let panel_open = controls && self.session.editor().panel_open;
        let column = layout::column(window, panel_open).filter(|_| controls);
        let covered = Covered {
            left: panel::covered_width(ui.ctx(), panel_open),
            right: layout::covered_width(ui.ctx(), column.is_some()),
        };
        self.picture(ui, &moment, covered, elapsed_s);
        focus::canvas_ring(ui);

        // The click that opens the box is not one beside it: it is shown from the next picture on.
        let about = self.about;
        if controls {
            self.controls(ui, &moment, column);
        }
        let panel_right = if panel_open { theme::PANEL_WIDTH + theme::GAP } else { 0.0 };
        let right = column.map_or(window.right(), |column| column.left());
        if self.around != Around::Nothing {
            // Up to the column, or else to the corner.
            let bottom = window.bottom() - theme::GAP;
            let line = Rect::from_min_max(
                pos2(window.left() + theme::GAP, window.top()),
                pos2(right - theme::GAP.max(CORNER), bottom),
            );
            status::line(ui, line, &moment, &self.snapshots.shared);
        }
        let free = window.with_min_x(window.left() + panel_right).with_max_x(right);
        self.hints(ui, &moment, free);
        status::notices(ui, free, &self.session.notices);
        if about {
            about::show(ui.ctx(), &mut self.about);
        }
        self.resize_corner(ui);
        #[cfg(target_os = "linux")]
        if let Some(forward) = &mut self.forward {
            // Whose they are was settled when they came: before this picture.
            forward.pass(self.keys_taken);
        }
        self.keys_taken.update(ui.ctx(), frame);

        if self.pace.is_some() {
            frame.baseview_window().request_redraw_after(PAUSE);
        } else {
            ui.ctx().request_repaint_after(PICTURE_TIME.saturating_sub(now.elapsed()));
        }
    }

    fn resized(&mut self, size: WindowSize) {
        self.scale_factor.store(size.scale_factor as f32, Ordering::Relaxed);
        self.session.change_editor(|editor| {
            editor.width = size.logical.width as f32;
            editor.height = size.logical.height as f32;
        });
    }
}
