//! What the user has done to the parameters in the editor: steps that can be undone, two sets of values to compare, and the
//! preset that it began with.
//!
//! Each of the two sets, A and B, has steps of its own; the values of the one that is not heard are kept here. Only changes by the
//! editor are noted, never the host's. The audio thread knows nothing of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nice_plug::params::internals::ParamPtr;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::register::{Register, Value};
use crate::steps::{Change, Step, Steps};

/// What belongs to the track and not to a set of values: these stay as they are when A and B are exchanged.
const SHARED: [&str; 3] = ["bypass", "align_sound", "listen_to"];

/// How long a value that was sent to the host may take to arrive. Hosts hand it back with a later block; until then the
/// parameter still has the old one.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// One of the two sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

impl Slot {
    /// The one that is not this.
    pub fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

/// A preset that was loaded or saved: what it is called, and what it set, so that what was changed since can be told even when its
/// file has gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The preset's name.
    pub name: String,
    /// Id of each parameter that it sets, and the value.
    pub values: BTreeMap<String, Value>,
}

/// A preset that is in force, if any.
type Label = Option<Arc<Origin>>;

/// The set that is not heard.
#[derive(Clone, Default)]
struct Hidden {
    /// Values 0 .. 1 by place in the register.
    values: Vec<f32>,
    preset: Label,
    /// Parameters of a newer session that this version does not know.
    kept: BTreeMap<String, serde_json::Value>,
}

/// A value that was sent to the host.
#[derive(Clone, Copy)]
struct Sent {
    /// What the parameter had when it was sent, and what it will have.
    from: f32,
    to: f32,
    at: Instant,
}

struct State {
    active: Slot,
    /// Of A and of B.
    steps: [Steps<Label>; 2],
    /// Gestures in progress.
    open: Vec<Change>,
    preset: Label,
    hidden: Hidden,
    /// By place in the register.
    sent: Vec<Option<Sent>>,
}

impl State {
    fn steps(&mut self) -> &mut Steps<Label> {
        &mut self.steps[self.active as usize]
    }
}

/// How a gesture is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As a step.
    Step,
    /// As a part of a step that more of its kind make: a key that is held, a wheel that is turned.
    Nudge,
}

/// The edits of one instance. Locked by main thread and editor only.
pub struct Edits {
    register: Register,
    state: Mutex<State>,
}

impl Edits {
    /// No edits yet; B is what A is.
    pub fn new(register: Register) -> Self {
        let state = State {
            active: Slot::A,
            steps: Default::default(),
            open: Vec::new(),
            preset: None,
            hidden: Hidden { values: register.snapshot(), ..Hidden::default() },
            sent: vec![None; register.len()],
        };
        Self { register, state: Mutex::new(state) }
    }

    /// The parameters.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The value that a parameter has, or has as soon as the host hands back what it was sent.
    fn now(&self, state: &State, place: usize) -> f32 {
        let now = self.register.normalized(place);
        match state.sent[place] {
            Some(sent) if now == sent.from && sent.at.elapsed() < ON_ITS_WAY => sent.to,
            _ => now,
        }
    }

    fn send(&self, state: &mut State, place: usize, to: f32) {
        let to = self.register.stepped(place, to);
        state.sent[place] = Some(Sent { from: self.register.normalized(place), to, at: Instant::now() });
    }

    /// A gesture begins.
    pub fn begin(&self, param: ParamPtr) {
        let Some(place) = self.register.place_of(param) else { return };
        let mut state = self.state.lock();
        let before = self.now(&state, place);
        state.open.retain(|open| open.place != place);
        state.open.push(Change { place, before, after: before });
    }

    /// A value is sent within a gesture.
    pub fn set(&self, param: ParamPtr, normalized: f32) {
        let Some(place) = self.register.place_of(param) else { return };
        let mut state = self.state.lock();
        self.send(&mut state, place, normalized);
        let after = self.register.stepped(place, normalized);
        if let Some(open) = state.open.iter_mut().find(|open| open.place == place) {
            open.after = after;
        }
    }

