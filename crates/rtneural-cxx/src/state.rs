//! States as C++ holds them: each keeps its model, so that a state never meets another model nor outlives its own.

use rtneural::{Progress, RunError};

use crate::bridge::ffi::Status;
use crate::error::{Error, caught};
use crate::model::Model;

/// One instance of a model, with a share of the model itself.
pub(crate) struct State {
    model: rtneural::Model,
    state: rtneural::State,
}

/// Allocates all that the instance will need.
pub(crate) fn make_state(model: &Model) -> Result<Box<State>, Error> {
    caught(|| Ok(Box::new(State { model: model.0.clone(), state: model.0.state() })))
}

impl State {
    pub(crate) fn inputs(&self) -> usize {
        self.model.inputs()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.model.outputs()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state.is_running()
    }

    pub(crate) fn output(&self) -> &[f32] {
        self.state.output()
    }

    pub(crate) fn reset(&mut self) {
        self.state.reset();
    }

    pub(crate) fn start(&mut self, input: &[f32]) -> Status {
        status(caught(|| Ok(self.model.start(&mut self.state, input).map(|()| Progress::Done)?)))
    }

    pub(crate) fn forward_some(&mut self, budget: usize) -> Status {
        status(caught(|| Ok(self.model.forward_some(&mut self.state, budget)?)))
    }

    /// Runs once; the result is in [`State::output`]. C++ copies it to its place from there, because a slice to write to
    /// must not overlap the input here, while plug-ins like to work in place; `room` is how many values that place
    /// holds.
    pub(crate) fn forward(&mut self, input: &[f32], room: usize) -> Status {
        status(self.run(input, room))
    }

    pub(crate) fn forward_or_throw(&mut self, input: &[f32], room: usize) -> Result<(), Error> {
        self.run(input, room).map(|_| ())
    }

    fn run(&mut self, input: &[f32], room: usize) -> Result<Progress, Error> {
        caught(|| {
            let expected = self.model.outputs();
            if room != expected {
                return Err(RunError::Output { expected, found: room }.into());
            }
            self.model.start(&mut self.state, input)?;
            Ok(self.model.forward_some(&mut self.state, usize::MAX)?)
        })
    }
}

/// Without text, so that nothing is allocated.
fn status(result: Result<Progress, Error>) -> Status {
    match result {
        Ok(Progress::Done) => Status::Ok,
        Ok(Progress::More) => Status::More,
        Err(Error::Misuse(RunError::Input { .. })) => Status::WrongInputSize,
        Err(Error::Misuse(RunError::Output { .. })) => Status::WrongOutputSize,
        Err(Error::Misuse(RunError::Unfinished)) => Status::Unfinished,
        Err(Error::Misuse(RunError::NotStarted)) => Status::NotStarted,
        Err(_) => Status::Failed,
    }
}
