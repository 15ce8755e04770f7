//! Sound: levels, tuning, and that what is labelled can be heard.

use dendrite_generator::{
    Control, Controller, Ensemble, Family, Forced, Kit, Note, Options, Score, Split, Voice, compose, render,
};
use realfft::RealFftPlanner;

const RATE: f64 = 48_000.0;

fn short(seed: u64, split: Split, forced: Forced) -> Score {
    compose(seed, &Options { split, length_s: 5.0..=6.0, forced })
}

/// Power of bins of one windowed stretch.
fn spectrum(samples: &[f32], length: usize) -> Vec<f64> {
    let window = |index: usize| 0.5 - 0.5 * (std::f64::consts::TAU * index as f64 / length as f64).cos();
    let mut input: Vec<f64> = (0..length)
        .map(|index| window(index) * f64::from(samples.get(index).copied().unwrap_or(0.0)))
        .collect();
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(length);
    let mut output = transform.make_output_vec();
    transform.process(&mut input, &mut output).unwrap();
    output.iter().map(|value| value.norm_sqr()).collect()
}

/// Centre of gravity of the magnitude spectrum, in Hz.
fn centroid_hz(samples: &[f32]) -> f64 {
    let length = 4096;
    let mut sums = (0.0, 0.0);
    for stretch in samples.chunks_exact(length) {
        for (bin, power) in spectrum(stretch, length).iter().enumerate() {
            sums.0 += power.sqrt() * bin as f64 * RATE / length as f64;
            sums.1 += power.sqrt();
        }
    }
    sums.0 / sums.1
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// A score of one note, without room, noise, limiter and mistuning; patch 0 plays the melody.
fn one_note(family: Family, seed: u64, pitch: u8, velocity: u8) -> Score {
    let split = if Family::HELD_OUT.contains(&family) { Split::Test } else { Split::Train };
    let (mut score, patch) = (seed..)
        .find_map(|seed| {
            let score = short(seed, split, Forced::default());
            let patch = *score.sound.patches[..4].iter().find(|patch| patch.family == family)?;
            Some((score, patch))
        })
        .unwrap();
    score.sound.patches[0] = patch;
    for casting in &mut score.sound.casting {
        casting.melody = 0;
    }
    let production = &mut score.sound.production;
    (production.tuning_cents, production.reverb_db, production.tilt_db) = (0.0, -100.0, 0.0);
    (production.hiss_db, production.drive_db, production.level_db) = (-120.0, 0.0, -6.0);
    for control in &mut score.labels.controls {
        control.value = match control.controller {
            Controller::Expression => 110,
            Controller::Brightness => 64,
            Controller::Modulation | Controller::Sustain => 0,
        };
    }
    let first = score.labels.notes[0];
    let note = Note {
        voice: Voice::Melody,
        onset_s: 0.2,
        duration_s: 1.5,
        pitch,
        velocity,
        bar: 0,
        step: 0,
        ..first
    };
    score.labels.notes = vec![note];
    score.labels.duration_s = 3.0;
    score
}

#[test]
fn the_same_score_gives_the_same_samples() {
    let score = short(1, Split::Train, Forced::default());
    let bits = |score| render(score).samples.iter().map(|sample| sample.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&score), bits(&score));
}

