//! Many sequences side by side, so that recurrent networks learn over more than one batch.
//!
//! ```text
//! stream 0:  piece 4 ........ | piece 1 ...... | ...          a part is `time` steps of a piece
//! stream 1:  piece 7 ..... | piece 2 ........... | ...        each stream's parts come in order,
//!   ...                                                       each batch takes other streams
//! ```
//! There are many more streams than a batch has rows, and batches take them in turn in a new order each round: what a piece
//! is like stays the same for seconds, and batches that stayed with the same few pieces would teach the network those
//! pieces' moods one after the other. A stream's state waits in [`Memory`] meanwhile. Pieces are cut to whole parts, so that
//! one begins only where a part does; there the state is zero.

use crate::random::Random;

/// One row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The stream.
    pub stream: usize,
    /// Number of the piece, as given.
    pub piece: usize,
    /// First step.
    pub start: usize,
    /// How often pieces were dealt anew before this one was; another number asks for other augmentation.
    pub turn: u64,
}

/// The plan of an epoch.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    batches: Vec<Vec<Part>>,
}

impl Streams {
    /// Deals pieces (number, length in steps) to `streams` streams at random and plans batches of `rows` parts. All streams
    /// are as long as the mean; shorter ones begin pieces anew.
    pub fn deal(pieces: &[(usize, usize)], streams: usize, rows: usize, time: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let whole: Vec<(usize, usize)> = pieces
            .iter()
            .map(|&(piece, length)| (piece, length / time))
            .filter(|&(_, parts)| parts > 0)
            .collect();
        let total: usize = whole.iter().map(|&(_, parts)| parts).sum();
        // With little data there are fewer streams, so that none is only beginnings, and smaller batches.
        let rows = rows.min(whole.len()).max(1);
        let streams = streams.min(whole.len()).max(rows);
        let rounds = total / streams.max(1);
        let mut queue: Vec<(usize, usize)> = Vec::new();
        let mut turn = 0;
        let mut by_stream: Vec<Vec<Part>> = Vec::with_capacity(streams);
        for stream in 0..streams {
            let mut parts = Vec::with_capacity(rounds);
            while parts.len() < rounds {
                if queue.is_empty() {
                    queue.clone_from(&whole);
                    random.shuffle(&mut queue);
                    turn += 1;
                }
                // The queue was just filled if it was empty; without any piece there are no rounds at all.
                let Some((piece, count)) = queue.pop() else { break };
                parts.extend((0..count).map(|n| Part { stream, piece, start: n * time, turn }));
            }
            parts.truncate(rounds);
            by_stream.push(parts);
        }
        let mut order: Vec<usize> = (0..streams).collect();
        let mut batches = Vec::new();
        for round in 0..rounds {
            random.shuffle(&mut order);
            // A rest that fills no batch waits for the next epoch, which deals anew.
            let round = order
                .chunks_exact(rows)
                .map(|chunk| chunk.iter().filter_map(|&s| by_stream[s].get(round).copied()).collect());
            batches.extend(round);
        }
        Self { batches }
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// The parts of a batch.
    pub fn batch(&self, index: usize) -> &[Part] {
        &self.batches[index]
    }
}

/// The states of all streams, as rows of `width` values.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: Vec<Vec<f32>>,
    /// Where each stream is: the step that its state has come to, within a piece and turn.
    at: Vec<Option<(usize, u64, usize)>>,
}

impl Memory {
    /// Nothing is remembered.
    pub fn forget(&mut self) {
        self.rows.clear();
        self.at.clear();
    }

    /// The states before the parts of a batch, row by row: zeros where a piece begins, and where the part before was left
    /// out.
    pub fn before(&self, parts: &[Part], width: usize) -> Vec<f32> {
        let mut states = Vec::with_capacity(parts.len() * width);
        for part in parts {
            let here = Some((part.piece, part.turn, part.start));
            match self.rows.get(part.stream) {
                Some(row) if part.start > 0 && self.at[part.stream] == here => states.extend_from_slice(row),
                _ => states.resize(states.len() + width, 0.0),
            }
        }
        states
    }

    /// Keeps the states after the parts of a batch.
    pub fn after(&mut self, parts: &[Part], width: usize, time: usize, states: &[f32]) {
        for (part, state) in parts.iter().zip(states.chunks_exact(width)) {
            if self.rows.len() <= part.stream {
                self.rows.resize(part.stream + 1, Vec::new());
                self.at.resize(part.stream + 1, None);
            }
            self.rows[part.stream] = state.to_vec();
            self.at[part.stream] = Some((part.piece, part.turn, part.start + time));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_goes_through_pieces_in_order() {
        let pieces: Vec<(usize, usize)> = (0..30).map(|n| (n, 35 + 7 * n)).collect();
        let streams = Streams::deal(&pieces, 12, 4, 10, 7);
        assert!(streams.batches() > 90);
        let mut last: Vec<Option<Part>> = vec![None; 12];
        for index in 0..streams.batches() {
            let batch = streams.batch(index);
            assert_eq!(batch.len(), 4);
            for part in batch {
                if let Some(before) = last[part.stream].replace(*part) {
                    let goes_on = part.piece == before.piece && part.start == before.start + 10;
                    assert!(goes_on || part.start == 0, "{before:?} {part:?}");
                }
            }
            // Each round takes every stream once.
            if index % 3 == 2 {
                let mut taken: Vec<usize> =
                    (index - 2..=index).flat_map(|i| streams.batch(i)).map(|part| part.stream).collect();
                taken.sort_unstable();
                assert_eq!(taken, (0..12).collect::<Vec<_>>());
            }
        }
        assert_eq!(Streams::deal(&pieces, 12, 4, 10, 7).batches, streams.batches);
        assert_eq!(Streams::deal(&[], 3, 2, 10, 7).batches(), 0);
    }

    #[test]
    fn states_wait_for_their_stream_and_are_zero_at_a_beginning() {
        let part = |stream, start| Part { stream, piece: 5, start, turn: 1 };
        let mut memory = Memory::default();
        assert_eq!(memory.before(&[part(1, 0)], 2), [0.0, 0.0]);
        memory.after(&[part(1, 0), part(0, 20)], 2, 10, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(memory.before(&[part(0, 30), part(1, 10)], 2), [3.0, 4.0, 1.0, 2.0]);
        // Another place, another beginning.
        assert_eq!(memory.before(&[part(0, 50), part(1, 0)], 2), [0.0; 4]);
        memory.forget();
        assert_eq!(memory.before(&[part(1, 10)], 2), [0.0, 0.0]);
    }
}
