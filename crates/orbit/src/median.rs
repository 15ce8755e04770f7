//! Median and median absolute deviation of the last n values, at bounded cost per value.

/// The last n values, in order of time and in order of size. A new value costs one binary search and one short move of
/// memory; nothing is ever sorted as a whole, and nothing allocates after construction.
#[derive(Clone, Debug)]
pub(crate) struct RunningMedian {
    capacity: usize,
    /// Place in `ring` that the next value takes.
    next: usize,
    ring: Vec<f32>,
    sorted: Vec<f32>,
}

impl RunningMedian {
    /// Room for `capacity` values (at least one).
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self { capacity, next: 0, ring: Vec::with_capacity(capacity), sorted: Vec::with_capacity(capacity) }
    }

    pub(crate) fn clear(&mut self) {
        self.next = 0;
        self.ring.clear();
        self.sorted.clear();
    }

    /// Takes a finite value in; the oldest one leaves when it is full.
    pub(crate) fn push(&mut self, value: f32) {
        if self.ring.len() < self.capacity {
            self.ring.push(value);
        } else {
            let oldest = std::mem::replace(&mut self.ring[self.next], value);
            let at = self.sorted.partition_point(|x| x.total_cmp(&oldest).is_lt());
            self.sorted.remove(at);
        }
        self.next = (self.next + 1) % self.capacity;
        let at = self.sorted.partition_point(|x| x.total_cmp(&value).is_lt());
        self.sorted.insert(at, value);
    }

    /// The (lower) median, 0 when empty.
    pub(crate) fn median(&self) -> f32 {
        match self.sorted.len() {
            0 => 0.0,
            n => self.sorted[(n - 1) / 2],
        }
    }

    /// The (lower) median of the distances from the median, 0 when empty: the distances grow away from the median on
    /// both sides, so it is found by walking outward from there.
    pub(crate) fn deviation(&self) -> f32 {
        let n = self.sorted.len();
        if n == 0 {
            return 0.0;
        }
        let middle = (n - 1) / 2;
        let median = self.sorted[middle];
        let (mut below, mut above) = (middle, middle);
        let mut distance = 0.0;
        for _ in 0..middle {
            let down = below.checked_sub(1).map(|i| median - self.sorted[i]);
            let up = self.sorted.get(above + 1).map(|x| x - median);
            match (down, up) {
                (Some(d), Some(u)) if d <= u => (below, distance) = (below - 1, d),
                (Some(d), None) => (below, distance) = (below - 1, d),
                (_, Some(u)) => (above, distance) = (above + 1, u),
                (None, None) => break,
            }
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Keyed;

    #[test]
    fn agrees_with_sorting_everything() {
        let mut running = RunningMedian::new(37);
        let mut all: Vec<f32> = Vec::new();
        for k in 0..500 {
            // Coarse values, so that many are equal.
            let x = (Keyed::new(1, k).unit() * 20.0).round() as f32;
            all.push(x);
            running.push(x);
            let mut last = all[all.len().saturating_sub(37)..].to_vec();
            last.sort_by(f32::total_cmp);
            let median = last[(last.len() - 1) / 2];
            let mut distances: Vec<f32> = last.iter().map(|x| (x - median).abs()).collect();
            distances.sort_by(f32::total_cmp);
            assert_eq!(running.median(), median);
            assert_eq!(running.deviation(), distances[(distances.len() - 1) / 2]);
        }
    }
}
