//! Many at once, during a real training: fifty clients that ask how far it is, and ten live streams with pictures.
//!
//! ```sh
//! cargo dendrite serve &
//! cargo run --release -p dendrite-studio --example load -- 127.0.0.1:8000 60
//! ```
//! Starts a training of the orbit model there, waits for its first epoch, measures for so many seconds, stops the training
//! and says what it saw. Ends with an error if an answer was no success, a stream broke off or fell behind, the training did
//! not run all the time, half of the answers took longer than 50 ms, or one in twenty longer than 100 ms.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use tungstenite::{Message, WebSocket};

const CLIENTS: usize = 50;
const STREAMS: usize = 10;
/// Each client asks so often.
const EVERY: Duration = Duration::from_millis(100);
/// Samples of a hop at 48 kHz, and how long they last.
const HOP: usize = 1_024;
const HOP_TIME: Duration = Duration::from_nanos(21_333_333);
/// A stream that is so far behind its sound has lost it.
const BEHIND: Duration = Duration::from_secs(1);
/// What half of the answers may take, and what 95 % may.
const MEDIAN: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_millis(100);
/// Making music and the first epoch take this long at most.
const FIRST_EPOCH: Duration = Duration::from_secs(300);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: load HOST:PORT SECONDS";
    let address: SocketAddr = arguments.next().context(usage)?.parse().context(usage)?;
    let seconds: f64 = arguments.next().context(usage)?.parse().context(usage)?;

    let wish = br#"{"model": "orbit", "epochs": 10000, "patience": 10000, "max_files": 2}"#;
    ask(address, "POST", "/api/train/start", wish)?;
    let measured =
        wait_for_an_epoch(address).and_then(|_| measure(address, Duration::from_secs_f64(seconds)));
    ask(address, "POST", "/api/train/stop", b"")?;
    let Measured { mut answers, mut snapshots, epochs } = measured?;

    println!("{epochs} epochs of a training were finished meanwhile");
    let [median, late, _] = report(&format!("{CLIENTS} clients, status asked to answered"), &mut answers);
    report(&format!("{STREAMS} streams, hop sent to snapshot received"), &mut snapshots);
    anyhow::ensure!(median <= MEDIAN, "half of the answers should take at most {MEDIAN:?}");
    anyhow::ensure!(late <= LATE, "95 % of the answers should take at most {LATE:?}");
    Ok(())
}

/// What was seen.
struct Measured {
    answers: Vec<Duration>,
    snapshots: Vec<Duration>,
    epochs: u64,
}

/// Prints and gives the median, what 95 % stay below, and the worst.
fn report(what: &str, times: &mut [Duration]) -> [Duration; 3] {
    times.sort();
    let marks = [50, 95, 100].map(|share| times[(times.len() - 1) * share / 100]);
    let [median, late, worst] = marks.map(|time| time.as_secs_f64() * 1e3);
    println!("{what}: {} times, median {median:.1} ms, 95 % {late:.1} ms, worst {worst:.1} ms", times.len());
    marks
}

fn wait_for_an_epoch(address: SocketAddr) -> Result<u64> {
    let deadline = Instant::now() + FIRST_EPOCH;
    loop {
        match epochs(address)? {
            0 => anyhow::ensure!(Instant::now() < deadline, "no epoch within {FIRST_EPOCH:?}"),
            epochs => return Ok(epochs),
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Finished epochs of the training that runs.
fn epochs(address: SocketAddr) -> Result<u64> {
    let status: Value = serde_json::from_slice(&ask(address, "GET", "/api/train/status", b"")?)?;
    anyhow::ensure!(status["status"] == "training", "expected a training that runs, found {status}");
    status["current_epoch"].as_u64().context("current_epoch")
}

fn measure(address: SocketAddr, time: Duration) -> Result<Measured> {
    let before = epochs(address)?;
    let done = AtomicBool::new(false);
    let (answers, snapshots) = thread::scope(|scope| {
        let streams: Vec<_> = (0..STREAMS).map(|_| scope.spawn(|| listen(address, &done))).collect();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let done = &done;
                scope.spawn(move || {
                    // Not all at the same moment.
                    thread::sleep(EVERY * number as u32 / CLIENTS as u32);
                    let mut times = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let asked = Instant::now();
                        epochs(address)?;
                        times.push(asked.elapsed());
                        thread::sleep(EVERY.saturating_sub(asked.elapsed()));
                    }
                    Ok::<_, anyhow::Error>(times)
                })
            })
            .collect();
        thread::sleep(time);
        done.store(true, Ordering::Relaxed);
        let answers: Vec<_> = clients.into_iter().map(thread::ScopedJoinHandle::join).collect();
        let snapshots: Vec<_> = streams.into_iter().map(thread::ScopedJoinHandle::join).collect();
        (answers, snapshots)
    });
    let gathered = |times: Vec<thread::Result<Result<Vec<Duration>>>>| -> Result<Vec<Duration>> {
        let mut all = Vec::new();
        for one in times {
            all.extend(one.map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        anyhow::ensure!(!all.is_empty(), "nothing was measured");
        Ok(all)
    };
    let epochs = epochs(address)? - before;
    Ok(Measured { answers: gathered(answers)?, snapshots: gathered(snapshots)?, epochs })
}

/// Sends clicks on a tone as fast as they sound, and takes the times until their snapshots are there.
fn listen(address: SocketAddr, done: &AtomicBool) -> Result<Vec<Duration>> {
    let (mut socket, _) = tungstenite::connect(format!("ws://{address}/api/live"))?;
    socket.send(r#"{"sample_rate": 48000, "picture": true}"#.into())?;
    let sample = |n: usize| (n as f32 * 0.0576).sin() * if n % 24_000 < 200 { 0.8 } else { 0.2 };
    let mut times = Vec::new();
    let started = Instant::now();
    let mut hop = 0;
    while !done.load(Ordering::Relaxed) {
        let due = started + HOP_TIME * hop as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        anyhow::ensure!(due.elapsed() < BEHIND, "a stream is {:?} behind its sound", due.elapsed());
        let sound: Vec<u8> = (hop * HOP..(hop + 1) * HOP).flat_map(|n| sample(n).to_le_bytes()).collect();
        let sent = Instant::now();
        socket.send(sound.into())?;
        // The first hop gives none: results are due one hop after their frame.
        if hop > 0 {
            take_snapshot(&mut socket, hop - 1)?;
            times.push(sent.elapsed());
        }
        hop += 1;
    }
    Ok(times)
}

/// Reads until the snapshot with this number has come.
fn take_snapshot<S: Read + Write>(socket: &mut WebSocket<S>, number: usize) -> Result<()> {
    loop {
        let Message::Text(text) = socket.read()? else { continue };
        let message: Value = serde_json::from_str(&text)?;
        match message["type"].as_str() {
            Some("snapshot") => {
                anyhow::ensure!(message["hop"] == number, "snapshot {number} is missing: {text}");
                return Ok(());
            }
            Some("ready") => {}
            _ => anyhow::bail!("the stream ends: {text}"),
        }
    }
}

/// One request on a connection of its own; the answer's body, which has to be that of a success.
fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).context("connecting")?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    anyhow::ensure!(text.starts_with("HTTP/1.1 200"), "{method} {path}: {text}");
    let (_, body) = text.split_once("\r\n\r\n").context("an answer without a body")?;
    Ok(body.as_bytes().to_vec())
}