#[test]
fn samples_are_finite_and_peak_where_they_should() {
    for (seed, split) in
        (0..12).map(|seed| (seed, [Split::Train, Split::Validation, Split::Test][seed as usize % 3]))
    {
        let score = short(seed, split, Forced::default());
        let audio = render(&score);
        assert!(audio.samples.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
        let peak_db = 20.0 * audio.peak().log10();
        assert!((-36.01..=0.0).contains(&peak_db), "{peak_db}");
        assert!((peak_db - score.sound.production.level_db).abs() < 0.01);
        assert!((audio.duration_s() - score.labels.duration_s).abs() < 1e-4);
        // Nothing runs into full scale and stays there.
        let top = audio.peak() * 0.9999;
        let flat =
            audio.samples.windows(3).filter(|three| three.iter().all(|sample| sample.abs() >= top)).count();
        assert!(flat <= 48, "{flat} samples are cut flat");
    }
}

#[test]
fn levels_are_spread_over_the_range() {
    let levels: Vec<f32> =
        (0..300).map(|seed| short(seed, Split::Train, Forced::default()).sound.production.level_db).collect();
    assert!(levels.iter().all(|level| (-36.0..=0.0).contains(level)));
    let share = |low: f32, high: f32| levels.iter().filter(|level| (low..high).contains(*level)).count();
    assert!(
        share(-36.0, -27.0) > 20
            && share(-27.0, -18.0) > 20
            && share(-18.0, -9.0) > 20
            && share(-9.0, 0.0) > 20
    );
}

#[test]
fn every_family_is_in_tune() {
    // All but the bells and free bars, whose fundamental is what one hears least of.
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Bell) {
        for pitch in [43, 64, 76] {
            let samples = render(&one_note(family, 0, pitch, 90)).samples;
            let length = 65_536;
            let power = spectrum(&samples[12_000..], length);
            let expected = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
            // The strongest bin within a third of a semitone, its place refined by a parabola of logarithms.
            let bin = |hz: f64| (hz * length as f64 / RATE) as usize;
            let peak = (bin(expected * 0.98)..=bin(expected * 1.02) + 1)
                .max_by(|a, b| power[*a].total_cmp(&power[*b]))
                .unwrap();
            let [a, b, c] = [peak - 1, peak, peak + 1].map(|bin| power[bin].max(1e-30).ln());
            let place = peak as f64 + 0.5 * (a - c) / (a - 2.0 * b + c);
            let cents = 1200.0 * (place * RATE / length as f64 / expected).log2();
            // Sections of strings, choirs and pairs of oscillators are detuned by up to 15 cents on purpose.
            assert!(cents.abs() < 16.0, "{family:?} {pitch}: {cents:.1} cents");
        }
    }
}

#[test]
fn families_sound_at_about_the_same_level() {
    for family in Family::ALL {
        let mut score = one_note(family, 3, 69, 83);
        // Without the final normalisation there is nothing to compare with: a snare beside the note gives the measure.
        let note = score.labels.notes[0];
        let snare = Note { voice: Voice::Drums, pitch: 38, onset_s: 2.4, velocity: 100, ..note };
        score.labels.notes.push(snare);
        (score.sound.kit, score.sound.production.mix_db) = (Kit::Studio, [0.0; 4]);
        let samples = render(&score).samples;
        let (tone, snare) =
            (energy(&samples[9_600..50_000]) / 40_400.0, energy(&samples[115_200..120_000]) / 4_800.0);
        let difference_db = 10.0 * (tone / snare).log10();
        assert!((-22.0..4.0).contains(&difference_db), "{family:?}: {difference_db:.1} dB");
    }
}

#[test]
fn controllers_can_be_heard() {
    let set = |score: &mut Score, controller, value| {
        for control in score.labels.controls.iter_mut().filter(|control| control.controller == controller) {
            control.value = value;
        }
    };
    for family in Family::ALL {
        // Brightness.
        let with = |value: u8| {
            let mut score = one_note(family, 7, 57, 80);
            set(&mut score, Controller::Brightness, value);
            centroid_hz(&render(&score).samples[9_600..60_000])
        };
        let (dark, bright) = (with(10), with(118));
        assert!(bright > 1.05 * dark, "{family:?}: centroid {dark:.0} Hz to {bright:.0} Hz");
        // Velocity.
        let with =
            |velocity: u8| centroid_hz(&render(&one_note(family, 7, 57, velocity)).samples[9_600..60_000]);
        let (soft, loud) = (with(35), with(120));
        assert!(loud > 1.02 * soft, "{family:?}: centroid {soft:.0} Hz to {loud:.0} Hz by velocity");
    }
    // Loudness: the second half of a held note at a third of CC11, hence 9.5 dB softer.
    let mut score = one_note(Family::Organ, 0, 60, 90);
    score.sound.patches[0].tremolo = 0.0;
    score.labels.controls = [(0.0, 120), (0.8, 120), (0.81, 40)]
        .map(|(time_s, value)| Control { time_s, controller: Controller::Expression, value })
        .to_vec();
    let samples = render(&score).samples;
    let fall_db = 10.0 * (energy(&samples[19_200..36_000]) / energy(&samples[43_200..60_000])).log10();
    assert!((9.0..10.1).contains(&fall_db), "{fall_db:.1} dB");
    // Vibrato: less of the power stays within three cents of the pitch.
    let steady = |value: u8| {
        let mut score = one_note(Family::Flute, 0, 69, 90);
        score.labels.notes[0].duration_s = 2.5;
        set(&mut score, Controller::Modulation, value);
        let power = spectrum(&render(&score).samples[38_400..], 65_536);
        let bin = |hz: f64| (hz * 65_536.0 / RATE) as usize;
        let sum = |low: f64, high: f64| power[bin(440.0 * low)..=bin(440.0 * high)].iter().sum::<f64>();
        sum(0.998, 1.002) / sum(0.94, 1.06)
    };
    let (straight, shaken) = (steady(0), steady(120));
    assert!(straight > 0.9 && shaken < 0.7, "{straight:.2} {shaken:.2}");
    // The pedal: what is let go rings on.
    let ringing = |value: u8| {
        let mut score = one_note(Family::Piano, 0, 60, 90);
        score.labels.notes[0].voice = Voice::Chords;
        score.labels.notes[0].duration_s = 0.3;
        for casting in &mut score.sound.casting {
            casting.chords = 0;
        }
        score.labels.controls.retain(|control| control.controller != Controller::Sustain);
        let mut control = score.labels.controls[0];
        (control.time_s, control.controller, control.value) = (0.0, Controller::Sustain, value);
        score.labels.controls.insert(0, control);
        let samples = render(&score).samples;
        energy(&samples[57_600..96_000]) / energy(&samples)
    };
    assert!(ringing(127) > 20.0 * ringing(0));
}

