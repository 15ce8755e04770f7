//! Labels: the same for the same seed, consistent with one another, and music.

use std::collections::HashSet;

use dendrite_generator::{
    Ensemble, Family, Forced, GRID, Key, Labels, Meter, Mode, Mood, Options, Quality, SectionName, Split,
    VERSION, Voice, compose,
};

fn labels(count: u64, options: &Options) -> Vec<Labels> {
    (0..count).map(|seed| compose(seed, options).labels).collect()
}

#[test]
fn the_same_seed_gives_the_same_piece_and_each_split_another() {
    for seed in 0..20 {
        let options = Options::default();
        let first = compose(seed, &options);
        assert_eq!(first, compose(seed, &options));
        assert_eq!(first.labels.version, VERSION);
        let other = compose(seed, &options.clone().with_split(Split::Validation));
        assert_ne!(first.labels.notes, other.labels.notes);
        assert_ne!(first.labels.notes, compose(seed + 1000, &options).labels.notes);
    }
}

#[test]
fn labels_survive_json() {
    let labels = compose(3, &Options::excerpt()).labels;
    let text = serde_json::to_string(&labels).unwrap();
    let again: Labels = serde_json::from_str(&text).unwrap();
    assert_eq!(labels.notes.len(), again.notes.len());
    assert_eq!(labels.sections[0].name, again.sections[0].name);
    // serde_json reads numbers to the last or the last but one bit.
    assert!(labels.notes.iter().zip(&again.notes).all(|(a, b)| (a.onset_s - b.onset_s).abs() < 1e-9));
    assert!(text.contains("\"tempo_bpm\"") && text.contains("\"valence\""));
}

fn check(labels: &Labels, name: &str) {
    let same = |a: f64, b: f64| (a - b).abs() < 1e-6;
    // Sections and chords cover the piece without gaps, bars and beats lie within it.
    assert_eq!(labels.sections[0].start_s, 0.0, "{name}");
    assert!(same(labels.sections.last().unwrap().end_s, labels.duration_s), "{name}");
    for pair in labels.sections.windows(2) {
        assert!(
            same(pair[0].end_s, pair[1].start_s) && pair[0].first_bar + pair[0].bars == pair[1].first_bar
        );
    }
    assert_eq!(labels.chords[0].start_s, 0.0, "{name}");
    assert!(same(labels.chords.last().unwrap().end_s, labels.duration_s), "{name}");
    for pair in labels.chords.windows(2) {
        assert!(same(pair[0].end_s, pair[1].start_s) && pair[0].chord != pair[1].chord, "{name}: {pair:?}");
    }
    for pair in labels.bars.windows(2) {
        assert!(same(pair[0].end_s, pair[1].start_s) && pair[0].end_s > pair[0].start_s, "{name}");
    }
    assert_eq!(labels.beats_s.len(), labels.bars.len() * labels.meter.beats(), "{name}");
    assert!(
        labels.beats_s.is_sorted()
            && labels.beats_s.iter().all(|time_s| (0.0..labels.duration_s).contains(time_s))
    );
    for (index, bar) in labels.bars.iter().enumerate() {
        let section = &labels.sections[bar.section];
        assert!((section.first_bar..section.first_bar + section.bars).contains(&index), "{name}");
        let beats = (bar.end_s - bar.start_s) * bar.tempo_bpm / 60.0;
        assert!((beats - labels.meter.beats() as f64).abs() < 1e-6, "{name}");
        for value in bar.groove.accents.iter().chain(&bar.expression.values) {
            assert!((0.0..=1.0).contains(value), "{name}: {bar:?}");
        }
        assert!(bar.groove.offsets.iter().all(|offset| (-0.5..=0.5).contains(offset)), "{name}");
        for step in 0..GRID {
            assert!(bar.groove.played[step] == (bar.groove.accents[step] > 0.0), "{name}");
        }
    }
    // Chords are labelled exactly where chords or bass play.
    for section in &labels.sections {
        let [_, chords, bass, _] = section.plays;
        let middle_s = (labels.bars[section.first_bar].start_s + labels.bars[section.first_bar].end_s) / 2.0;
        let span =
            labels.chords.iter().find(|span| span.start_s <= middle_s && middle_s < span.end_s).unwrap();
        assert_eq!(span.chord.is_some(), chords || bass, "{name}");
        assert!((-1.0..=1.0).contains(&section.mood.valence) && (-1.0..=1.0).contains(&section.mood.arousal));
    }
    assert!(!labels.notes.is_empty() && labels.notes.is_sorted_by(|a, b| a.onset_s <= b.onset_s), "{name}");
    for note in &labels.notes {
        let bar = &labels.bars[note.bar];
        let step_s = (bar.end_s - bar.start_s) / labels.meter.steps() as f64;
        let grid_s = bar.start_s + (note.step as f64 + f64::from(note.offset)) * step_s;
        // Strummed tones follow the first of their chord, four tones at 22 ms each at most.
        assert!((-1e-6..0.07).contains(&(note.onset_s - grid_s.max(0.0))), "{name}: {note:?} {grid_s}");
        assert!(
            note.duration_s > 0.0 && note.onset_s + note.duration_s <= labels.duration_s,
            "{name}: {note:?}"
        );
        assert!((1..=127).contains(&note.velocity) && note.pitch <= 127 && note.step < labels.meter.steps());
        assert!(note.offset.abs() <= 0.5, "{name}");
        assert!(labels.sections[bar.section].plays[note.voice as usize], "{name}");
    }
    assert!(labels.onsets.len() <= labels.notes.len(), "{name}");
    for pair in labels.onsets.windows(2) {
        assert!(pair[1].time_s - pair[0].time_s >= 0.03 - 1e-9, "{name}");
    }
    assert!(labels.onsets.iter().all(|onset| (0.0..=1.0).contains(&onset.strength)));
    assert!(
        labels.controls.is_sorted_by(|a, b| a.time_s <= b.time_s)
            && labels.controls.iter().all(|c| c.value <= 127)
    );
}

