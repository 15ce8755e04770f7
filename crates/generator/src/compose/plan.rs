//! The plan of a piece: key, meter, tempo, form, and what each section is to express.

use crate::mood::{NOTE_RATE, TEMPO};
use crate::random::Stream;
use crate::{Cues, Ensemble, Key, Meter, Mode, Mood, Options, SectionName};

/// Everything that is decided before the first note.
pub(super) struct Plan {
    /// Key of all random streams of the piece.
    pub seed: u64,
    pub key: Key,
    pub meter: Meter,
    pub tempo_bpm: f64,
    pub ensemble: Ensemble,
    pub sections: Vec<SectionPlan>,
    pub bars: Vec<BarPlan>,
    /// End of the audio.
    pub duration_s: f64,
}

/// A section before it has notes.
pub(super) struct SectionPlan {
    pub name: SectionName,
    /// Sections of the same material share harmony and motifs.
    pub material: usize,
    pub first_bar: usize,
    pub bars: usize,
    pub key: Key,
    pub target: Mood,
    /// What is aimed at; the label uses what is measured. The mode is corrected when the chords are known.
    pub cues: Cues,
    /// Melody, chords, bass, drums.
    pub plays: [bool; 4],
    /// Sixteenths on which something may be played, in the order in which they are taken as density grows.
    pub steps: Vec<usize>,
}

/// A bar's place in time.
pub(super) struct BarPlan {
    pub start_s: f64,
    pub end_s: f64,
    pub tempo_bpm: f64,
    pub section: usize,
}

pub(super) fn tempo_of(cue: f32) -> f32 {
    TEMPO.0 * TEMPO.1.powf(cue)
}

pub(super) fn tempo_cue(bpm: f32) -> f32 {
    ((bpm / TEMPO.0).ln() / TEMPO.1.ln()).clamp(-1.0, 1.0)
}

pub(super) fn note_rate_cue(per_second: f32) -> f32 {
    ((per_second.max(0.01) / NOTE_RATE.0).ln() / NOTE_RATE.1.ln()).clamp(-1.0, 1.0)
}

impl SectionPlan {
    /// Mood that the aimed-at cues express.
    pub(super) fn mood(&self) -> Mood {
        Mood::of(&self.cues)
    }

    /// Sounding share of the steps of a bar, 0 to 1.
    pub(super) fn occupancy(&self, meter: Meter) -> f32 {
        self.steps.len() as f32 / meter.steps() as f32
    }

    /// Whether the step may be played.
    pub(super) fn allows(&self, step: usize) -> bool {
        self.steps.contains(&step)
    }
}

impl Plan {
    pub(super) fn section_of(&self, bar: usize) -> &SectionPlan {
        &self.sections[self.bars[bar].section]
    }

    /// Seconds of a sixteenth in a bar.
    pub(super) fn step_s(&self, bar: usize) -> f64 {
        (self.bars[bar].end_s - self.bars[bar].start_s) / self.meter.steps() as f64
    }

    /// Time of a place that may lie behind the end of its bar.
    pub(super) fn time_s(&self, bar: usize, step: f64) -> f64 {
        let steps = self.meter.steps() as f64;
        match self.bars.get(bar + 1) {
            Some(_) if step >= steps => self.time_s(bar + 1, step - steps),
            _ => self.bars[bar].start_s + step * self.step_s(bar),
        }
    }

