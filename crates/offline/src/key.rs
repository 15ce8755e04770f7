//! The key of a whole song, after Krumhansl and Schmuckler.
//!
//! The chroma, summed over the song, is correlated with the 24 rotations of two profiles. Profiles: C. L. Krumhansl and
//! E. J. Kessler, *Tracing the dynamic changes in perceived tonal organization* (1982), as printed in Krumhansl, *Cognitive
//! Foundations of Musical Pitch* (1990), table 2.1.

use serde::Serialize;

const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];
const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The key of a song.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// For example "A minor".
    pub name: String,
    /// Pitch class of the tonic, 0 (C) ..= 11.
    pub tonic: u8,
    /// Whether it is a minor key.
    pub minor: bool,
    /// Correlation with the key's profile, -1 ..= 1.
    pub correlation: f64,
    /// How much the next likely key correlates less: near 0 means that either may be right.
    pub lead: f64,
}

/// The key of a sum of chroma vectors, C first; `None` where there was no sound with pitch.
pub(crate) fn key_of(chroma: &[f64; 12]) -> Option<Key> {
    let mut keys: Vec<(f64, usize, bool)> = [(&MAJOR, false), (&MINOR, true)]
        .into_iter()
        .flat_map(|(profile, minor)| (0..12).map(move |tonic| (profile, tonic, minor)))
        .map(|(profile, tonic, minor)| {
            let rotated: [f64; 12] = std::array::from_fn(|pitch| profile[(pitch + 12 - tonic) % 12]);
            (correlation(chroma, &rotated), tonic, minor)
        })
        .filter(|(correlation, ..)| correlation.is_finite())
        .collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0));
    let &(correlation, tonic, minor) = keys.first()?;
    Some(Key {
        name: format!("{} {}", NAMES[tonic], if minor { "minor" } else { "major" }),
        tonic: tonic as u8,
        minor,
        correlation,
        lead: correlation - keys.get(1).map_or(-1.0, |key| key.0),
    })
}

/// Pearson's correlation; not finite where one side is constant.
fn correlation(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let mean = |values: &[f64; 12]| values.iter().sum::<f64>() / 12.0;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        square_a += (a - mean_a).powi(2);
        square_b += (b - mean_b).powi(2);
    }
    both / (square_a * square_b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_their_keys_at_every_tonic() {
        // Degrees weighted as a tune uses them: tonic and fifth twice.
        let scales = [([0, 2, 4, 5, 7, 9, 11], false), ([0, 2, 3, 5, 7, 8, 11], true)];
        for (degrees, minor) in scales {
            for tonic in 0..12 {
                let mut chroma = [0.0; 12];
                degrees.iter().chain(&[0, 7]).for_each(|degree| chroma[(tonic + degree) % 12] += 1.0);
                let key = key_of(&chroma).unwrap();
                assert_eq!((usize::from(key.tonic), key.minor), (tonic, minor), "{key:?}");
                assert!(key.lead > 0.0);
            }
        }
    }

    #[test]
    fn silence_has_no_key() {
        assert_eq!(key_of(&[0.0; 12]), None);
    }
}
