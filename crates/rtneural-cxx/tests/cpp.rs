//! Compiles C++ programs against the header and the static library, and compares what they get with what Rust gets.
//!
//! The compiler is `$CXX`, or `c++`. Windows' command lines are different ones and are not covered.
#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rtneural::{Activation, BatchNorm, Dense, Layer, Level, Lstm, Model, Network, Options, Weights};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");
const STEPS: usize = 12;
const KINDS: [(Weights, &str); 3] = [(Weights::F32, "f32"), (Weights::F16, "f16"), (Weights::Int8, "int8")];

/// Repeatable numbers, evenly spread over -1 ... 1 (Knuth's MMIX linear congruential generator).
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize) -> Vec<f32> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }
}

fn dense(
    numbers: &mut Numbers,
    inputs: usize,
    outputs: usize,
    activation: impl Into<Option<Activation>>,
) -> Layer {
    let (kernel, bias) = (numbers.take(inputs * outputs), Some(numbers.take(outputs)));
    Layer::Dense(Dense {
        inputs,
        outputs,
        kernel,
        bias,
        activation: activation.into(),
        time_distributed: false,
    })
}

fn lstm(numbers: &mut Numbers, inputs: usize, outputs: usize) -> Layer {
    let mut take = |rows| numbers.take(rows * 4 * outputs);
    let (kernel, recurrent, bias) = (take(inputs), take(outputs), take(1));
    Layer::Lstm(Lstm { inputs, outputs, kernel, recurrent, bias })
}

fn batch_norm(numbers: &mut Numbers, filters: usize) -> Layer {
    let affine = Some((numbers.take(filters), numbers.take(filters)));
    let variance = numbers.take(filters).iter().map(|value| value + 1.5).collect();
    let mean = numbers.take(filters);
    Layer::BatchNorm(BatchNorm { filters, features: None, affine, mean, variance, epsilon: 1e-5 })
}

/// A network without memory and one with it, neither of sizes that vectors divide.
fn networks() -> [(&'static str, Network); 2] {
    let numbers = &mut Numbers(1);
    let layers = vec![
        dense(numbers, 19, 45, None),
        batch_norm(numbers, 45),
        dense(numbers, 45, 7, Activation::Tanh),
        dense(numbers, 7, 5, Activation::Softmax),
    ];
    let without = Network::new(19, layers).unwrap();
    let layers = vec![
        dense(numbers, 11, 23, Activation::Relu),
        lstm(numbers, 23, 34),
        dense(numbers, 34, 14, Activation::Sigmoid),
    ];
    let with = Network::new(11, layers).unwrap();
    [("dense", without), ("lstm", with)]
}

/// What `tests/cpp/main.cpp` reads.
fn write_folder(folder: &Path) {
    for (name, network) in networks() {
        network.write(folder.join(format!("{name}.json"))).unwrap();
        let input = Numbers(2).take(STEPS * network.inputs());
        write_floats(&folder.join(format!("{name}.input")), &input);
        for (weights, kind) in KINDS {
            write_floats(&folder.join(format!("{name}.{kind}.output")), &run(&network, weights, &input));
        }
    }
    fs::write(folder.join("level"), format!("{:?}", Level::detect()).to_lowercase()).unwrap();

    let large = r#"{"in_shape": [1], "layers": [{"type": "dense", "shape": [1], "weights": [[[70000]]]}]}"#;
    fs::write(folder.join("large.json"), large).unwrap();
    let lstm = format!(
        r#"{{"type": "lstm", "shape": [3], "weights": [[{0}, {0}], [[{1}], {0}, {0}], {0}]}}"#,
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    );
    let refused = [
        ("syntax", r#"{"in_shape": [2], "layers": [}"#.to_owned()),
        (
            "nested",
            r#"{"in_shape": [2], "layers": [
                {"type": "dense", "shape": [3], "weights": [[[1, 2, 3], [4, 5]], [0, 0, 0]]}]}"#
                .to_owned(),
        ),
        (
            "rows",
            format!(
                r#"{{"in_shape": [2], "layers": [
                    {{"type": "dense", "shape": [2], "weights": [[[1, 2], [3, 4]], [0, 0]]}}, {lstm}]}}"#
            ),
        ),
    ];
    for (name, text) in refused {
        fs::write(folder.join(format!("{name}.json")), text).unwrap();
    }
    for name in ["syntax", "nested", "rows", "missing"] {
        let message = Network::read(folder.join(format!("{name}.json"))).unwrap_err().to_string();
        fs::write(folder.join(format!("{name}.message")), message).unwrap();
    }
}

