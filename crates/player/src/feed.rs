//! The thread that decodes for the sound device, a little ahead of it.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use dendrite_audio::{ReadError, Resampled, Stereo, Stream};
use rtrb::Producer;

/// Pairs in a piece.
pub const PIECE: usize = 256;
/// How long it rests when enough is decoded: some pieces are played meanwhile, by far not all.
const REST: Duration = Duration::from_millis(10);

/// What is to be played from now on.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number.
    pub number: u32,
    /// The song.
    pub song: PathBuf,
    /// The time in it.
    pub from_s: f64,
}

/// Some decoded sound at the device's rate.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The order that it belongs to.
    pub order: u32,
    /// The time of its first pair in the song.
    pub start_s: f64,
    /// Left and right in turn.
    pub pairs: [f32; 2 * PIECE],
}

/// What is being decoded.
struct Decoding {
    sound: Resampled,
    order: u32,
    from_s: f64,
    /// Pairs so far.
    made: u64,
}

/// Starts the thread. It ends when nobody can give orders any more.
///
/// # Errors
/// The system has no thread for it.
pub fn start(rate: u32, orders: Receiver<Order>, mut pieces: Producer<Piece>) -> io::Result<()> {
    let work = move || {
        let mut decoding: Option<Decoding> = None;
        loop {
            let busy = decoding.is_some() && !pieces.is_full();
            let order = if busy {
                match orders.try_recv() {
                    Ok(order) => Some(order),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match orders.recv_timeout(REST) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            };
            let result = match (order, &mut decoding) {
                (Some(order), _) => begin(&order, rate).map(|new| decoding = Some(new)),
                (None, Some(decoding)) if !pieces.is_full() => {
                    // There is room, and nobody else fills it.
                    decoding.next(rate).map(|piece| drop(pieces.push(piece)))
                }
                (None, _) => Ok(()),
            };
            if let Err(error) = result {
                // The picture, which hears the same file, decides what becomes of it.
                eprintln!("warning: {error}");
                decoding = None;
            }
        }
    };
    std::thread::Builder::new().name("dendrite-feed".to_owned()).spawn(work).map(drop)
}

fn begin(order: &Order, rate: u32) -> Result<Decoding, ReadError> {
    let mut stream = Stream::open(&order.song)?;
    let sample = (order.from_s.max(0.0) * f64::from(stream.rate())).round() as u64;
    if sample > 0 {
        stream.seek(sample)?;
    }
    let sound = Resampled::new(Stereo::rest_of(stream), rate)?;
    Ok(Decoding { sound, order: order.number, from_s: order.from_s.max(0.0), made: 0 })
}

impl Decoding {
    /// The next piece; silence behind the end, so that the time goes on.
    fn next(&mut self, rate: u32) -> Result<Piece, ReadError> {
        let start_s = self.from_s + self.made as f64 / f64::from(rate);
        let mut piece = Piece { order: self.order, start_s, pairs: [0.0; 2 * PIECE] };
        self.sound.take(&mut piece.pairs)?;
        self.made += PIECE as u64;
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_newest_order_is_decoded_from_its_time_on() {
        let song = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo/dendrite_demo.ogg"));
        let (orders, receiver) = channel();
        let (producer, mut pieces) = rtrb::RingBuffer::new(16);
        start(44_100, receiver, producer).unwrap();
        let whole = dendrite_audio::read(song).unwrap();
        for (number, from_s) in [(1, 0.0), (2, 20.0), (3, 10.0)] {
            orders.send(Order { number, song: song.to_owned(), from_s }).unwrap();
            let mut found = Vec::new();
            // Twenty seconds at most.
            for _ in 0..20_000 {
                match pieces.pop() {
                    Ok(piece) if piece.order == number => found.push(piece),
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(1)),
                }
                if found.len() == 20 {
                    break;
                }
            }
            assert_eq!(found.len(), 20, "order {number}");
            for (n, piece) in found.iter().enumerate() {
                assert!((piece.start_s - from_s - (n * PIECE) as f64 / 44_100.0).abs() < 1e-9);
            }
            // The same loudness as the file there, after the resampler has begun.
            let level = |samples: &mut dyn Iterator<Item = f32>| {
                let (sum, count) = samples.fold((0.0, 0.0), |(sum, count), v| (sum + v * v, count + 1.0));
                (sum / f32::max(count, 1.0)).sqrt()
            };
            let start = ((from_s * 44_100.0) as usize + 5 * PIECE) * whole.rate as usize / 44_100;
            let length = 15 * PIECE * whole.rate as usize / 44_100;
            let expected = level(&mut whole.channels[0][start..start + length].iter().copied());
            let heard = level(&mut found[5..].iter().flat_map(|p| p.pairs.iter().step_by(2).copied()));
            assert!((heard - expected).abs() < 0.02 * expected.max(0.01), "{number}: {heard} {expected}");
        }
    }
}
