//! Models that run, and the state they run on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::program::{Program, build};
use crate::raw::{Arena, Kernels, LINE, Reading, Sums, WholeSums};
use crate::run::{Budget, Cursor, Pass, work};
use crate::{Error, Level, Network};

/// How weights are kept. Biases, batch norm, slopes and the weights of grouped convolutions are f32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Weights {
    /// As the file has them.
    #[default]
    F32,
    /// Rounded to f16, half the bytes; sums are f32.
    F16,
    /// Rounded to 8 bits with one scale per output, a quarter of the bytes; the first layer hands its errors of rounding on
    /// from input to input. Inputs are rounded to up to 16 bits with one scale per call, sums are exact.
    Int8,
}

/// How a [`Model`] is made from a [`Network`].
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How weights are kept.
    pub weights: Weights,
    /// Multiplies a batch norm into the dense layer before it, where that layer has no activation.
    pub fold_batch_norm: bool,
    /// The instructions to run on; where this processor lacks them, the best that it has.
    pub level: Level,
}

impl Default for Options {
    /// f32, batch norm folded, the best instructions of this processor.
    fn default() -> Self {
        Options { weights: Weights::F32, fold_batch_norm: true, level: Level::detect() }
    }
}

impl Options {
    /// The defaults with another kind of weights.
    pub fn with_weights(weights: Weights) -> Self {
        Options { weights, ..Options::default() }
    }
}

/// A network ready to run: immutable, shared by cloning (the weights exist once), usable from any thread.
#[derive(Clone)]
pub struct Model {
    program: Arc<Program>,
    pack: Pack,
    kernels: Kernels,
    options: Options,
    /// Which states fit.
    id: u64,
    work: usize,
}

/// A model's weights within an arena.
#[derive(Clone)]
pub(crate) struct Pack {
    arena: Arc<Arena>,
    start: usize,
    length: usize,
}

impl Pack {
    pub(crate) fn f32s(&self, offset: usize, count: usize) -> &[f32] {
        self.arena.f32s(self.start + offset, count)
    }

    pub(crate) fn u16s(&self, offset: usize, count: usize) -> &[u16] {
        self.arena.u16s(self.start + offset, count)
    }

    pub(crate) fn i32s(&self, offset: usize, count: usize) -> &[i32] {
        self.arena.i32s(self.start + offset, count)
    }

    pub(crate) fn i8s(&self, offset: usize, count: usize) -> &[i8] {
        self.arena.i8s(self.start + offset, count)
    }
}

/// Why a call did nothing. It is a misuse by the program, never the fault of a model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The input slice has another length than the model takes.
    #[error("expected {expected} input values, found {found}")]
    Input {
        /// [`Model::inputs`].
        expected: usize,
        /// Length of the slice.
        found: usize,
    },
    /// The output slice has another length than the model gives.
    #[error("expected room for {expected} output values, found {found}")]
    Output {
        /// [`Model::outputs`].
        expected: usize,
        /// Length of the slice.
        found: usize,
    },
    /// The state was made by another model.
    #[error("expected a state made by this model's `state()`, found another model's")]
    State,
    /// A pass has begun and is not finished.
    #[error("expected no unfinished pass; finish it with `forward_some` or give it up with `reset`")]
    Unfinished,
    /// No pass has begun.
    #[error("expected a pass begun with `start`")]
    NotStarted,
}

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// The budget is spent; call again.
    More,
    /// The result is in [`State::output`].
    Done,
}

/// What one instance of a model remembers from call to call, and its scratch memory. All of it is allocated when it
/// is made.
#[derive(Debug, Clone)]
pub struct State {
    model: u64,
    pub(crate) values: Box<[f32]>,
    pub(crate) quantised: Box<[i16]>,
    /// Of each ring the number of its newest frame.
    pub(crate) rings: Box<[usize]>,
    pub(crate) sums: Sums,
    pub(crate) whole_sums: WholeSums,
    pub(crate) greatest: f32,
    pub(crate) scale: f32,
    pub(crate) cursor: Cursor,
    output: crate::program::Region,
    running: bool,
}

impl State {
    /// Back to the state after construction: zeros everywhere, no pass begun. Does not allocate.
    pub fn reset(&mut self) {
        self.values.fill(0.0);
        self.quantised.fill(0);
        self.rings.fill(0);
        self.cursor = Cursor::default();
        self.running = false;
    }

    /// The result of the last finished pass (zeros before the first). While a pass is unfinished it holds parts of
    /// both.
    pub fn output(&self) -> &[f32] {
        &self.values[self.output.at..][..self.output.len]
    }

    /// Whether a pass has begun and is not finished.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Bytes of this state.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.values)
            + size_of_val(&*self.quantised)
            + size_of_val(&*self.rings)
            + size_of::<Self>()
    }
}

impl Model {
    /// The largest piece of work that [`Model::forward_some`] does not interrupt, in multiply-adds.
    pub const UNIT: usize = 1024;

