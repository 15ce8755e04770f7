//! Controllers of expression and the sustain pedal: they stand where they should, whatever comes in between.

mod song;

use dendrite_composer::{ChordSource, Composer, Message, Settings, Span};
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

#[test]
fn the_pedal_is_up_while_no_chords_are_struck_and_goes_down_with_the_first_after() {
    let changes: [fn(&mut Settings); 4] = [
        |settings| settings.expression = false,
        |settings| settings.chords = ChordSource::Off,
        |settings| settings.voices[1].density = 0.0,
        |settings| settings.voices[1].on = false,
    ];
    let down = |stage: &Stage| stage.stands[64].is_some_and(|value| value >= 64);
    // Wherever in the bar it happens, also while the pedal is about to go down.
    for (change, tenths) in changes.iter().flat_map(|change| (0..40).map(move |tenths| (change, tenths))) {
        let mut stage = Stage::new();
        stage.song.dynamics = 0.9;
        stage.play(32 * STEP + tenths * STEP / 10);
        let before = std::mem::take(&mut stage.settings);
        change(&mut stage.settings);
        stage.play(1);
        assert!(!down(&stage), "{tenths} tenths of a step behind the bar line");
        stage.play(32 * STEP);
        assert!(!down(&stage));
        stage.settings = before;
        stage.play(16 * STEP);
        assert!(down(&stage), "the chord has not changed, and is held again");
    }
}

#[test]
fn the_pedal_goes_up_in_silence() {
    let mut stage = Stage::new();
    stage.song.dynamics = 0.9;
    stage.play(32 * STEP);
    assert_eq!(stage.stands[64], Some(127));
    stage.song.loudness = 0.0;
    // 35 hops of silence, which come ten to a step here, and the step after.
    stage.play(5 * STEP);
    assert_eq!(stage.stands[64], Some(0));
    stage.song.loudness = 0.6;
    stage.play(16 * STEP);
    assert_eq!(stage.stands[64], Some(127));
}
