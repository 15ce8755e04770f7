//! Mood: a probability map over the plane of valence and arousal, and what follows from it.

/// Cells along each side of the map.
pub const MOOD_SIDE: usize = 8;
/// Cells of the map; index = row · 8 + column.
pub const MOOD_CELLS: usize = MOOD_SIDE * MOOD_SIDE;

/// A mood: columns are valence from -1 to +1, rows are arousal from -1 to +1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mood {
    /// Probability of each cell, row by row from low arousal to high; sums to 1.
    pub map: [f32; MOOD_CELLS],
    /// Expected valence, -1..1: unpleasant to pleasant.
    pub valence: f32,
    /// Expected arousal, -1..1: calm to excited.
    pub arousal: f32,
    /// 1 - entropy / ln 64: 0 when every cell is as likely, 1 when one is certain.
    pub confidence: f32,
}

impl Default for Mood {
    /// Nothing is known: every cell is as likely.
    fn default() -> Self {
        Self { map: [1.0 / MOOD_CELLS as f32; MOOD_CELLS], valence: 0.0, arousal: 0.0, confidence: 0.0 }
    }
}

impl Mood {
    /// Expectations and confidence of a map. Does not allocate.
    pub fn of(map: [f32; MOOD_CELLS]) -> Self {
        let (mut valence, mut arousal, mut entropy) = (0.0, 0.0, 0.0);
        for (i, &p) in map.iter().enumerate() {
            valence += p * centre(i % MOOD_SIDE);
            arousal += p * centre(i / MOOD_SIDE);
            if p > 0.0 {
                entropy -= p * p.ln();
            }
        }
        let confidence = (1.0 - entropy / (MOOD_CELLS as f32).ln()).clamp(0.0, 1.0);
        Self { map, valence: valence.clamp(-1.0, 1.0), arousal: arousal.clamp(-1.0, 1.0), confidence }
    }

    /// A round bump at a point of the plane, as wide as `deviation` (more than 0): what the emotion model is trained towards
    /// and what the heuristic gives.
    pub fn bump(valence: f32, arousal: f32, deviation: f32) -> Self {
        // A Gaussian over both axes is the product of one over each.
        let along = |at: f32| -> [f32; MOOD_SIDE] {
            let weights: [f32; MOOD_SIDE] = std::array::from_fn(|i| {
                let distance = (centre(i) - at) / deviation;
                (-0.5 * distance * distance).exp()
            });
            let sum: f32 = weights.iter().sum();
            weights.map(|weight| weight / sum)
        };
        let (columns, rows) = (along(valence.clamp(-1.0, 1.0)), along(arousal.clamp(-1.0, 1.0)));
        Self::of(std::array::from_fn(|i| rows[i / MOOD_SIDE] * columns[i % MOOD_SIDE]))
    }
}

/// Valence or arousal at the centre of a column or row: -1 + 2i/7.
pub fn centre(i: usize) -> f32 {
    -1.0 + 2.0 * i as f32 / (MOOD_SIDE - 1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certain_cell_is_its_centre_and_an_even_map_knows_nothing() {
        let mut map = [0.0; MOOD_CELLS];
        map[6 * MOOD_SIDE + 1] = 1.0;
        let mood = Mood::of(map);
        assert!((mood.valence - (-1.0 + 2.0 / 7.0)).abs() < 1e-6);
        assert!((mood.arousal - (-1.0 + 12.0 / 7.0)).abs() < 1e-6);
        assert_eq!(mood.confidence, 1.0);
        let even = Mood::of(Mood::default().map);
        assert!(even.valence.abs() < 1e-6 && even.arousal.abs() < 1e-6 && even.confidence < 1e-5);
    }

    #[test]
    fn bumps_lie_where_they_are_asked_for_and_sum_to_one() {
        for (valence, arousal) in [(0.0, 0.0), (0.4, -0.3), (-0.5, 0.5)] {
            let mood = Mood::bump(valence, arousal, 0.3);
            assert!((mood.map.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            // The plane ends at 1, which pulls the mean of a wide bump inward.
            assert!((mood.valence - valence).abs() < 0.05, "{mood:?}");
            assert!((mood.arousal - arousal).abs() < 0.05, "{mood:?}");
            assert!(mood.confidence > 0.2);
        }
        assert!(Mood::bump(9.0, -9.0, 0.1).valence > 0.95);
    }
}
