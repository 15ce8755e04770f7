//! A studio to test and a small HTTP client that says exactly what it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dendrite_studio::{Limits, Options, Studio};
use serde_json::Value;

/// A studio on a free port with a data folder of its own.
pub struct Served {
    pub studio: Option<Studio>,
    pub folder: tempfile::TempDir,
    pub options: Options,
}

impl Served {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options {
            port: 0,
            data_dir: folder.path().join("data"),
            limits: Limits { model_bytes: 8 << 20, audio_bytes: 1 << 20, ..Limits::default() },
            trainer: Some(folder.path().join("missing")),
            ..Options::default()
        };
        change(&mut options);
        let studio = Studio::start(options.clone()).unwrap();
        Self { studio: Some(studio), folder, options }
    }

    /// One whose trainings are those of the stand-in.
    #[cfg(unix)]
    pub fn with_trainer() -> Self {
        Self::with(|options| options.trainer = Some(repository("crates/studio/tests/studio/stand_in.sh")))
    }

    pub fn address(&self) -> SocketAddr {
        self.studio.as_ref().unwrap().address()
    }

    pub fn data(&self) -> &Path {
        &self.options.data_dir
    }

    pub fn restart(&mut self) {
        self.studio = None;
        self.studio = Some(Studio::start(self.options.clone()).unwrap());
    }

    pub fn get(&self, path: &str) -> Answer {
        request(self.address(), "GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        request(self.address(), "POST", path, &[], body)
    }

    pub fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        request(self.address(), "DELETE", path, headers, b"")
    }

    pub fn status(&self) -> Value {
        self.get("/api/train/status").json()
    }

    /// Waits until the status is one of these.
    pub fn wait_for(&self, wanted: &[&str]) -> Value {
        self.wait_until(|status| wanted.contains(&status["status"].as_str().unwrap()))
    }

    pub fn wait_until(&self, good: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let status = self.status();
            if good(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "still {status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends a request; `headers` may replace Host and Content-Length.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let has = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    if !has("host") {
        head += &format!("Host: {address}\r\n");
    }
    if !has("content-length") && !has("transfer-encoding") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // A server that refuses early closes while we still send.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunk(&body);
    }
    Answer { status, head, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
    body
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// A second of a tone as a WAV file.
pub fn wav() -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for n in 0..8_000 {
        writer.write_sample(((n as f32 * 0.3).sin() * 8_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}
