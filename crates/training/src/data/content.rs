//! What a piece is, whatever it is called: a hash of its content.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes that are hashed at a time.
const CHUNK: usize = 1 << 16;

/// SHA-256 of a piece's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Of some bytes. `domain` keeps contents of different kinds apart.
    pub fn of_bytes(domain: &str, bytes: &[u8]) -> Self {
        let mut hash = Self::begin(domain);
        hash.update(bytes);
        Self(hash.finalize().into())
    }

    /// Of a file's bytes; reads it in chunks.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hash = Self::begin("file");
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                read => hash.update(&chunk[..read]),
            }
        }
        Ok(Self(hash.finalize().into()))
    }

    /// The hash.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn begin(domain: &str) -> Sha256 {
        let mut hash = Sha256::new();
        hash.update((domain.len() as u64).to_le_bytes());
        hash.update(domain);
        hash
    }
}

impl fmt::Display for ContentHash {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_their_bytes_have_one_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(ContentHash::of_file(&path).unwrap(), ContentHash::of_bytes("file", &bytes));
        assert_ne!(ContentHash::of_bytes("a", b"bc"), ContentHash::of_bytes("ab", b"c"));
        assert_eq!(ContentHash::of_bytes("a", b"bc").to_string().len(), 64);
    }
}
