//! From a trained network to what is shipped: RTNeural JSON, sidecar, model card, and ONNX for other programs.
//!
//! ```text
//! MODELS/<name>.json  <name>.meta.json  <name>.md           what the plug-in loads, and a card to read
//! ONNX/<name>.onnx    <name>.onnx_metadata.json             for other programs; not committed
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::{Sidecar, Training};
use dendrite_pipeline::spec::{self, OrbitShape};
use rtneural::Network;
use rtneural::onnx::{self, OutputMap, Segment};

use crate::evaluate::{Row, table};
use crate::history::replace;
use crate::nets::Standard;

/// What a card says besides the weights.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// What it was trained on, in plain words.
    pub data: String,
    /// What that data does not say, in plain words.
    pub limits: String,
    /// Pieces and hours of training, where they are known.
    pub music: Option<(usize, f64)>,
    /// The command that trained it.
    pub command: Option<String>,
    /// Seed of the model.
    pub seed: Option<u64>,
    /// The comparison on held-out pieces; the model is the first row.
    pub rows: Vec<Row>,
    /// Shape of the orbit model.
    pub shape: OrbitShape,
}

/// Writes model, sidecar and card into a folder.
///
/// # Errors
/// A network that is not what the specification asks for, or files that cannot be written.
pub fn write_model(
    folder: &Path,
    kind: ModelKind,
    network: &Network,
    standard: &Standard,
    provenance: &Provenance,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let sidecar = sidecar(kind, standard, provenance);
    if let Err(findings) = spec::check(kind, network, Some(&sidecar)) {
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        anyhow::bail!("{kind}: the network is not what it must be: {}", findings.join("; "));
    }
    network.write(folder.join(format!("{}.json", kind.name())))?;
    sidecar.write(folder.join(format!("{}.meta.json", kind.name())))?;
    replace(&folder.join(format!("{}.md", kind.name())), card(kind, provenance).as_bytes())
}

fn sidecar(kind: ModelKind, standard: &Standard, provenance: &Provenance) -> Sidecar {
    let metrics = |row: &Row| -> BTreeMap<String, f64> {
        let name = |metric: &str| metric.replace([' ', ','], "_").replace("__", "_");
        row.metrics.iter().filter(|(_, value)| value.is_finite()).map(|(m, v)| (name(m), *v)).collect()
    };
    let mut baselines = BTreeMap::new();
    for row in provenance.rows.iter().skip(1) {
        for (name, value) in metrics(row) {
            baselines.insert(format!("{}: {name}", row.name), value);
        }
    }
    let base = match kind {
        ModelKind::Orbit => Sidecar::for_shape(kind, provenance.shape),
        _ => Sidecar::default_for(kind),
    };
    Sidecar {
        input_mean: Some(standard.mean.clone()),
        input_deviation: Some(standard.deviation.clone()),
        training: Some(Training {
            description: provenance.data.clone(),
            pieces: provenance.music.map(|(pieces, _)| pieces as u64),
            hours: provenance.music.map(|(_, hours)| (hours * 100.0).round() / 100.0),
            split: Some("by piece".to_owned()),
        }),
        metrics: provenance.rows.first().map(metrics).unwrap_or_default(),
        baselines,
        seed: provenance.seed,
        git_hash: git_hash(),
        time: Some(now()),
        command: provenance.command.clone(),
        ..base
    }
}

/// The card: plain words for whoever wants to know what a model is worth.
fn card(kind: ModelKind, provenance: &Provenance) -> String {
    let mut text = format!("# {}\n\n{}\n\n", kind.name(), purpose(kind));
    let shape = provenance.shape;
    let layers = spec::layers(kind, shape);
    let _ = writeln!(
        text,
        "{} values in, {} out, {} trainable parameters in {} layers (docs/MODELS.md lists them).\n",
        spec::inputs(kind, shape),
        spec::outputs(kind, shape),
        spec::parameters(kind, shape),
        layers.len()
    );
    let _ = write!(text, "## Trained on\n\n{}", provenance.data);
    if let Some((pieces, hours)) = provenance.music {
        let _ = write!(text, " {pieces} pieces, {hours:.1} hours.");
    }
    let _ = writeln!(text, " {}\n", provenance.limits);
    if let Some(command) = &provenance.command {
        let _ = writeln!(text, "    {command}\n");
    }
    text += "## How good\n\n";
    if provenance.rows.is_empty() {
        text += "Not measured on held-out pieces.\n";
        return text;
    }
    let _ = writeln!(
        text,
        "On held-out pieces, weights in f16 as it plays:\n\n```text\n{}```\n\n`dendrite train evaluate` prints these figures again.",
        table(&provenance.rows)
    );
    let _ = writeln!(text, "\n{}", reading(kind));
    text
}

