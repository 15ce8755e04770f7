//! Which scenes a frame consists of. In order, for the flash limiter remembers what was shown.

use std::f64::consts::FRAC_PI_2;

use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::formula::VIEW_HEIGHT;
use dendrite_julia::{Look, Scene, scene};

use crate::rate::FrameRate;
use crate::track::{Moment, Track};

/// Share of a frame's time over which its sub-frames lie: what film cameras call a shutter of 180 degrees.
const SHUTTER: f64 = 0.5;

/// What a picture shows at least along its longer side, in units of the z-plane: most Julia sets, for the largest ones end in
/// thin tips. Along the shorter side it is what a picture of 16:9 shows from top to bottom.
const LONGER_SIDE: f64 = 3.4;

/// How a scene is fitted to a size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Framing {
    zoom: f64,
    rotation: f64,
}

impl Framing {
    /// Wide pictures show scenes as they are. Upright ones show them turned by a quarter, for Julia sets are wider than high;
    /// and what is nearly square steps back.
    fn of([width, height]: [u32; 2]) -> Self {
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

    fn fit(self, scene: Scene) -> Scene {
        Scene { zoom: scene.zoom * self.zoom, rotation: scene.rotation + self.rotation, ..scene }
    }
}

/// A frame that is to be painted.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Number of the frame in the song, 0 at its start.
    pub number: u64,
    /// When it is shown, seconds from the start of the song.
    pub time_s: f64,
    /// The scenes to be averaged, one or more.
    pub scenes: Vec<Scene>,
    /// The moment it shows.
    pub moment: Moment,
}

/// Plans frame after frame.
#[derive(Debug)]
pub(crate) struct Planner {
    look: Look,
    framing: Framing,
    limiter: Option<FlashLimiter>,
    rate: FrameRate,
    sub_frames: u32,
    next: u64,
}

impl Planner {
    pub fn new(look: Look, size: [u32; 2], rate: FrameRate, sub_frames: u32) -> Self {
        let limiter = look.flash_limit.then(FlashLimiter::new);
        Self { look, framing: Framing::of(size), limiter, rate, sub_frames, next: 0 }
    }

    /// The time of the next frame in seconds.
    pub fn next_s(&self) -> f64 {
        self.rate.time_s(self.next)
    }

    /// The latest time that the next frame looks at.
    pub fn reach_s(&self) -> f64 {
        self.next_s() + SHUTTER / self.rate.per_second()
    }

    /// Plans the next frame; `None` while the track is empty. Every frame from 0 on must be planned, shown or not.
    pub fn plan(&mut self, track: &Track) -> Option<Plan> {
        let (number, time_s) = (self.next, self.next_s());
        let moment = track.at(time_s)?;
        let open_s = if self.sub_frames > 1 { SHUTTER / self.rate.per_second() } else { 0.0 };
        let mut scenes = Vec::with_capacity(self.sub_frames as usize);
        for k in 0..self.sub_frames {
            let place = (f64::from(k) + 0.5) / f64::from(self.sub_frames) - 0.5;
            let at_s = (time_s + place * open_s).max(0.0);
            let seen = track.at(at_s)?;
            let wanted = scene(seen.c, &self.look, &seen.reaction);
            // The limiter looks at pictures of 16:9: it sees the scene as it is before it is turned.
            let allowed = match &mut self.limiter {
                Some(limiter) => limiter.limit(&wanted, at_s),
                None => wanted,
            };
            scenes.push(self.framing.fit(allowed));
        }
        self.next += 1;
        Some(Plan { number, time_s, scenes, moment })
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
