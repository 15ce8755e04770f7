//! Times the six networks in rtneural, tract and candle, one thread, and checks that the three agree.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release --manifest-path crates/rtneural/compare/Cargo.toml [-- ROUNDS]
//! ```
//!
//! The networks have the exact shapes of the six models and random weights. tract reads them as the ONNX files that
//! rtneural writes; in candle they are built layer by layer from the same numbers. Every engine is given its inputs as
//! a slice and writes its outputs into one, and carries the state of LSTMs from step to step as it is meant to be used.
//! candle takes its number of threads from that variable; with more than one it is slower for networks of this size.
//! A build for the processor at hand (`RUSTFLAGS=-Ctarget-cpu=native`) changes candle and tract, but not rtneural, which
//! chooses its instructions when it runs.
//!
//! Before anything is timed, each engine runs the same twenty steps, and its outputs must be within 1e-5 of rtneural's
//! with f32 weights; for f16 and int8 weights the largest difference is printed. Times are medians in microseconds over
//! rounds in which the engines take turns, because machines are shared.

mod candle;
mod tract;

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use rtneural::{Model, Network, Options, State, Weights};

/// Of the random weights.
const SEED: u64 = 6;
const ROUNDS: usize = 200;
/// The quickest models take less than a microsecond, too little for one reading of the clock.
const PASSES: usize = 8;
const STEPS: usize = 20;
/// The largest difference between engines with f32 weights.
const TOLERANCE: f32 = 1e-5;

/// A network ready to run in one of the engines, with its state.
trait Engine {
    /// One step. `output` has room for exactly the network's outputs.
    fn step(&mut self, input: &[f32], output: &mut [f32]) -> Result<()>;
}

struct Rtneural {
    model: Model,
    state: State,
}

impl Engine for Rtneural {
    fn step(&mut self, input: &[f32], output: &mut [f32]) -> Result<()> {
        Ok(self.model.forward(&mut self.state, input, output)?)
    }
}

/// All six networks in one engine.
struct Set {
    name: &'static str,
    /// Whether it must agree to [`TOLERANCE`].
    exact: bool,
    engines: Vec<Box<dyn Engine>>,
}

impl Set {
    fn new(
        name: &'static str,
        networks: &[Network],
        build: impl Fn(&Network) -> Result<Box<dyn Engine>>,
    ) -> Result<Set> {
        let engines = networks.iter().map(build).collect::<Result<_>>().context(name)?;
        Ok(Set { name, exact: true, engines })
    }

    fn rtneural(name: &'static str, networks: &[Network], weights: Weights) -> Result<Set> {
        let model = |network| Model::new(network, Options::with_weights(weights));
        let models = networks.iter().map(model).collect::<Result<Vec<_>, _>>()?;
        let engine = |model: Model| -> Box<dyn Engine> { Box::new(Rtneural { state: model.state(), model }) };
        let engines = Model::pack_together(&models).into_iter().map(engine).collect();
        Ok(Set { name, exact: weights == Weights::F32, engines })
    }
}

fn main() -> Result<()> {
    let rounds = match std::env::args().nth(1) {
        Some(rounds) => rounds.parse().context("expected the number of rounds")?,
        None => ROUNDS,
    };
    let threads = candle_core::utils::get_num_threads();
    ensure!(threads == 1, "candle would use {threads} threads; set RAYON_NUM_THREADS=1");
    let network = |kind| random_network(kind, OrbitShape::default(), SEED);
    let networks = ModelKind::ALL.into_iter().map(network).collect::<Result<Vec<_>, _>>()?;
    let mut sets = vec![
        Set::rtneural("rtneural f32", &networks, Weights::F32)?,
        Set::rtneural("rtneural f16", &networks, Weights::F16)?,
        Set::rtneural("rtneural int8", &networks, Weights::Int8)?,
        Set::new("tract", &networks, tract::build)?,
        Set::new("candle", &networks, candle::build)?,
    ];
    let differences = agree(&mut sets, &networks)?;
    let times = time(&mut sets, &networks, rounds.max(1))?;
    print(&sets, &differences, &times);
    Ok(())
}

/// Different in every step, of magnitudes up to 1.
fn input(network: &Network, step: usize) -> Vec<f32> {
    (0..network.inputs()).map(|index| ((index * 7 + step * 13) as f32 * 0.37).sin()).collect()
}

/// The largest difference of each set from the first.
fn agree(sets: &mut [Set], networks: &[Network]) -> Result<Vec<f32>> {
    let mut differences = vec![0.0_f32; sets.len()];
    for (which, (network, kind)) in networks.iter().zip(ModelKind::ALL).enumerate() {
        for step in 0..STEPS {
            let input = input(network, step);
            let mut expected = Vec::new();
            for (set, difference) in sets.iter_mut().zip(&mut differences) {
                let mut output = vec![0.0; network.outputs()];
                set.engines[which].step(&input, &mut output)?;
                if expected.is_empty() {
                    expected.clone_from(&output);
                }
                for (found, expected) in output.iter().zip(&expected) {
                    *difference = difference.max((found - expected).abs());
                    ensure!(
                        !set.exact || (found - expected).abs() <= TOLERANCE,
                        "{} in {}, step {step}: expected {expected}, found {found}",
                        kind.name(),
                        set.name,
                    );
                }
            }
        }
    }
    Ok(differences)
}

/// Medians of each set in microseconds: of each model, and of all six in turn.
fn time(sets: &mut [Set], networks: &[Network], rounds: usize) -> Result<Vec<Vec<f64>>> {
    let mut slices: Vec<_> =
        networks.iter().map(|network| (input(network, 0), vec![0.0; network.outputs()])).collect();
    let mut samples = vec![vec![Vec::with_capacity(rounds); networks.len() + 1]; sets.len()];
    for _ in 0..rounds {
        for (set, samples) in sets.iter_mut().zip(&mut samples) {
            for (which, (input, output)) in slices.iter_mut().enumerate() {
                let engine = &mut set.engines[which];
                engine.step(input, output)?;
                let start = Instant::now();
                for _ in 0..PASSES {
                    engine.step(black_box(input), output)?;
                }
                samples[which].push(start.elapsed().as_secs_f64() * 1e6 / PASSES as f64);
            }
            // The first time brings what this engine reads into the cache.
            for time in [false, true] {
                let start = Instant::now();
                for (engine, (input, output)) in set.engines.iter_mut().zip(&mut slices) {
                    engine.step(black_box(input), output)?;
                }
                if time {
                    samples[networks.len()].push(start.elapsed().as_secs_f64() * 1e6);
                }
            }
        }
    }
    let median = |samples: &mut Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    };
    Ok(samples.iter_mut().map(|samples| samples.iter_mut().map(median).collect()).collect())
}

fn print(sets: &[Set], differences: &[f32], times: &[Vec<f64>]) {
    print!("{:<20}", "us");
    sets.iter().for_each(|set| print!("{:>15}", set.name));
    let models = ModelKind::ALL.into_iter().map(ModelKind::name);
    for (which, name) in models.chain(["all six in turn"]).enumerate() {
        print!("\n{name:<20}");
        times.iter().for_each(|times| print!("{:>15.2}", times[which]));
    }
    print!("\n{:<20}", "largest difference");
    differences.iter().for_each(|difference| print!("{difference:>15.1e}"));
    println!();
}
