//! What a session remembers: a versioned state that loses nothing that a newer Dendrite wrote.
//!
//! ```text
//! loading   chunk ──> PluginState ──filter()──> migrated, checked, complete ──> parameters and Session
//! saving    parameters and Session ──> PluginState ──> chunk
//! ```
//!
//! The framework stores `params` (id -> plain value) and `fields` (name -> JSON). Our fields:
//!
//! | field | holds |
//! | --- | --- |
//! | `state_version` | the number of this format, [`STATE_VERSION`] |
//! | `editor` | [`EditorMemory`] |
//! | `models` | [`ModelMemory`]: the folder of the models and the hash of the set |
//! | `edits` | [`EditsMemory`]: the set of values that is not heard, and the presets that the two sets began with |
//! | `kept_params` | parameters of a newer session that this version does not know, id -> value |
//! | `kept_from_version` | the format number of the newer session that the kept things come from |
//!
//! Fields of other names are kept and written back as they are. A later version that knows a kept parameter takes it out of
//! `kept_params` again ([`filter`] does that in every version).

use std::collections::BTreeMap;
use std::sync::Arc;

use nice_plug::params::internals::ParamPtr;
use nice_plug::plugin::{ParamValue, PluginState};
use nice_plug::prelude::*;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::edits::{Edits, EditsMemory};
use crate::models::{ModelMemory, Models};
use crate::notice::Notices;
use crate::params::DendriteParams;
use crate::presets::Shelf;
use crate::register::Register;

/// Number of the state's format. Raised when a field or a parameter changes its meaning, together with a migration.
pub const STATE_VERSION: u32 = 1;

/// Step n turns a state of version n + 1 into one of version n + 2; none is needed yet.
const MIGRATIONS: [fn(&mut PluginState); STATE_VERSION as usize - 1] = [];

const VERSION_FIELD: &str = "state_version";
const EDITOR_FIELD: &str = "editor";
const MODELS_FIELD: &str = "models";
const EDITS_FIELD: &str = "edits";
const KEPT_PARAMS_FIELD: &str = "kept_params";
const KEPT_FROM_FIELD: &str = "kept_from_version";
/// Carries what [`filter`], which knows no instance, has to tell to the instance that is being restored. Never saved.
const NOTICE_FIELD: &str = "restore_notice";

/// Which overlays the user wants unfolded. The editor folds more where the window has no room for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OverlayMemory {
    /// Valence and arousal.
    pub mood: bool,
    /// Chord and key.
    pub harmony: bool,
    /// c on the Mandelbrot set.
    pub orbit: bool,
    /// Spectrum, bands and tempo.
    pub hearing: bool,
    /// Load and models.
    pub engine: bool,
    /// Place (from 0, as above) of the one that was unfolded last: it gets room before the others.
    pub latest: u8,
}

impl Default for OverlayMemory {
    fn default() -> Self {
        Self { mood: true, harmony: true, orbit: true, hearing: true, engine: true, latest: 0 }
    }
}

/// How the user looks at the set, on top of the parameters of the look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewMemory {
    /// The point in the middle of the picture: right and up from z = 0 as it is seen, in units of the z-plane.
    pub pan: [f32; 2],
    /// Factor on the magnification.
    pub zoom: f32,
}

impl ViewMemory {
    /// How far from z = 0 the middle of the picture may be, in each direction; every filled set lies within 2.
    pub const MAX_PAN: f32 = 3.0;
    /// Smallest and largest factor on the magnification.
    pub const ZOOM: [f32; 2] = [0.1, 1000.0];

    fn sanitized(self) -> Self {
        let place = |v: f32| if v.is_finite() { v.clamp(-Self::MAX_PAN, Self::MAX_PAN) } else { 0.0 };
        let [low, high] = Self::ZOOM;
        Self {
            pan: self.pan.map(place),
            zoom: if self.zoom.is_finite() { self.zoom.clamp(low, high) } else { 1.0 },
        }
    }
}

impl Default for ViewMemory {
    fn default() -> Self {
        Self { pan: [0.0; 2], zoom: 1.0 }
    }
}

/// What the editor remembers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditorMemory {
    /// Width of the window in logical pixels.
    pub width: f32,
    /// Height of the window in logical pixels.
    pub height: f32,
    /// Whether the panel is unfolded.
    pub panel_open: bool,
    /// Which overlays are unfolded.
    pub overlays: OverlayMemory,
    /// Where the user has moved the picture to.
    pub view: ViewMemory,
    /// Whether the hint about the keys has been seen.
    pub keys_hinted: bool,
}

impl EditorMemory {
    /// Smallest width and height of the window in logical pixels: the panel and a picture beside it.
    pub const MIN_SIZE: [f32; 2] = [560.0, 420.0];
    /// Largest width and height: an 8K screen at scale factor 1.
    pub const MAX_SIZE: [f32; 2] = [7680.0, 4320.0];