    pub(super) fn draw(seed: u64, options: &Options) -> Plan {
        let forced = &options.forced;
        let forced_bpm = forced.tempo_bpm.filter(|bpm| bpm.is_finite()).map(|bpm| bpm.clamp(30.0, 300.0));
        let mut stream = Stream::new(seed, "plan", 0);
        let target = Mood { valence: stream.range(-1.0, 1.0), arousal: stream.range(-1.0, 1.0) };
        let target = forced.mood.map_or(target, Mood::clamped);
        let drawn_mode = draw_mode(target, &mut stream);
        let tonic = stream.below(12) as u8;
        let key = Key {
            tonic: forced.tonic.map_or(tonic, |tonic| tonic % 12),
            mode: forced.mode.unwrap_or(drawn_mode),
        };

        let mut cues = scattered(Cues { mode: key.mode.cue(), ..leaning(target) }, 0.33, &mut stream);
        let mut fixed = [true, false, false, false, false, false, false];
        if let Some(bpm) = forced_bpm {
            cues.tempo = tempo_cue(bpm as f32);
            fixed[1] = true;
        }
        cues = cues.toward(target.arousal, fixed);
        let tempo_bpm = forced_bpm.unwrap_or(f64::from(tempo_of(cues.tempo)));
        let meter = draw_meter(tempo_bpm, &mut stream);
        let meter = forced.meter.unwrap_or(meter);
        let ensemble = draw_ensemble(target, &mut stream);
        let ensemble = forced.ensemble.unwrap_or(ensemble);

        let (low, high) =
            (options.length_s.start().clamp(4.0, 600.0), options.length_s.end().clamp(4.0, 600.0));
        let length_s = low + (high - low).max(0.0) * f64::from(stream.unit());
        let bar_s = 60.0 / tempo_bpm * meter.beats() as f64;
        // The lead-in and the last reverberation take some two seconds.
        let bars = (((length_s - 2.0) / bar_s).round() as usize).max(1);
        let form = draw_form(bars, length_s < 40.0, &mut stream);

        let mut plan = Plan {
            seed,
            key,
            meter,
            tempo_bpm,
            ensemble,
            sections: Vec::new(),
            bars: Vec::new(),
            duration_s: 0.0,
        };
        let order = step_order(meter, &mut stream);
        // Duos of melody and chords, solo pianists.
        let bassless = ensemble != Ensemble::Band && stream.chance(0.3);
        let mut first_bar = 0;
        let last = form.len() - 1;
        for (index, (name, bars)) in form.into_iter().enumerate() {
            let mut stream = Stream::new(seed, "section", index);
            let key = section_key(key, name, index == last, forced.mode.is_some(), &mut stream);
            let target = match forced.mood {
                Some(_) => target,
                None => section_target(target, name, &mut stream),
            };
            let around = cues.between(leaning(target)).with_mode(key.mode);
            let fixed = [true, true, false, false, false, false, false];
            let cues = Cues { tempo: cues.tempo, ..scattered(around, 0.16, &mut stream) }
                .toward(target.arousal, fixed);
            let rate = NOTE_RATE.0 * NOTE_RATE.1.powf(cues.note_rate);
            let count = (rate * bar_s as f32).round().clamp(1.0, meter.steps() as f32) as usize;
            plan.sections.push(SectionPlan {
                name,
                material: material(name),
                first_bar,
                bars,
                key,
                target,
                cues,
                plays: draw_voices(ensemble, name, bassless, &mut stream),
                steps: order[..count].to_vec(),
            });
            first_bar += bars;
        }
        plan.lay_out(&mut stream);
        plan
    }

    /// Gives every bar its time.
    fn lay_out(&mut self, stream: &mut Stream) {
        let mut time_s = f64::from(stream.range(0.1, 0.35));
        let changes_tempo = stream.chance(0.2);
        let slows_down = stream.chance(0.4);
        let total: usize = self.sections.iter().map(|section| section.bars).sum();
        for (index, section) in self.sections.iter().enumerate() {
            let change = if changes_tempo { 1.0 + 0.03 * stream.normal().clamp(-2.0, 2.0) } else { 1.0 };
            for bar in 0..section.bars {
                let left = total - section.first_bar - bar;
                let slowing =
                    if slows_down && total > 8 && left <= 2 { 1.0 - 0.06 * (3 - left) as f64 } else { 1.0 };
                let tempo_bpm = self.tempo_bpm * f64::from(change) * slowing;
                let end_s = time_s + 60.0 / tempo_bpm * self.meter.beats() as f64;
                self.bars.push(BarPlan { start_s: time_s, end_s, tempo_bpm, section: index });
                time_s = end_s;
            }
        }
        self.duration_s = time_s + 1.6;
    }
}

/// Where cues start from before they are moved to express a mood: the directions on which the literature agrees. What
/// register and tempo add to the arousal of pleasant music, soft playing takes away again, so that the two axes stay
/// independent.
fn leaning(mood: Mood) -> Cues {
    let Mood { valence, arousal } = mood;
    Cues {
        mode: 0.0,
        tempo: 0.2 * valence + 0.6 * arousal,
        note_rate: 0.15 * valence + 0.6 * arousal,
        register: 0.95 * valence + 0.3 * arousal,
        dynamics: 0.65 * arousal - 0.45 * valence,
        articulation: 0.2 * valence + 0.45 * arousal,
        brightness: 0.5 * arousal - 0.3 * valence,
    }
}

fn scattered(cues: Cues, deviation: f32, stream: &mut Stream) -> Cues {
    let mut scatter =
        |value: f32, share: f32| (value + share * deviation * stream.normal()).clamp(-0.98, 0.98);
    Cues {
        mode: cues.mode,
        tempo: scatter(cues.tempo, 0.8),
        note_rate: scatter(cues.note_rate, 0.5),
        register: scatter(cues.register, 0.35),
        dynamics: scatter(cues.dynamics, 1.0),
        articulation: scatter(cues.articulation, 1.0),
        brightness: scatter(cues.brightness, 1.0),
    }
}

