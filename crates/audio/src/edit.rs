//! Which samples of an MP4 file are to be heard: encoders put some in front and behind, and the file says how many.
//!
//! Sources: edit lists after ISO/IEC 14496-12, 8.6.6; `iTunSMPB`, the comment in which iTunes writes the same, after Apple's
//! Technical Note TN2258 (delay, padding and length in hexadecimal).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use shiguredo_mp4::boxes::{ElstBox, MdhdBox, MvhdBox, TkhdBox};
use shiguredo_mp4::{BoxHeader, BoxType, Decode};

/// An index of sound is smaller than this; what is larger is not looked at.
const LARGEST_INDEX: u64 = 256 << 20;

/// The part of a track that is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Samples before it.
    pub skip: u64,
    /// Samples in it, where that is known.
    pub length: Option<u64>,
}

impl Edit {
    /// What the edit list of a track says, for sound that is decoded at `rate`. `None` where there is no edit list, or one that
    /// cannot be read.
    pub fn of_list(path: &Path, track: u32, rate: u32) -> Option<Self> {
        let index = index(path)?;
        let (movie, _) = MvhdBox::decode(child(&index, *b"mvhd")?.0).ok()?;
        let (trak, media) =
            children(&index).filter(|(kind, ..)| kind == b"trak").find_map(|(_, _, trak)| {
                let (header, _) = TkhdBox::decode(child(trak, *b"tkhd")?.0).ok()?;
                let media = child(child(trak, *b"mdia")?.1, *b"mdhd")?.0;
                (header.track_id == track).then_some((trak, MdhdBox::decode(media).ok()?.0))
            })?;
        let (list, _) = ElstBox::decode(child(child(trak, *b"edts")?.1, *b"elst")?.0).ok()?;
        // Entries without media are pauses in front of the sound, which belong to a film and not to its music.
        let mut parts = list.entries.iter().filter(|entry| entry.media_time >= 0);
        let part = parts.next()?;
        let samples = |ticks: u64, per_second: u32| {
            (u128::from(ticks) * u128::from(rate) / u128::from(per_second)) as u64
        };
        let scale = media.timescale.get();
        let start = part.media_time.unsigned_abs();
        let rest = samples(media.duration.saturating_sub(start), scale);
        // The part's duration is in the ticks of the film, often milliseconds: where it means the rest, the rest is exact.
        let tick = samples(1, movie.timescale.get()) + 1;
        let stated = samples(part.edit_duration, movie.timescale.get());
        let length = match part.edit_duration {
            0 => rest,
            _ if stated + tick >= rest => rest,
            _ => stated,
        };
        // Several parts are a cut that only an editor makes: what follows the first is heard to its end.
        let alone = parts.next().is_none();
        Some(Self { skip: samples(start, scale), length: (alone && length > 0).then_some(length) })
    }

    /// What the text of an `iTunSMPB` comment says.
    pub fn of_comment(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace().skip(1).map(|field| u64::from_str_radix(field, 16));
        let (skip, _padding, length) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
        Some(Self { skip, length: (length > 0).then_some(length) })
    }
}

/// The content of the file's index, the box `moov`.
fn index(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    loop {
        let start = file.stream_position().ok()?;
        let mut head = Vec::new();
        file.by_ref().take(BoxHeader::MAX_SIZE as u64).read_to_end(&mut head).ok()?;
        let (header, length) = BoxHeader::decode(&head).ok()?;
        // 0 means to the end of the file, and an index is never that.
        let size = header.box_size.get();
        if size < length as u64 {
            return None;
        }
        if header.box_type == BoxType::Normal(*b"moov") {
            if size > LARGEST_INDEX {
                return None;
            }
            file.seek(SeekFrom::Start(start + length as u64)).ok()?;
            let mut content = vec![0; size as usize - length];
            file.read_exact(&mut content).ok()?;
            return Some(content);
        }
        file.seek(SeekFrom::Start(start.checked_add(size)?)).ok()?;
    }
}

/// The boxes in the content of one: kind, the whole box, its content.
fn children(content: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8], &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (header, inside) = BoxHeader::decode_header_and_payload(rest).ok()?;
        let kind = match header.box_type {
            BoxType::Normal(kind) => kind,
            BoxType::Uuid(_) => *b"uuid",
        };
        let (whole, behind) = rest.split_at(header.external_size() + inside.len());
        rest = behind;
        Some((kind, whole, inside))
    })
}