    /// The same with a size that a window can have, and a view that shows something.
    fn sanitized(self) -> Self {
        let within = |value: f32, axis: usize, default: f32| {
            if value.is_finite() { value.clamp(Self::MIN_SIZE[axis], Self::MAX_SIZE[axis]) } else { default }
        };
        let default = Self::default();
        Self {
            width: within(self.width, 0, default.width),
            height: within(self.height, 1, default.height),
            view: self.view.sanitized(),
            ..self
        }
    }
}

impl Default for EditorMemory {
    fn default() -> Self {
        Self {
            width: 960.0,
            height: 600.0,
            panel_open: true,
            overlays: OverlayMemory::default(),
            view: ViewMemory::default(),
            keys_hinted: false,
        }
    }
}

/// Everything of a session that is not a parameter.
#[derive(Debug, Default)]
struct Memory {
    editor: EditorMemory,
    /// Fields of a newer session, name -> JSON.
    kept_fields: BTreeMap<String, String>,
    /// Parameters of a newer session, as the JSON of a map.
    kept_params: Option<String>,
    /// Format number of the newer session.
    kept_from: Option<String>,
}

/// The parameters together with everything else that a session saves. This is what the framework stores and restores.
pub struct Session {
    /// The parameters, shared with audio thread and editor; they are atomics inside.
    pub params: Arc<DendriteParams>,
    /// Where problems with a state are reported.
    pub notices: Arc<Notices>,
    /// The model set, and the thread that reads it.
    pub models: Arc<Models>,
    /// The last bars that were played.
    pub capture: Capture,
    /// What the user has done to the parameters.
    pub edits: Edits,
    /// The user's presets.
    pub presets: Shelf,
    /// Locked by main thread and editor only.
    memory: Mutex<Memory>,
}

impl Default for Session {
    fn default() -> Self {
        let params = Arc::<DendriteParams>::default();
        Self {
            notices: Arc::default(),
            models: Arc::default(),
            capture: Capture::default(),
            edits: Edits::new(Register::new(params.clone())),
            presets: Shelf::default(),
            memory: Mutex::default(),
            params,
        }
    }
}

impl Session {
    /// A session of an instance whose models are these.
    pub fn new(models: Arc<Models>) -> Self {
        Self { models, ..Self::default() }
    }

    /// What the editor remembers.
    pub fn editor(&self) -> EditorMemory {
        self.memory.lock().editor
    }

    /// Changes what the editor remembers.
    pub fn change_editor(&self, change: impl FnOnce(&mut EditorMemory)) {
        let mut memory = self.memory.lock();
        change(&mut memory.editor);
        memory.editor = memory.editor.sanitized();
    }
}

// SAFETY: the pointers of `param_map` point into `self.params`, which lives as long as this object: the Arc is never
// replaced.
unsafe impl Params for Session {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        self.params.param_map()
    }

    fn serialize_fields(&self) -> BTreeMap<String, String> {
        let memory = self.memory.lock();
        let mut fields = memory.kept_fields.clone();
        fields.insert(VERSION_FIELD.to_owned(), STATE_VERSION.to_string());
        if let Ok(editor) = serde_json::to_string(&memory.editor) {
            fields.insert(EDITOR_FIELD.to_owned(), editor);
        }
        if let Ok(models) = serde_json::to_string(&self.models.memory()) {
            fields.insert(MODELS_FIELD.to_owned(), models);
        }
        if let Ok(edits) = serde_json::to_string(&self.edits.memory()) {
            fields.insert(EDITS_FIELD.to_owned(), edits);
        }
        for (name, kept) in [(KEPT_PARAMS_FIELD, &memory.kept_params), (KEPT_FROM_FIELD, &memory.kept_from)] {
            if let Some(kept) = kept {
                fields.insert(name.to_owned(), kept.clone());
            }
        }
        fields
    }

    fn deserialize_fields(&self, fields: &BTreeMap<String, String>) {
        if let Some(notice) = fields.get(NOTICE_FIELD) {
            self.notices.post(notice.clone());
        }
        let editor = fields.get(EDITOR_FIELD).map(|json| serde_json::from_str::<EditorMemory>(json));
        if let Some(Err(error)) = &editor {
            self.notices
                .post(format!("The size of the window could not be read from the session ({error})."));
        }
        // A state without a models field (a preset, an older session) leaves the models as they are.
        match fields.get(MODELS_FIELD).map(|json| serde_json::from_str::<ModelMemory>(json)) {
            None => {}
            Some(Ok(models)) => self.models.restore(&models, &self.notices),
            Some(Err(error)) => self.notices.post(format!(
                "The folder of the models could not be read from the session ({error}); the models stay as they are."
            )),
        }
        let edits = match fields.get(EDITS_FIELD).map(|json| serde_json::from_str::<EditsMemory>(json)) {
            None => EditsMemory::default(),
            Some(Ok(edits)) => edits,
            Some(Err(error)) => {
                self.notices.post(format!(
                    "The second set of values could not be read from the session ({error}); it is the same as the first."
                ));
                EditsMemory::default()
            }
        };
        let unusable = self.edits.restore(edits);
        if !unusable.is_empty() {
            self.notices.post(format!(
                "Values of the second set that could not be used are those of the first: {}.",
                unusable.join(", ")
            ));
        }
        let mut memory = self.memory.lock();
        // A state without an editor field (a preset) leaves the window as it is.
        if let Some(Ok(editor)) = editor {
            memory.editor = editor.sanitized();
        }
        memory.kept_params = fields.get(KEPT_PARAMS_FIELD).cloned();
        memory.kept_from = fields.get(KEPT_FROM_FIELD).cloned();
        memory.kept_fields = fields
            .iter()
            .filter(|(name, _)| {
                ![
                    VERSION_FIELD,
                    EDITOR_FIELD,
                    MODELS_FIELD,
                    EDITS_FIELD,
                    KEPT_PARAMS_FIELD,
                    KEPT_FROM_FIELD,
                    NOTICE_FIELD,
                ]
                .contains(&name.as_str())
            })
            .map(|(name, json)| (name.clone(), json.clone()))
            .collect();
    }
}

