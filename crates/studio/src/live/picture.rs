//! What is to be drawn, as the shader's uniforms: chosen here, flash limiter included, so that every page draws the same.
//!
//! A picture is binary, little endian: `u32` number; eighteen `f32` (c, centre, step for a picture of height 1, view height,
//! glow, light x y z, capture x y r², rim r g b, iterations); then, where the colours have changed, 1,536 `u16` (256 exterior
//! and 256 interior colours as r g b, of 65,535).

use dendrite_engine::Snapshot;
use dendrite_julia::cpu::Antialias;
use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::palettes::Table;
use dendrite_julia::shader;
use dendrite_julia::{Look, Reaction, scene};
use dendrite_orbit::{Atlas, ComponentId};

/// Time that the change to idle motion and back takes.
const IDLE_BLEND_S: f64 = 2.5;
/// Speed of the idle angle in radians per second: a turn in 70 s.
const IDLE_SPEED: f64 = 0.09;
/// How far inside and outside of the rim the idle motion breathes.
const IDLE_S: [f64; 2] = [0.96, 1.03];
/// Time constant with which colours follow the mood.
const MOOD_S: f64 = 1.5;

/// The pictures of one stream.
pub struct Pictures {
    /// The user's choice.
    pub look: Look,
    limiter: FlashLimiter,
    table: Table,
    number: u32,
    /// The limiter's clock: the stream's time while sound comes, wall time while none does.
    time_s: f64,
    /// How idle it is, 0..1, before easing.
    idle: f64,
    idle_angle: f64,
    mood: [f32; 2],
    last: Option<Snapshot>,
}

impl Pictures {
    /// Nothing heard, nothing shown.
    pub fn new() -> Self {
        Self {
            look: Look::default(),
            limiter: FlashLimiter::new(),
            table: Table::new(),
            number: 0,
            time_s: 0.0,
            idle: 1.0,
            // The rabbit's neighbourhood is a good first sight.
            idle_angle: 2.0,
            mood: [0.0; 2],
            last: None,
        }
    }

    /// The next picture, `elapsed_s` after the one before: with a snapshot while sound comes, without one while none does.
    pub fn next(&mut self, snapshot: Option<&Snapshot>, elapsed_s: f64) -> Vec<u8> {
        self.time_s += elapsed_s;
        let towards = if snapshot.is_some() { -1.0 } else { 1.0 };
        self.idle = (self.idle + towards * elapsed_s / IDLE_BLEND_S).clamp(0.0, 1.0);
        self.idle_angle = (self.idle_angle + IDLE_SPEED * elapsed_s) % std::f64::consts::TAU;
        self.last = snapshot.copied().or(self.last);
        let idle = self.idle * self.idle * (3.0 - 2.0 * self.idle);
        let awake = 1.0 - idle;

        let component = self.last.map_or(ComponentId::CARDIOID, |last| last.orbit.component);
        let rest = self.rest(component);
        let heard = self.last.map_or(rest, |last| last.orbit.c);
        let c = std::array::from_fn(|part| heard[part] * awake + rest[part] * idle);
        let share = (1.0 - (-elapsed_s / MOOD_S).exp()) as f32;
        let felt = self.last.map_or([0.0; 2], |last| [last.mood.valence, last.mood.arousal]);
        for (mood, felt) in self.mood.iter_mut().zip(felt) {
            *mood += share * (felt * awake as f32 - *mood);
        }
        let reaction = Reaction {
            loudness: self.last.map_or(0.0, |last| last.loudness()) * awake as f32,
            onset: self.last.map_or(0.0, |last| last.orbit.impact) * awake as f32,
            valence: self.mood[0],
            arousal: self.mood[1],
        };
        let shown = self.limiter.limit(&scene(c, &self.look, &reaction), self.time_s);
        self.encode(&shown)
    }

    fn rest(&self, component: ComponentId) -> [f64; 2] {
        let atlas = Atlas::shared();
        let place = atlas.get(component).unwrap_or_else(|| atlas.cardioid());
        let breath = 0.5 + 0.5 * (3.0 * self.idle_angle).sin();
        let c = place.c(IDLE_S[0] + (IDLE_S[1] - IDLE_S[0]) * breath, self.idle_angle);
        [c.re, c.im]
    }

    fn encode(&mut self, scene: &dendrite_julia::Scene) -> Vec<u8> {
        let (uniforms, changed) = shader::uniforms(scene, [1, 1], Antialias::None, &mut self.table);
        let frame = &uniforms.frame;
        let mut bytes = Vec::with_capacity(if changed { 3_148 } else { 76 });
        bytes.extend(self.number.to_le_bytes());
        self.number = self.number.wrapping_add(1);
        let [x, y] = frame.capture.point;
        let (c, centre, step) = (frame.c, frame.centre, frame.step);
        let numbers = [c, centre, step].into_iter().flatten().chain([frame.view_height, frame.glow]);
        let numbers = numbers.chain(frame.light).chain([x, y, frame.capture.radius_squared]);
        for number in numbers.chain(uniforms.rim).chain([frame.iterations as f32]) {
            bytes.extend(number.to_le_bytes());
        }
        if changed {
            for colour in &self.table.colours {
                for part in &colour[..3] {
                    bytes.extend(((part * 65_535.0).round() as u16).to_le_bytes());
                }
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_length_and_its_colours_once() {
        let mut pictures = Pictures::new();
        pictures.look.reaction = 0.0;
        assert_eq!(pictures.next(None, 0.02).len(), 4 + 18 * 4 + 2 * 256 * 3 * 2);
        assert_eq!(pictures.next(None, 0.02).len(), 4 + 18 * 4);
    }

    #[test]
    fn rest_moves_slowly() {
        let mut pictures = Pictures::new();
        let c = |bytes: &[u8]| -> [f32; 2] {
            std::array::from_fn(|part| {
                let at = 4 + 4 * part;
                f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
            })
        };
        let mut last = c(&pictures.next(None, 1.0 / 30.0));
        for _ in 0..300 {
            let next = c(&pictures.next(None, 1.0 / 30.0));
            // |dc/dtheta| is at most 1 on the cardioid, and the breath is slower.
            assert!((next[0] - last[0]).hypot(next[1] - last[1]) < 0.01);
            last = next;
        }
    }
}