/// The first box of a kind: the whole box and its content.
fn child(content: &[u8], kind: [u8; 4]) -> Option<(&[u8], &[u8])> {
    children(content).find(|(other, ..)| *other == kind).map(|(_, whole, inside)| (whole, inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of some content.
    fn boxed(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&(content.len() as u32 + 8).to_be_bytes(), &kind[..], &content].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// An index with a picture and a sound track at 48 kHz; the edits are (duration in ms, start).
    fn file(folder: &Path, media_duration: u32, edits: &[(u32, i32)]) -> std::path::PathBuf {
        let mvhd = boxed(b"mvhd", &[&words(&[0, 0, 0, 1_000, 5_000]), &[0; 80]]);
        let mut list = words(&[0, edits.len() as u32]);
        edits
            .iter()
            .for_each(|&(duration, start)| list.extend(words(&[duration, start as u32, 0x0001_0000])));
        let edts = boxed(b"edts", &[&boxed(b"elst", &[&list])]);
        let trak = |id: u32, edts: &[u8]| {
            let tkhd = boxed(b"tkhd", &[&words(&[7, 0, 0, id, 0, 5_000]), &[0; 60]]);
            let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, 48_000, media_duration, 0x55C4_0000])]);
            boxed(b"trak", &[&tkhd, edts, &boxed(b"mdia", &[&mdhd])])
        };
        let moov = boxed(b"moov", &[&mvhd, &trak(1, &[]), &trak(2, &edts)]);
        let bytes = [boxed(b"ftyp", &[b"M4A "]), boxed(b"mdat", &[&[0; 100]]), moov].concat();
        let path = folder.join("song.m4a");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn an_edit_list_says_what_is_to_be_heard() {
        let folder = tempfile::tempdir().unwrap();
        let heard = |media, edits: &[(u32, i32)]| {
            Edit::of_list(&file(folder.path(), media, edits), 2, 48_000).unwrap()
        };
        // 1,024 of priming, then 100,000 samples: 2,083.3 ms, of which the list knows the whole ones.
        let edit = Edit { skip: 1_024, length: Some(100_000) };
        assert_eq!(heard(101_024, &[(2_083, 1_024)]), edit);
        assert_eq!(heard(101_024, &[(2_084, 1_024)]), edit);
        assert_eq!(heard(101_024, &[(0, 1_024)]), edit);
        // A pause in front, and an end before the media's.
        assert_eq!(heard(101_024, &[(40, -1), (2_083, 1_024)]), edit);
        assert_eq!(heard(101_024, &[(1_000, 1_024)]), Edit { skip: 1_024, length: Some(48_000) });
        // A cut.
        assert_eq!(heard(101_024, &[(10, 1_024), (10, 9_000)]), Edit { skip: 1_024, length: None });
        // At half the rate, as HE-AAC is decoded without its upper half.
        let half = Edit::of_list(&file(folder.path(), 101_024, &[(2_083, 1_024)]), 2, 24_000);
        assert_eq!(half, Some(Edit { skip: 512, length: Some(50_000) }));
        assert_eq!(Edit::of_list(&folder.path().join("song.m4a"), 1, 48_000), None, "a track without a list");
    }

    #[test]
    fn every_beginning_of_a_file_and_every_changed_byte_gives_something_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), 101_024, &[(2_083, 1_024)]);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(Edit::of_list(&path, 2, 48_000), None, "{length} bytes");
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0xFF] {
                let mut bytes = whole.clone();
                bytes[place] = value;
                std::fs::write(&path, &bytes).unwrap();
                // It must not panic; what it finds may be wrong.
                let _ = Edit::of_list(&path, 2, 48_000);
            }
        }
    }

    #[test]
    fn the_comment_of_itunes_is_understood() {
        let text = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000 00000000 00000000";
        assert_eq!(Edit::of_comment(text), Some(Edit { skip: 0x840, length: Some(0x003F_31F6) }));
        for text in ["", "0", "00000000 xyz 0 0", "00000000 00000840"] {
            assert_eq!(Edit::of_comment(text), None, "{text}");
        }
    }
}
