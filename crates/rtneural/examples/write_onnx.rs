//! Writes networks as ONNX files, with inputs and what the Rust runtime gives for them, to compare other runtimes with.
//!
//! cargo run --example write_onnx -- FOLDER
//!
//! `index.json` lists name, steps and batch of each network. `NAME.onnx` is the network; `NAME.inputs.f32` and
//! `NAME.outputs.f32` are little-endian f32, row-major `[steps][batch][n]`; recurrent state starts at zero and is kept
//! from step to step. `tests/reference/onnx_check.py` reads them.

#[path = "../tests/networks/mod.rs"]
mod networks;

use std::fs;
use std::path::Path;

use networks::{Numbers, batch_norm, dense, gru, lstm, six};
use rtneural::onnx::{Options, OutputMap, Segment};
use rtneural::{Activation, ActivationLayer, Layer, Model, Network, Prelu};
use serde_json::json;

const STEPS: usize = 8;
const BATCH: usize = 2;

/// Small networks that have every kind of layer among them.
fn small() -> Result<Vec<(String, Network, Options)>, rtneural::Error> {
    let numbers = &mut Numbers(17);
    let mut networks = Vec::new();
    let mut add = |name: &str, inputs, layers, options| {
        networks.push((name.to_owned(), Network::new(inputs, layers)?, options));
        Ok::<(), rtneural::Error>(())
    };
    for activation in Activation::ALL {
        let layers = vec![
            dense(numbers, 7, 12, Some(activation)),
            Layer::Activation(ActivationLayer { size: 12, activation }),
        ];
        add(activation.name(), 7, layers, Options::default())?;
    }
    let mut no_bias = dense(numbers, 6, 5, None);
    if let Layer::Dense(dense) = &mut no_bias {
        dense.bias = None;
    }
    add("no_bias", 6, vec![no_bias], Options::default())?;
    let slopes = numbers.take(9, 0.5);
    let prelu =
        vec![Layer::Prelu(Prelu { size: 9, slopes }), Layer::Prelu(Prelu { size: 9, slopes: vec![0.25] })];
    add("prelu", 9, prelu, Options::default())?;
    let mut plain = batch_norm(numbers, 6, None);
    if let Layer::BatchNorm(norm) = &mut plain {
        norm.affine = None;
    }
    add("batch_norm", 6, vec![batch_norm(numbers, 6, None), plain], Options::default())?;
    add("batch_norm_2d", 6, vec![batch_norm(numbers, 3, Some(2))], Options::default())?;
    add("lstm", 5, vec![lstm(numbers, 5, 7)], Options::default())?;
    add("gru", 5, vec![gru(numbers, 5, 7)], Options::default())?;
    let stacked = vec![
        lstm(numbers, 4, 6),
        gru(numbers, 6, 5),
        lstm(numbers, 5, 8),
        gru(numbers, 8, 3),
        dense(numbers, 3, 4, Some(Activation::Softmax)),
    ];
    let named = Options {
        input: "features".to_owned(),
        output: "probabilities".to_owned(),
        doc: "recurrent layers one behind the other".to_owned(),
        metadata: vec![("origin".to_owned(), "examples/write_onnx.rs".to_owned())],
        ..Options::default()
    };
    add("stacked", 4, stacked, named)?;
    Ok(networks)
}

/// Four kinds of outputs: a range, a share, a bounded rate, and one that is left as it is.
fn output_map() -> Vec<Segment> {
    vec![
        Segment { outputs: 1, map: OutputMap::ScaledSigmoid { low: 0.2, high: 3.0 } },
        Segment { outputs: 3, map: OutputMap::ScaledSigmoid { low: 0.0, high: 1.0 } },
        Segment {
            outputs: 4,
            map: OutputMap::ClampedSoftplus { offset: 0.1, scale: 0.5, low: 0.3, high: 0.5 },
        },
        Segment { outputs: 1, map: OutputMap::Identity },
    ]
}

/// The outputs of one step through the output map.
fn mapped(outputs: &mut [f32], segments: &[Segment]) {
    let maps = segments.iter().flat_map(|segment| std::iter::repeat_n(segment.map, segment.outputs));
    for (value, map) in outputs.iter_mut().zip(maps) {
        *value = map.apply(*value);
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give the name of a folder")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut networks = small()?;
    for (name, network) in six() {
        // The one with nine outputs has them mapped.
        let output_map = if network.outputs() == 9 { output_map() } else { Vec::new() };
        networks.push((name.to_owned(), network, Options { output_map, ..Options::default() }));
    }
    let mut index = Vec::new();
    for (name, network, options) in networks {
        let model = Model::new(&network, rtneural::Options::default())?;
        let inputs = Numbers(3).take(STEPS * BATCH * model.inputs(), 1.0);
        let mut outputs = vec![0.0; STEPS * BATCH * model.outputs()];
        // One after the other in the batch, each with its own state, step by step.
        let mut states: [_; BATCH] = std::array::from_fn(|_| model.state());
        let rows = inputs.chunks(model.inputs()).zip(outputs.chunks_mut(model.outputs()));
        for (row, (input, output)) in rows.enumerate() {
            model.forward(&mut states[row % BATCH], input, output)?;
            mapped(output, &options.output_map);
        }
        network.write_onnx(folder.join(format!("{name}.onnx")), &options)?;
        fs::write(folder.join(format!("{name}.inputs.f32")), bytes(&inputs))?;
        fs::write(folder.join(format!("{name}.outputs.f32")), bytes(&outputs))?;
        index.push(json!({"name": name, "steps": STEPS, "batch": BATCH}));
    }
    fs::write(folder.join("index.json"), serde_json::to_string_pretty(&index)?)?;
    println!("wrote {} networks to {}", index.len(), folder.display());
    Ok(())
}
