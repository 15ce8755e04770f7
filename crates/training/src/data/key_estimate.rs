//! The key of notes, where nobody says it.

use super::Key;

/// How well each tone above the tonic fits a major key (Krumhansl and Kessler 1982, "Tracing the dynamic changes in
/// perceived tonal organization in a spatial representation of musical keys").
const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
/// The same for a minor key.
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// The key whose profile correlates best with how long each pitch class sounds (Krumhansl and Schmuckler); `None` for
/// nothing, or where all sound equally long.
pub(crate) fn estimate(durations: &[f64; 12]) -> Option<Key> {
    let candidates = (0..24).filter_map(|index| {
        let (tonic, minor) = (index % 12, index >= 12);
        let profile = if minor { &MINOR } else { &MAJOR };
        let turned: [f64; 12] = std::array::from_fn(|above| durations[(tonic + above) % 12]);
        Some((correlation(profile, &turned)?, Key::new(tonic as u8, minor)))
    });
    candidates.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

/// Pearson's r; `None` where a side is constant.
fn correlation(a: &[f64; 12], b: &[f64; 12]) -> Option<f64> {
    let mean = |values: &[f64; 12]| values.iter().sum::<f64>() / 12.0;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(a - mean_a, b - mean_b)).sum()
    };
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (scale > 1e-9).then(|| sum(&|a, b| a * b) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_their_keys() {
        for tonic in 0..12_u8 {
            // A scale with its triad longer, as melodies have it; natural minor with a raised seventh now and then.
            for (minor, tones) in [
                (false, &[(0, 4.0), (2, 1.5), (4, 3.0), (5, 1.5), (7, 3.0), (9, 1.5), (11, 1.0)][..]),
                (
                    true,
                    &[(0, 4.0), (2, 1.5), (3, 3.0), (5, 1.5), (7, 3.0), (8, 1.5), (10, 1.0), (11, 0.5)][..],
                ),
            ] {
                let mut durations = [0.0; 12];
                for (above, seconds) in tones {
                    durations[(usize::from(tonic) + above) % 12] += seconds;
                }
                assert_eq!(estimate(&durations), Some(Key::new(tonic, minor)));
            }
        }
        assert_eq!(estimate(&[0.0; 12]), None);
        assert_eq!(estimate(&[1.0; 12]), None);
    }
}
