//! Lakh: 176,581 MIDI files of all kinds of music (Raffel 2016, "Learning-based methods for comparing sequences, with
//! applications to audio-to-MIDI alignment and matching").
//!
//! ```text
//! FOLDER/a/a1b2....mid   in folders as deep as one likes; lmd_full, lmd_matched and clean_midi alike
//! ```
//! The files say what is played but neither how it sounds nor what it feels like:
//!
//! - The melody is a guess: the part whose name says so, or else the one that looks most like one ([`load`]).
//! - The key is the file's key signature, unless that is C major, which files have that say nothing; then it is estimated from
//!   the notes (Krumhansl and Schmuckler).
//! - The split is drawn for each file by itself, so that one that is heard in training never changes sides; in a handful of
//!   files a part may be empty.
//! - Mood is unknown. The melody model hears a mood map, so what it can learn depends on the [`Sound`]: of the generator's
//!   instruments the emotion model makes a map, as it does in playing; without sound there are notes for statistics of
//!   pitches, keys and grooves, and nothing that a model hears.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use dendrite_generator::{Drum, Options, Score, Voice, compose, render};

use crate::data::key_estimate::estimate;
use crate::data::loading::{Loaded, Loading, Made, SetError};
use crate::data::midi::{COMMON_TIME, Note, Song};
use crate::data::performance::{Grid, measure};
use crate::data::report::{Reason, Report};
use crate::data::split::split_of;
use crate::data::{ContentHash, Key, Split, Truth, files, generated};

/// Words in the names of melodies, the surest first.
const MELODY_WORDS: [&str; 6] = ["melod", "vocal", "vox", "voice", "sing", "lead"];
/// Words in the names of parts that only accompany one.
const OTHER_WORDS: [&str; 5] = ["back", "harm", "choir", "bass", "drum"];
/// A melody has at least so many notes.
const MIN_NOTES: usize = 16;
/// At least this share of a melody's notes begins after the one before has ended.
const MIN_MONOPHONY: f32 = 0.9;
/// Notes may overlap by so much and still be one after the other: legato.
const LEGATO_S: f64 = 0.05;
/// Mean pitches of melodies, G3 to C6.
const REGISTER: std::ops::RangeInclusive<f32> = 55.0..=84.0;
/// General MIDI programs of basses.
const BASSES: std::ops::RangeInclusive<u8> = 32..=39;
/// A part below this mean pitch is played as a bass.
const BASS_BELOW: f32 = 48.0;
/// Seconds for the last notes to ring in.
const TAIL_S: f64 = 2.0;

/// What is heard of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Nothing: pieces have no frames.
    Silent,
    /// The notes on instruments of the generator, drawn by the file's content; held-out families for test pieces alone.
    Rendered,
}

/// Reads the MIDI files of a folder and of those below.
///
/// A part is one channel of one track. Where no name tells the melody, it is the part that is the highest and there in most
/// bars, of those that have 16 notes or more, one after the other, between G3 and C6 on average, and are no bass or drums.
///
/// # Errors
/// The folder cannot be listed, or nothing in it can be used.
pub fn load(folder: &Path, sound: Sound, loading: &Loading) -> Result<Loaded, SetError> {
    let mut report = Report::new("MIDI files", folder);
    let files = files::find(folder, &["mid", "midi"], &mut report)?;
    loading.read_all(
        report,
        &files,
        |file| file,
        |file| {
            let song = Song::read(file, COMMON_TIME)?;
            let parts = parts(&song);
            let melody = find_melody(&song, &parts).ok_or(Reason::Notes(
                "no part looks like a melody: expected one named so, or one of 16 notes or more, one after the other, \
                 between G3 and C6",
            ))?;
            let content = ContentHash::of_file(file)?;
            let split = split_of(&content, loading.seed, loading.shares);
            let frames = match sound {
                Sound::Silent => Vec::new(),
                Sound::Rendered => {
                    let score = score(&song, &parts, melody, &content, split);
                    let hear =
                        || Ok::<_, Infallible>(dendrite_features::analyze(&render(&score).samples));
                    let Ok(frames) = match loading.cache {
                        Some(cache) => cache.frames(&rendered_content(&score, &content), hear),
                        None => hear(),
                    };
                    frames
                }
            };
            let truth = truth(&song, &parts[&melody], frames.len());
            Ok(Made { content, split: Some(split), frames, truth, left_out: Vec::new() })
        },
    )
}

/// Track and channel.
type Part = (usize, u8);

/// The notes of each part that has pitches.
fn parts(song: &Song) -> BTreeMap<Part, Vec<Note>> {
    let mut parts: BTreeMap<Part, Vec<Note>> = BTreeMap::new();
    for note in song.notes.iter().filter(|note| !note.is_drum()) {
        parts.entry(note.part()).or_default().push(*note);
    }
    parts
}