/// Prepares a state for loading: migrates it, takes aside what this version does not know, replaces what cannot be used by
/// defaults, and completes it, so that the same state always gives the same session.
pub fn filter(state: &mut PluginState) {
    let mut problems: Vec<String> = state.fields.remove(NOTICE_FIELD).into_iter().collect();

    match state.fields.get(VERSION_FIELD).map(|text| text.trim().parse::<u32>()) {
        // Without a number it is taken for the first format.
        None => {}
        Some(Ok(version)) if version > STATE_VERSION => {
            state.fields.insert(KEPT_FROM_FIELD.to_owned(), version.to_string());
            problems.push(format!(
                "This session was saved by a newer Dendrite (state version {version}, this one knows {STATE_VERSION}): \
                 what is known is used, the rest is kept and saved again."
            ));
        }
        Some(Ok(version)) => {
            for migrate in MIGRATIONS.iter().skip(version.max(1) as usize - 1) {
                migrate(state);
            }
        }
        Some(Err(_)) => {
            problems.push("The session's state version is not a number; it is taken for 1.".to_owned())
        }
    }

    let known = DendriteParams::default();
    let map: BTreeMap<String, ParamPtr> =
        known.param_map().into_iter().map(|(id, param, _)| (id, param)).collect();

    let mut kept: BTreeMap<String, serde_json::Value> = state
        .fields
        .get(KEPT_PARAMS_FIELD)
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let taken_back: Vec<String> = kept.keys().filter(|id| map.contains_key(*id)).cloned().collect();
    for id in taken_back {
        if let Some(Ok(value)) = kept.remove(&id).map(serde_json::from_value::<ParamValue>) {
            state.params.entry(id).or_insert(value);
        }
    }

    let mut unusable = Vec::new();
    for (id, value) in std::mem::take(&mut state.params) {
        match map.get(&id) {
            None => {
                if let Ok(value) = serde_json::to_value(&value) {
                    kept.insert(id, value);
                }
            }
            Some(param) => match usable(*param, &value) {
                Some(value) => {
                    state.params.insert(id, value);
                }
                None => unusable.push(id),
            },
        }
    }
    if !unusable.is_empty() {
        problems
            .push(format!("Values that could not be used are at their defaults: {}.", unusable.join(", ")));
    }
    for (id, param) in &map {
        state.params.entry(id.clone()).or_insert_with(|| default_value(*param));
    }

    state.fields.remove(KEPT_PARAMS_FIELD);
    if !kept.is_empty()
        && let Ok(json) = serde_json::to_string(&kept)
    {
        state.fields.insert(KEPT_PARAMS_FIELD.to_owned(), json);
    }
    if !problems.is_empty() {
        state.fields.insert(NOTICE_FIELD.to_owned(), problems.join(" "));
    }
}

/// The state that stands in for a chunk that cannot be read: all parameters at their defaults, and a notice with the reason.
pub fn replacement(reason: &str) -> PluginState {
    let known = DendriteParams::default();
    let notice =
        format!("The saved state could not be read ({reason}); all parameters are at their defaults.");
    PluginState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        params: known.param_map().into_iter().map(|(id, param, _)| (id, default_value(param))).collect(),
        fields: BTreeMap::from([(NOTICE_FIELD.to_owned(), notice)]),
    }
}

