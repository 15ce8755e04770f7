//! The host's transport, and the engine's steady reading of it.

use dendrite_composer::Grid;

/// What the host says of its transport at the first sample of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transport {
    /// Whether the host plays.
    pub playing: bool,
    /// Tempo in quarter notes per minute, where the host gives one.
    pub tempo_bpm: Option<f64>,
    /// Position in quarter notes at the block's first sample, where the host gives one; may be negative (pre-roll).
    pub position_beats: Option<f64>,
    /// Start and end of the loop in quarter notes, while the host loops.
    pub loop_beats: Option<[f64; 2]>,
    /// Where the current bar begins in quarter notes, where the host says so; else bars are counted from 0.
    pub bar_start_beats: Option<f64>,
    /// Upper number of the time signature.
    pub numerator: u16,
    /// Lower number of the time signature.
    pub denominator: u16,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            playing: false,
            tempo_bpm: None,
            position_beats: None,
            loop_beats: None,
            bar_start_beats: None,
            numerator: 4,
            denominator: 4,
        }
    }
}

impl Transport {
    /// Quarter notes per bar; 4 where the time signature makes no sense.
    pub fn beats_per_bar(&self) -> f64 {
        if self.numerator == 0 || self.denominator == 0 {
            return 4.0;
        }
        f64::from(self.numerator) * 4.0 / f64::from(self.denominator)
    }

    /// Whether the meter is compound: beats are dotted quarters.
    pub fn is_compound(&self) -> bool {
        self.denominator == 8 && self.numerator > 3 && self.numerator.is_multiple_of(3)
    }

    /// The tempo, if it makes sense (1 - 1,000 bpm).
    fn tempo(&self) -> Option<f64> {
        self.tempo_bpm.filter(|bpm| (1.0..=1_000.0).contains(bpm))
    }
}

/// Positions beyond this many quarter notes, fifteen years at 120 bpm, are not believed.
const MOST_BEATS: f64 = 1e9;
/// Positions that differ by less than this many quarter notes from what tempo and time give are the same: hosts round.
const SAME_BEATS: f64 = 1e-3;
/// Positions that differ by less than this are a drift and followed; above it the host has jumped.
const JUMP_BEATS: f64 = 0.05;

/// What happened to the transport since the last hop boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moves {
    /// The transport started, or jumped to another place: averages start anew.
    pub restarted: bool,
    /// The position is not the one that followed from the last (a start, a jump or a loop's wrap).
    pub jumped: bool,
    /// Where the last jump led, in quarter notes.
    pub from_beats: f64,
}

/// How a position came that did not follow from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// A start or a seek.
    Restart,
    /// A loop's wrap.
    Wrap,
}

/// Reads the transport at any sample, the same for every block size.
///
/// Hosts compute the position of each block anew, with rounding that depends on the block size. Here the position runs on
/// from an anchor, and the anchor moves only when the host says something else than what follows from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransportClock {
    anchor: Option<Anchor>,
    beats_per_bar: f64,
    moves: Moves,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    sample: u64,
    beats: f64,
    bpm: f64,
}

impl Anchor {
    fn beats_at(&self, sample: u64, rate: u32) -> f64 {
        let seconds = sample.wrapping_sub(self.sample) as f64 / f64::from(rate);
        self.beats + seconds * self.bpm / 60.0
    }
}

/// A playing transport at one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub beats: f64,
    pub bpm: f64,
    pub beats_per_bar: f64,
}

