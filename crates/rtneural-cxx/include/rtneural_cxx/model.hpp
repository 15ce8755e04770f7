/// @file
/// Neural networks in RTNeural's JSON format for C++17: checked when read, without allocation when run.
///
/// @code
/// #include <rtneural_cxx/model.hpp>
///
/// // Set-up code. Throws when the file is not exactly the format; what() names file, layer, field, expected and found.
/// const auto model = rtneural::Model::load("amp.json");
/// rtneural::State left{model}, right{model}; // the weights exist once
///
/// // Audio thread. Does not allocate, lock or throw.
/// if (left.forward_checked(input, inputs, output, outputs) != rtneural::Status::ok)
///     std::fill_n(output, outputs, 0.0f);
/// @endcode
///
/// Link the static library that `cargo build --release --package rtneural-cxx` makes.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rust/cxx.h"

#include "rtneural_cxx/src/bridge.rs.h"

namespace rtneural {

/// What this library throws, a `std::exception`. `what()` reads like
/// `amp.json: layers[2] (lstm): weights[1][17]: expected 40 numbers, found 12`.
using Error = rust::Error;

/// How a model is made.
struct Options {
    /// How weights are kept: `Weights::f32`, `Weights::f16` (half the bytes) or `Weights::int8` (a quarter).
    Weights weights = Weights::f32;
    /// Multiplies a batch norm into the dense layer before it, where that layer has no activation.
    bool fold_batch_norm = true;
};

/// A status in words, for logs.
///
/// @return A string with static storage. Real-time safe.
[[nodiscard]] inline const char* to_string(Status status) noexcept {
    switch (status) {
    case Status::ok: return "ok";
    case Status::more: return "the budget is spent; call forward_some again";
    case Status::wrong_input_size: return "the number of input values is not the model's";
    case Status::wrong_output_size: return "the number of output values is not the model's";
    case Status::unfinished: return "a pass has begun; finish it with forward_some or give it up with reset";
    case Status::not_started: return "no pass has begun";
    case Status::empty: return "the state has no model";
    case Status::failed: return "internal error";
    }
    return "unknown status";
}

class State;

/// A network ready to run: immutable, never empty, usable from any thread at once.
///
/// Copies share the weights; to copy is to count a reference. Each State holds a share too, so that it does not matter
/// which is destroyed first. The last share to go frees the weights: let that not be on the audio thread.
class Model {
public:
    /// Reads RTNeural JSON from a file. Allocates, does I/O: not for the audio thread.
    ///
    /// @param path In UTF-8 on every system, for example JUCE's `file.getFullPathName().toStdString()`.
    /// @throws Error The file cannot be read, is not exactly the format, or holds weights beyond the range of f16
    ///         (with `Weights::f16`).
    [[nodiscard]] static Model load(const std::string& path, Options options = {}) {
        return Model{bridge::load(path, {options.weights, options.fold_batch_norm})};
    }

    /// Reads RTNeural JSON from memory, for example from binary data in the plug-in. Allocates.
    ///
    /// @throws Error As load(), without a file's name.
    [[nodiscard]] static Model from_json(std::string_view json, Options options = {}) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(json.data());
        return Model{bridge::parse({bytes, json.size()}, {options.weights, options.fold_batch_norm})};
    }

    // No move operations: a moved-from model would be empty. Moves copy.
    Model(const Model&) = default;
    Model& operator=(const Model&) = default;

    /// Values that one pass takes.
    [[nodiscard]] std::size_t inputs() const noexcept { return model_->inputs(); }

    /// Values that one pass gives.
    [[nodiscard]] std::size_t outputs() const noexcept { return model_->outputs(); }

    /// Bytes of weights, biases and their padding.
    [[nodiscard]] std::size_t bytes() const noexcept { return model_->bytes(); }

    /// Multiply-adds of one pass, in the measure of State::forward_some.
    [[nodiscard]] std::size_t work() const noexcept { return model_->work(); }

    /// How weights are kept.
    [[nodiscard]] Weights weights() const noexcept { return model_->weights(); }

    /// The instructions in use, the best of this processor: "scalar", "neon", "avx2" or "avx512". Allocates.
    [[nodiscard]] std::string level() const { return std::string{model_->level()}; }

private:
    friend class State;

    struct Release {
        void operator()(bridge::Model* model) const noexcept { rust::Box<bridge::Model>::from_raw(model); }
    };

    explicit Model(rust::Box<bridge::Model> model) : model_{model.into_raw(), Release{}} {}

    std::shared_ptr<const bridge::Model> model_;
};

