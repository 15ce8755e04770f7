//! The presentation clock: snapshots come in bursts, 47 in a second; pictures are drawn evenly, at the screen's rate.
//!
//! ```text
//! snapshots (stamped with their sample) ──> track ──interpolate at `now`──> Moment
//!                                     now = newest - (gap between bursts + margin), followed softly
//! ```

use std::collections::VecDeque;

use dendrite_engine::Snapshot;
use dendrite_orbit::{Atlas, ComponentId};

use crate::exchange::Published;

/// How far the picture stays behind the newest snapshot, beyond the time between two bursts of them: a little more than a
/// picture's time, since bursts are seen only when a picture is drawn.
const MARGIN_S: f64 = 0.02;

/// Bursts further apart than this are pauses, not bursts: 8,192 samples at 44.1 kHz are 0.19 s.
const LONGEST_GAP_S: f64 = 0.25;

/// Share of the difference by which the expected gap shrinks with each shorter one.
const GAP_EASING: f64 = 0.05;

/// Beyond this distance from where it should be, the clock jumps instead of hurrying: after a stall, a seek, a reset.
const JUMP_S: f64 = 0.4;

/// How fast the clock corrects itself, as a share of the distance per second.
const CORRECTION_PER_S: f64 = 4.0;

/// Snapshots kept: what [`JUMP_S`] can need, and some.
const KEPT: usize = 64;

/// Without a new snapshot for so long, the sound has stopped and idle motion sets in.
const IDLE_AFTER_S: f64 = 0.6;

/// Time that the change to idle motion and back takes.
const IDLE_BLEND_S: f64 = 2.5;

/// Speed of the idle angle in radians per second: a turn in 70 s.
const IDLE_SPEED: f64 = 0.09;

/// How far inside and outside of the rim the idle motion breathes.
const IDLE_S: [f64; 2] = [0.96, 1.03];

/// Time constant with which colours follow the mood, in seconds.
const MOOD_S: f64 = 1.5;

/// What is to be shown at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The Julia set's parameter.
    pub c: [f64; 2],
    /// Loudness, 0..1; 0 when idle.
    pub loudness: f32,
    /// Impact envelope, 0..1; 0 when idle.
    pub impact: f32,
    /// Valence and arousal, -1..1, as calm as colours may change; 0 when idle.
    pub mood: [f32; 2],
    /// The snapshot in force, if there has been one.
    pub snapshot: Option<Snapshot>,
    /// How much of the present beat is over, 0..1, while the host's transport plays.
    pub beat: Option<f32>,
    /// Host samples per second; 0 before the first snapshot.
    pub sample_rate: f32,
    /// How idle it is, 0..1.
    pub idle: f64,
}

/// The clock with its track of snapshots.
pub struct Clock {
    /// (time in seconds within the epoch, snapshot), in order.
    track: VecDeque<(f64, Snapshot)>,
    epoch: u32,
    sample_rate: f32,
    /// Presentation time on the track.
    now_s: f64,
    /// Presentation time up to which [`Clock::passed`] has told of snapshots.
    told_s: f64,
    /// Wall time since the last new snapshot.
    waiting_s: f64,
    /// The longest recent time between two bursts of snapshots.
    gap_s: f64,
    /// How idle it is, 0..1, before easing.
    idle: f64,
    idle_angle: f64,
    mood: [f32; 2],
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            track: VecDeque::with_capacity(KEPT),
            epoch: 0,
            sample_rate: 0.0,
            now_s: 0.0,
            told_s: f64::NEG_INFINITY,
            waiting_s: f64::INFINITY,
            gap_s: MARGIN_S,
            idle: 1.0,
            // The rabbit's neighbourhood is a good first sight.
            idle_angle: 2.0,
            mood: [0.0; 2],
        }
    }
}

