//! The orbit: c on the Mandelbrot set, the way it has come, and the component that it goes around.

use std::f64::consts::TAU;

use dendrite_orbit::{Atlas, ComponentId};
use egui::{Align2, Color32, Context, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::mandelbrot::{self, Map};
use super::{Sight, text};
use crate::components;
use crate::editor::theme;

/// Two points of the tail that are further apart, in the plane, are not joined: c has not gone that way, the clock has jumped.
const JUMP: f64 = 0.3;

/// Points of a component's outline.
const OUTLINE: usize = 96;

/// The map, and the outline of the component that was drawn last.
#[derive(Default)]
pub struct Orbit {
    map: Map,
    outline: Option<(ComponentId, Vec<[f64; 2]>)>,
}

impl Orbit {
    /// Goes on with the map.
    pub fn prepare(&mut self, context: &Context) {
        self.map.prepare(context);
    }

    /// Draws the body.
    pub fn draw(&mut self, painter: &Painter, body: Rect, sight: &Sight) {
        let rect = Rect::from_min_size(body.min, vec2(mandelbrot::width(body.height()), body.height()));
        if let Some(texture) = self.map.texture() {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.add(
                egui::epaint::RectShape::filled(rect, CornerRadius::same(4), Color32::WHITE)
                    .with_texture(texture.id(), uv),
            );
        }
        let clipped = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
        let component =
            sight.moment.snapshot.map_or(ComponentId::CARDIOID, |snapshot| snapshot.orbit.component);
        let outline = self.outline_of(component).iter().map(|c| mandelbrot::place(rect, *c)).collect();
        clipped.add(Shape::closed_line(outline, Stroke::new(1.0, theme::ACCENT)));
        tail(&clipped, rect, sight);
        words(painter, rect, body, component, sight);
    }

    /// The rim of a component.
    fn outline_of(&mut self, id: ComponentId) -> &[[f64; 2]] {
        let known = self.outline.take().filter(|(known, _)| *known == id);
        let (_, points) = self.outline.insert(known.unwrap_or_else(|| {
            let points = Atlas::shared().get(id).map_or_else(Vec::new, |component| {
                let rim = |k: usize| component.c(1.0, TAU * k as f64 / OUTLINE as f64);
                (0..OUTLINE).map(rim).map(|c| [c.re, c.im]).collect()
            });
            (id, points)
        }));
        points
    }
}

/// Where c has been, fading, and where it is.
fn tail(painter: &Painter, rect: Rect, sight: &Sight) {
    let mut last: Option<([f64; 2], Pos2)> = None;
    for (c, time_s) in &sight.history.tail {
        let at = mandelbrot::place(rect, *c);
        let joined = last.filter(|(from, _)| (c[0] - from[0]).hypot(c[1] - from[1]) < JUMP);
        if let Some((_, last)) = joined {
            let strength = 1.0 - sight.history.age(*time_s);
            painter.line_segment(
                [last, at],
                Stroke::new(1.0 + strength, theme::WARM.gamma_multiply(0.9 * strength)),
            );
        }
        last = Some((*c, at));
    }
    let now = mandelbrot::place(rect, sight.moment.c);
    let radius = 3.0 + 2.0 * sight.moment.impact;
    painter.circle(now, radius, theme::TEXT, Stroke::new(1.5, Color32::from_black_alpha(180)));
}

fn words(painter: &Painter, rect: Rect, body: Rect, component: ComponentId, sight: &Sight) {
    let (x, width) = (rect.right() + 12.0, body.right() - rect.right() - 12.0);
    let name = components::name_of(component);
    // Longer than two lines: the parent's name is left to the map.
    let name = if name.len() > 30 { name.split(" of the ").next().unwrap_or(name) } else { name };
    let named = text::wrapped(painter, pos2(x, body.top()), name, 12.5, theme::TEXT, width);
    let gear = format!("gear {}", component.period.min(5));
    let c = sight.moment.c;
    let mut y = named.bottom() + 4.0;
    let mut line = |text: &str, colour: Color32| {
        text::fitted(painter, pos2(x, y), Align2::LEFT_TOP, text, 11.5, colour, width);
        y += 15.0;
    };
    line(&gear, theme::DIM);
    if let Some(snapshot) = sight.moment.snapshot.filter(|_| sight.is_live()) {
        line(&format!("s {:.2}", snapshot.orbit.s), theme::DIM);
    } else {
        line("idle", theme::DIM);
    }
    let at = |y: f32| pos2(x, body.bottom() - y);
    let [re, im] = [format!("{:+.2}", c[0]), format!("{:+.2} i", c[1])];
    text::fitted(painter, at(14.0), Align2::LEFT_BOTTOM, &re, 11.5, theme::FAINT, width);
    text::fitted(painter, at(0.0), Align2::LEFT_BOTTOM, &im, 11.5, theme::FAINT, width);
}
