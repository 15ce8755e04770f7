//! Properties of the extractor: every input is answered, in any chunks, with finite values in range.

use dendrite_features::{Base, Extractor, Frame, HOP_LENGTH, N_FFT, SAMPLE_RATE, analyze};
use proptest::prelude::*;

fn sine(hz: f64, amplitude: f64, samples: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE);
    (0..samples).map(|n| (amplitude * (step * n as f64).sin()) as f32).collect()
}

fn noise(seed: u64, amplitude: f32, samples: usize) -> Vec<f32> {
    let mut state = seed | 1;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            amplitude * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
        })
        .collect()
}

fn assert_in_range(frame: &Frame) {
    let unit = |name: &str, values: &[f32]| {
        for (i, &v) in values.iter().enumerate() {
            assert!((0.0..=1.0).contains(&v), "frame {} {name}[{i}] = {v}", frame.index);
        }
    };
    unit("base", &frame.base);
    unit("mel", &frame.mel);
    unit("chroma", &frame.chroma);
    unit("bass_chroma", &frame.bass_chroma);
    assert!(frame.rms_dbfs.is_finite());
}

#[test]
fn short_inputs_are_answered() {
    for samples in [0, 1, 1_023, 1_024, 4_095, 4_096, 4_097] {
        let frames = analyze(&sine(440.0, 0.5, samples));
        assert_eq!(frames.len(), samples / HOP_LENGTH, "{samples} samples");
        frames.iter().for_each(assert_in_range);
    }
}

#[test]
fn samples_that_are_no_numbers_count_as_zero() {
    let mut dirty = sine(440.0, 0.5, 3 * N_FFT);
    let mut clean = dirty.clone();
    for (i, bad) in
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, -1e-45].iter().cycle().take(2_000).enumerate()
    {
        dirty[i * 5] = *bad;
        clean[i * 5] = 0.0;
    }
    assert_eq!(analyze(&dirty), analyze(&clean));
    let huge = vec![f32::MAX; 2 * N_FFT];
    analyze(&huge).iter().for_each(assert_in_range);
}

#[test]
fn silence_has_no_timbre_and_no_pitch() {
    for signal in [vec![0.0; 4 * N_FFT], noise(1, 5e-5, 4 * N_FFT)] {
        for frame in analyze(&signal) {
            assert!(frame.silent);
            for feature in [Base::Centroid, Base::Flux, Base::Zcr, Base::Rolloff] {
                assert_eq!(frame.get(feature), 0.0);
            }
            assert_eq!(frame.chroma, [0.0; 12]);
            assert_eq!(frame.bass_chroma, [0.0; 12]);
        }
    }
}

#[test]
fn a_full_scale_sine_at_a_bin_centre_is_at_0_db_in_its_mel_band() {
    // Bin 512 = 6 kHz. The mel triangles have height 1, so the best band of a sine lies between its corner (weight of
    // at least one half, or -3.01 dB, in one of two overlapping bands) and 0 dB, plus what the Hann side bins add.
    let frames = analyze(&sine(6_000.0, 1.0, 8 * N_FFT));
    let mel = frames[20].mel;
    let peak_db = mel.iter().copied().fold(0.0, f32::max) * 80.0 - 80.0;
    assert!((-3.02..=0.0).contains(&peak_db), "{peak_db} dB");
    // rms of a full-scale sine: -3.0103 dBFS, so (60 - 3.0103) / 60.
    assert!((frames[20].get(Base::Rms) - 0.949_828).abs() < 1e-4);
    assert!((frames[20].get(Base::Centroid) - 0.25).abs() < 1e-3);
}

/// A sustained note: ten harmonics with amplitudes 1/h^rolloff.
fn note(midi: i32, rolloff: f64, samples: usize) -> Vec<f32> {
    let hz = 440.0 * 2.0_f64.powf(f64::from(midi - 69) / 12.0);
    let step = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE);
    (0..samples)
        .map(|n| {
            let value: f64 = (1..=10)
                .map(|h| {
                    (step * f64::from(h) * n as f64 + f64::from(h * h)).sin() / f64::from(h).powf(rolloff)
                })
                .sum();
            (0.2 * value) as f32
        })
        .collect()
}

