/// @file
/// Loads what the Rust test has written to a folder and compares with what Rust got from it.
///
/// main FOLDER. The folder holds NAME.json, NAME.input (f32 of all steps, native byte order) and NAME.KIND.output for the
/// models "dense" and "lstm" and the kinds of weights, and NAME.json with the exact NAME.message for refused files.

#include <rtneural_cxx/model.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "allocations.hpp"

namespace {

using rtneural::Model;
using rtneural::Options;
using rtneural::State;
using rtneural::Status;
using rtneural::Weights;

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                              \
            std::exit(1);                                                                                             \
        }                                                                                                             \
    } while (false)

struct Kind {
    Weights weights;
    const char* name;
};
constexpr std::array kinds{Kind{Weights::f32, "f32"}, Kind{Weights::f16, "f16"}, Kind{Weights::int8, "int8"}};

std::string folder;

std::string path(const std::string& name) { return folder + "/" + name; }

std::string read_text(const std::string& name) {
    std::ifstream file{path(name), std::ios::binary};
    CHECK(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<float> read_floats(const std::string& name) {
    const auto text = read_text(name);
    std::vector<float> values(text.size() / sizeof(float));
    std::memcpy(values.data(), text.data(), text.size());
    return values;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// All steps from where the state stands; `step(from, to)` does one.
template <typename Step>
std::vector<float> run(const State& state, const std::vector<float>& input, Step step) {
    const auto steps = input.size() / state.inputs();
    std::vector<float> output(steps * state.outputs());
    for (std::size_t i = 0; i < steps; ++i)
        step(input.data() + i * state.inputs(), output.data() + i * state.outputs());
    return output;
}

std::vector<float> run(State& state, const std::vector<float>& input) {
    return run(state, input, [&](const float* from, float* to) {
        CHECK(state.forward_checked(from, state.inputs(), to, state.outputs()) == Status::ok);
    });
}

template <typename Call>
std::string message_of(Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

void gives_what_rust_gives(const std::string& name) {
    const auto input = read_floats(name + ".input");
    for (const auto kind : kinds) {
        const auto expected = read_floats(name + "." + kind.name + ".output");
        const auto model = Model::load(path(name + ".json"), {kind.weights});
        CHECK(model.weights() == kind.weights);
        State state{model};
        CHECK(state.inputs() == model.inputs() && state.outputs() == model.outputs());
        CHECK(same_bits(run(state, input), expected));

        // Again from the start, through the other ways to run.
        state.reset();
        CHECK(same_bits(run(state, input, [&](const float* from, float* to) {
            state.forward(from, state.inputs(), to, state.outputs());
        }), expected));

        state.reset();
        CHECK(same_bits(run(state, input, [&](const float* from, float* to) {
            CHECK(state.start(from, state.inputs()) == Status::ok);
            CHECK(state.is_running());
            // Each call does one piece, so that there are no more calls than multiply-adds.
            std::size_t calls = 1;
            Status status;
            while ((status = state.forward_some(1)) == Status::more) ++calls;
            CHECK(status == Status::ok && !state.is_running() && calls <= model.work());
            std::copy_n(state.output(), state.outputs(), to);
        }), expected));

        State from_memory{Model::from_json(read_text(name + ".json"), {kind.weights})};
        CHECK(same_bits(run(from_memory, input), expected));
    }
}

void reset_in_the_middle_of_a_pass_starts_anew() {
    const auto input = read_floats("lstm.input");
    State state{Model::load(path("lstm.json"))};
    const auto first = run(state, input);
    // The network has memory, so that going on is not the same.
    CHECK(!same_bits(run(state, input), first));
    CHECK(state.start(input.data(), state.inputs()) == Status::ok);
    CHECK(state.forward_some(1) == Status::more);
    state.reset();
    CHECK(!state.is_running());
    CHECK(same_bits(run(state, input), first));
}

void states_of_one_model_are_apart() {
    const auto input = read_floats("lstm.input");
    std::optional model{Model::load(path("lstm.json"))};
    State alone{*model};
    const auto expected = run(alone, input);

    // Step by step in turn, one of them on the input backwards.
    const std::vector<float> backwards(input.rbegin(), input.rend());
    State first{*model}, second{*model};
    CHECK(first.bytes() > 0);
    std::vector<float> ignored(second.outputs());
    const auto* other = backwards.data();
    CHECK(same_bits(run(first, input, [&](const float* from, float* to) {
        CHECK(second.forward_checked(other, second.inputs(), ignored.data(), ignored.size()) == Status::ok);
        CHECK(first.forward_checked(from, first.inputs(), to, first.outputs()) == Status::ok);
        other += second.inputs();
    }), expected));

    // At once, on threads, and after the last Model is gone: states hold shares of it.
    std::vector<State> voices;
    for (int i = 0; i < 4; ++i) voices.emplace_back(*model);
    model.reset();
    std::vector<std::thread> threads;
    std::array<std::vector<float>, 4> outputs;
    for (std::size_t i = 0; i < voices.size(); ++i)
        threads.emplace_back([&, i] { outputs[i] = run(voices[i], input); });
    for (auto& thread : threads) thread.join();
    for (const auto& output : outputs) CHECK(same_bits(output, expected));
}

void owners_are_movable_and_states_not_copyable() {
    static_assert(!std::is_copy_constructible_v<State> && !std::is_copy_assignable_v<State>);
    static_assert(std::is_nothrow_move_constructible_v<State> && std::is_nothrow_move_assignable_v<State>);
    static_assert(std::is_copy_constructible_v<Model> && std::is_copy_assignable_v<Model>);

    auto model = Model::load(path("dense.json"));
    const auto moved = std::move(model);
    CHECK(model.inputs() == moved.inputs()); // a model is never empty

    State full{moved}, empty;
    CHECK(full && !empty);
    empty = std::move(full);
    CHECK(empty && !full);
    float value = 0;
    CHECK(full.forward_checked(&value, 1, &value, 1) == Status::empty);
    CHECK(full.start(&value, 1) == Status::empty && full.forward_some(1) == Status::empty);
    CHECK(full.inputs() == 0 && full.outputs() == 0 && full.bytes() == 0 && !full.is_running() && !full.output());
    full.reset();
    CHECK(message_of([&] { full.forward(&value, 1, &value, 1); }).find("no model") != std::string::npos);
}

void refused_files_throw_the_full_message() {
    for (const std::string name : {"syntax", "rows", "nested", "missing"}) {
        const auto message = message_of([&] { (void)Model::load(path(name + ".json")); });
        CHECK(message == read_text(name + ".message"));
        CHECK(message.rfind(path(name + ".json") + ": ", 0) == 0);
    }
    const auto contains = [](const char* name, const char* part) {
        return read_text(std::string{name} + ".message").find(part) != std::string::npos;
    };
    CHECK(contains("rows", "layers[1] (lstm): weights[1][0]: expected 12 numbers, found 11"));
    CHECK(contains("nested", "layers[0] (dense): weights[0][1]: expected 3 numbers, found 2"));

    // From memory the message is the same without a file.
    const auto message = message_of([] { (void)Model::from_json(read_text("rows.json")); });
    CHECK(path("rows.json") + ": " + message == read_text("rows.message"));
    CHECK(!message_of([] { (void)Model::from_json({}); }).empty());
    // f16 ends at 65,504.
    const auto large = read_text("large.json");
    CHECK(Model::from_json(large).inputs() == 1);
    const auto beyond = message_of([&] { (void)Model::from_json(large, {Weights::f16}); });
    CHECK(beyond.find("layers[0] (dense)") != std::string::npos && beyond.find("70000") != std::string::npos);
    CHECK(message_of([] { (void)Model::load("\xFF.json"); }).find("UTF-8") != std::string::npos);

    try {
        (void)Model::load(path("rows.json"));
        CHECK(false);
    } catch (const rtneural::Error&) {
    }
}

void misuse_gives_a_status_and_does_nothing() {
    const auto model = Model::load(path("dense.json"));
    State state{model};
    const auto in = model.inputs(), out = model.outputs();
    const std::vector<float> input(in + 1, 0.5f);
    std::vector<float> output(out + 1, 7.0f);
    const auto untouched = output;
    CHECK(state.forward_checked(input.data(), in - 1, output.data(), out) == Status::wrong_input_size);
    CHECK(state.forward_checked(input.data(), in + 1, output.data(), out) == Status::wrong_input_size);
    CHECK(state.forward_checked(nullptr, in, output.data(), out) == Status::wrong_input_size);
    CHECK(state.forward_checked(input.data(), in, output.data(), out + 1) == Status::wrong_output_size);
    CHECK(state.forward_checked(input.data(), in, output.data(), 0) == Status::wrong_output_size);
    CHECK(state.forward_checked(input.data(), in, nullptr, out) == Status::wrong_output_size);
    CHECK(state.start(input.data(), in + 1) == Status::wrong_input_size);
    CHECK(state.forward_some(100) == Status::not_started);
    CHECK(state.start(input.data(), in) == Status::ok);
    CHECK(state.start(input.data(), in) == Status::unfinished);
    CHECK(state.forward_checked(input.data(), in, output.data(), out) == Status::unfinished);
    CHECK(same_bits(output, untouched));
    CHECK(message_of([&] { state.forward(input.data(), in, output.data(), out); }).find("unfinished") != std::string::npos);
    state.reset();

    const auto message = message_of([&] { state.forward(input.data(), in + 1, output.data(), out); });
    CHECK(message == "expected " + std::to_string(in) + " input values, found " + std::to_string(in + 1));
    CHECK(same_bits(output, untouched));
}

void input_and_output_may_be_the_same_memory() {
    State state{Model::load(path("lstm.json"))};
    const auto input = read_floats("lstm.input");
    const auto expected = run(state, input);
    state.reset();
    std::vector<float> both(std::max(state.inputs(), state.outputs()));
    CHECK(same_bits(run(state, input, [&](const float* from, float* to) {
        std::copy_n(from, state.inputs(), both.data());
        CHECK(state.forward_checked(both.data(), state.inputs(), both.data(), state.outputs()) == Status::ok);
        std::copy_n(both.data(), state.outputs(), to);
    }), expected));
}

void the_audio_thread_allocates_nothing() {
    for (const std::string name : {"dense", "lstm"}) {
        for (const auto kind : kinds) {
            auto before = allocation_calls();
            const auto model = Model::load(path(name + ".json"), {kind.weights});
            // Otherwise nothing here is a test of Rust's allocations.
            CHECK(!malloc_is_counted() || allocation_calls() - before > 10);
            before = allocation_calls();
            State state{model};
            CHECK(!malloc_is_counted() || allocation_calls() - before >= 2);

            const std::vector<float> input(model.inputs(), 0.5f);
            std::vector<float> output(model.outputs());
            std::array<Status, 9> statuses{};
            before = allocation_calls();
            for (int i = 0; i < 100; ++i) {
                statuses[0] = state.forward_checked(input.data(), input.size(), output.data(), output.size());
                state.forward(input.data(), input.size(), output.data(), output.size());
                statuses[1] = state.start(input.data(), input.size());
                while ((statuses[2] = state.forward_some(100)) == Status::more) {}
                // Misuse does not allocate either.
                statuses[3] = state.forward_checked(input.data(), 0, output.data(), output.size());
                statuses[4] = state.forward_checked(input.data(), input.size(), output.data(), 0);
                statuses[5] = state.forward_some(1);
                statuses[6] = state.start(input.data(), input.size());
                statuses[7] = state.start(input.data(), input.size());
                state.reset();
                State moved{std::move(state)};
                statuses[8] = state.forward_some(1);
                state = std::move(moved);
            }
            const auto after = allocation_calls();
            CHECK(after == before);
            constexpr std::array expected{Status::ok, Status::ok, Status::ok, Status::wrong_input_size,
                                          Status::wrong_output_size, Status::not_started, Status::ok,
                                          Status::unfinished, Status::empty};
            CHECK(statuses == expected);
        }
    }
}

void models_say_what_they_are() {
    const auto bytes = [](Weights weights) { return Model::load(path("lstm.json"), {weights}).bytes(); };
    CHECK(bytes(Weights::f32) > bytes(Weights::f16) && bytes(Weights::f16) > bytes(Weights::int8));
    const auto model = Model::load(path("lstm.json"));
    CHECK(model.level() == read_text("level"));

    // Unfolded there is a step more, and the rounding may differ; folded is the default.
    const auto folded = Model::load(path("dense.json"));
    const auto apart = Model::load(path("dense.json"), {Weights::f32, false});
    CHECK(apart.work() > folded.work());
    State one{folded}, other{apart};
    const auto input = read_floats("dense.input");
    const auto a = run(one, input), b = run(other, input);
    // As in the Rust tests of folding: 3e-6, relative to 1 + |a|.
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) <= 3e-6f * (1 + std::abs(a[i])));
}

void statuses_have_words() {
    for (int status = 0; status <= static_cast<int>(Status::failed); ++status)
        CHECK(to_string(static_cast<Status>(status)) != std::string{"unknown status"});
    CHECK(to_string(static_cast<Status>(99)) == std::string{"unknown status"});
}

} // namespace

int main(int count, char** arguments) {
    CHECK(count == 2);
    folder = arguments[1];
    gives_what_rust_gives("dense");
    gives_what_rust_gives("lstm");
    reset_in_the_middle_of_a_pass_starts_anew();
    states_of_one_model_are_apart();
    owners_are_movable_and_states_not_copyable();
    refused_files_throw_the_full_message();
    misuse_gives_a_status_and_does_nothing();
    input_and_output_may_be_the_same_memory();
    the_audio_thread_allocates_nothing();
    models_say_what_they_are();
    statuses_have_words();
    std::printf("all checks passed; malloc was %s\n", malloc_is_counted() ? "counted" : "not counted");
}
