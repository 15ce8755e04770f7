//! `dendrite models bench`: how long the six models take, against reading their weights from memory.

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use rtneural::{Model, Network, Options, Reading, State, Weights};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::text::{Align, table};

/// More than the caches of a desktop processor hold.
const OTHER_DATA_BYTES: usize = 64 << 20;
/// Of the random weights.
const SEED: u64 = 6;
/// The quickest models take less than a microsecond, too little for one reading of the clock.
const PASSES_OF_ONE_MODEL: u32 = 8;
/// Hot rounds for each cold one, which takes far longer because of the other data.
const HOT_ROUNDS_PER_COLD: u32 = 8;
const LEAST_COLD_ROUNDS: usize = 3;
const QUICK_ROUNDS: u32 = 3;
/// The kinds of weights with their keys.
const KINDS: [(Weights, &str); 3] = [(Weights::F32, "f32"), (Weights::F16, "f16"), (Weights::Int8, "int8")];
/// The plain way to read, the measure when nothing is in the cache.
const PLAIN: Reading = Reading::Sixteen;

#[derive(Args)]
#[command(after_help = "\
One thread runs all six models in turn, as the engine does. Their f32 weights are more than the fast caches
hold, so what bounds an f32 forward pass is reading them; every time is given as a multiple of that. The
reference only reads the same bytes in the same memory with the widest vectors, in four ways of which the
quickest counts. Hot: right after the last pass; cold: after 64 MB of other data, read the plain way.
Everything is measured in turn, round by round, and the medians count, because machines are shared.

Without --models the networks have the exact shapes of the six and random weights: right for timing, useless
for anything else.

Examples:
  cargo dendrite models bench
  dendrite models bench --models models --rounds 1000
  dendrite models bench --json > bench.json")]
pub struct Arguments {
    /// Print one object; all times are in microseconds
    #[arg(long)]
    json: bool,
    /// Folder with all six models [default: random weights]
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// How often to measure everything
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rounds: u32,
    /// Three rounds, to see that it works; the times mean little
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
}

pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let rounds = if arguments.quick { QUICK_ROUNDS } else { arguments.rounds };
    let networks = networks(arguments.models.as_deref())?;
    let mut bench = Bench::new(&networks)?;
    // What runs for the first time fetches pages and code.
    bench.hot_round();
    bench.cold_round();
    bench.times = Times::new();
    for round in 0..rounds {
        bench.hot_round();
        if round % HOT_ROUNDS_PER_COLD == 0 {
            bench.cold_round();
        }
    }
    while bench.times.cold_read.0.len() < LEAST_COLD_ROUNDS {
        bench.cold_round();
    }
    let weights = match &arguments.models {
        Some(folder) => folder.display().to_string(),
        None => "random".to_owned(),
    };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &bench.object(&weights))?;
        writeln!(out)?;
    } else {
        bench.print(arguments.models.as_deref(), out)?;
    }
    Ok(Outcome::Good)
}

/// The six, in order.
fn networks(folder: Option<&Path>) -> Result<Vec<Network>> {
    ModelKind::ALL
        .into_iter()
        .map(|kind| match folder {
            None => Ok(random_network(kind, OrbitShape::default(), SEED)?),
            Some(folder) => {
                let path = folder.join(format!("{}.json", kind.name()));
                Network::read(path).context("--models needs all six (without it, random weights are used)")
            }
        })
        .collect()
}

/// Six models with weights of one kind in one arena, and all they need to run.
struct Set {
    parts: Vec<Part>,
}

struct Part {
    model: Model,
    state: State,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Part {
    fn forward(&mut self) {
        let done = self.model.forward(&mut self.state, black_box(&self.input), &mut self.output);
        done.expect("the slices were made for this model");
    }
}

impl Set {
    fn new(networks: &[Network], weights: Weights) -> Result<Set> {
        let model = |network| Model::new(network, Options::with_weights(weights));
        let models = networks.iter().map(model).collect::<Result<Vec<_>, _>>()?;
        let part = |model: Model| Part {
            state: model.state(),
            input: vec![0.3; model.inputs()],
            output: vec![0.0; model.outputs()],
            model,
        };
        Ok(Set { parts: Model::pack_together(&models).into_iter().map(part).collect() })
    }

    fn forward(&mut self) {
        for part in &mut self.parts {
            part.forward();
        }
    }