/// Major with a probability that grows with valence; the modes between major and minor mostly in the middle.
fn draw_mode(target: Mood, stream: &mut Stream) -> Mode {
    let major = 1.0 / (1.0 + (-3.8 * target.harmonic_valence()).exp());
    let between = 0.9 - 0.8 * target.valence.abs();
    if stream.chance(major) {
        [Mode::Major, Mode::Mixolydian, Mode::Lydian][stream.weighted([0.8, between, 0.12])]
    } else {
        [Mode::Minor, Mode::Dorian, Mode::Phrygian][stream.weighted([0.8, between, 0.12])]
    }
}

fn draw_meter(tempo_bpm: f64, stream: &mut Stream) -> Meter {
    // A dotted quarter at more than 120 would have sixteenths that nobody plays.
    let six = if tempo_bpm < 120.0 { 0.09 } else { 0.0 };
    [Meter::FourFour, Meter::ThreeFour, Meter::SixEight][stream.weighted([0.82, 0.09, six])]
}

fn draw_ensemble(target: Mood, stream: &mut Stream) -> Ensemble {
    let calm = (-target.arousal).max(0.0);
    let weights = [0.6, 0.12 + 0.15 * calm, 0.1, 0.04 + 0.2 * calm, 0.25 * calm];
    let all = [Ensemble::Band, Ensemble::Undrummed, Ensemble::Backing, Ensemble::Sparse, Ensemble::Ambient];
    all[stream.weighted(weights)]
}

/// Names and lengths in bars, which sum to `bars`.
fn draw_form(bars: usize, excerpt: bool, stream: &mut Stream) -> Vec<(SectionName, usize)> {
    use SectionName::{Bridge, Chorus, Intro, Outro, Solo, Verse};
    let excerpts: [&[&[SectionName]]; 3] = [
        &[&[Verse], &[Chorus], &[Bridge], &[Solo], &[Intro], &[Outro]],
        &[
            &[Verse, Chorus],
            &[Chorus, Verse],
            &[Intro, Verse],
            &[Bridge, Chorus],
            &[Chorus, Outro],
            &[Solo, Chorus],
        ],
        &[
            &[Intro, Verse, Chorus],
            &[Verse, Chorus, Bridge],
            &[Chorus, Bridge, Chorus],
            &[Solo, Chorus, Outro],
        ],
    ];
    let songs: [&[&[SectionName]]; 6] = [
        &[&[Verse, Chorus, Verse], &[Intro, Verse, Chorus], &[Verse, Chorus, Outro]],
        &[&[Intro, Verse, Chorus, Outro], &[Verse, Chorus, Verse, Chorus], &[Verse, Chorus, Bridge, Chorus]],
        &[&[Intro, Verse, Chorus, Verse, Chorus], &[Verse, Chorus, Bridge, Chorus, Outro]],
        &[&[Intro, Verse, Chorus, Verse, Chorus, Outro], &[Verse, Chorus, Verse, Chorus, Bridge, Chorus]],
        &[
            &[Intro, Verse, Chorus, Verse, Chorus, Bridge, Chorus],
            &[Intro, Verse, Chorus, Verse, Solo, Chorus, Outro],
        ],
        &[
            &[Intro, Verse, Chorus, Verse, Chorus, Bridge, Chorus, Outro],
            &[Intro, Verse, Chorus, Verse, Chorus, Solo, Chorus, Outro],
        ],
    ];
    let forms = if excerpt {
        excerpts[stream.below((bars / 4).clamp(1, 3))]
    } else {
        let most = (bars / 4).clamp(3, 8);
        let least = (bars / 14).clamp(3, most);
        songs[least - 3 + stream.below(most - least + 1)]
    };
    let names = stream.pick(forms);
    let weight = |name: &SectionName| match name {
        Intro | Outro => 0.55,
        Bridge => 0.75,
        Verse | Chorus | Solo => 1.0,
    };
    let total: f32 = names.iter().map(weight).sum();
    let wish = |name: &SectionName| bars as f32 * weight(name) / total;
    // Even numbers of bars where there is room, multiples of four where there is more.
    let unit = |wish: f32| {
        if wish >= 6.0 {
            4.0
        } else if wish >= 2.0 {
            2.0
        } else {
            1.0
        }
    };
    let mut lengths: Vec<usize> = names
        .iter()
        .map(|name| ((wish(name) / unit(wish(name))).round() * unit(wish(name))).max(1.0) as usize)
        .collect();
    // What rounding added or lost goes to the longest sections.
    while lengths.iter().sum::<usize>() != bars {
        let sum: usize = lengths.iter().sum();
        let longest = (0..lengths.len()).max_by_key(|index| lengths[*index]).unwrap_or(0);
        if sum < bars {
            let shortest = (0..lengths.len())
                .filter(|index| weight(&names[*index]) == 1.0)
                .min_by_key(|index| lengths[*index])
                .unwrap_or(longest);
            lengths[shortest] += (bars - sum).min(4);
        } else if lengths[longest] > 1 {
            lengths[longest] -= (sum - bars).min(2).min(lengths[longest] - 1);
        } else {
            break; // Fewer bars than sections: one bar each.
        }
    }
    names.iter().copied().zip(lengths).collect()
}

