//! A folder of features that were computed before.
//!
//! ```text
//! sha256(EXTRACTOR_VERSION, fingerprint of the extractor, content) ──> FOLDER/HASH.frames
//!
//! "DNDFRAMES1" · number of frames (u64) · frames, 160 f32 each · first 8 bytes of the payload's sha256     little endian
//!               base [6] · mel [128] · chroma [12] · bass chroma [12] · rms in dBFS · silent (0 or 1)
//! ```
//! Entries are written under a name of their own and then renamed, so that several processes may share the folder. What
//! does not read back whole counts as missing and is made anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use dendrite_features::{Frame, N_BASE, N_CHROMA, N_MEL};
use sha2::{Digest, Sha256};

use super::{ContentHash, sound};

/// Part of every key. The fingerprint notices a changed extractor or resampler by itself; raise this when something else
/// changes that stands between a file and its frames, for example a decoder.
pub const EXTRACTOR_VERSION: u32 = 1;

const MAGIC: &[u8; 10] = b"DNDFRAMES1";
/// Values of a frame in a file.
const VALUES: usize = N_BASE + N_MEL + 2 * N_CHROMA + 2;
const HEADER: usize = MAGIC.len() + size_of::<u64>();
const CHECK: usize = 8;
/// What the fingerprint's features are rounded to: far above rounding, far below anything that a model could tell.
const FINGERPRINT_STEP: f32 = 1e-4;

/// A cache folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cache folder {}: {problem}; give a folder that can be written to, or go without a cache", folder.display())]
pub struct CacheError {
    folder: PathBuf,
    #[source]
    problem: io::Error,
}

/// A folder of features. Shared between threads and processes.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    fingerprint: [u8; 32],
    /// Makes the temporary names of this process differ.
    writes: AtomicU64,
    /// The first entry that could not be written.
    failure: Mutex<Option<String>>,
}

impl Cache {
    /// Opens a folder and makes it if need be. Computes the extractor's fingerprint, which takes some milliseconds.
    ///
    /// # Errors
    /// The folder is not there and cannot be made.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        fs::create_dir_all(folder).map_err(|problem| CacheError { folder: folder.to_owned(), problem })?;
        Ok(Self {
            folder: folder.to_owned(),
            fingerprint: fingerprint(),
            writes: AtomicU64::new(0),
            failure: Mutex::new(None),
        })
    }

    /// The frames of a content: those in the folder, or what `make` gives, which is then kept.
    ///
    /// # Errors
    /// Those of `make`; they are not kept. An entry that cannot be written is no error: see [`failure`](Self::failure).
    pub fn frames<E>(
        &self,
        content: &ContentHash,
        make: impl FnOnce() -> Result<Vec<Frame>, E>,
    ) -> Result<Vec<Frame>, E> {
        let path = self.path(content);
        if let Some(frames) = fs::read(&path).ok().and_then(|bytes| decode(&bytes)) {
            return Ok(frames);
        }
        let frames = make()?;
        if let Err(error) = self.write(&path, &encode(&frames)) {
            let mut failure = self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            failure.get_or_insert_with(|| format!("{}: {error}", path.display()));
        }
        Ok(frames)
    }

    /// The first entry that could not be written, and why, for a warning at the end. Without the entry everything works,
    /// only slower the next time.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a content's entry is, whether it is there or not.
    pub fn path(&self, content: &ContentHash) -> PathBuf {
        let mut key = Vec::new();
        key.extend(EXTRACTOR_VERSION.to_le_bytes());
        key.extend(self.fingerprint);
        key.extend(content.bytes());
        self.folder.join(format!("{}.frames", ContentHash::of_bytes("cache", &key)))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let result = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if result.is_err() {
            let _ = fs::remove_file(&temporary); // It may not be there at all.
        }
        result
    }
}

/// What the extractor makes of a fixed sound at its own rate and at another one, rounded and hashed.
fn fingerprint() -> [u8; 32] {
    let mut hash = Sha256::new();
    for rate in [48_000_u32, 44_100] {
        let frames = sound::frames(&test_sound(rate), rate).unwrap_or_default();
        for value in frames.iter().flat_map(values) {
            hash.update(((value / FINGERPRINT_STEP).round() as i32).to_le_bytes());
        }
    }
    hash.finalize().into()
}

/// A second and a bit: the twelve semitones from C2 with a tone three octaves above each, noise that comes and goes, a
/// pause at the end.
fn test_sound(rate: u32) -> Vec<f32> {
    const TONE_S: f64 = 0.09;
    let length = rate * 5 / 4;
    let mut noise = 1_u32;
    (0..length)
        .map(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let time_s = f64::from(n) / f64::from(rate);
            let semitone = (time_s / TONE_S).floor();
            let phase = std::f64::consts::TAU * 65.4 * (semitone / 12.0).exp2() * time_s;
            let tone = (0.3 * (phase.sin() + (8.0 * phase).sin())) as f32;
            let noise = (noise >> 8) as f32 / (1 << 23) as f32 - 1.0;
            let burst = if n % (length / 4) < length / 40 { 0.3 } else { 0.001 };
            if semitone >= 12.0 { 0.0 } else { tone + burst * noise }
        })
        .collect()
}