    /// A gesture ends; if it has changed something, that can be undone.
    pub fn end(&self, param: ParamPtr, size: Size) {
        let Some(place) = self.register.place_of(param) else { return };
        let mut state = self.state.lock();
        let Some(open) = state.open.iter().position(|open| open.place == place) else { return };
        let change = state.open.swap_remove(open);
        if change.before == change.after {
            return;
        }
        match size {
            Size::Step => state.steps().push(Step { changes: vec![change], label: None }),
            Size::Nudge => state.steps().nudge(change),
        }
    }

    /// Ends the step that nudges have made.
    pub fn settle(&self) {
        self.state.lock().steps().settle();
    }

    /// Forgets gestures in progress: the window that they were made in has gone.
    pub fn abandon(&self) {
        self.state.lock().open.clear();
    }

    /// How many steps can be undone, and how many redone.
    pub fn steps(&self) -> (usize, usize) {
        self.state.lock().steps().len()
    }

    /// Takes a step back. Returns what is to be set, by place; `None` if there is no step, or a gesture is in progress.
    pub fn undo(&self) -> Option<Vec<(usize, f32)>> {
        let mut state = self.state.lock();
        if !state.open.is_empty() {
            return None;
        }
        let step = state.steps().undo()?;
        if let Some((before, _)) = step.label {
            state.preset = before;
        }
        Some(step.changes.iter().map(|change| (change.place, change.before)).collect())
    }

    /// Takes a step forth again; as [`Edits::undo`].
    pub fn redo(&self) -> Option<Vec<(usize, f32)>> {
        let mut state = self.state.lock();
        if !state.open.is_empty() {
            return None;
        }
        let step = state.steps().redo()?;
        if let Some((_, after)) = step.label {
            state.preset = after;
        }
        Some(step.changes.iter().map(|change| (change.place, change.after)).collect())
    }

    /// Notes that values were sent without a gesture of the user's: after undo, redo, an exchange or a preset.
    pub fn sent(&self, values: &[(usize, f32)]) {
        let mut state = self.state.lock();
        for (place, value) in values {
            self.send(&mut state, *place, *value);
        }
    }

    /// Takes a preset for loaded, as one step. Returns what is to be set, which is what differs, and the ids in it that mean nothing
    /// here.
    pub fn load(&self, preset: Origin) -> (Vec<(usize, f32)>, Vec<String>) {
        let (wanted, unknown) = self.read(&preset.values);
        let mut state = self.state.lock();
        let mut changes = Vec::new();
        for (place, after) in wanted {
            let (before, after) = (self.now(&state, place), self.register.stepped(place, after));
            if before != after {
                changes.push(Change { place, before, after });
            }
        }
        let values = changes.iter().map(|change| (change.place, change.after)).collect();
        let label = Some(Arc::new(preset));
        if !changes.is_empty() || state.preset != label {
            let before = std::mem::replace(&mut state.preset, label.clone());
            state.steps().push(Step { changes, label: Some((before, label)) });
        }
        (values, unknown)
    }

    /// Takes the values that are set now for a preset: it was saved, or has another name now.
    pub fn call(&self, preset: Option<Origin>) {
        self.state.lock().preset = preset.map(Arc::new);
    }

    /// The preset that is in force, and whether something was changed since.
    pub fn preset(&self) -> Option<(Arc<Origin>, bool)> {
        let state = self.state.lock();
        let preset = state.preset.clone()?;
        let (wanted, _) = self.read(&preset.values);
        // A value that went through the host and back may differ in its last bits.
        let changed = wanted.iter().any(|(place, value)| {
            (self.register.stepped(*place, *value) - self.now(&state, *place)).abs() > 1e-4
        });
        Some((preset, changed))
    }