#[test]
fn sustained_bass_notes_have_the_right_class_in_95_percent_of_frames() {
    let argmax = |v: &[f32; 12]| (0..12).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
    // E1 = 28 ... B3 = 59; a pure tone, a bright and a dull harmonic tone.
    for midi in 28..=59 {
        let class = (midi % 12) as usize;
        let hz = 440.0 * 2.0_f64.powf(f64::from(midi - 69) / 12.0);
        let two_seconds = 2 * SAMPLE_RATE as usize;
        for (name, signal, fundamental_in_chroma) in [
            ("sine", sine(hz, 0.5, two_seconds), hz >= 55.0),
            ("bright", note(midi, 1.0, two_seconds), true),
            ("dull", note(midi, 2.0, two_seconds), true),
        ] {
            let frames = analyze(&signal);
            let right = |pick: fn(&Frame) -> &[f32; 12]| {
                frames.iter().filter(|f| argmax(pick(f)) == class).count() as f64 / frames.len() as f64
            };
            let bass = right(|f| &f.bass_chroma);
            assert!(bass >= 0.95, "{name} {midi}: bass chroma right in {bass:.3} of frames");
            if fundamental_in_chroma {
                let chroma = right(|f| &f.chroma);
                assert!(chroma >= 0.95, "{name} {midi}: chroma right in {chroma:.3} of frames");
            }
        }
    }
}

#[test]
fn a_chord_is_heard_below_a_loud_melody_and_a_kick_drum() {
    // C4, E4 and G4 20 dB below a melody's D5 and 30 dB below a drum at 60 Hz; by power alone they would be at 0.01.
    let length = SAMPLE_RATE as usize;
    let mut mix = sine(60.0, 0.6, length);
    for (hz, amplitude) in [(261.63, 0.02), (329.63, 0.02), (392.0, 0.02), (587.33, 0.2)] {
        mix.iter_mut().zip(sine(hz, amplitude, length)).for_each(|(sum, x)| *sum += x);
    }
    let frames = analyze(&mix);
    let chroma = frames[30].chroma;
    for class in [0, 4, 7] {
        assert!(chroma[class] > 0.3, "{chroma:?}");
    }
    for class in [1, 3, 5, 6, 8, 9] {
        assert!(chroma[class] < 0.1, "{chroma:?}");
    }
}

#[test]
fn reset_makes_it_new() {
    let signal = noise(3, 0.3, 5 * N_FFT);
    let mut extractor = Extractor::new();
    let mut first = Vec::new();
    extractor.push(&signal, |f| first.push(*f));
    extractor.push(&signal[..700], |_| {});
    extractor.reset();
    let mut second = Vec::new();
    extractor.push(&signal, |f| second.push(*f));
    assert_eq!(first, second);
}

#[test]
fn slices_and_chunks_give_the_same_frames() {
    let signal = noise(9, 0.5, 20 * HOP_LENGTH);
    let whole = analyze(&signal);
    let mut sliced = Extractor::new();
    for (k, hop) in signal.chunks_exact(HOP_LENGTH).enumerate() {
        sliced.begin(hop.try_into().unwrap());
        let mut slices = 1;
        while !sliced.advance() {
            slices += 1;
        }
        assert_eq!(slices, Extractor::SLICES);
        assert_eq!(*sliced.frame(), whole[k]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_chunking_gives_the_same_frames(seed in 0_u64..1_000, cuts in prop::collection::vec(0_usize..3_000, 1..12)) {
        let signal = noise(seed, 0.5, 9_000);
        let whole = analyze(&signal);
        let mut extractor = Extractor::new();
        let mut frames = Vec::new();
        let mut rest = &signal[..];
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            extractor.push(now, |f| frames.push(*f));
            rest = later;
        }
        extractor.push(rest, |f| frames.push(*f));
        prop_assert_eq!(frames, whole);
    }

    #[test]
    fn any_bits_give_finite_values_in_range(bits in prop::collection::vec(any::<u32>(), 1_024..6_000)) {
        let signal: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
        analyze(&signal).iter().for_each(assert_in_range);
    }

    #[test]
    fn flux_centroid_and_chroma_do_not_depend_on_level(gain_db in -40.0_f32..0.0) {
        let loud = note(45, 1.0, 6 * N_FFT);
        let gain = 10.0_f32.powf(gain_db / 20.0);
        let quiet: Vec<f32> = loud.iter().map(|x| x * gain).collect();
        for (a, b) in analyze(&loud).iter().zip(analyze(&quiet)) {
            for feature in [Base::Flux, Base::Centroid] {
                // 1e-4: rounding of f32 magnitudes.
                prop_assert!((a.get(feature) - b.get(feature)).abs() < 1e-4);
            }
        }
    }
}