#[test]
fn pieces_have_the_spectrum_and_crest_of_music() {
    let mut centroids = Vec::new();
    for seed in 0..14 {
        let audio = render(&short(seed, Split::Train, Forced::default()));
        centroids.push(centroid_hz(&audio.samples));
        let crest_db = 20.0 * (audio.peak() / audio.rms()).log10();
        // Heavily limited pop has some 8 dB, single plucked notes over 25.
        assert!((5.0..32.0).contains(&crest_db), "seed {seed}: {crest_db:.1} dB");
    }
    centroids.sort_by(f64::total_cmp);
    println!("centroids, Hz: {:.0?}", centroids);
    // Of popular and classical recordings most have 500 Hz to 5 kHz.
    assert!(centroids[0] > 150.0 && centroids[13] < 9000.0 && centroids[13] > 2.0 * centroids[0]);
}

#[test]
fn the_bass_is_heard() {
    let mut shares = Vec::new();
    for seed in 0..12 {
        let mut score =
            short(seed, Split::Train, Forced { ensemble: Some(Ensemble::Band), ..Forced::default() });
        if !score.labels.notes.iter().any(|note| note.voice == Voice::Bass) {
            continue;
        }
        // A crash at the end, louder than all the rest, keeps the scale the same with and without the bass.
        let crash_s = score.labels.duration_s - 0.6;
        let crash =
            Note { voice: Voice::Drums, pitch: 49, velocity: 127, onset_s: crash_s, ..score.labels.notes[0] };
        score.labels.notes.retain(|note| note.voice != Voice::Drums);
        score.labels.notes.push(crash);
        score.sound.production.mix_db[3] = 30.0;
        score.sound.production.drive_db = 0.0;
        // Energy between 25 and 200 Hz.
        let low = |score: &Score| -> f64 {
            let samples = render(score).samples;
            let music = &samples[..(crash_s * RATE) as usize];
            music.chunks_exact(8192).map(|stretch| spectrum(stretch, 8192)[4..35].iter().sum::<f64>()).sum()
        };
        let mut without = score.clone();
        without.labels.notes.retain(|note| note.voice != Voice::Bass);
        shares.push(1.0 - low(&without) / low(&score));
    }
    shares.sort_by(f64::total_cmp);
    println!("share of the pitched voices' lows that is the bass: {shares:.2?}");
    // In most pieces the lows are the bass's; low chords or organs may cover it in some.
    assert!(shares[shares.len() / 2] > 0.5 && shares[shares.len() / 4] > 0.2);
}

#[test]
fn attacks_stand_out_of_the_reverberation() {
    let mut contrasts = Vec::new();
    for seed in 0..10 {
        let score = short(seed, Split::Train, Forced { ensemble: Some(Ensemble::Band), ..Forced::default() });
        let samples = render(&score).samples;
        let strong = score.labels.onsets.iter().filter(|onset| onset.strength > 0.6 && onset.time_s > 0.1);
        for onset in strong {
            let at = (onset.time_s * RATE) as usize;
            let Some(after) = samples.get(at..at + 1440) else { continue };
            contrasts.push(10.0 * (energy(after) / energy(&samples[at - 1440..at]).max(1e-12)).log10());
        }
    }
    contrasts.sort_by(f64::total_cmp);
    let median = contrasts[contrasts.len() / 2];
    println!("{} strong onsets, median rise over 30 ms {median:.1} dB", contrasts.len());
    assert!(median > 3.0);
}