/// A value made fit for a parameter: of its type and within its range; `None` if there is no sense in it.
fn usable(param: ParamPtr, value: &ParamValue) -> Option<ParamValue> {
    // SAFETY: the callers' `DendriteParams` lives longer than the pointers of its map.
    unsafe {
        let (low, high) = (param.preview_plain(0.0), param.preview_plain(1.0));
        match (param, value) {
            (ParamPtr::FloatParam(_), ParamValue::F32(v)) if v.is_finite() => {
                Some(ParamValue::F32(v.clamp(low, high)))
            }
            (ParamPtr::FloatParam(_), ParamValue::I32(v)) => {
                Some(ParamValue::F32((*v as f32).clamp(low, high)))
            }
            (ParamPtr::IntParam(_) | ParamPtr::EnumParam(_), ParamValue::I32(v)) => {
                let whole = |bound: f32| bound.round() as i32;
                (whole(low)..=whole(high)).contains(v).then_some(ParamValue::I32(*v))
            }
            (ParamPtr::BoolParam(_), ParamValue::Bool(v)) => Some(ParamValue::Bool(*v)),
            (ParamPtr::EnumParam(choice), ParamValue::String(id)) => {
                (*choice).set_from_id(id).then(|| ParamValue::String(id.clone()))
            }
            _ => None,
        }
    }
}

/// A parameter's default in the form in which the framework stores it.
fn default_value(param: ParamPtr) -> ParamValue {
    // SAFETY: as in `usable`.
    unsafe {
        match param {
            ParamPtr::FloatParam(p) => ParamValue::F32((*p).default_plain_value()),
            ParamPtr::IntParam(p) => ParamValue::I32((*p).default_plain_value()),
            ParamPtr::BoolParam(p) => ParamValue::Bool((*p).default_plain_value()),
            ParamPtr::EnumParam(p) => ParamValue::I32((*p).default_plain_value()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editors_memory_survives_a_round_trip() {
        let memory = EditorMemory {
            width: 1100.0,
            height: 700.0,
            panel_open: false,
            overlays: OverlayMemory { orbit: false, latest: 3, ..OverlayMemory::default() },
            view: ViewMemory { pan: [0.25, -0.5], zoom: 3.5 },
            keys_hinted: true,
        };
        let session = Session::default();
        session.change_editor(|editor| *editor = memory);
        let other = Session::default();
        other.deserialize_fields(&session.serialize_fields());
        assert_eq!(other.editor(), memory);
    }

    #[test]
    fn the_set_that_is_not_heard_survives_a_round_trip() {
        let session = Session::default();
        let edits = &session.edits;
        let place = edits.register().place("glow").unwrap();
        edits.switch();
        // SAFETY: the register keeps its parameters alive.
        unsafe { edits.register().pointer(place)._internal_set_normalized_value(0.25) };
        edits.switch();
        let fields = session.serialize_fields();
        let other = Session::default();
        other.deserialize_fields(&fields);
        assert_eq!(other.edits.memory(), edits.memory());
        assert_eq!(other.serialize_fields(), fields);
        // What makes no sense is told, and nothing is lost but that.
        other.deserialize_fields(&BTreeMap::from([(EDITS_FIELD.to_owned(), "[7]".to_owned())]));
        assert_eq!(other.notices.shown().len(), 1);
        assert!(!other.edits.differ());
    }

    #[test]
    fn a_session_from_before_the_overlays_gets_the_defaults() {
        let old = r#"{"width":800.0,"height":500.0,"panel_open":false}"#;
        let session = Session::default();
        session.deserialize_fields(&BTreeMap::from([(EDITOR_FIELD.to_owned(), old.to_owned())]));
        let expected =
            EditorMemory { width: 800.0, height: 500.0, panel_open: false, ..EditorMemory::default() };
        assert_eq!(session.editor(), expected);
        // And one that knows only a part of an overlay's or view's fields.
        let part = r#"{"overlays":{"mood":false},"view":{"zoom":2.0}}"#;
        session.deserialize_fields(&BTreeMap::from([(EDITOR_FIELD.to_owned(), part.to_owned())]));
        assert_eq!(session.editor().overlays, OverlayMemory { mood: false, ..OverlayMemory::default() });
        assert_eq!(session.editor().view, ViewMemory { zoom: 2.0, ..ViewMemory::default() });
    }

    #[test]
    fn no_view_is_remembered_that_shows_nothing() {
        let session = Session::default();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 0.0] {
            session.change_editor(|editor| editor.view = ViewMemory { pan: [bad, -bad], zoom: bad });
            let view = session.editor().view;
            assert!(view.pan.iter().all(|v| v.abs() <= ViewMemory::MAX_PAN), "{bad}: {view:?}");
            let [low, high] = ViewMemory::ZOOM;
            assert!((low..=high).contains(&view.zoom), "{bad}: {view:?}");
        }
    }
}