#[test]
fn labels_are_consistent() {
    for split in [Split::Train, Split::Validation, Split::Test] {
        for seed in 0..60 {
            check(&compose(seed, &Options::default().with_split(split)).labels, &format!("{split:?} {seed}"));
            check(
                &compose(seed, &Options::excerpt().with_split(split)).labels,
                &format!("excerpt {split:?} {seed}"),
            );
        }
    }
}

#[test]
fn whatever_is_forced_gives_a_consistent_piece() {
    let mut seed = 0;
    for ensemble in
        [Ensemble::Band, Ensemble::Undrummed, Ensemble::Backing, Ensemble::Sparse, Ensemble::Ambient]
    {
        for meter in [Meter::FourFour, Meter::ThreeFour, Meter::SixEight] {
            for (tempo_bpm, length_s) in
                [(1.0, 4.0..=4.0), (30.0, 10.0..=5.0), (1e9, 20.0..=40.0), (f64::NAN, 600.0..=601.0)]
            {
                seed += 1;
                let mode = Mode::ALL[seed % 6];
                let mood = Mood { valence: f32::NAN, arousal: 7.0 };
                let forced = Forced {
                    tonic: Some(200),
                    mode: Some(mode),
                    tempo_bpm: Some(tempo_bpm),
                    meter: Some(meter),
                    mood: Some(mood),
                    ensemble: Some(ensemble),
                    level_db: Some(f32::NAN),
                };
                let options = Options { length_s, ..Options::default().with_forced(forced) };
                let labels = compose(seed as u64, &options).labels;
                check(&labels, &format!("{options:?}"));
                assert_eq!((labels.key, labels.meter), (Key { tonic: 8, mode }, meter));
                assert!((30.0..=300.0).contains(&labels.tempo_bpm));
            }
        }
    }
}

#[test]
fn lengths_and_forms_are_as_asked() {
    for labels in labels(100, &Options::default()) {
        assert!((3..=8).contains(&labels.sections.len()));
        // A bar of 4/4 at 52 bpm lasts 4.6 s.
        assert!((55.0..156.0).contains(&labels.duration_s), "{}", labels.duration_s);
    }
    for labels in labels(100, &Options::excerpt()) {
        assert!((1..=3).contains(&labels.sections.len()));
        assert!((16.0..36.0).contains(&labels.duration_s), "{}", labels.duration_s);
    }
}

#[test]
fn notes_belong_to_chord_or_key() {
    let mut counts = [[0_usize; 3]; 3];
    for labels in labels(100, &Options::default()) {
        for note in labels.notes.iter().filter(|note| note.voice != Voice::Drums) {
            // By the grid, not by the clock: a note ahead of the beat belongs to the chord of the beat.
            let bar = &labels.bars[note.bar];
            let step_s = (bar.end_s - bar.start_s) / labels.meter.steps() as f64;
            let time_s = bar.start_s + (note.step as f64 + 0.01) * step_s;
            let span =
                labels.chords.iter().find(|span| span.start_s <= time_s && time_s < span.end_s).unwrap();
            let in_chord = span.chord.is_some_and(|chord| chord.contains(note.pitch));
            let in_key = labels.sections[bar.section].key.contains(note.pitch);
            let count = &mut counts[note.voice as usize];
            count[0] += 1;
            count[1] += usize::from(in_chord);
            count[2] += usize::from(in_chord || in_key);
        }
    }
    let share =
        |voice: Voice, which: usize| counts[voice as usize][which] as f64 / counts[voice as usize][0] as f64;
    for voice in [Voice::Melody, Voice::Chords, Voice::Bass] {
        println!("{}: {:.3} in chord, {:.3} in chord or key", voice.text(), share(voice, 1), share(voice, 2));
    }
    assert!(share(Voice::Chords, 1) == 1.0);
    assert!(share(Voice::Bass, 1) > 0.9 && share(Voice::Bass, 2) > 0.98);
    // Melodies dissonate in passing: more than half are chord tones, nearly all belong to the scale.
    assert!((0.55..0.95).contains(&share(Voice::Melody, 1)) && share(Voice::Melody, 2) > 0.97);
}