fn find_melody(song: &Song, parts: &BTreeMap<Part, Vec<Note>>) -> Option<Part> {
    let long = || parts.iter().filter(|(_, notes)| notes.len() >= MIN_NOTES);
    let named = |(part, _): &(&Part, &Vec<Note>)| {
        let name = song.tracks[part.0].to_lowercase();
        let other = OTHER_WORDS.iter().any(|word| name.contains(word));
        MELODY_WORDS.iter().position(|word| name.contains(word)).filter(|_| !other)
    };
    // Of several with one name, the longest.
    let by_name = long().filter_map(|part| Some((named(&part)?, std::cmp::Reverse(part.1.len()), *part.0)));
    by_name.min().map(|(_, _, part)| part).or_else(|| {
        let likely = long().filter_map(|(part, notes)| Some((likeness(notes, song.bars.len())?, *part)));
        likely.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, part)| part)
    })
}

/// How much a part looks like a melody: the share of bars that it plays in, and an octave above C4 counts as all of them.
/// `None` for what is none.
fn likeness(notes: &[Note], bars: usize) -> Option<f32> {
    let pitch = mean_pitch(notes);
    let apart = notes.windows(2).filter(|pair| pair[1].start_s >= pair[0].end_s - LEGATO_S).count();
    let monophony = apart as f32 / (notes.len() - 1).max(1) as f32;
    if !REGISTER.contains(&pitch) || monophony < MIN_MONOPHONY || BASSES.contains(&notes[0].program) {
        return None;
    }
    let mut played: Vec<usize> = notes.iter().map(|note| note.bar).collect();
    played.dedup();
    Some(played.len() as f32 / bars as f32 + (pitch - 60.0) / 12.0)
}

fn mean_pitch(notes: &[Note]) -> f32 {
    notes.iter().map(|note| f32::from(note.pitch)).sum::<f32>() / notes.len().max(1) as f32
}

fn truth(song: &Song, melody: &[Note], frames: usize) -> Truth {
    // Of notes on one step the highest is the melody.
    let mut by_step: BTreeMap<(usize, usize), u8> = BTreeMap::new();
    for note in melody {
        let pitch = by_step.entry((note.bar, note.step)).or_insert(note.pitch);
        *pitch = note.pitch.max(*pitch);
    }
    let keys = keys(song);
    let key_at = |time_s: f64| {
        let after = keys.partition_point(|(start_s, _)| *start_s <= time_s + 1e-6);
        keys[after.saturating_sub(1)].1
    };
    Truth {
        key: Some(keys[0].1),
        steps: Some(song.steps(frames, key_at, |bar, step| by_step.get(&(bar, step)).copied())),
        bars: Some(measure(&song.bars, &song.notes, &song.controls, Grid::Played)),
        onsets_s: Some(song.onsets_s()),
        tempo_bpm: Some(song.tempo_bpm),
        ..Truth::default()
    }
}

/// Keys by the time from which they hold; at least one.
fn keys(song: &Song) -> Vec<(f64, Key)> {
    // C major is what files hold whose writers did not think of it.
    let says_nothing = Key::new(0, false);
    if song.keys.iter().any(|(_, key)| *key != says_nothing) {
        return song.keys.clone();
    }
    let mut durations = [0.0; 12];
    for note in song.notes.iter().filter(|note| !note.is_drum()) {
        durations[usize::from(note.pitch % 12)] += note.ticks() as f64;
    }
    vec![(0.0, estimate(&durations).unwrap_or(says_nothing))]
}

/// The song as a score for the generator's instruments, those of a piece that the content draws.
fn score(
    song: &Song,
    parts: &BTreeMap<Part, Vec<Note>>,
    melody: Part,
    content: &ContentHash,
    split: Split,
) -> Score {
    let seed = content.bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    let mut score = compose(seed, &Options::excerpt().with_split(generated::split_of_generator(split)));
    let role = |(part, notes): (&Part, &Vec<Note>)| {
        let low = BASSES.contains(&notes[0].program) || mean_pitch(notes) < BASS_BELOW;
        let role = if *part == melody {
            Voice::Melody
        } else if low {
            Voice::Bass
        } else {
            Voice::Chords
        };
        (*part, role)
    };
    let roles: BTreeMap<Part, Voice> = parts.iter().map(role).collect();
    let voice = |note: &Note| match Drum::of_key(note.pitch) {
        _ if !note.is_drum() => roles.get(&note.part()).copied(),
        drum => drum.map(|_| Voice::Drums),
    };
    let played = |note: &Note| {
        Some(dendrite_generator::Note {
            voice: voice(note)?,
            onset_s: note.start_s,
            duration_s: note.end_s - note.start_s,
            pitch: note.pitch,
            velocity: note.velocity,
            bar: 0,
            step: 0,
            offset: 0.0,
        })
    };
    let labels = &mut score.labels;
    labels.notes = song.notes.iter().filter_map(played).collect();
    labels.duration_s = song.end_s + TAIL_S;
    // All in one bar of one section: rendering looks up nothing but who plays there.
    labels.bars.truncate(1);
    labels.sections.truncate(1);
    labels.controls.clear();
    score.sound.casting.truncate(1);
    score
}

/// What the rendered sound follows from, beside the file.
fn rendered_content(score: &Score, content: &ContentHash) -> ContentHash {
    let text = format!("{} {:?} {content}", dendrite_generator::VERSION, score.labels.split);
    ContentHash::of_bytes("rendered", text.as_bytes())
}