/// How to read the figures of a card.
fn reading(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Emotion => {
            "r is Pearson's correlation with the true valence and arousal over all frames from the fifth second on. The \
             linear regression sees the mel spectrum of the last two seconds. The oracle is the true mood: its cross-entropy is \
             that of the bump itself."
        }
        ModelKind::Harmony => {
            "Shares of frames; settled frames are at least 250 ms behind a change of chord. The heuristic is chord templates. \
             The oracle knows the key and the mood and does not listen."
        }
        ModelKind::Melody => {
            "Nats per note, and how many fewer than the best constant distribution. The oracle knows true valence, arousal and \
             whether the key is minor. On scale is the mass on the notes of the true key."
        }
        ModelKind::Dynamics | ModelKind::Groove => {
            "R2 is the share of the variance of what was played that is explained, the mean over the outputs. The oracle knows \
             true valence, arousal and whether the key is minor; players scatter, so it cannot reach 1. The goal is 0.85 of the \
             oracle's: what keeps a model from it is how well the emotion model hears the mood."
        }
        ModelKind::Orbit => {
            "Sync is the correlation of onsets with the change of drawn pictures. \"Model standing still\" holds all controls \
             at the model's mean: as far as that row reaches the first, the gain over the heuristic is where s sits and not how \
             the model moves it. Centroid r is measured against the detail that the controls ask for, not on pictures. Linear \
             share is how much of the outputs a linear regression on the same inputs explains."
        }
    }
}

fn purpose(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Emotion => {
            "Hears the mood: from the mel spectrum of each hop, with memory, a probability map over the plane of valence \
             and arousal."
        }
        ModelKind::Melody => {
            "Answers with a melody: from the mood, each sixteenth, how likely each pitch is next, written in C."
        }
        ModelKind::Harmony => {
            "Hears the harmony: from mood, chroma, mel and base features of each hop, which of 64 chords sounds."
        }
        ModelKind::Dynamics => {
            "Says how to play: from mood and loudness, each sixteenth, sixteen values from velocity to voicing."
        }
        ModelKind::Groove => "Says when to play: from the mood, timing and accent of each step of a bar.",
        ModelKind::Orbit => {
            "Moves the picture: from ten frames of base features, where on the Mandelbrot set c is and how it moves."
        }
    }
}

/// Writes ONNX and its metadata into a folder.
///
/// # Errors
/// Layers that the format here does not hold, or files that cannot be written.
pub fn write_onnx(
    folder: &Path,
    kind: ModelKind,
    network: &Network,
    standard: &Standard,
    shape: OrbitShape,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let options = onnx_options(kind, network);
    let bytes = network.to_onnx(&options)?;
    replace(&folder.join(format!("{}.onnx", kind.name())), &bytes)?;
    let named = |parameters: Vec<dendrite_pipeline::sidecar::Parameter>| -> Vec<serde_json::Value> {
        parameters.iter().map(|p| serde_json::to_value(p).unwrap_or_default()).collect()
    };
    let state = |carried: onnx::Carried| serde_json::json!({"input": carried.input, "output": carried.output, "units": carried.units});
    let states: Vec<serde_json::Value> = network.onnx_states().into_iter().map(state).collect();
    let metadata = serde_json::json!({
        "name": kind.name(),
        "input": options.input,
        "output": options.output,
        "inputs": network.inputs(),
        "outputs": network.outputs(),
        "states": states,
        "input_parameters": named(spec::input_parameters(kind, shape)),
        "output_parameters": named(spec::output_parameters(kind, shape)),
        "input_mean": standard.mean,
        "input_deviation": standard.deviation,
        "note": "inputs are raw: mean and deviation are folded into the first layer",
    });
    let text = serde_json::to_string_pretty(&metadata).context("metadata can be written")?;
    replace(&folder.join(format!("{}.onnx_metadata.json", kind.name())), text.as_bytes())
}

/// Names as the contract has them; the orbit's output map is part of its graph.
pub fn onnx_options(kind: ModelKind, network: &Network) -> onnx::Options {
    match kind {
        ModelKind::Orbit => onnx::Options {
            input: "audio_features".to_owned(),
            output: "visual_parameters".to_owned(),
            output_map: orbit_map(network.outputs()),
            ..onnx::Options::default()
        },
        _ => onnx::Options::default(),
    }
}

/// `dendrite_pipeline::OrbitControls::of` as segments.
fn orbit_map(all: usize) -> Vec<Segment> {
    let sigmoid = |outputs, low, high| Segment { outputs, map: OutputMap::ScaledSigmoid { low, high } };
    vec![
        sigmoid(1, 0.2, 3.0),
        sigmoid(1, 0.0, 1.0),
        Segment {
            outputs: 1,
            map: OutputMap::ClampedSoftplus { offset: 0.1, scale: 0.5, low: 0.1, high: 5.0 },
        },
        sigmoid(all - 3, 0.0, 1.0),
    ]
}

/// The commit of the working tree, where there is one, with `-dirty` behind it where files differ from it.
fn git_hash() -> Option<String> {
    let describe = ["describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"];
    let output = Command::new("git").args(describe).output().ok()?;
    let hash = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| hash.trim().to_owned())
}

/// The time in UTC, ISO 8601 to the second (civil-from-days, Howard Hinnant's algorithm).
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_part = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_part + 2) / 5 + 1;
    let month = if month_part < 10 { month_part + 3 } else { month_part - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