    /// The values that a file names, by place, and the ids that mean nothing here.
    fn read(&self, values: &BTreeMap<String, Value>) -> (Vec<(usize, f32)>, Vec<String>) {
        let (mut wanted, mut unknown) = (Vec::with_capacity(values.len()), Vec::new());
        for (id, value) in values {
            let place = self.register.place(id);
            match place.and_then(|place| Some((place, self.register.read(place, value)?))) {
                Some(known) => wanted.push(known),
                None => unknown.push(id.clone()),
            }
        }
        (wanted, unknown)
    }

    /// The current values of the parameters whose id is wanted, as a file keeps them.
    pub fn values(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Value> {
        let state = self.state.lock();
        let places = (0..self.register.len()).filter(|place| wanted(self.register.id(*place)));
        places
            .map(|place| {
                let value = self.register.value(place, self.now(&state, place));
                (self.register.id(place).to_owned(), value)
            })
            .collect()
    }

    /// Which of the two sets is heard.
    pub fn slot(&self) -> Slot {
        self.state.lock().active
    }

    /// Exchanges the two sets. Returns what is to be set.
    pub fn switch(&self) -> Vec<(usize, f32)> {
        let mut state = self.state.lock();
        if !state.open.is_empty() {
            return Vec::new();
        }
        let now: Vec<f32> = (0..self.register.len()).map(|place| self.now(&state, place)).collect();
        state.steps().settle();
        state.active = state.active.other();
        let heard = std::mem::replace(&mut state.hidden.values, now.clone());
        let preset = state.hidden.preset.take();
        state.hidden.preset = std::mem::replace(&mut state.preset, preset);
        let changed =
            (0..heard.len()).filter(|place| self.is_compared(*place) && heard[*place] != now[*place]);
        changed.map(|place| (place, heard[place])).collect()
    }

    /// Makes the set that is not heard the same as the one that is, with the steps that led there.
    pub fn copy(&self) {
        let mut state = self.state.lock();
        let values = (0..self.register.len()).map(|place| self.now(&state, place)).collect();
        state.hidden = Hidden { values, preset: state.preset.clone(), kept: BTreeMap::new() };
        let active = state.active;
        state.steps[active.other() as usize] = state.steps[active as usize].clone();
    }

    /// Whether the two sets differ.
    pub fn differ(&self) -> bool {
        let state = self.state.lock();
        (0..self.register.len()).any(|place| {
            self.is_compared(place) && (self.now(&state, place) - state.hidden.values[place]).abs() > 1e-4
        })
    }

    fn is_compared(&self, place: usize) -> bool {
        !SHARED.contains(&self.register.id(place))
    }

    /// What the session keeps of it.
    pub fn memory(&self) -> EditsMemory {
        let state = self.state.lock();
        let Hidden { values, preset, kept } = &state.hidden;
        let mut named = kept.clone();
        for place in (0..self.register.len()).filter(|place| self.is_compared(*place)) {
            if let Ok(value) = serde_json::to_value(self.register.value(place, values[place])) {
                named.insert(self.register.id(place).to_owned(), value);
            }
        }
        let own = |preset: &Label| preset.as_deref().cloned();
        EditsMemory {
            active: state.active,
            preset: own(&state.preset),
            other: Some(SetMemory { values: named, preset: own(preset) }),
        }
    }

    /// Takes over what a session has kept; the parameters have its values already. Returns the ids whose values could not be used.
    pub fn restore(&self, memory: EditsMemory) -> Vec<String> {
        let mut state = self.state.lock();
        let mut hidden = Hidden { values: self.register.snapshot(), ..Hidden::default() };
        let mut unusable = Vec::new();
        if let Some(other) = memory.other {
            for (id, value) in other.values {
                match self.register.place(&id) {
                    None => _ = hidden.kept.insert(id, value),
                    Some(place) if !self.is_compared(place) => {}
                    Some(place) => {
                        let value = serde_json::from_value(value).ok();
                        match value.and_then(|value| self.register.read(place, &value)) {
                            Some(value) => hidden.values[place] = self.register.stepped(place, value),
                            None => unusable.push(id),
                        }
                    }
                }
            }
            hidden.preset = other.preset.map(Arc::new);
        }
        *state = State {
            active: memory.active,
            steps: Default::default(),
            open: Vec::new(),
            preset: memory.preset.map(Arc::new),
            hidden,
            sent: vec![None; self.register.len()],
        };
        unusable
    }
}

/// What a session keeps of the edits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditsMemory {
    /// Which of the two sets is heard.
    pub active: Slot,
    /// The preset that is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Origin>,
    /// The set that is not heard; without one it is the same as the one that is.
    pub other: Option<SetMemory>,
}