    /// Reads the weights of all models.
    fn read(&self, reading: Reading) {
        black_box(self.parts[0].model.read_arena(reading));
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.model.bytes()).sum()
    }
}

/// Microseconds of each round.
#[derive(Clone, Default)]
struct Samples(Vec<f64>);

impl Samples {
    fn time(&mut self, work: impl FnOnce()) {
        self.time_many(1, work);
    }

    /// `work` does the same thing `count` times.
    fn time_many(&mut self, count: u32, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.0.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn least(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }
}

/// What was measured, in the orders of [`Reading::ALL`], [`KINDS`] and [`ModelKind::ALL`].
struct Times {
    hot_reads: [Samples; Reading::ALL.len()],
    cold_read: Samples,
    hot: [Samples; KINDS.len()],
    cold: [Samples; KINDS.len()],
    models: [[Samples; KINDS.len()]; ModelKind::ALL.len()],
}

impl Times {
    fn new() -> Self {
        Times {
            hot_reads: Default::default(),
            cold_read: Samples::default(),
            hot: Default::default(),
            cold: Default::default(),
            models: Default::default(),
        }
    }

    /// The quickest way to read, and its times.
    fn hot_read(&self) -> (Reading, &Samples) {
        let ways = Reading::ALL.into_iter().zip(&self.hot_reads);
        let best = ways.min_by(|(_, one), (_, other)| one.median().total_cmp(&other.median()));
        best.expect("there are four ways")
    }
}

struct Bench {
    /// In the order of [`KINDS`].
    sets: Vec<Set>,
    other_data: Vec<u8>,
    times: Times,
}

impl Bench {
    fn new(networks: &[Network]) -> Result<Bench> {
        let sets = KINDS.iter().map(|(weights, _)| Set::new(networks, *weights)).collect::<Result<_>>()?;
        Ok(Bench { sets, other_data: vec![0; OTHER_DATA_BYTES], times: Times::new() })
    }

    /// Measures everything once right after it ran unmeasured.
    fn hot_round(&mut self) {
        let Bench { sets, times, .. } = self;
        for (reading, samples) in Reading::ALL.into_iter().zip(&mut times.hot_reads) {
            sets[0].read(reading);
            samples.time(|| sets[0].read(reading));
        }
        for (set, samples) in sets.iter_mut().zip(&mut times.hot) {
            set.forward();
            samples.time(|| set.forward());
        }
        for (kind, set) in sets.iter_mut().enumerate() {
            for (part, samples) in set.parts.iter_mut().zip(&mut times.models) {
                part.forward();
                samples[kind].time_many(PASSES_OF_ONE_MODEL, || {
                    (0..PASSES_OF_ONE_MODEL).for_each(|_| part.forward());
                });
            }
        }
    }

    /// Measures everything once after other data went through the cache.
    fn cold_round(&mut self) {
        let Bench { sets, other_data, times } = self;
        let mut disturb = || {
            for byte in other_data.iter_mut().step_by(64) {
                *byte = byte.wrapping_add(1);
            }
            black_box(&other_data[..]);
        };
        disturb();
        times.cold_read.time(|| sets[0].read(PLAIN));
        for (set, samples) in sets.iter_mut().zip(&mut times.cold) {
            disturb();
            samples.time(|| set.forward());
        }
    }

    fn gigabytes_per_second(&self, us: f64) -> f64 {
        self.sets[0].bytes() as f64 / us / 1e3
    }

    fn level(&self) -> String {
        format!("{:?}", self.sets[0].parts[0].model.options().level).to_lowercase()
    }

