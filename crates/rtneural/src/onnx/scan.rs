//! Counts what a file would unpack to, before it is unpacked.
//!
//! Two bytes of protobuf can become a structure of two hundred. So the fields are counted first, in one pass over the
//! bytes that allocates nothing and goes no deeper than the messages of [`proto`](super::proto) are nested.

use crate::{Error, Limits, Problem};

/// How the bytes of a field are looked at.
enum Inside {
    /// Fields, of the message with this name.
    Message(&'static str),
    /// Numbers of one byte or more, each of which becomes eight.
    Numbers,
    /// Text, or numbers that take no more memory than bytes in the file.
    Bytes,
}

/// What a field of a message holds; it must know all fields that `proto` declares as messages or integers.
fn inside(message: &str, tag: u64) -> Inside {
    match (message, tag) {
        ("Model", 7) => Inside::Message("Graph"),
        ("Model", 8) => Inside::Message("OperatorSet"),
        ("Model", 14) => Inside::Message("StringPair"),
        ("Graph", 1) => Inside::Message("Node"),
        ("Graph", 5) => Inside::Message("Tensor"),
        ("Graph", 11 | 12) => Inside::Message("ValueInfo"),
        ("Node", 5) => Inside::Message("Attribute"),
        ("Tensor", 1 | 7) => Inside::Numbers,
        ("ValueInfo", 2) => Inside::Message("Type"),
        ("Type", 1) => Inside::Message("TensorType"),
        ("TensorType", 2) => Inside::Message("Shape"),
        ("Shape", 1) => Inside::Message("Dimension"),
        _ => Inside::Bytes,
    }
}

/// Refuses what is not protobuf, and more than [`Limits::FIELDS`] fields.
pub(super) fn scan(bytes: &[u8]) -> Result<(), Error> {
    let mut scan = Scan { bytes, at: 0, fields: 0 };
    scan.message("Model", bytes.len()).map_err(|problem| problem.at(""))
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    fields: usize,
}

impl Scan<'_> {
    fn message(&mut self, name: &'static str, end: usize) -> Result<(), Problem> {
        while self.at < end {
            let start = self.at;
            self.count(1)?;
            let key = self.varint(end)?;
            match key & 7 {
                0 => drop(self.varint(end)?),
                1 => self.skip(8, end)?,
                2 => {
                    let length = usize::try_from(self.varint(end)?).unwrap_or(usize::MAX);
                    match inside(name, key >> 3) {
                        Inside::Message(name) if length <= end - self.at => {
                            self.message(name, self.at + length)?;
                        }
                        Inside::Numbers => {
                            self.skip(length, end)?;
                            self.count(length)?;
                        }
                        _ => self.skip(length, end)?,
                    }
                }
                5 => self.skip(4, end)?,
                // Groups, which ONNX does not use, and numbers that mean nothing.
                _ => {
                    self.at = start;
                    return Err(self.not_onnx("a field of an ONNX model"));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, fields: usize) -> Result<(), Problem> {
        self.fields += fields;
        if self.fields > Limits::FIELDS {
            let (maximum, found) = (Limits::FIELDS, self.fields);
            return Err(Problem::unexpected(format!("at most {maximum} fields"), format!("{found} or more")));
        }
        Ok(())
    }

    fn varint(&mut self, end: usize) -> Result<u64, Problem> {
        let bytes = &self.bytes[self.at..end];
        let Some(length) = bytes.iter().take(10).position(|&byte| byte < 0x80) else {
            return Err(self.not_onnx("a number"));
        };
        self.at += length + 1;
        // A tenth byte has room for one bit; what prost makes of more is prost's to say.
        Ok(bytes[..=length].iter().rev().fold(0, |value: u64, byte| value << 7 | u64::from(byte & 0x7F)))
    }

    fn skip(&mut self, count: usize, end: usize) -> Result<(), Problem> {
        if count > end - self.at {
            let expected = format!("{count} bytes from byte {} on", self.at);
            return Err(Problem::unexpected(expected, format!("{} (is the file whole?)", end - self.at)));
        }
        self.at += count;
        Ok(())
    }

    fn not_onnx(&self, expected: &str) -> Problem {
        Problem::unexpected(expected, format!("something else at byte {} (is this ONNX?)", self.at))
    }
}