#[test]
fn held_out_families_are_heard_in_test_pieces_alone() {
    let mut heard = HashSet::new();
    for seed in 0..300 {
        for split in [Split::Train, Split::Validation] {
            for patch in compose(seed, &Options::excerpt().with_split(split)).sound.patches {
                assert!(!Family::HELD_OUT.contains(&patch.family), "{split:?} {seed}");
                heard.insert(patch.family);
            }
        }
        let sound = compose(seed, &Options::excerpt().with_split(Split::Test)).sound;
        for casting in &sound.casting {
            assert!(Family::HELD_OUT.contains(&sound.patches[casting.melody].family));
            assert!(Family::HELD_OUT.contains(&sound.patches[casting.chords].family));
        }
    }
    assert_eq!(heard.len(), Family::ALL.len() - Family::HELD_OUT.len());
}

#[test]
fn there_is_variety() {
    let all = labels(400, &Options::default());
    let some = |test: &dyn Fn(&Labels) -> bool| {
        all.iter().filter(|labels| test(labels)).count() as f64 / all.len() as f64
    };
    for meter in [Meter::FourFour, Meter::ThreeFour, Meter::SixEight] {
        assert!(some(&|labels| labels.meter == meter) > 0.03, "{meter:?}");
    }
    for voice in [Voice::Melody, Voice::Bass, Voice::Drums] {
        // Pieces without it altogether.
        let share = some(&|labels| labels.notes.iter().all(|note| note.voice != voice));
        println!("without {}: {share:.2}", voice.text());
        assert!((0.03..0.5).contains(&share), "{voice:?} {share}");
    }
    let qualities: HashSet<Quality> =
        all.iter().flat_map(|labels| &labels.chords).filter_map(|span| Some(span.chord?.quality)).collect();
    assert_eq!(qualities.len(), Quality::ALL.len(), "{qualities:?}");
    let names: HashSet<SectionName> =
        all.iter().flat_map(|labels| &labels.sections).map(|section| section.name).collect();
    assert_eq!(names.len(), 6);
    let inverted =
        |labels: &Labels| labels.chords.iter().any(|span| span.chord.is_some_and(|c| c.bass != c.root));
    assert!(some(&inverted) > 0.3);
    assert!(some(&|labels| labels.sections.iter().any(|section| section.key != labels.key)) > 0.05);
    for tonic in 0..12 {
        assert!(some(&|labels| labels.key.tonic == tonic) > 0.03);
    }
}

#[test]
fn sections_contrast() {
    // Choruses are more excited than the intros and verses of their pieces, and their notes come faster.
    let all = labels(200, &Options::default());
    let mean = |labels: &Labels, name: SectionName| {
        let of: Vec<f32> =
            labels.sections.iter().filter(|s| s.name == name).map(|s| s.mood.arousal).collect();
        (!of.is_empty()).then(|| of.iter().sum::<f32>() / of.len() as f32)
    };
    let differences: Vec<f32> = all
        .iter()
        .filter_map(|labels| Some(mean(labels, SectionName::Chorus)? - mean(labels, SectionName::Intro)?))
        .collect();
    let higher =
        differences.iter().filter(|difference| **difference > 0.0).count() as f32 / differences.len() as f32;
    println!("chorus above intro in {:.0} % of {} pieces", 100.0 * higher, differences.len());
    assert!(higher > 0.8);
}

#[test]
fn microtiming_and_velocity_scatter_as_players_do() {
    // Standard deviation around the section's groove: 5 to 25 ms, as measured on players.
    let mut deviations: Vec<f64> = Vec::new();
    for labels in labels(100, &Options::default()) {
        let mut sum = (0.0_f64, 0.0_f64);
        for note in &labels.notes {
            let bar = &labels.bars[note.bar];
            let step_ms = 1000.0 * (bar.end_s - bar.start_s) / labels.meter.steps() as f64;
            let groove = labels.sections[bar.section].groove.offsets[note.step];
            sum.0 += (f64::from(note.offset - groove) * step_ms).powi(2);
            sum.1 += 1.0;
        }
        deviations.push((sum.0 / sum.1).sqrt());
    }
    deviations.sort_by(f64::total_cmp);
    println!(
        "microtiming, ms: 5 % {:.1}, median {:.1}, 95 % {:.1}",
        deviations[5], deviations[50], deviations[95]
    );
    assert!(deviations[5] > 2.5 && deviations[95] < 25.0 && (5.0..16.0).contains(&deviations[50]));
}