fn material(name: SectionName) -> usize {
    match name {
        SectionName::Verse | SectionName::Intro => 0,
        SectionName::Chorus | SectionName::Outro => 1,
        SectionName::Bridge => 2,
        SectionName::Solo => 3,
    }
}

fn section_key(key: Key, name: SectionName, last: bool, fixed_mode: bool, stream: &mut Stream) -> Key {
    let (chance, which) = (stream.unit(), stream.below(3));
    let shifted = |by: u8| Key { tonic: (key.tonic + by) % 12, ..key };
    match name {
        SectionName::Bridge if chance < 0.3 => match which {
            0 => shifted(5),
            1 if !fixed_mode && key.mode.is_minor() => Key { tonic: (key.tonic + 3) % 12, mode: Mode::Major },
            1 if !fixed_mode => Key { tonic: (key.tonic + 9) % 12, mode: Mode::Minor },
            2 if !fixed_mode && key.mode.is_minor() => Key { mode: Mode::Major, ..key },
            2 if !fixed_mode => Key { mode: Mode::Minor, ..key },
            _ => shifted(7),
        },
        SectionName::Chorus if last && chance < 0.12 => shifted(1 + which.min(1) as u8),
        _ => key,
    }
}

fn section_target(piece: Mood, name: SectionName, stream: &mut Stream) -> Mood {
    let (valence, arousal) = match name {
        SectionName::Intro => (0.0, -0.3),
        SectionName::Verse => (-0.05, -0.08),
        SectionName::Chorus => (0.1, 0.22),
        SectionName::Bridge => (-0.12, 0.0),
        SectionName::Solo => (0.0, 0.15),
        SectionName::Outro => (0.0, -0.28),
    };
    Mood {
        valence: piece.valence + valence + 0.12 * stream.normal(),
        arousal: piece.arousal + arousal + 0.12 * stream.normal(),
    }
    .clamped()
}

/// Melody, chords, bass, drums.
fn draw_voices(ensemble: Ensemble, name: SectionName, bassless: bool, stream: &mut Stream) -> [bool; 4] {
    const FULL: [bool; 4] = [true; 4];
    let thin = [
        [false, true, false, false],
        [false, true, true, false],
        [false, false, true, true],
        [true, true, false, false],
        [false, true, true, true],
        [true, true, true, false],
    ];
    let band = match name {
        SectionName::Intro | SectionName::Outro => stream.pick(&thin),
        SectionName::Verse => match stream.weighted([0.7, 0.15, 0.15]) {
            0 => FULL,
            1 => [true, true, true, false],
            _ => [true, true, false, true],
        },
        SectionName::Bridge => match stream.weighted([0.5, 0.35, 0.15]) {
            0 => FULL,
            1 => [true, true, true, false],
            _ => [true, true, false, false],
        },
        SectionName::Chorus | SectionName::Solo => FULL,
    };
    let mut plays = match ensemble {
        Ensemble::Band => band,
        Ensemble::Undrummed => [band[0], band[1], band[2], false],
        Ensemble::Backing => [false, true, band[2], band[3]],
        Ensemble::Sparse => stream.pick(&[
            [true, true, false, false],
            [true, false, true, false],
            [false, true, false, false],
            [false, true, true, false],
        ]),
        Ensemble::Ambient => [stream.chance(0.6), true, stream.chance(0.4), false],
    };
    if bassless {
        plays[2] = false;
    }
    if !plays[1] && !plays[2] && ensemble != Ensemble::Band {
        plays[1] = true;
    }
    plays
}

/// Steps in the order in which growing density fills them: strong ones first, with the piece's own taste.
fn step_order(meter: Meter, stream: &mut Stream) -> Vec<usize> {
    let ranks: Vec<f32> =
        (0..meter.steps()).map(|step| meter.weight(step) + 0.06 * stream.normal()).collect();
    let mut order: Vec<usize> = (0..meter.steps()).collect();
    order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]));
    order
}
