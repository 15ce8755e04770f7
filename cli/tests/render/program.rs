//! Running the program, and songs for it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that Cargo built for this test.
pub const PATH: &str = env!("CARGO_BIN_EXE_dendrite");

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Asserts that it went well.
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    /// Asserts this exit code, with a message on standard error that has all parts.
    pub fn fails(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "{}\nwithout {part:?}", self.err);
        }
    }
}

/// Runs the program in a folder.
pub fn dendrite<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Ran {
    let output = Command::new(PATH)
        .args(arguments)
        .env_remove("DENDRITE_MODELS")
        .current_dir(folder)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Writes a song of 16 bits, 22.05 kHz, mono: A major with a beat each half second.
pub fn song(folder: &Path, name: &str, seconds: f64) -> PathBuf {
    const RATE: u32 = 22_050;
    let count = (seconds * f64::from(RATE)) as usize;
    let samples = (0..count).flat_map(|n| {
        let t = n as f64 / f64::from(RATE);
        let tone = |f: f64| (t * f * std::f64::consts::TAU).sin();
        let since = t % 0.5;
        let sound =
            0.1 * (tone(220.0) + tone(277.18) + tone(329.63)) + 0.4 * (-since * 40.0).exp() * tone(90.0);
        ((sound * 32_767.0) as i16).to_le_bytes()
    });
    // The 44 bytes of a plain WAV header.
    let length = count as u32 * 2;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend([RATE, RATE * 2].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples);
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Names of what is in a folder, hidden ones too, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