/// What a session keeps of the set that is not heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetMemory {
    /// Id of each parameter, and its value.
    pub values: BTreeMap<String, serde_json::Value>,
    /// The preset that it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Origin>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits() -> Edits {
        Edits::new(Register::new(Arc::default()))
    }

    /// What a host does with what it is sent.
    fn arrive(edits: &Edits, values: &[(usize, f32)]) {
        for (place, value) in values {
            // SAFETY: the register keeps its parameters alive.
            unsafe { edits.register().pointer(*place)._internal_set_normalized_value(*value) };
        }
    }

    fn change(edits: &Edits, id: &str, normalized: f32) {
        let place = edits.register().place(id).unwrap();
        let param = edits.register().pointer(place);
        edits.begin(param);
        edits.set(param, normalized);
        edits.end(param, Size::Step);
        arrive(edits, &[(place, normalized)]);
    }

    fn value(edits: &Edits, id: &str) -> f32 {
        edits.register().normalized(edits.register().place(id).unwrap())
    }

    #[test]
    fn the_hosts_own_changes_are_no_steps_and_undo_leaves_them_alone() {
        let edits = edits();
        change(&edits, "glow", 0.25);
        let zoom = edits.register().place("zoom").unwrap();
        arrive(&edits, &[(zoom, 0.75)]);
        let automated = value(&edits, "zoom");
        assert_eq!(edits.steps(), (1, 0));
        let undone = edits.undo().unwrap();
        arrive(&edits, &undone);
        assert_eq!((value(&edits, "glow"), value(&edits, "zoom")), (0.5, automated));
    }

    #[test]
    fn a_gesture_that_changes_nothing_is_no_step() {
        let edits = edits();
        change(&edits, "glow", 0.5);
        assert_eq!(edits.steps(), (0, 0));
    }

    #[test]
    fn exchanging_keeps_both_sets_and_what_belongs_to_the_track() {
        let edits = edits();
        change(&edits, "glow", 0.25);
        change(&edits, "listen_to", 1.0);
        change(&edits, "bypass", 1.0);
        let values = edits.switch();
        arrive(&edits, &values);
        assert_eq!((edits.slot(), value(&edits, "glow")), (Slot::B, 0.5));
        assert_eq!((value(&edits, "listen_to"), value(&edits, "bypass")), (1.0, 1.0));
        // B has steps of its own.
        assert_eq!(edits.steps(), (0, 0));
        change(&edits, "glow", 0.75);
        assert!(edits.differ());
        let values = edits.switch();
        arrive(&edits, &values);
        assert_eq!((edits.slot(), value(&edits, "glow"), edits.steps()), (Slot::A, 0.25, (3, 0)));
        edits.copy();
        assert!(!edits.differ());
        assert_eq!(edits.switch(), []);
        assert_eq!(edits.steps(), (3, 0), "what was copied has the same past");
    }

    #[test]
    fn two_exchanges_within_a_block_lose_nothing() {
        let edits = edits();
        change(&edits, "glow", 0.25);
        // The host hands back nothing before the second.
        let first = edits.switch();
        edits.sent(&first);
        let second = edits.switch();
        edits.sent(&second);
        arrive(&edits, &first);
        arrive(&edits, &second);
        assert_eq!(value(&edits, "glow"), 0.25);
        let third = edits.switch();
        arrive(&edits, &third);
        assert_eq!(value(&edits, "glow"), 0.5);
    }

    #[test]
    fn a_session_keeps_both_sets_and_the_preset() {
        let edits = edits();
        let values = BTreeMap::from([
            ("palette".to_owned(), Value::Choice("ember".to_owned())),
            ("smoothing".to_owned(), Value::Number(77.0)),
            ("auto_level".to_owned(), Value::Switch(false)),
        ]);
        let preset = Origin { name: "Coal".to_owned(), values };
        let (sent, unknown) = edits.load(preset.clone());
        assert_eq!((sent.len(), unknown.len()), (3, 0));
        arrive(&edits, &sent);
        let values = edits.switch();
        arrive(&edits, &values);
        change(&edits, "glow", 0.125);
        let json = serde_json::to_string(&edits.memory()).unwrap();
        assert!(json.contains(r#""palette":"ember""#) && json.contains(r#""smoothing":77"#), "{json}");

        let again = self::edits();
        change(&again, "glow", 0.125);
        assert_eq!(again.restore(serde_json::from_str(&json).unwrap()), [""; 0]);
        assert_eq!(serde_json::to_string(&again.memory()).unwrap(), json);
        let values = again.switch();
        arrive(&again, &values);
        assert_eq!(value(&again, "auto_level"), 0.0);
        let (kept, changed) = again.preset().unwrap();
        assert_eq!((&*kept, changed), (&preset, false));
    }

    #[test]
    fn what_a_session_holds_that_is_not_known_is_kept_and_what_makes_no_sense_reported() {
        let edits = edits();
        change(&edits, "glow", 0.25);
        let json =
            r#"{"active":"B","other":{"values":{"glow":"bright","zoom":2.0,"of_a_newer_one":{"a":[1]}}}}"#;
        let unusable = edits.restore(serde_json::from_str(json).unwrap());
        assert_eq!(unusable, ["glow"]);
        let memory = edits.memory().other.unwrap();
        assert_eq!(memory.values["of_a_newer_one"], serde_json::json!({"a": [1]}));
        // In its place is what the other set has.
        assert_eq!(memory.values["glow"], serde_json::json!(25.0));
        assert_eq!(memory.values["zoom"], serde_json::json!(2.0));
        // A session from before has one set: both are the same.
        edits.restore(EditsMemory::default());
        assert!(!edits.differ());
    }

    #[test]
    fn a_preset_is_one_step_and_its_mark_tells_what_was_changed_since() {
        let edits = edits();
        let values = BTreeMap::from(
            [("glow", 10.0), ("zoom", 4.0), ("detail", 90.0)]
                .map(|(id, number)| (id.to_owned(), Value::Number(number))),
        );
        let before = edits.register().snapshot();
        let (sent, _) = edits.load(Origin { name: "One".to_owned(), values });
        arrive(&edits, &sent);
        assert_eq!(edits.steps(), (1, 0));
        assert!(edits.preset().is_some_and(|(preset, changed)| preset.name == "One" && !changed));
        change(&edits, "reaction", 0.9);
        assert!(edits.preset().is_some_and(|(_, changed)| !changed), "the preset has no say in that");
        change(&edits, "glow", 0.9);
        assert!(edits.preset().is_some_and(|(_, changed)| changed));
        for _ in 0..3 {
            let values = edits.undo().unwrap();
            arrive(&edits, &values);
        }
        assert_eq!(edits.preset(), None);
        for (place, (now, before)) in edits.register().snapshot().iter().zip(before).enumerate() {
            assert!((now - before).abs() < 1e-6, "{}", edits.register().id(place));
        }
    }
}
