//! One instance's networks: the states of a model set, run in slices of bounded work.

use std::sync::Arc;

use dendrite_features::{Deltas, FeatureWindow, WINDOW_FRAMES};
use dendrite_pipeline::ModelKind;
use rtneural::{Model, Progress, State};

use crate::models::ModelSet;
use crate::snapshot::ModelStatus;

/// Multiply-adds of a slice: about as long as the slices of the feature extraction take.
const SLICE_WORK: usize = 24 * 1024;

/// A model set with the memory of one instance. Made off the audio thread, handed to
/// [`Engine::offer`](crate::Engine::offer) or [`Engine::install`](crate::Engine::install), and dropped off the audio
/// thread again; the weights belong to the set and are shared.
pub struct Networks {
    set: Arc<ModelSet>,
    runs: [Option<Run>; 6],
    /// What the orbit model sees, in the shape that it declares.
    pub(crate) window: FeatureWindow,
}

/// A model with its state and its share of a hop's slices.
struct Run {
    model: Model,
    state: State,
    slices: usize,
    /// Multiply-adds of one slice.
    budget: usize,
}

impl std::fmt::Debug for Networks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Networks").field("set", &self.set).finish_non_exhaustive()
    }
}

impl Networks {
    /// Allocates the states of a set.
    pub fn new(set: Arc<ModelSet>) -> Box<Self> {
        let runs = ModelKind::ALL.map(|kind| {
            set.model(kind).map(|model| {
                let slices = model.work().div_ceil(SLICE_WORK).max(1);
                // A slice may stop up to a unit early, which must not add up in the last one.
                let budget = model.work().div_ceil(slices) + Model::UNIT;
                Run { state: model.state(), model: model.clone(), slices, budget }
            })
        });
        let (frames, deltas) = set.orbit_window().unwrap_or((WINDOW_FRAMES, Deltas::None));
        Box::new(Self { set, runs, window: FeatureWindow::new(frames, deltas) })
    }

    /// The set that these run.
    pub fn set(&self) -> &Arc<ModelSet> {
        &self.set
    }

    /// Where each model's results come from.
    pub fn status(&self) -> [ModelStatus; 6] {
        ModelKind::ALL.map(|kind| self.set.status(kind))
    }

    /// Bytes of the states.
    pub fn bytes(&self) -> usize {
        self.runs.iter().flatten().map(|run| run.state.bytes()).sum()
    }

    /// Whether a model is there.
    pub(crate) fn has(&self, kind: ModelKind) -> bool {
        self.runs[kind.index()].is_some()
    }

    /// Slices of one pass of a model; 1 where a heuristic stands in.
    pub(crate) fn slices(&self, kind: ModelKind) -> usize {
        self.runs[kind.index()].as_ref().map_or(1, |run| run.slices)
    }

    /// Does slice `part` of a pass; the first one takes the input. Returns the output after the last slice, `None` before
    /// it and where there is no model. Does not allocate.
    pub(crate) fn advance(&mut self, kind: ModelKind, part: usize, input: &[f32]) -> Option<&[f32]> {
        self.runs[kind.index()].as_mut()?.advance(part, input)
    }

    /// As [`advance`](Self::advance), for the orbit model, which sees the window.
    pub(crate) fn advance_orbit(&mut self, part: usize) -> Option<&[f32]> {
        self.runs[ModelKind::Orbit.index()].as_mut()?.advance(part, self.window.values())
    }

    /// Zeros in every state: the past is forgotten. Does not allocate.
    pub(crate) fn reset(&mut self) {
        for run in self.runs.iter_mut().flatten() {
            run.state.reset();
        }
        self.window.reset();
    }
}

impl Run {
    fn advance(&mut self, part: usize, input: &[f32]) -> Option<&[f32]> {
        if part == 0 && self.model.start(&mut self.state, input).is_err() {
            return None;
        }
        let last = part + 1 >= self.slices;
        if self.state.is_running() {
            let budget = if last { usize::MAX } else { self.budget };
            // Neither way of not being done is an error here: the next slice goes on.
            let _: Result<Progress, _> = self.model.forward_some(&mut self.state, budget);
        }
        if !last {
            return None;
        }
        if self.state.output().iter().all(|value| value.is_finite()) {
            return Some(self.state.output());
        }
        // Weights so large that sums overflow: the memory of it must not stay.
        self.state.reset();
        None
    }
}