impl Clock {
    /// Takes a snapshot in.
    pub fn push(&mut self, published: &Published) {
        let time_s = published.snapshot.sample as f64 / f64::from(published.sample_rate);
        let follows = self.track.back().is_none_or(|(last, _)| time_s > *last);
        if published.epoch != self.epoch || !follows {
            self.epoch = published.epoch;
            self.track.clear();
            self.told_s = f64::NEG_INFINITY;
        }
        self.sample_rate = published.sample_rate;
        if self.track.len() == KEPT {
            self.track.pop_front();
        }
        if self.track.is_empty() {
            self.now_s = time_s;
        }
        self.track.push_back((time_s, published.snapshot));
        // The first of a burst tells how long the burst has been waited for.
        if self.waiting_s > 0.0 && self.waiting_s < LONGEST_GAP_S {
            let eased = self.gap_s + (self.waiting_s - self.gap_s) * GAP_EASING;
            self.gap_s = eased.max(self.waiting_s);
        }
        self.waiting_s = 0.0;
    }

    /// Moves on by `elapsed_s` of wall time and says what is to be shown.
    pub fn advance(&mut self, elapsed_s: f64) -> Moment {
        let elapsed_s = if elapsed_s.is_finite() { elapsed_s.clamp(0.0, 1.0) } else { 0.0 };
        let fresh = self.waiting_s == 0.0;
        self.waiting_s += elapsed_s;
        if let (Some((oldest, _)), Some((newest, _))) = (self.track.front(), self.track.back()) {
            let wanted = newest + (self.waiting_s - self.gap_s - MARGIN_S).min(0.0);
            self.now_s += elapsed_s;
            let behind = wanted - self.now_s;
            if behind.abs() > JUMP_S {
                self.now_s = wanted;
            } else {
                self.now_s += behind * (CORRECTION_PER_S * elapsed_s).min(1.0);
            }
            self.now_s = self.now_s.clamp(*oldest, *newest);
        }

        // Pictures that take longer than that themselves are no silence: what came during one counts as new.
        let towards_idle = if !fresh && self.waiting_s > IDLE_AFTER_S { 1.0 } else { -1.0 };
        self.idle = (self.idle + towards_idle * elapsed_s / IDLE_BLEND_S).clamp(0.0, 1.0);
        self.idle_angle = (self.idle_angle + IDLE_SPEED * elapsed_s) % std::f64::consts::TAU;
        let moment = self.moment();
        let awake = 1.0 - moment.idle as f32;
        let felt = moment.snapshot.map_or([0.0; 2], |s| [s.mood.valence * awake, s.mood.arousal * awake]);
        let share = (1.0 - (-elapsed_s / MOOD_S).exp()) as f32;
        for (mood, felt) in self.mood.iter_mut().zip(felt) {
            *mood += share * (felt - *mood);
        }
        Moment { mood: self.mood, ..moment }
    }

    /// Hands over the snapshots that have come into force since the last call, oldest first.
    pub fn passed(&mut self, mut take: impl FnMut(&Snapshot)) {
        let from = self.track.partition_point(|(time, _)| *time <= self.told_s);
        for (time, snapshot) in self.track.range(from..) {
            if *time > self.now_s {
                break;
            }
            self.told_s = *time;
            take(snapshot);
        }
    }

    fn moment(&self) -> Moment {
        let idle = ease(self.idle);
        let sample_rate = self.sample_rate;
        let Some((c, snapshot, since_s)) = self.sample() else {
            let c = self.idle_c(ComponentId::CARDIOID);
            return Moment {
                c,
                loudness: 0.0,
                impact: 0.0,
                mood: [0.0; 2],
                snapshot: None,
                beat: None,
                sample_rate,
                idle: 1.0,
            };
        };
        let beats = snapshot.position_beats + since_s * f64::from(snapshot.tempo_bpm) / 60.0;
        let rest = self.idle_c(snapshot.orbit.component);
        let awake = 1.0 - idle;
        Moment {
            c: [c[0] * awake + rest[0] * idle, c[1] * awake + rest[1] * idle],
            loudness: snapshot.loudness() * awake as f32,
            impact: snapshot.orbit.impact * awake as f32,
            mood: [0.0; 2],
            snapshot: Some(snapshot),
            beat: snapshot.playing.then(|| beats.rem_euclid(1.0) as f32),
            sample_rate,
            idle,
        }
    }