    fn object(&self, weights: &str) -> Value {
        let times = &self.times;
        let (reading, hot_read) = times.hot_read();
        let (hot_us, cold_us) = (hot_read.median(), times.cold_read.median());
        let mut object = Map::new();
        let read = json!({
            "hot": hot_us, "hot_least": hot_read.least(), "cold": cold_us, "cold_least": times.cold_read.least(),
        });
        object.insert("read_us".to_owned(), read);
        for ((_, key), (hot, cold)) in KINDS.iter().zip(times.hot.iter().zip(&times.cold)) {
            let value = json!({
                "hot_us": hot.median(), "hot_ratio": hot.median() / hot_us, "hot_least_us": hot.least(),
                "cold_us": cold.median(), "cold_ratio": cold.median() / cold_us, "cold_least_us": cold.least(),
            });
            object.insert((*key).to_owned(), value);
        }
        let models: Map<String, Value> = ModelKind::ALL
            .iter()
            .zip(&times.models)
            .map(|(kind, samples)| {
                let us = KINDS.iter().zip(samples);
                let us: Map<String, Value> =
                    us.map(|((_, key), samples)| (format!("{key}_us"), json!(samples.median()))).collect();
                (kind.name().to_owned(), Value::Object(us))
            })
            .collect();
        object.insert("models".to_owned(), Value::Object(models));
        let ways: Map<String, Value> = Reading::ALL
            .into_iter()
            .zip(&times.hot_reads)
            .map(|(reading, samples)| (name(reading).to_owned(), json!(samples.median())))
            .collect();
        let read = json!({
            "bytes": self.sets[0].bytes(),
            "way": name(reading),
            "gigabytes_per_second": self.gigabytes_per_second(hot_us),
            "ways_us": ways,
        });
        object.insert("read".to_owned(), read);
        object.insert("weights".to_owned(), json!(weights));
        object.insert("rounds".to_owned(), json!(times.hot[0].0.len()));
        object.insert("cold_rounds".to_owned(), json!(times.cold[0].0.len()));
        object.insert("level".to_owned(), json!(self.level()));
        object.insert("cpu".to_owned(), json!(processor()));
        object.insert("optimised".to_owned(), json!(!cfg!(debug_assertions)));
        Value::Object(object)
    }

    fn print(&self, folder: Option<&Path>, out: &mut dyn Write) -> Result<()> {
        let times = &self.times;
        match folder {
            Some(folder) => writeln!(out, "The six models of {}", folder.display())?,
            None => writeln!(out, "Six networks of the models' shapes, random weights, for timing only")?,
        }
        writeln!(out, "one thread, {}, {}", self.level(), processor())?;
        if cfg!(debug_assertions) {
            writeln!(out, "warning: not an optimised build; time with cargo dendrite models bench")?;
        }
        let (reading, hot_read) = times.hot_read();
        let (hot_us, cold_us) = (hot_read.median(), times.cold_read.median());
        writeln!(
            out,
            "\nreading {:.2} MB of f32 weights: hot {hot_us:.1} us ({:.1} GB/s, {}), cold {cold_us:.1} us ({:.1} GB/s)\n",
            self.sets[0].bytes() as f64 / 1e6,
            self.gigabytes_per_second(hot_us),
            name(reading),
            self.gigabytes_per_second(cold_us),
        )?;
        let header = ["all six", "hot us", "x read", "cold us", "x read"].map(str::to_owned).to_vec();
        let mut rows = vec![header];
        for ((_, key), (hot, cold)) in KINDS.iter().zip(times.hot.iter().zip(&times.cold)) {
            let (hot, cold) = (hot.median(), cold.median());
            rows.push(vec![
                (*key).to_owned(),
                format!("{hot:.1}"),
                format!("{:.2}", hot / hot_us),
                format!("{cold:.1}"),
                format!("{:.2}", cold / cold_us),
            ]);
        }
        let (left, right) = (Align::Left, Align::Right);
        table(out, "  ", &[left, right, right, right, right], &rows)?;
        writeln!(out)?;
        let mut rows = vec![["one model", "f32 us", "f16 us", "int8 us"].map(str::to_owned).to_vec()];
        for (kind, samples) in ModelKind::ALL.iter().zip(&times.models) {
            let mut row = vec![kind.name().to_owned()];
            row.extend(samples.iter().map(|samples| format!("{:.2}", samples.median())));
            rows.push(row);
        }
        table(out, "  ", &[left, right, right, right], &rows)?;
        let (hot, cold) = (times.hot[0].0.len(), times.cold[0].0.len());
        writeln!(out, "\nmedians of {hot} hot and {cold} cold rounds")?;
        Ok(())
    }
}

fn name(reading: Reading) -> &'static str {
    match reading {
        Reading::Eight => "eight sums",
        Reading::Sixteen => "sixteen sums",
        Reading::SixteenAhead => "sixteen sums, prefetch",
        Reading::FourStreams => "four streams of four sums",
    }
}

/// What the operating system calls the processor, or its architecture.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or(std::env::consts::ARCH, |(_, name)| name.trim()).to_owned()
}
