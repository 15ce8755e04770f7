//! Performance: written notes become played ones, with groove, dynamics, articulation and controllers.
//!
//! Each quantity has a value that the mood suggests, a section's scatter and a bar's scatter, so that mood explains a part
//! of it only. Scatter of timing is 4 to 22 ms and of velocity some 3 to 9 units, within what is measured on performances
//! (Repp 1992; Goebl 2001; Hellmer and Madison 2015 for microtiming of drummers).

use super::Draft;
use super::plan::{Plan, SectionPlan};
use crate::random::Stream;
use crate::{Control, Controller, GRID, Groove, Mood, Note, Voice};

/// What came out.
pub(super) struct Played {
    pub notes: Vec<Note>,
    pub controls: Vec<Control>,
    /// One per section, as drawn.
    pub grooves: Vec<Groove>,
}

/// How a section is performed.
struct Manner {
    groove: Groove,
    velocity: f32,
    velocity_spread: f32,
    accent_scale: f32,
    /// Accent of the velocity above: the mean over the steps in use.
    usual_accent: f32,
    downbeat: f32,
    crescendo: f32,
    gate: f32,
    looseness_ms: f32,
    expression: f32,
    swell: f32,
    modulation: f32,
    brightness: f32,
    pedal: f32,
}

/// How one bar is.
struct BarManner {
    /// Per step, in sixteenths, on top of the groove.
    offsets: [f32; GRID],
    accents: [f32; GRID],
    velocity: f32,
    crescendo: f32,
    gate: f32,
    looseness_ms: f32,
}

fn clamp01(value: f32) -> f32 {
    value.clamp(0.0, 1.0)
}

impl Manner {
    fn draw(plan: &Plan, section: &SectionPlan, instruments: f32, stream: &mut Stream) -> Manner {
        let mood = section.mood();
        let Mood { valence, arousal } = mood;
        let cues = &section.cues;
        let mut groove = Groove::of(mood, plan.meter);
        let tilt = 0.02 * stream.normal();
        for step in 0..plan.meter.steps() {
            groove.offsets[step] += tilt + 0.025 * stream.normal();
            groove.accents[step] += 0.04 * stream.normal();
        }
        let expression = clamp01(0.74 + 0.17 * cues.dynamics + 0.06 * stream.normal()).max(0.3);
        // The brightness that instruments do not have, the controller gives.
        let brightness = (0.5 + 0.5 * (1.2 * cues.brightness - 0.5 * instruments)).clamp(0.04, 0.96);
        let usual =
            section.steps.iter().map(|step| groove.accents[*step]).sum::<f32>() / section.steps.len() as f32;
        Manner {
            groove: groove.clamped(plan.meter),
            velocity: (70.0 + 40.0 * cues.dynamics) / expression.sqrt(),
            velocity_spread: (5.0 + 2.6 * arousal - 0.8 * valence + 0.7 * stream.normal()).max(1.5),
            accent_scale: 42.0 + 12.0 * arousal + 4.0 * stream.normal(),
            usual_accent: usual,
            downbeat: 7.0 * arousal - 3.0 * valence + 2.0 * stream.normal(),
            crescendo: 8.0 * arousal + 3.0 * valence + 1.5 * stream.normal(),
            gate: 0.64 - 0.42 * cues.articulation,
            // Fear and sadness are loose, happiness and anger exact (Juslin and Laukka 2003).
            looseness_ms: (11.5 - 6.0 * valence - 3.5 * arousal + 1.2 * stream.normal()).clamp(4.0, 22.0),
            expression,
            swell: 0.09 * arousal + 0.05 * valence + 0.03 * stream.normal(),
            modulation: clamp01(0.42 + 0.22 * arousal - 0.2 * valence + 0.07 * stream.normal()),
            brightness: clamp01(brightness + 0.03 * stream.normal()),
            pedal: clamp01(0.48 - 0.38 * arousal + 0.12 * valence + 0.1 * stream.normal()),
        }
    }

    fn bar(&self, plan: &Plan, bar: usize, stream: &mut Stream) -> BarManner {
        let step_ms = 1000.0 * plan.step_s(bar) as f32;
        let looseness_ms = (self.looseness_ms * (1.0 + 0.2 * stream.normal())).max(2.0);
        // Players drift together, and agree on some of what they do to single steps.
        let drift = 0.3 * looseness_ms * stream.normal();
        BarManner {
            offsets: std::array::from_fn(|_| (drift + 0.55 * looseness_ms * stream.normal()) / step_ms),
            accents: std::array::from_fn(|_| 0.03 * stream.normal()),
            velocity: 3.0 * stream.normal(),
            crescendo: self.crescendo + 2.5 * stream.normal(),
            gate: 0.04 * stream.normal(),
            looseness_ms,
        }
    }
}

pub(super) fn play(plan: &Plan, drafts: Vec<Draft>, instruments: &[f32]) -> Played {
    let manners: Vec<Manner> = plan
        .sections
        .iter()
        .enumerate()
        .map(|(index, section)| {
            let mut stream = Stream::new(plan.seed, "manner", index);
            Manner::draw(plan, section, instruments[index], &mut stream)
        })
        .collect();
    let bars: Vec<BarManner> = (0..plan.bars.len())
        .map(|bar| manners[plan.bars[bar].section].bar(plan, bar, &mut Stream::new(plan.seed, "bar", bar)))
        .collect();
    let mut stream = Stream::new(plan.seed, "notes", 0);
    let mut notes: Vec<Note> =
        drafts.iter().map(|draft| play_note(plan, &manners, &bars, draft, &mut stream)).collect();
    notes.sort_by(|a, b| {
        a.onset_s.total_cmp(&b.onset_s).then(a.voice.cmp(&b.voice)).then(a.pitch.cmp(&b.pitch))
    });
    end_before_repetition(&mut notes);
    Played {
        notes,
        controls: controllers(plan, &manners),
        grooves: manners.iter().map(|manner| manner.groove).collect(),
    }
}

