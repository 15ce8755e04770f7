//! Where the host loops, the loop's first step is played once, on time and as itself.

mod song;

use dendrite_composer::{Composer, Event, Message, Settings, Span, Voice};
use song::{STEP, Song};

/// How a host loops.
#[derive(Clone, Copy, Debug)]
struct Host {
    loop_beats: [f64; 2],
    /// Samples of a block. The position goes back at the first block behind the loop's end ...
    block: u64,
    /// ... or the block is cut there.
    exact: bool,
}

impl Host {
    fn loop_samples(&self) -> u64 {
        ((self.loop_beats[1] - self.loop_beats[0]) * 4.0 * STEP as f64) as u64
    }

    /// What is played in some rounds of the loop, and after each block where it is said to be.
    fn play(&self, song: &Song, settings: &Settings, rounds: u64) -> (Vec<Event>, Vec<(u64, Option<i64>)>) {
        let mut composer = Composer::new();
        let (mut events, mut steps) = (Vec::new(), Vec::new());
        let (mut sample, mut grid, mut jumped) = (0, song.grid(self.loop_beats[0]), true);
        while sample < rounds * self.loop_samples() {
            let back = sample / self.loop_samples() * self.loop_samples();
            if sample > 0 && back > grid.sample {
                (grid.sample, grid.beats, jumped) = (back, self.loop_beats[0], true);
            }
            let wrap = grid.sample + self.loop_samples();
            let end = if self.exact { (sample + self.block).min(wrap) } else { sample + self.block };
            let loop_beats = Some(self.loop_beats);
            let span = Span { start: sample, end, grid: Some(grid), transport: true, jumped, loop_beats };
            song.hear(&mut composer);
            composer.play(&span, settings, |event| events.push(event));
            steps.push((end, composer.state().step.map(|step| step.bar * 16 + i64::from(step.step))));
            (sample, jumped) = (end, false);
        }
        (events, steps)
    }
}

fn hosts() -> impl Iterator<Item = Host> {
    let loops = [[0.0, 16.0], [4.0, 8.0], [1.0, 5.5], [2.5, 3.5], [-4.0, 4.0]];
    loops.into_iter().flat_map(|loop_beats| {
        [(480, true), (512, true), (512, false), (8192, false)].map(|(block, exact)| Host {
            loop_beats,
            block,
            exact,
        })
    })
}

/// Drums on every step, and nothing else.
fn every_drum() -> Settings {
    let mut settings = Settings::default();
    settings.voices.iter_mut().for_each(|voice| (voice.on, voice.density) = (false, 1.0));
    settings.voices[3].on = true;
    settings
}

fn starts(events: &[Event], of: Voice) -> Vec<u64> {
    let is = |event: &&Event| event.voice == Some(of) && matches!(event.message, Message::NoteOn { .. });
    events.iter().filter(is).map(|event| event.sample).collect()
}

#[test]
fn every_step_is_struck_once_however_early_and_whenever_the_host_goes_back() {
    for (host, offset) in hosts().flat_map(|host| [-0.4, -0.2, 0.0, 0.3].map(|offset| (host, offset))) {
        // A drum on each step, all of them early or late by as much.
        let song = Song { offset, ..Song::default() };
        let (events, _) = host.play(&song, &every_drum(), 3);
        let drums = starts(&events, Voice::Drums);
        let apart: Vec<u64> = drums.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // The first of all is cut short: it could not be early.
        let odd = apart[1..].iter().find(|&&apart| apart.abs_diff(STEP) > 2);
        assert_eq!(odd, None, "{host:?}, {offset}: {apart:?}");
    }
}

#[test]
fn every_round_of_a_loop_is_the_same() {
    for host in hosts().filter(|host| host.loop_beats[1] - host.loop_beats[0] == 16.0) {
        let song = Song { offset: -0.3, ..Song::default() };
        let (events, _) = host.play(&song, &Settings::default(), 3);
        let length = host.loop_samples();
        let round = |number: u64| -> Vec<(u64, Option<Voice>, Message)> {
            let (first, end) = (number * length - STEP / 2, (number + 1) * length - STEP / 2);
            let notes = events.iter().filter(|event| matches!(event.message, Message::NoteOn { .. }));
            let within = notes.filter(|event| (first..end).contains(&event.sample));
            within.map(|event| (event.sample - first, event.voice, event.message)).collect()
        };
        assert!(round(1).len() > 50);
        assert_eq!(round(1), round(2), "{host:?}");
    }
}

#[test]
fn an_early_stroke_before_the_wrap_belongs_to_the_loops_first_step() {
    let host = Host { loop_beats: [0.0, 16.0], block: 480, exact: true };
    let (_, steps) = host.play(&Song::default(), &Settings::default(), 2);
    let before_the_wrap = steps.iter().rfind(|(end, _)| *end == host.loop_samples());
    assert_eq!(before_the_wrap, Some(&(host.loop_samples(), Some(0))));
    assert!(steps.iter().all(|(_, step)| step.is_some_and(|step| (0..64).contains(&step))));
}
