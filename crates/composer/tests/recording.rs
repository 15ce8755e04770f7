//! What lies on the tape is what was played, whatever happens to the transport.

mod song;

use std::collections::HashMap;

use dendrite_composer::{Composer, Message, Record, Settings, Span, What, midi_file};
use song::{STEP, Song};

/// Plays from a position for some steps, in blocks of a tenth of a step; `playing` as the transport is.
fn play(
    composer: &mut Composer,
    settings: &Settings,
    from: u64,
    beats: f64,
    steps: u64,
    playing: bool,
) -> u64 {
    let mut song = Song { dynamics: 0.7, ..Song::default() };
    let grid = dendrite_composer::Grid { sample: from, ..song.grid(beats) };
    for block in 0..10 * steps {
        // Loudness that changes from hop to hop is sent as modulation.
        song.loudness = 0.4 + 0.5 * (block as f32 * 0.7).sin().abs();
        song.hear(composer);
        let start = from + block * STEP / 10;
        let (end, grid) = (start + STEP / 10, playing.then_some(grid));
        let span = Span { start, end, grid, transport: playing, jumped: block == 0, loop_beats: None };
        composer.play(&span, settings, |_| {});
    }
    from + steps * STEP
}

fn played(composer: &Composer) -> Vec<Record> {
    let records = composer.tape().read();
    records.into_iter().filter(|record| matches!(record.what, What::Played(..))).collect()
}

#[test]
fn every_note_ends_behind_its_beginning_through_stops_and_resets() {
    let mut settings = Settings::default();
    settings.modulation.on = true;
    let mut composer = Composer::new();
    let mut sample = play(&mut composer, &settings, 0, 0.0, 33, true);
    sample = play(&mut composer, &settings, sample, 0.0, 400, false);
    play(&mut composer, &settings, sample, 2.0, 33, true);
    // In the middle of notes: what sounds ends with the first sample after it.
    composer.reset();
    let sample = play(&mut composer, &settings, 0, 0.0, 1000, false);
    play(&mut composer, &settings, sample, 1.0, 64, true);

    let records = played(&composer);
    assert!(records.windows(2).all(|pair| pair[0].beats <= pair[1].beats));
    let (mut sounding, mut notes) = (HashMap::new(), 0);
    for record in &records {
        match record.what {
            What::Played(_, Message::NoteOn { channel, key, .. }) => {
                assert_eq!(sounding.insert((channel, key), record.beats), None, "{record:?}");
                notes += 1;
            }
            What::Played(_, Message::NoteOff { channel, key }) => {
                let begun = sounding.remove(&(channel, key)).unwrap();
                assert!(begun < record.beats && record.beats < begun + 4.0, "{record:?} since {begun}");
            }
            _ => {}
        }
    }
    assert!(notes > 50, "{notes}");
    // 130 steps were played; each start went on in the next bar, or in the same.
    let end = records.last().unwrap().beats;
    assert!((32.5..32.5 + 3.0 * 4.0).contains(&end), "{end}");
}

#[test]
fn modulation_of_an_hour_leaves_the_notes_where_they_are() {
    let mut settings = Settings::default();
    settings.modulation.on = true;
    let mut composer = Composer::new();
    let sample = play(&mut composer, &settings, 0, 0.0, 64 * 16, true);
    let before = played(&composer).len();
    play(&mut composer, &settings, sample, 0.0, 10_000, false);
    assert!(played(&composer).len() < before + 20);
    let bytes = midi_file::write(&composer.tape().read(), 64).unwrap();
    let smf = midly::Smf::parse(&bytes).unwrap();
    let ticks: u32 = smf.tracks[4].iter().map(|event| event.delta.as_int()).sum();
    assert!(ticks > 63 * 4 * 960, "64 bars: {ticks} ticks");
    // Modulation that stands still is in the file, too.
    let controllers: std::collections::HashSet<u8> = smf.tracks[5]
        .iter()
        .filter_map(|event| match event.kind {
            midly::TrackEventKind::Midi {
                message: midly::MidiMessage::Controller { controller, .. },
                ..
            } => Some(controller.as_int()),
            _ => None,
        })
        .collect();
    assert_eq!(controllers.len(), 13);
}
