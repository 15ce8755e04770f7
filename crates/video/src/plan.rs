//! Which scenes a frame consists of. In order, for the flash limiter remembers what was shown.

use std::sync::Arc;

use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::{Framing, Look, Scene, scene};
use dendrite_offline::{Automation, Moment, Track};

use crate::rate::FrameRate;

/// Share of a frame's time over which its sub-frames lie: what film cameras call a shutter of 180 degrees.
const SHUTTER: f64 = 0.5;

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
    automation: Option<Arc<Automation>>,
    framing: Framing,
    limiter: Option<FlashLimiter>,
    rate: FrameRate,
    sub_frames: u32,
    next: u64,
}

impl Planner {
    pub fn new(
        look: Look,
        automation: Option<Arc<Automation>>,
        size: [u32; 2],
        rate: FrameRate,
        sub_frames: u32,
    ) -> Self {
        let limiter = look.flash_limit.then(FlashLimiter::new);
        Self { look, automation, framing: Framing::of(size), limiter, rate, sub_frames, next: 0 }
    }

    /// The look at a time.
    fn look(&self, time_s: f64) -> Look {
        self.automation.as_ref().map_or(self.look, |automation| automation.look(time_s, &self.look))
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
            let wanted = scene(seen.c, &self.look(at_s), &seen.reaction);
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
