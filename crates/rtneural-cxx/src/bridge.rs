//! What C++ and Rust say to each other. `include/rtneural_cxx/model.hpp` is the side that C++ programs see.

use crate::model::{Model, load, parse};
use crate::state::{State, make_state};

#[cxx::bridge(namespace = "rtneural::bridge")]
pub(crate) mod ffi {
    /// How weights are kept.
    #[namespace = "rtneural"]
    #[derive(Debug)]
    enum Weights {
        /// As the file has them.
        #[cxx_name = "f32"]
        F32,
        /// Rounded to f16: half the bytes.
        #[cxx_name = "f16"]
        F16,
        /// Rounded to 8 bits with one scale per output: a quarter of the bytes.
        #[cxx_name = "int8"]
        Int8,
    }

    /// How a model is made.
    struct Options {
        /// How weights are kept.
        weights: Weights,
        /// Multiplies a batch norm into the dense layer before it, where that layer has no activation.
        fold_batch_norm: bool,
    }

    /// What a call that does not throw did.
    #[namespace = "rtneural"]
    #[derive(Debug)]
    enum Status {
        /// What it should.
        #[cxx_name = "ok"]
        Ok,
        /// The budget is spent and the pass unfinished: call `forward_some` again.
        #[cxx_name = "more"]
        More,
        /// Nothing: the number of input values is not the model's.
        #[cxx_name = "wrong_input_size"]
        WrongInputSize,
        /// Nothing: the number of output values is not the model's.
        #[cxx_name = "wrong_output_size"]
        WrongOutputSize,
        /// Nothing: a pass has begun; finish it with `forward_some` or give it up with `reset`.
        #[cxx_name = "unfinished"]
        Unfinished,
        /// Nothing: no pass has begun.
        #[cxx_name = "not_started"]
        NotStarted,
        /// Nothing: the state was made without a model, or its contents were moved away.
        #[cxx_name = "empty"]
        Empty,
        /// An internal error, which should be reported; `reset` makes the state usable again.
        #[cxx_name = "failed"]
        Failed,
    }

    extern "Rust" {
        type Model;
        fn load(path: &CxxString, options: Options) -> Result<Box<Model>>;
        fn parse(json: &[u8], options: Options) -> Result<Box<Model>>;
        fn inputs(self: &Model) -> usize;
        fn outputs(self: &Model) -> usize;
        fn bytes(self: &Model) -> usize;
        fn work(self: &Model) -> usize;
        fn weights(self: &Model) -> Weights;
        fn level(self: &Model) -> String;

        type State;
        fn make_state(model: &Model) -> Result<Box<State>>;
        fn inputs(self: &State) -> usize;
        fn outputs(self: &State) -> usize;
        fn bytes(self: &State) -> usize;
        fn is_running(self: &State) -> bool;
        fn output(self: &State) -> &[f32];
        fn reset(self: &mut State);
        fn start(self: &mut State, input: &[f32]) -> Status;
        fn forward_some(self: &mut State, budget: usize) -> Status;
        fn forward(self: &mut State, input: &[f32], room: usize) -> Status;
        fn forward_or_throw(self: &mut State, input: &[f32], room: usize) -> Result<()>;
    }
}