    /// Prepares a network to run.
    ///
    /// # Errors
    /// Weights that the chosen kind cannot hold: beyond 65,504 for f16; and folded weights that are not finite.
    pub fn new(network: &Network, options: Options) -> Result<Model, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let kernels = Kernels::new(options.level).or_else(|| Kernels::new(Level::detect()));
        let kernels = kernels.expect("the detected level is there");
        let (program, bytes) = build(network, options, kernels)?;
        let pack = Pack { arena: Arc::new(Arena::new(&[&bytes])), start: 0, length: bytes.len() };
        let work = work(&program);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let options = Options { level: kernels.level(), ..options };
        Ok(Model { program: Arc::new(program), pack, kernels, options, id, work })
    }

    /// Reads RTNeural JSON from a file and prepares it to run, with the default [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// As [`Network::read`] and [`Model::new`].
    pub fn load(path: impl AsRef<Path>, options: Options) -> Result<Model, Error> {
        let path = path.as_ref();
        let network = Network::read(path)?;
        Model::new(&network, options).map_err(|error| error.with_file(path))
    }

    /// The same models with their weights one after the other in a single arena, in this order, which spares page
    /// table entries when they run in turn. States of the models given fit the models returned.
    pub fn pack_together(models: &[Model]) -> Vec<Model> {
        let padding = [0; LINE];
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut starts = Vec::new();
        let mut at = 0_usize;
        for model in models {
            let pack = &model.pack;
            starts.push(at);
            parts.push(&pack.arena.bytes()[pack.start..][..pack.length]);
            let end = at + pack.length;
            at = end.next_multiple_of(LINE);
            parts.push(&padding[..at - end]);
        }
        let arena = Arc::new(Arena::new(&parts));
        let place = |(model, start): (&Model, usize)| {
            let pack = Pack { arena: Arc::clone(&arena), start, length: model.pack.length };
            Model { pack, ..model.clone() }
        };
        models.iter().zip(starts).map(place).collect()
    }

    /// Memory for one instance. Allocates.
    pub fn state(&self) -> State {
        State {
            model: self.id,
            values: vec![0.0; self.program.values].into(),
            quantised: vec![0; self.program.quantised].into(),
            rings: vec![0; self.program.rings].into(),
            sums: Sums::ZERO,
            whole_sums: WholeSums::ZERO,
            greatest: 0.0,
            scale: 0.0,
            cursor: Cursor::default(),
            output: self.program.output,
            running: false,
        }
    }

    /// Values that one call takes.
    pub fn inputs(&self) -> usize {
        self.program.input.len
    }

    /// Values that one call gives.
    pub fn outputs(&self) -> usize {
        self.program.output.len
    }

    /// How it was made; the level is the one in use.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Bytes of weights, biases and their padding.
    pub fn bytes(&self) -> usize {
        self.pack.length
    }

    /// Multiply-adds of one pass, as [`Model::forward_some`] counts them: one for each weight, eight for each value of
    /// a function such as tanh, one for each value that is copied.
    pub fn work(&self) -> usize {
        self.work
    }

    /// Runs the network once: `input` are [`Model::inputs`] values, `output` receives [`Model::outputs`].
    ///
    /// Real-time safe: does not allocate, lock or panic. Inputs that are not finite give outputs that are not, and in
    /// networks with memory they stay until [`State::reset`].
    ///
    /// # Errors
    /// Slices of another length, another model's state, an unfinished pass; nothing was done then.
    pub fn forward(&self, state: &mut State, input: &[f32], output: &mut [f32]) -> Result<(), RunError> {
        if output.len() != self.outputs() {
            return Err(RunError::Output { expected: self.outputs(), found: output.len() });
        }
        self.start(state, input)?;
        let _done = self.forward_some(state, usize::MAX)?;
        output.copy_from_slice(state.output());
        Ok(())
    }

    /// Begins a pass: takes a copy of the input. Real-time safe.
    ///
    /// # Errors
    /// As [`Model::forward`].
    pub fn start(&self, state: &mut State, input: &[f32]) -> Result<(), RunError> {
        if state.model != self.id {
            return Err(RunError::State);
        }
        if state.running {
            return Err(RunError::Unfinished);
        }
        if input.len() != self.inputs() {
            return Err(RunError::Input { expected: self.inputs(), found: input.len() });
        }
        let region = self.program.input;
        state.values[region.at..][..region.len].copy_from_slice(input);
        state.running = true;
        Ok(())
    }

    /// Goes on with a pass for at most `budget` multiply-adds (see [`Model::work`]), but for one unit of at most
    /// [`Model::UNIT`] in any case, so that every call makes progress. The result is the same, bit for bit, whatever
    /// the budgets were. Real-time safe.
    ///
    /// # Errors
    /// [`RunError::State`] and [`RunError::NotStarted`]; nothing was done then.
    pub fn forward_some(&self, state: &mut State, budget: usize) -> Result<Progress, RunError> {
        if state.model != self.id {
            return Err(RunError::State);
        }
        if !state.running {
            return Err(RunError::NotStarted);
        }
        let (program, pack, kernels) = (&*self.program, &self.pack, self.kernels);
        let mut pass = Pass { program, pack, kernels, state, budget: Budget::new(budget) };
        if pass.run().is_break() {
            return Ok(Progress::More);
        }
        state.running = false;
        Ok(Progress::Done)
    }

    /// Reads all weights and does nothing with them (the sum is returned so that the work is not left out): the bound
    /// that memory sets to [`Model::forward`], for benchmarks.
    pub fn read_weights(&self) -> f32 {
        self.kernels.read(self.pack.f32s(0, self.pack.length / 4), Reading::Sixteen)
    }

    /// Reads all of the arena that the weights lie in, so after [`Model::pack_together`] the weights of all: the bound
    /// that memory sets to running them in turn, for benchmarks.
    #[doc(hidden)]
    pub fn read_arena(&self, reading: Reading) -> f32 {
        let arena = &self.pack.arena;
        self.kernels.read(arena.f32s(0, arena.bytes().len() / 4), reading)
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("inputs", &self.inputs())
            .field("outputs", &self.outputs())
            .field("options", &self.options)
            .field("bytes", &self.bytes())
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}
