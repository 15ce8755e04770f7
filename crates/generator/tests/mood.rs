//! Mood: the whole plane is covered, and the cues point where the literature says they do.

use dendrite_generator::{Cues, Forced, Labels, Mode, Mood, Options, Section, compose};

fn sections(count: u64) -> Vec<Section> {
    (0..count).flat_map(|seed| compose(seed, &Options::default()).labels.sections).collect()
}

fn correlation(pairs: &[(f32, f32)]) -> f32 {
    let count = pairs.len() as f32;
    let (mx, my) =
        (pairs.iter().map(|p| p.0).sum::<f32>() / count, pairs.iter().map(|p| p.1).sum::<f32>() / count);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xy += (x - mx) * (y - my);
        xx += (x - mx).powi(2);
        yy += (y - my).powi(2);
    }
    xy / (xx * yy).sqrt()
}

#[test]
fn the_whole_plane_is_covered() {
    // 400 pieces; a uniform spread would put a sixteenth (6.3 %) of the sections into each cell.
    let sections = sections(400);
    let mut cells = [[0_usize; 4]; 4];
    for section in &sections {
        let bin = |value: f32| (((value + 1.0) * 2.0) as usize).min(3);
        cells[bin(section.mood.arousal)][bin(section.mood.valence)] += 1;
    }
    for row in cells.iter().rev() {
        println!("{:?}", row.map(|count| (1000.0 * count as f32 / sections.len() as f32).round() / 10.0));
    }
    assert!(cells.iter().flatten().all(|count| *count as f32 > 0.015 * sections.len() as f32));
}

#[test]
fn labels_are_the_additive_function_of_the_measured_cues() {
    for section in sections(40) {
        assert_eq!(section.mood, Mood::of(&section.cues));
        assert!(section.cues.values().iter().all(|cue| (-1.0..=1.0).contains(cue)), "{:?}", section.cues);
    }
}

#[test]
fn what_was_aimed_at_is_what_came_out_roughly() {
    let sections = sections(200);
    let valence: Vec<_> =
        sections.iter().map(|section| (section.target.valence, section.mood.valence)).collect();
    let arousal: Vec<_> =
        sections.iter().map(|section| (section.target.arousal, section.mood.arousal)).collect();
    let (valence, arousal) = (correlation(&valence), correlation(&arousal));
    println!("target and label: valence {valence:.3}, arousal {arousal:.3}");
    assert!(valence > 0.8 && arousal > 0.9);
}

#[test]
fn cues_correlate_with_mood_as_published() {
    // Signs on which Eerola et al. 2013 and Juslin and Lindström 2010 agree; 0 where they do not.
    let expected = [(1, 0), (1, 1), (1, 1), (1, 1), (0, 1), (0, 1), (0, 1)];
    let sections = sections(300);
    for (index, (valence, arousal)) in expected.into_iter().enumerate() {
        let pairs = |mood: fn(&Section) -> f32| -> Vec<(f32, f32)> {
            sections.iter().map(|section| (section.cues.values()[index], mood(section))).collect()
        };
        let with_valence = correlation(&pairs(|section| section.mood.valence));
        let with_arousal = correlation(&pairs(|section| section.mood.arousal));
        println!("{:<12} valence {with_valence:+.2}, arousal {with_arousal:+.2}", Cues::NAMES[index]);
        assert!(valence == 0 || with_valence > 0.05);
        assert!(arousal == 0 || with_arousal > 0.05);
        // Correlated, but not the same thing: no single cue tells the mood.
        assert!(with_valence < 0.97 && with_arousal < 0.95);
    }
}

#[test]
fn a_forced_mood_is_met() {
    for (valence, arousal) in [(0.7, 0.6), (-0.7, 0.6), (-0.7, -0.6), (0.7, -0.6)] {
        let mood = Mood { valence, arousal };
        let mode = if valence < 0.0 { Mode::Minor } else { Mode::Major };
        let options = Options::excerpt().with_forced(Forced {
            mood: Some(mood),
            mode: Some(mode),
            ..Forced::default()
        });
        let labels: Vec<Labels> = (0..20).map(|seed| compose(seed, &options).labels).collect();
        let sections: Vec<&Section> = labels.iter().flat_map(|labels| &labels.sections).collect();
        let mean = |value: fn(&Section) -> f32| {
            sections.iter().map(|section| value(section)).sum::<f32>() / sections.len() as f32
        };
        let found = (mean(|section| section.mood.valence), mean(|section| section.mood.arousal));
        println!("aimed at ({valence}, {arousal}), found ({:.2}, {:.2})", found.0, found.1);
        assert!((found.0 - valence).abs() < 0.3 && (found.1 - arousal).abs() < 0.3);
    }
}

#[test]
fn both_modes_occur_in_both_halves_of_valence() {
    let sections = sections(300);
    for glad in [false, true] {
        let half: Vec<&Section> =
            sections.iter().filter(|section| (section.mood.valence > 0.0) == glad).collect();
        let minor =
            half.iter().filter(|section| section.key.mode.is_minor()).count() as f32 / half.len() as f32;
        println!("valence {}: {:.0} % minor", if glad { "above 0" } else { "below 0" }, 100.0 * minor);
        assert!(if glad { (0.02..0.4).contains(&minor) } else { (0.6..0.98).contains(&minor) });
    }
    for mode in Mode::ALL {
        assert!(sections.iter().any(|section| section.key.mode == mode));
    }
}