    /// c, the snapshot at `now_s` and the seconds since its time: c on a cubic through the neighbours, so that its speed does
    /// not step at 47 Hz.
    fn sample(&self) -> Option<([f64; 2], Snapshot, f64)> {
        let after = self.track.partition_point(|(time, _)| *time <= self.now_s);
        let (start, snapshot) = self.track.get(after.checked_sub(1)?)?;
        let Some((end, next)) = self.track.get(after) else {
            return Some((snapshot.orbit.c, *snapshot, 0.0));
        };
        let before = after.checked_sub(2).and_then(|n| self.track.get(n)).map_or(snapshot, |(_, s)| s);
        let beyond = self.track.get(after + 1).map_or(next, |(_, s)| s);
        let x = ((self.now_s - start) / (end - start)).clamp(0.0, 1.0);
        let c = std::array::from_fn(|part| {
            catmull_rom([before, snapshot, next, beyond].map(|s| s.orbit.c[part]), x)
        });
        let mut shown = *snapshot;
        shown.frame.base[dendrite_features::Base::Rms as usize] =
            mix(snapshot.loudness(), next.loudness(), x as f32);
        shown.orbit.impact = mix(snapshot.orbit.impact, next.orbit.impact, x as f32);
        Some((c, shown, self.now_s - start))
    }

    fn idle_c(&self, component: ComponentId) -> [f64; 2] {
        let atlas = Atlas::shared();
        let place = atlas.iter().find(|c| c.id() == component).unwrap_or_else(|| atlas.cardioid());
        let breath = 0.5 + 0.5 * (3.0 * self.idle_angle).sin();
        let c = place.c(IDLE_S[0] + (IDLE_S[1] - IDLE_S[0]) * breath, self.idle_angle);
        [c.re, c.im]
    }
}

fn mix(from: f32, to: f32, x: f32) -> f32 {
    from + (to - from) * x
}

/// Smoothstep.
fn ease(x: f64) -> f64 {
    x * x * (3.0 - 2.0 * x)
}

