//! What is played along with a whole song.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use dendrite_composer::{PlayMode, Record};

use crate::{Error, Listener, Options};

/// Everything that the composer plays along with a song, for
/// [`dendrite_composer::midi_file::write_song`]: with the transport, if the options have one, else by ear. The same song and options give the
/// same records.
///
/// # Errors
/// The song cannot be read, or `cancel` became true.
pub fn play_along(song: &Path, options: &Options, cancel: &AtomicBool) -> Result<Vec<Record>, Error> {
    let mut options = options.clone();
    if options.host.is_none() {
        options.settings.play.mode = PlayMode::Always;
    }
    let mut listener = Listener::open(song, &options)?;
    let (mut records, mut next) = (Vec::new(), 0);
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let goes_on = listener.listen(|_| {})?;
        let (more, read) = listener.tape().read_from(next);
        records.extend(more);
        next = read;
        if !goes_on {
            return Ok(records);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use dendrite_composer::midi_file;

    use super::*;
    use crate::Host;

    fn demo() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo/dendrite_demo.ogg")
    }

    #[test]
    fn the_demo_is_answered_with_and_without_a_transport_and_the_same_every_time() {
        let play = |options: &Options| play_along(&demo(), options, &AtomicBool::new(false)).unwrap();
        let by_ear = play(&Options::default());
        assert_eq!(by_ear, play(&Options::default()));
        let host = Host { bpm: 112.0, numerator: 4, denominator: 4, first_beat_s: 0.0 };
        let led = play(&Options { host: Some(host), ..Options::default() });
        for records in [by_ear, led] {
            let bytes = midi_file::write_song(&records).unwrap();
            let smf = midly::Smf::parse(&bytes).unwrap();
            let notes = |track: &midly::Track| {
                let on = |event: &&midly::TrackEvent| {
                    matches!(
                        event.kind,
                        midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. }
                    )
                };
                track.iter().filter(on).count()
            };
            // Melody, chords, bass, drums of a song of a minute and a half.
            assert!(smf.tracks[1..5].iter().all(|track| notes(track) > 50));
        }
    }

    #[test]
    fn whoever_stops_waiting_gets_nothing() {
        let result = play_along(&demo(), &Options::default(), &AtomicBool::new(true));
        assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
    }
}