fn values(frame: &Frame) -> impl Iterator<Item = f32> {
    let parts = frame.base.into_iter().chain(frame.mel).chain(frame.chroma).chain(frame.bass_chroma);
    parts.chain([frame.rms_dbfs, f32::from(u8::from(frame.silent))])
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + frames.len() * VALUES * 4 + CHECK);
    bytes.extend(MAGIC);
    bytes.extend((frames.len() as u64).to_le_bytes());
    for value in frames.iter().flat_map(values) {
        bytes.extend(value.to_le_bytes());
    }
    let check = Sha256::digest(&bytes);
    bytes.extend(&check[..CHECK]);
    bytes
}

/// `None` for whatever is not a whole entry with finite values.
fn decode(bytes: &[u8]) -> Option<Vec<Frame>> {
    let (content, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
    let count = content.strip_prefix(MAGIC)?.first_chunk()?;
    let payload = content.get(HEADER..)?;
    let expected = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(VALUES * 4)?;
    if payload.len() != expected || Sha256::digest(content)[..CHECK] != *check {
        return None;
    }
    let read = |(index, bytes): (usize, &[u8])| {
        let mut values = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let mut frame = Frame { index: index as u64, ..Frame::SILENCE };
        let parts = [&mut frame.base[..], &mut frame.mel, &mut frame.chroma, &mut frame.bass_chroma];
        for value in parts.into_iter().flatten() {
            *value = values.next().filter(|value| value.is_finite())?;
        }
        frame.rms_dbfs = values.next().filter(|value| value.is_finite())?;
        frame.silent = values.next()? != 0.0;
        Some(frame)
    };
    payload.chunks_exact(VALUES * 4).enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn some_frames() -> Vec<Frame> {
        sound::frames(&test_sound(48_000), 48_000).unwrap()
    }

    fn content() -> ContentHash {
        ContentHash::of_bytes("test", b"one")
    }

    fn refuse() -> Result<Vec<Frame>, &'static str> {
        Err("made anew")
    }

    #[test]
    fn frames_come_back_bit_for_bit_and_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("deep/er")).unwrap();
        let frames = cache.frames(&content(), || Ok::<_, Infallible>(some_frames())).unwrap();
        // 60,000 samples.
        assert_eq!(frames.len(), 58);
        assert_eq!(cache.frames(&content(), refuse), Ok(frames));
        assert_eq!(cache.failure(), None);
        // Nothing temporary is left, and another process finds the same entry.
        assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1);
        let other = Cache::open(cache.folder()).unwrap();
        assert_eq!(other.path(&content()), cache.path(&content()));
        assert!(other.frames(&ContentHash::of_bytes("test", b"two"), refuse).is_err());
    }

    #[test]
    fn damaged_entries_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let whole = encode(&some_frames());
        let mut flipped = whole.clone();
        flipped[5_000] ^= 1;
        let mut long = whole.clone();
        long.extend([0; 640]);
        let mut huge = whole.clone();
        huge[MAGIC.len()..HEADER].fill(0xff);
        for bytes in [&whole[..whole.len() / 2], &whole[..3], &[], &flipped, &long, &huge] {
            fs::write(cache.path(&content()), bytes).unwrap();
            assert_eq!(cache.frames(&content(), refuse), Err("made anew"));
        }
        cache.frames(&content(), || Ok::<_, Infallible>(some_frames())).unwrap();
        assert_eq!(fs::read(cache.path(&content())).unwrap(), whole);
    }

    #[test]
    fn a_folder_that_takes_no_entries_only_costs_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("gone")).unwrap();
        fs::remove_dir(cache.folder()).unwrap();
        assert!(cache.frames(&content(), || Ok::<_, Infallible>(some_frames())).is_ok());
        assert!(cache.failure().unwrap().contains("gone"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Cache::open(&file).unwrap_err().to_string().contains("file"));
    }

    #[test]
    fn the_fingerprint_hears_every_kind_of_feature() {
        // What a fingerprint does not vary in, it cannot notice changes of.
        let frames = some_frames();
        let rows: Vec<Vec<f32>> = frames.iter().map(|frame| values(frame).collect()).collect();
        for value in 0..VALUES {
            let column: Vec<f32> = rows.iter().map(|row| row[value]).collect();
            let (low, high) = column.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
            let last = value == VALUES - 1;
            assert!(high - low > 100.0 * FINGERPRINT_STEP || last, "value {value}: {low} ... {high}");
        }
        assert_eq!(fingerprint(), fingerprint());
    }
}