impl TransportClock {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes what the host says at host sample `sample`. Says whether the position is another than the one that followed from the
    /// last.
    pub(crate) fn observe(&mut self, transport: &Transport, sample: u64, rate: u32) -> Option<Jump> {
        self.beats_per_bar = transport.beats_per_bar();
        let position = transport.position_beats.filter(|beats| beats.abs() < MOST_BEATS);
        let (true, Some(bpm), Some(beats)) = (transport.playing, transport.tempo(), position) else {
            self.anchor = None;
            return None;
        };
        let here = Anchor { sample, beats, bpm };
        let Some(anchor) = self.anchor else {
            self.anchor = Some(here);
            self.moves = Moves { restarted: true, jumped: true, from_beats: beats };
            return Some(Jump::Restart);
        };
        let error = beats - anchor.beats_at(sample, rate);
        if error.abs() >= SAME_BEATS || bpm != anchor.bpm {
            self.anchor = Some(here);
        }
        if error.abs() >= JUMP_BEATS {
            self.moves.jumped = true;
            self.moves.from_beats = beats;
            // A loop's wrap goes back by the loop's length: the music goes on as it was.
            let wrapped =
                transport.loop_beats.is_some_and(|[start, end]| (error + end - start).abs() < JUMP_BEATS);
            self.moves.restarted |= !wrapped;
            return Some(if wrapped { Jump::Wrap } else { Jump::Restart });
        }
        None
    }

    /// The beat grid of the transport, while it plays.
    pub(crate) fn grid(&self, transport: &Transport, rate: u32) -> Option<Grid> {
        let Anchor { sample, beats, bpm } = self.anchor?;
        Some(Grid {
            sample,
            beats,
            bpm,
            rate,
            beats_per_bar: self.beats_per_bar.max(0.25),
            bar_start: transport.bar_start_beats.filter(|beats| beats.is_finite()),
            compound: transport.is_compound(),
        })
    }

    /// The transport at host sample `sample`, while it plays.
    pub(crate) fn read(&self, sample: u64, rate: u32) -> Option<Reading> {
        let anchor = self.anchor?;
        Some(Reading {
            beats: anchor.beats_at(sample, rate),
            bpm: anchor.bpm,
            beats_per_bar: self.beats_per_bar.max(0.25),
        })
    }

    /// What happened since the last call.
    pub(crate) fn take_moves(&mut self) -> Moves {
        std::mem::take(&mut self.moves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;

    fn playing(beats: f64) -> Transport {
        Transport {
            playing: true,
            tempo_bpm: Some(120.0),
            position_beats: Some(beats),
            ..Transport::default()
        }
    }

    #[test]
    fn the_reading_does_not_depend_on_where_blocks_begin() {
        let mut coarse = TransportClock::default();
        let mut fine = TransportClock::default();
        coarse.observe(&playing(0.0), 0, RATE);
        for block in 0..3_000_u64 {
            // The host's own rounding, as different block sizes make it.
            let beats = block as f64 * 32.0 / 24_000.0 * (1.0 + f64::EPSILON);
            fine.observe(&playing(beats), block * 32, RATE);
        }
        assert_eq!(coarse.read(96_000, RATE), fine.read(96_000, RATE));
        assert_eq!(coarse.read(96_000, RATE).unwrap().beats, 4.0);
    }

    #[test]
    fn starts_and_seeks_restart_and_wraps_only_jump() {
        let mut clock = TransportClock::default();
        clock.observe(&Transport::default(), 0, RATE);
        assert_eq!((clock.read(0, RATE), clock.take_moves()), (None, Moves::default()));
        clock.observe(&playing(-4.0), 0, RATE);
        assert_eq!(clock.take_moves(), Moves { restarted: true, jumped: true, from_beats: -4.0 });
        clock.observe(&playing(-3.0), 24_000, RATE);
        assert_eq!(clock.take_moves(), Moves::default());
        clock.observe(&playing(40.0), 24_000, RATE);
        assert_eq!(clock.take_moves(), Moves { restarted: true, jumped: true, from_beats: 40.0 });
        let looping = |beats| Transport { loop_beats: Some([38.0, 42.0]), ..playing(beats) };
        clock.observe(&looping(38.0), 24_000 + 48_000, RATE);
        assert_eq!(clock.take_moves(), Moves { restarted: false, jumped: true, from_beats: 38.0 });
    }
}