fn play_note(
    plan: &Plan,
    manners: &[Manner],
    bars: &[BarManner],
    draft: &Draft,
    stream: &mut Stream,
) -> Note {
    let section = plan.bars[draft.bar].section;
    let (manner, bar) = (&manners[section], &bars[draft.bar]);
    let step_s = plan.step_s(draft.bar);
    let step_ms = 1000.0 * step_s as f32;
    let own_ms = 0.45 * bar.looseness_ms * stream.normal();
    let offset = manner.groove.offsets[draft.step] + bar.offsets[draft.step] + own_ms / step_ms;
    let offset = offset.clamp(-0.49, 0.49);
    let onset_s = plan.bars[draft.bar].start_s + (draft.step as f64 + f64::from(offset)) * step_s;
    // The strum begins on the step and spreads behind it.
    let onset_s = onset_s.max(0.0) + f64::from(draft.spread_s);

    let along = draft.step as f32 / plan.meter.steps() as f32 - 0.5;
    let velocity = manner.velocity
        + bar.velocity
        + draft.accent
        + manner.accent_scale
            * (manner.groove.accents[draft.step] + bar.accents[draft.step] - manner.usual_accent)
        + 2.0 * bar.crescendo * along
        + if draft.step == 0 { manner.downbeat } else { 0.0 }
        + manner.velocity_spread * stream.normal();

    let gate = manner.gate + bar.gate + 0.05 * stream.normal();
    let gate = if draft.held { gate.max(0.97) } else { gate };
    // Very long notes are not cut to a quarter, however short the others are.
    let floor = if draft.steps > 8.0 { 0.4 } else { 0.18 };
    let gate = f64::from(gate.clamp(floor, 1.0));
    let end_s = plan.time_s(draft.bar, draft.step as f64 + f64::from(draft.steps));
    let written_s = end_s - plan.time_s(draft.bar, draft.step as f64);
    let duration_s = match draft.voice {
        Voice::Drums => 0.5 * step_s,
        _ => (written_s * gate - f64::from(draft.spread_s)).max(0.03),
    };
    Note {
        voice: draft.voice,
        onset_s,
        duration_s,
        pitch: draft.pitch,
        velocity: velocity.round().clamp(6.0, 127.0) as u8,
        bar: draft.bar,
        step: draft.step,
        offset,
    }
}

/// No voice holds a key that it strikes again.
fn end_before_repetition(notes: &mut [Note]) {
    let mut last: [Vec<Option<usize>>; 4] = std::array::from_fn(|_| vec![None; 128]);
    for index in 0..notes.len() {
        let note = notes[index];
        let slot = &mut last[note.voice as usize][usize::from(note.pitch)];
        if let Some(before) = slot.replace(index) {
            let room = note.onset_s - notes[before].onset_s - 0.002;
            notes[before].duration_s = notes[before].duration_s.min(room).max(0.002);
        }
    }
}

/// CC11, CC1 and CC74 on every beat and on the last step of each bar; the pedal where it moves.
fn controllers(plan: &Plan, manners: &[Manner]) -> Vec<Control> {
    let mut controls = Vec::new();
    let steps = plan.meter.steps();
    for (index, bar) in plan.bars.iter().enumerate() {
        let section = &plan.sections[bar.section];
        let manner = &manners[bar.section];
        let mut stream = Stream::new(plan.seed, "controllers", index);
        // A phrase of four bars swells and falls.
        let phrase = [-0.02, 0.01, 0.03, -0.02][(index - section.first_bar) % 4];
        let level = manner.expression + phrase + 0.03 * stream.normal();
        let swell = manner.swell + 0.05 * stream.normal();
        let modulation = manner.modulation + 0.06 * stream.normal();
        let brightness = manner.brightness + 0.04 * stream.normal();
        let wave = 0.02 * stream.normal();
        let value = |value: f32| (127.0 * value).round().clamp(0.0, 127.0) as u8;
        let places = (0..steps).step_by(plan.meter.steps_per_beat()).chain([steps - 1]);
        for step in places {
            let time_s = plan.time_s(index, step as f64);
            let along = step as f32 / (steps - 1) as f32 - 0.5;
            let mut set = |controller, value| controls.push(Control { time_s, controller, value });
            set(Controller::Modulation, value(modulation + wave * along));
            set(Controller::Expression, value((level + 2.0 * swell * along).max(0.2)));
            set(Controller::Brightness, value(brightness - wave * along));
        }
        let share = f64::from(clamp01(manner.pedal + 0.1 * stream.normal()));
        if share > 0.08 {
            let length_s = bar.end_s - bar.start_s;
            let down_s = bar.start_s + 0.02 * length_s;
            let up_s = bar.start_s + share.min(0.98) * length_s;
            controls.push(Control { time_s: down_s, controller: Controller::Sustain, value: 127 });
            controls.push(Control { time_s: up_s, controller: Controller::Sustain, value: 0 });
        }
    }
    controls.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    controls
}
