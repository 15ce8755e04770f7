//! `dendrite models convert`: models of other formats as RTNeural JSON.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use dendrite_pipeline::ModelKind;
use rtneural::Network;
use rtneural::torch::Description;

use crate::text::thousands;
use crate::{Outcome, UsageError};

#[derive(Args)]
#[command(after_help = "\
A state dict is a flat JSON object from names such as \"fc1.weight\" to nested arrays:
  json.dump({name: tensor.tolist() for name, tensor in model.state_dict().items()}, file)

It does not say what its modules are, so DESC.json must, in the order in which they run:
  {\"inputs\": 32, \"modules\": [
    {\"type\": \"linear\", \"prefix\": \"fc1.\", \"activation\": \"relu\"},
    {\"type\": \"batchnorm1d\", \"prefix\": \"norm.\", \"epsilon\": 1e-5},
    {\"type\": \"lstm\", \"prefix\": \"lstm.\", \"layers\": 2},
    {\"type\": \"activation\", \"activation\": \"softmax\"}]}
Further types: conv1d (with dilation), gru, prelu. Activations: tanh, relu, sigmoid, softmax, elu.

Examples:
  dendrite models convert dict.json --description desc.json -o model.json
  dendrite models convert model.onnx -o model.json
  dendrite models convert dict.json --description desc.json | head -c 300")]
pub struct Arguments {
    /// PyTorch state dict in JSON, or an ONNX file (.onnx) as `rtneural` writes them
    #[arg(value_name = "DICT.json|MODEL.onnx")]
    model: PathBuf,
    /// What the modules of the state dict are
    #[arg(long, value_name = "DESC.json")]
    description: Option<PathBuf>,
    /// File to write; without it the model goes to standard output
    #[arg(short, long, value_name = "OUT.json")]
    output: Option<PathBuf>,
}

pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let Arguments { model, description, output } = arguments;
    for input in [Some(&model), description.as_ref()].into_iter().flatten() {
        if output.as_ref().is_some_and(|output| is_same_file(input, output)) {
            let message = format!("{}: the output would overwrite this input", input.display());
            return Err(UsageError(message).into());
        }
    }
    let is_onnx = model.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
    let network = match description {
        None if is_onnx => from_onnx(&model)?,
        Some(_) if is_onnx => {
            return Err(UsageError("an ONNX file needs no --description".to_owned()).into());
        }
        None => {
            let message =
                "a state dict needs --description DESC.json; its form: dendrite models convert --help";
            return Err(UsageError(message.to_owned()).into());
        }
        Some(description) => {
            let name = description.display().to_string();
            let bytes = fs::read(&description).with_context(|| name.clone())?;
            let description = Description::from_json(&bytes).context(name)?;
            Network::read_state_dict(&model, &description)?
        }
    };
    let Some(path) = output else {
        out.write_all(network.to_json().as_bytes())?;
        return Ok(Outcome::Good);
    };
    network.write(&path)?;
    let layers = network.layers().len();
    writeln!(
        out,
        "wrote {}: {} -> {}, {layers} layer{}, {} numbers",
        path.display(),
        network.inputs(),
        network.outputs(),
        if layers == 1 { "" } else { "s" },
        thousands(network.parameters())
    )?;
    if let Some(kind) = ModelKind::of_file(&path) {
        writeln!(out, "is it the {kind} model? dendrite models check {}", path.display())?;
    }
    Ok(Outcome::Good)
}

fn from_onnx(path: &Path) -> Result<Network> {
    let (network, options) = Network::read_onnx(path)?;
    if !options.output_map.is_empty() {
        let path = path.display();
        eprintln!("warning: {path}: RTNeural JSON has no output map; whoever runs the model must apply it");
    }
    Ok(network)
}

/// Whether two paths lead to one file, which may not be there yet.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
