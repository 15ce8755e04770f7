//! Controllers of expression and the sustain pedal: they stand where they should, whatever comes in between.

mod song;

use dendrite_composer::{Composer, Message, Settings, Span};
use song::{STEP, Song};

/// A composer whose transport runs from quarter note 0, and where the controllers of the chords' channel stand.
struct Stage {
    composer: Composer,
    settings: Settings,
    song: Song,
    sample: u64,
    stands: [Option<u8>; 128],
}

impl Stage {
    fn new() -> Self {
        let (composer, settings, song) = (Composer::new(), Settings::default(), Song::default());
        Self { composer, settings, song, sample: 0, stands: [None; 128] }
    }

    /// Plays so many samples on, in blocks of a tenth of a sixteenth.
    fn play(&mut self, samples: u64) {
        self.play_from(0.0, samples);
    }

    /// Sample 0 is at a position.
    fn play_from(&mut self, beats: f64, samples: u64) {
        let mut jumped = self.sample == 0 || beats != 0.0;
        let until = self.sample + samples;
        while self.sample < until {
            let (start, end) = (self.sample, (self.sample + STEP / 10).min(until));
            let grid = Some(self.song.grid(beats));
            self.song.hear(&mut self.composer);
            let span = Span { start, end, grid, transport: true, jumped, loop_beats: None };
            self.composer.play(&span, &self.settings, |event| {
                if let Message::Controller { channel: 1, controller, value } = event.message {
                    self.stands[usize::from(controller)] = Some(value);
                }
            });
            (self.sample, jumped) = (end, false);
        }
    }
}

#[test]
fn what_a_seek_takes_away_is_sent_after_it() {
    // Music that changes at the bar line, and a seek between the decision and the line, or behind it.
    for seek_at in [16 * STEP - STEP / 4, 16 * STEP + STEP / 4] {
        let mut stage = Stage::new();
        stage.play(15 * STEP);
        stage.song.dynamics = 0.9;
        stage.play(seek_at - 15 * STEP);
        stage.play_from(7.0, 2 * STEP);
        let brightness = stage.stands[74].unwrap();
        assert!(brightness.abs_diff(114) < 2, "{brightness}");
    }
}