/// The cubic through the two middle points with the slopes of their neighbours.
fn catmull_rom(p: [f64; 4], x: f64) -> f64 {
    let slopes = [(p[2] - p[0]) / 2.0, (p[3] - p[1]) / 2.0];
    let (x2, x3) = (x * x, x * x * x);
    (2.0 * x3 - 3.0 * x2 + 1.0) * p[1]
        + (x3 - 2.0 * x2 + x) * slopes[0]
        + (3.0 * x2 - 2.0 * x3) * p[2]
        + (x3 - x2) * slopes[1]
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use dendrite_engine::{Engine, Output, Settings, Transport};

    use super::*;

    const HOP_S: f64 = 1024.0 / 48_000.0;

    /// A snapshot with c on a circle, as hop `n`.
    fn hop(n: u64, epoch: u32) -> Published {
        struct Last(Option<Snapshot>);
        impl Output for Last {
            fn snapshot(&mut self, snapshot: &Snapshot) {
                self.0 = Some(*snapshot);
            }
        }
        let mut engine = Engine::new(48_000).expect("a rate that is heard");
        let mut last = Last(None);
        engine.process(&[&[0.0; 4096]], 4096, &Transport::default(), &Settings::default(), &mut last);
        let mut snapshot = last.0.expect("four hops have passed");
        let (im, re) = (TAU * n as f64 * HOP_S / 4.0).sin_cos();
        snapshot.sample = n * 1024;
        snapshot.orbit.c = [re, im];
        Published { snapshot, sample_rate: 48_000.0, epoch }
    }

    #[test]
    fn pictures_move_evenly_though_snapshots_come_in_bursts() {
        let template = hop(0, 1);
        let mut clock = Clock::default();
        let mut sent = 0;
        let mut angles = Vec::new();
        for picture in 0..600 {
            let time_s = f64::from(picture) / 60.0;
            // Blocks of 2,048 samples: two hops at a time.
            while (sent as f64) * HOP_S <= (time_s / (2.0 * HOP_S)).floor() * 2.0 * HOP_S {
                let mut published = template;
                published.snapshot.sample = sent * 1024;
                let (im, re) = (TAU * sent as f64 * HOP_S / 4.0).sin_cos();
                published.snapshot.orbit.c = [re, im];
                clock.push(&published);
                sent += 1;
            }
            let moment = clock.advance(1.0 / 60.0);
            if picture > 300 {
                angles.push(moment.c[1].atan2(moment.c[0]));
            }
        }
        // A quarter turn per second: TAU/240 per picture. The clock may lead or lag a little within a burst.
        let even = TAU / 240.0;
        for pair in angles.windows(2) {
            let step = (pair[1] - pair[0]).rem_euclid(TAU);
            assert!((step / even - 1.0).abs() < 0.25, "{} of an even step", step / even);
        }
    }

    #[test]
    fn every_snapshot_passes_once_and_in_order() {
        let template = hop(0, 1);
        let mut clock = Clock::default();
        let mut passed = Vec::new();
        let mut sent = 0;
        for picture in 0..300 {
            let time_s = f64::from(picture) / 24.0;
            while (sent as f64) * HOP_S <= time_s {
                let mut published = template;
                published.snapshot.sample = sent * 1024;
                clock.push(&published);
                sent += 1;
            }
            clock.advance(1.0 / 24.0);
            clock.passed(|snapshot| passed.push(snapshot.sample / 1024));
        }
        assert!(passed.len() > 500, "{}", passed.len());
        assert_eq!(passed, (0..passed.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn the_beat_runs_on_between_snapshots() {
        let mut clock = Clock::default();
        for n in 0..8 {
            let mut published = hop(n, 1);
            published.snapshot.playing = true;
            published.snapshot.tempo_bpm = 120.0;
            published.snapshot.position_beats = n as f64 * HOP_S * 2.0;
            clock.push(&published);
        }
        let first = clock.advance(0.005).beat.expect("the transport plays");
        let second = clock.advance(0.005).beat.expect("the transport plays");
        // 5 ms at 2 beats/s, and what the clock corrects in that time: at most 4 per second of less than 0.2 s.
        assert!(second - first > 0.0099 && second - first < 0.02, "{first} {second}");
    }

    #[test]
    fn a_new_epoch_starts_the_track_anew() {
        let mut clock = Clock::default();
        clock.push(&hop(1000, 1));
        clock.push(&hop(1001, 1));
        clock.push(&hop(3, 2));
        assert_eq!(clock.track.len(), 1);
        assert_eq!(clock.advance(0.01).snapshot.map(|s| s.sample), Some(3 * 1024));
    }

    #[test]
    fn slow_pictures_are_not_taken_for_silence() {
        let template = hop(0, 1);
        let mut clock = Clock::default();
        let mut sent = 0;
        // A picture takes longer than the pause that counts as silence; hops come all the while.
        let picture_s = IDLE_AFTER_S + 0.1;
        for picture in 1..=8 {
            while (sent as f64) * HOP_S < f64::from(picture) * picture_s {
                let mut published = template;
                published.snapshot.sample = sent * 1024;
                clock.push(&published);
                sent += 1;
            }
            let idle = clock.advance(picture_s).idle;
            // Eight pictures are longer than the change from idle motion takes.
            assert!(picture < 8 || idle == 0.0, "{idle}");
        }
    }

    #[test]
    fn without_sound_the_picture_goes_on_moving_without_a_jump() {
        let mut clock = Clock::default();
        for n in 0..10 {
            clock.push(&hop(n, 1));
        }
        let mut last = clock.advance(1.0 / 60.0).c;
        let mut travelled = 0.0;
        for _ in 0..600 {
            let c = clock.advance(1.0 / 60.0).c;
            let step = (c[0] - last[0]).hypot(c[1] - last[1]);
            // The way to the idle orbit, at most 2 long, in 2.5 s with the slope 1.5 of the easing: 0.02 a picture.
            assert!(step < 0.03, "{step}");
            travelled += step;
            last = c;
        }
        assert!(travelled > 0.1);
        assert!(clock.advance(1.0 / 60.0).idle > 0.99);
    }
}