/// What one instance of a model remembers from pass to pass, and its scratch memory: one for each voice or channel.
///
/// All of its memory is allocated when it is made. Use it from one thread at a time; states of one model may run on
/// several threads at once. Everything but construction, destruction, assignment and forward() is real-time safe: it
/// does not allocate, lock, throw, or do I/O.
///
/// The processor's treatment of denormal numbers is left as it is: use `juce::ScopedNoDenormals` or its like.
class State {
public:
    /// No model: everything is empty, and runs give `Status::empty`.
    State() noexcept = default;

    /// An instance of a model, at rest. Allocates.
    ///
    /// @throws Error An internal error.
    explicit State(const Model& model) : state_{bridge::make_state(*model.model_).into_raw()} {}

    // Moves leave an empty state behind; there are no copies.
    State(State&&) noexcept = default;
    State& operator=(State&&) noexcept = default;

    /// Whether there is a model.
    [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

    /// Values that one pass takes; 0 without a model.
    [[nodiscard]] std::size_t inputs() const noexcept { return state_ ? state_->inputs() : 0; }

    /// Values that one pass gives; 0 without a model.
    [[nodiscard]] std::size_t outputs() const noexcept { return state_ ? state_->outputs() : 0; }

    /// Bytes of this state; 0 without a model.
    [[nodiscard]] std::size_t bytes() const noexcept { return state_ ? state_->bytes() : 0; }

    /// Back to the state after construction: zeros everywhere, no pass begun.
    void reset() noexcept {
        if (state_) state_->reset();
    }

    /// Runs the network once. Input and output may be the same memory.
    ///
    /// Inputs that are not finite give outputs that are not, and in networks with memory they stay until reset().
    ///
    /// @param inputs  How many values `input` holds: Model::inputs().
    /// @param outputs How many values `output` has room for: Model::outputs().
    /// @return `Status::ok`; anything else says why nothing was written.
    [[nodiscard]] Status forward_checked(const float* input, std::size_t inputs, float* output,
                                         std::size_t outputs) noexcept {
        if (!state_) return Status::empty;
        const auto status = state_->forward(slice(input, inputs), room(output, outputs));
        if (status == Status::ok) copy_output(output);
        return status;
    }

    /// As forward_checked(), for set-up code and tests: misuse throws. Does not allocate unless it throws.
    ///
    /// @throws Error Another number of values than the model's, or an unfinished pass; what() has the numbers.
    /// @throws std::logic_error There is no model.
    void forward(const float* input, std::size_t inputs, float* output, std::size_t outputs) {
        if (!state_) throw std::logic_error{"rtneural::State::forward: the state has no model"};
        state_->forward_or_throw(slice(input, inputs), room(output, outputs));
        copy_output(output);
    }

    /// Begins a pass that forward_some() goes on with. Takes a copy of the input.
    ///
    /// @return `Status::ok`; anything else says why no pass has begun.
    [[nodiscard]] Status start(const float* input, std::size_t inputs) noexcept {
        return state_ ? state_->start(slice(input, inputs)) : Status::empty;
    }

    /// Goes on with a pass for at most `budget` multiply-adds (Model::work() is a whole pass), but for one piece of at
    /// most 1,024 in any case, so that every call makes progress. The result is the same, bit for bit, whatever the
    /// budgets were.
    ///
    /// @return `Status::more` while the pass is unfinished, `Status::ok` when the result is in output().
    [[nodiscard]] Status forward_some(std::size_t budget) noexcept {
        return state_ ? state_->forward_some(budget) : Status::empty;
    }

    /// Whether a pass has begun and is not finished.
    [[nodiscard]] bool is_running() const noexcept { return state_ && state_->is_running(); }

    /// The result of the last finished pass, outputs() values; zeros before the first, parts of both while a pass is
    /// unfinished. Valid until the state is moved, assigned to or destroyed; null without a model.
    [[nodiscard]] const float* output() const noexcept { return state_ ? state_->output().data() : nullptr; }

private:
    struct Release {
        void operator()(bridge::State* state) const noexcept { rust::Box<bridge::State>::from_raw(state); }
    };

    /// A null pointer counts as no values, whatever the number beside it says.
    static rust::Slice<const float> slice(const float* values, std::size_t count) noexcept {
        return values ? rust::Slice<const float>{values, count} : rust::Slice<const float>{};
    }

    static std::size_t room(const float* values, std::size_t count) noexcept { return values ? count : 0; }

    void copy_output(float* to) const noexcept {
        const auto result = state_->output();
        std::copy_n(result.data(), result.size(), to);
    }

    std::unique_ptr<bridge::State, Release> state_;
};

} // namespace rtneural