/// The outputs of all steps, one after the other.
fn run(network: &Network, weights: Weights, input: &[f32]) -> Vec<f32> {
    let model = Model::new(network, Options::with_weights(weights)).unwrap();
    let mut state = model.state();
    let mut output = vec![0.0; input.len() / model.inputs() * model.outputs()];
    for (from, to) in input.chunks(model.inputs()).zip(output.chunks_mut(model.outputs())) {
        model.forward(&mut state, from, to).unwrap();
    }
    output
}

fn write_floats(path: &Path, values: &[f32]) {
    let bytes: Vec<_> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    fs::write(path, bytes).unwrap();
}

/// The static library. Cargo says where it lies; it is there already, made together with the library for this test,
/// unless this test was built for another target or profile.
fn static_library() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package", "rtneural-cxx", "--lib", "--message-format", "json"])
        .current_dir(CRATE);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = succeed(&mut cargo);
    let messages = String::from_utf8(output.stdout).unwrap();
    let archive = messages
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == "rtneural_cxx"
        })
        .flat_map(|message| message["filenames"].as_array().unwrap().clone())
        .find_map(|file| file.as_str().filter(|file| file.ends_with(".a")).map(PathBuf::from));
    archive.expect("the package has a static library")
}

/// Runs to success, and shows what the program said otherwise.
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

/// Compiles sources of this crate to a program.
fn compile(sources: &[&str], program: &Path) {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
    let mut command = Command::new(compiler);
    command.current_dir(CRATE).args(["-std=c++17", "-O1", "-Wall", "-Wextra", "-pthread", "-Iinclude"]);
    command.arg("-isystem").arg(env!("RTNEURAL_CXX_GENERATED")).args(sources).arg(static_library());
    if cfg!(target_os = "linux") {
        command.args(["-ldl", "-lm"]);
    }
    succeed(command.arg("-o").arg(program));
}

#[test]
fn cpp_gets_what_rust_gets() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    let program = folder.path().join("main");
    compile(&["tests/cpp/main.cpp", "tests/cpp/allocations.cpp"], &program);
    let output = succeed(Command::new(program).arg(folder.path()));
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    // Where this fails, allocations in Rust went unseen.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    assert!(text.contains("malloc was counted"), "{text}");
}

/// The example in `examples/cmake`: the same outputs, the library built by the example's own
/// rules.
#[test]
fn the_cmake_example_gets_what_rust_gets() {
    let cmake = Command::new("cmake").arg("--version").output();
    assert!(cmake.is_ok(), "CMake is needed: `cargo xtask setup` installs it");
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    let build = folder.path().join("build");
    // Where cargo has built already, to spare the time: <target>/<profile>/librtneural_cxx.a.
    let archive = static_library();
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let target = archive.ancestors().nth(2).unwrap().display();
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(format!("{CRATE}/examples/cmake")).arg("-B").arg(&build);
    configure.arg(format!("-DRTNEURAL_CXX_TARGET={target}")).arg(format!("-DRTNEURAL_CXX_PROFILE={profile}"));
    succeed(&mut configure);
    succeed(Command::new("cmake").arg("--build").arg(&build));

    let (_, network) = &networks()[1];
    let input = Numbers(2).take(STEPS * network.inputs());
    let rows: String = input.chunks(network.inputs()).map(|row| join(row) + "\n").collect();
    let rows_file = folder.path().join("rows.csv");
    fs::write(&rows_file, rows).unwrap();
    let mut hello = Command::new(build.join("hello"));
    hello.arg(folder.path().join("lstm.json")).stdin(fs::File::open(rows_file).unwrap());
    let text = String::from_utf8(succeed(&mut hello).stdout).unwrap();
    let found: Vec<f32> = text.trim_end().split([',', '\n']).map(|number| number.parse().unwrap()).collect();
    assert_eq!(found, run(network, Weights::F32, &input));

    let refused = folder.path().join("rows.json");
    let output = Command::new(build.join("hello")).arg(&refused).output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.trim_end(), Network::read(&refused).unwrap_err().to_string());
}

fn join(row: &[f32]) -> String {
    row.iter().map(f32::to_string).collect::<Vec<_>>().join(",")
}
