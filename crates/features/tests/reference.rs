//! The extractor against librosa and numpy (`tests/reference/features.py` makes the data and says with which versions).

use std::path::{Path, PathBuf};

use dendrite_features::{Base, N_BASE, N_MEL, analyze};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/features")
}

fn read_wav(path: &Path) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, 48_000), "{}", path.display());
    reader.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect()
}

fn read_rows(path: &Path) -> Vec<[f32; N_BASE + N_MEL]> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    values.chunks_exact(N_BASE + N_MEL).map(|row| row.try_into().unwrap()).collect()
}

/// Largest allowed error per base feature: 1e-4 for what is a plain sum of the same spectrum, 1e-3 for the onset (128
/// differences of logarithms). Rolloff is compared in bins below.
const TOLERANCE: [(Base, f32); 5] =
    [(Base::Centroid, 1e-4), (Base::Flux, 1e-4), (Base::Rms, 1e-4), (Base::Zcr, 1e-4), (Base::Onset, 1e-3)];
const MEL_TOLERANCE: f32 = 1e-3;

#[test]
fn agrees_with_librosa_on_synthetic_signals_and_real_music() {
    let index: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("features.json")).unwrap()).unwrap();
    let signals = index["signals"].as_array().expect("features.json lists its signals");
    assert!(signals.len() >= 12, "the reference data is not complete");
    let (mut frames_in_all, mut rolloff_off_by_one) = (0, 0);
    for signal in signals {
        let name = signal["name"].as_str().expect("each signal has a name");
        let frames = analyze(&read_wav(&folder().join(format!("{name}.wav"))));
        let rows = read_rows(&folder().join(format!("{name}.f32")));
        assert_eq!(frames.len(), rows.len(), "{name}: number of frames");
        for (frame, row) in frames.iter().zip(&rows) {
            let k = frame.index;
            for (feature, tolerance) in TOLERANCE {
                let (found, expected) = (frame.get(feature), row[feature as usize]);
                let error = (found - expected).abs();
                assert!(error <= tolerance, "{name} frame {k} {feature:?}: {found} instead of {expected}");
            }
            let bins = (frame.get(Base::Rolloff) - row[Base::Rolloff as usize]).abs() * 2_048.0;
            assert!(bins < 1.5, "{name} frame {k}: rolloff is {bins} bins off");
            rolloff_off_by_one += u32::from(bins > 0.5);
            for (band, (found, expected)) in frame.mel.iter().zip(&row[N_BASE..]).enumerate() {
                let error = (found - expected).abs();
                assert!(error <= MEL_TOLERANCE, "{name} frame {k} mel {band}: {found} instead of {expected}");
            }
        }
        frames_in_all += frames.len();
    }
    assert!(
        f64::from(rolloff_off_by_one) <= 1e-3 * frames_in_all as f64,
        "{rolloff_off_by_one} of {frames_in_all}"
    );
}
