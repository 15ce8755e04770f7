//! Compares a network, and the sidecar that goes with it, with what a model must look like.

use std::fmt;

use rtneural::{Activation, Dense, Layer, Network};

use super::{Bias, LayerSpec, OrbitShape, in_block};
use crate::ModelKind;
use crate::sidecar::Sidecar;

/// One thing that is not as it must be. Its text reads like
/// `layers[2] (lstm): shape: expected 128, found 127`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{field}: expected {expected}, found {found}")]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// Which field, with indices, for example `weights[0][17][3]`.
    pub field: String,
    /// What it must hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

/// Where a [`Finding`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the model file, outside of the layers.
    File,
    /// In an entry of the model file's `layers`.
    Layer {
        /// From 0, as in `layers[0]`.
        number: usize,
        /// As the file has it.
        kind: &'static str,
    },
    /// In the sidecar.
    Sidecar,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Layer { number, kind } => write!(f, "layers[{number}] ({kind}): "),
            Place::Sidecar => f.write_str("sidecar: "),
        }
    }
}

/// One entry of a model file's `layers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRow {
    /// From 0, as in `layers[0]`.
    pub number: usize,
    /// As the file has it.
    pub kind: &'static str,
    /// Values that the layer takes.
    pub inputs: usize,
    /// Values that it gives.
    pub outputs: usize,
    /// The activation in this entry.
    pub activation: Option<Activation>,
    /// Numbers in the file.
    pub stored: usize,
    /// Of these the trainable ones as PyTorch counts them: recurrent layers with two bias vectors, batch norm without
    /// its statistics, no structural zeros.
    pub trainable: usize,
}

/// A model that is as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which of the six it is.
    pub kind: ModelKind,
    /// Of the orbit model its shape; of the others the default.
    pub shape: OrbitShape,
    /// A row for each entry of `layers`.
    pub rows: Vec<LayerRow>,
    /// Numbers in the file.
    pub stored: usize,
    /// Trainable parameters; for default shapes [`ModelKind::parameters`].
    pub trainable: usize,
}

/// Checks that a network is the model `kind`, as far as its sidecar allows variants, and that the sidecar speaks of it.
///
/// # Errors
/// Everything that is wrong: sizes, types and order of the layers, activations, missing or superfluous biases, weights
/// outside of the blocks of merged heads, the count of trainable parameters, and what the sidecar says otherwise.
pub fn check(kind: ModelKind, network: &Network, sidecar: Option<&Sidecar>) -> Result<Checked, Vec<Finding>> {
    let declared = sidecar.and_then(|sidecar| sidecar.orbit).filter(|_| kind == ModelKind::Orbit);
    let mut findings = Vec::new();
    let shape = declared.filter(|shape| shape.is_possible()).unwrap_or_default();
    let specs = super::layers(kind, shape);
    let stages = stages(network);

    let expected = super::inputs(kind, shape);
    if network.inputs() != expected {
        findings.push(in_file("in_shape", format!("{expected} inputs"), network.inputs()));
    }
    let mut rows = rows(network);
    // Number of the entry behind the last one looked at.
    let mut next = 0;
    for (spec, stage) in aligned(&specs, &stages) {
        if let Some(stage) = stage {
            next = stage.activation_at.0 + 1;
        }
        match (spec, stage) {
            (Some(spec), Some(stage)) => {
                compare(spec, stage, &mut findings);
                rows[stage.number].trainable = trainable_as(spec, stage.layer);
            }
            (Some(spec), None) => {
                findings.push(in_file(
                    &format!("layers[{next}]"),
                    described(spec),
                    "no such layer in its place",
                ));
            }
            (None, Some(stage)) => {
                let found = format!("{} {} -> {}", stage.kind(), stage.layer.inputs(), stage.layer.outputs());
                findings.push(stage.finding("type", "no further layer here", found));
            }
            (None, None) => {}
        }
    }
    let trainable = rows.iter().map(|row| row.trainable).sum();
    let expected = super::parameters(kind, shape);
    if trainable != expected {
        findings.push(in_file("layers", format!("{expected} trainable parameters"), trainable));
    }
    if let Some(sidecar) = sidecar {
        compare_sidecar(kind, network, sidecar, expected, &mut findings);
    }
    if findings.is_empty() {
        Ok(Checked { kind, shape, stored: network.parameters(), rows, trainable })
    } else {
        Err(findings)
    }
}

/// A row for each layer of any network.
pub fn rows(network: &Network) -> Vec<LayerRow> {
    let row = |(number, layer): (usize, &Layer)| LayerRow {
        number,
        kind: layer.kind(),
        inputs: layer.inputs(),
        outputs: layer.outputs(),
        activation: activation(layer),
        stored: layer.parameters(),
        trainable: trainable(layer),
    };
    network.layers().iter().enumerate().map(row).collect()
}

/// A layer with the activation that stands in its entry or in the next one.
struct Stage<'a> {
    number: usize,
    layer: &'a Layer,
    activation: Option<Activation>,
    /// The number and type of the entry that the activation stands in.
    activation_at: (usize, &'static str),
}

impl Stage<'_> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }

    /// Whether the layer can be what the specification names.
    fn is(&self, spec: &LayerSpec) -> bool {
        match spec {
            LayerSpec::Dense { .. } | LayerSpec::Heads { .. } => matches!(self.layer, Layer::Dense(_)),
            LayerSpec::BatchNorm { .. } => {
                matches!(self.layer, Layer::BatchNorm(norm) if norm.features.is_none())
            }
            LayerSpec::Lstm { .. } => matches!(self.layer, Layer::Lstm(_)),
        }
    }

    fn finding(&self, field: impl Into<String>, expected: impl ToString, found: impl ToString) -> Finding {
        Finding {
            place: Place::Layer { number: self.number, kind: self.kind() },
            field: field.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

fn stages(network: &Network) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage> = Vec::new();
    for (number, layer) in network.layers().iter().enumerate() {
        match (layer, stages.last_mut()) {
            // A second activation behind the first stays a stage of its own, which no specification has.
            (Layer::Activation(own), Some(before))
                if before.activation.is_none() && !matches!(before.layer, Layer::Activation(_)) =>
            {
                before.activation = Some(own.activation);
                before.activation_at = (number, layer.kind());
            }
            _ => stages.push(Stage {
                number,
                layer,
                activation: activation(layer),
                activation_at: (number, layer.kind()),
            }),
        }
    }
    stages
}

/// Pairs of what must be and what is, in order. Where types differ, the next ones decide whether a layer is missing, one
/// too many, or another than it must be, so that one mistake does not make everything after it wrong.
fn aligned<'a>(
    mut specs: &'a [LayerSpec],
    mut stages: &'a [Stage<'a>],
) -> Vec<(Option<&'a LayerSpec>, Option<&'a Stage<'a>>)> {
    let mut pairs = Vec::new();
    while let ([spec, more_specs @ ..], [stage, more_stages @ ..]) = (specs, stages) {
        let is_next = |spec: Option<&LayerSpec>, stage: Option<&Stage>| {
            spec.zip(stage).is_some_and(|(spec, stage)| stage.is(spec))
        };
        let missing =
            !stage.is(spec) && is_next(more_specs.first(), Some(stage)) && specs.len() > stages.len();
        let superfluous =
            !stage.is(spec) && is_next(Some(spec), more_stages.first()) && stages.len() > specs.len();
        if missing {
            pairs.push((Some(spec), None));
            specs = more_specs;
        } else if superfluous {
            pairs.push((None, Some(stage)));
            stages = more_stages;
        } else {
            pairs.push((Some(spec), Some(stage)));
            (specs, stages) = (more_specs, more_stages);
        }
    }
    pairs.extend(specs.iter().map(|spec| (Some(spec), None)));
    pairs.extend(stages.iter().map(|stage| (None, Some(stage))));
    pairs
}

/// What a layer must be, in a few words.
fn described(spec: &LayerSpec) -> String {
    match spec {
        LayerSpec::Dense { outputs, .. } => format!("a dense layer with {outputs} outputs"),
        LayerSpec::BatchNorm { .. } => "a batchnorm layer".to_owned(),
        LayerSpec::Lstm { units } => format!("an lstm layer with {units} units"),
        LayerSpec::Heads { outputs, .. } => {
            format!("a dense layer of {} heads side by side", outputs.len())
        }
    }
}

fn named(activation: Option<Activation>) -> &'static str {
    activation.map_or("none", Activation::name)
}

fn compare(spec: &LayerSpec, stage: &Stage, findings: &mut Vec<Finding>) {
    if !stage.is(spec) {
        findings.push(stage.finding("type", spec.kind(), stage.kind()));
        return;
    }
    // The network's own check has made sure that each layer takes what the one before it gives.
    let (expected, found) = (spec.outputs(stage.layer.inputs()), stage.layer.outputs());
    if found != expected {
        findings.push(stage.finding("shape", format!("{expected} outputs"), found));
    }
    if stage.activation != spec.activation() {
        let (number, kind) = stage.activation_at;
        findings.push(Finding {
            place: Place::Layer { number, kind },
            field: "activation".to_owned(),
            expected: named(spec.activation()).to_owned(),
            found: named(stage.activation).to_owned(),
        });
    }
    match (spec, stage.layer) {
        (LayerSpec::Dense { bias, .. }, Layer::Dense(dense)) => compare_bias(*bias, dense, stage, findings),
        (LayerSpec::Heads { inputs, outputs, .. }, Layer::Dense(dense)) => {
            compare_bias(Bias::Trained, dense, stage, findings);
            compare_blocks(*inputs, outputs, dense, stage, findings);
        }
        (LayerSpec::BatchNorm { .. }, Layer::BatchNorm(norm)) if norm.affine.is_none() => {
            let expected = "[gamma, beta, mean, variance]";
            findings.push(stage.finding("weights", expected, "[mean, variance]"));
        }
        _ => {}
    }
}

fn compare_bias(bias: Bias, dense: &Dense, stage: &Stage, findings: &mut Vec<Finding>) {
    let outputs = dense.outputs;
    match (bias, &dense.bias) {
        (Bias::Trained, Some(_)) => {}
        (Bias::Trained, None) => {
            findings.push(stage.finding("weights", format!("[W, b] with {outputs} biases"), "[W]"));
        }
        (Bias::Zero, None) => {
            let expected = format!("[W, b] with {outputs} biases of 0, for the layer is trained without");
            findings.push(stage.finding("weights", expected, "[W]"));
        }
        (Bias::Zero, Some(bias)) => {
            let wrong = bias.iter().filter(|&&value| value != 0.0).count();
            if let Some(index) = bias.iter().position(|&value| value != 0.0) {
                let expected = "0, for the layer is trained without bias";
                let found = format!("{}{}", bias[index], and_more(wrong));
                findings.push(stage.finding(format!("weights[1][{index}]"), expected, found));
            }
        }
    }
}

fn compare_blocks(
    head_inputs: usize,
    head_outputs: &[usize],
    dense: &Dense,
    stage: &Stage,
    findings: &mut Vec<Finding>,
) {
    let expected = head_inputs * head_outputs.len();
    if dense.inputs != expected {
        let expected = format!("{expected} inputs, {head_inputs} for each head");
        findings.push(stage.finding("inputs", expected, dense.inputs));
    }
    if dense.outputs != head_outputs.iter().sum::<usize>() {
        // Said already; where the blocks are is not known then.
        return;
    }
    let strays = strays(head_inputs, head_outputs, dense);
    if let Some(&(row, column)) = strays.first() {
        let value = dense.kernel[row * dense.outputs + column];
        let expected = format!("0 outside of the {} heads' blocks", head_outputs.len());
        let found = format!("{value}{}", and_more(strays.len()));
        findings.push(stage.finding(format!("weights[0][{row}][{column}]"), expected, found));
    }
}

/// Row and column of each weight that joins two heads.
fn strays(head_inputs: usize, head_outputs: &[usize], dense: &Dense) -> Vec<(usize, usize)> {
    let place = |index: usize| (index / dense.outputs, index % dense.outputs);
    let is_stray = |&(index, value): &(usize, &f32)| {
        let (row, column) = place(index);
        *value != 0.0 && !in_block(head_inputs, head_outputs, row, column)
    };
    dense.kernel.iter().enumerate().filter(is_stray).map(|(index, _)| place(index)).collect()
}

fn and_more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        count => format!(" (and {} more like it)", count - 1),
    }
}

fn compare_sidecar(
    kind: ModelKind,
    network: &Network,
    sidecar: &Sidecar,
    parameters: usize,
    findings: &mut Vec<Finding>,
) {
    let mut finding = |field: &str, expected: String, found: String| {
        findings.push(Finding { place: Place::Sidecar, field: field.to_owned(), expected, found });
    };
    if let Err(problem) = sidecar.check() {
        finding(&problem.field, problem.expected, problem.found);
    }
    if sidecar.name != kind.name() {
        finding("name", format!("{:?}", kind.name()), format!("{:?}", sidecar.name));
    }
    for (field, expected, found) in [
        ("inputs", network.inputs(), sidecar.inputs),
        ("outputs", network.outputs(), sidecar.outputs),
        ("parameters", parameters, sidecar.parameters),
    ] {
        if found != expected {
            finding(field, expected.to_string(), found.to_string());
        }
    }
    match kind {
        ModelKind::Orbit => {
            for (field, values) in
                [("input_mean", &sidecar.input_mean), ("input_deviation", &sidecar.input_deviation)]
            {
                if values.is_none() {
                    finding(field, format!("{} numbers", network.inputs()), "no such field".to_owned());
                }
            }
        }
        _ if sidecar.orbit.is_some() => {
            finding("orbit", format!("nothing, for this is the {kind} model"), "a shape".to_owned());
        }
        _ => {}
    }
}

fn in_file(field: &str, expected: impl ToString, found: impl ToString) -> Finding {
    Finding {
        place: Place::File,
        field: field.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn activation(layer: &Layer) -> Option<Activation> {
    match layer {
        Layer::Dense(dense) => dense.activation,
        Layer::Conv1d(conv) => conv.activation,
        Layer::Conv2d(conv) => conv.activation,
        Layer::Activation(own) => Some(own.activation),
        _ => None,
    }
}

/// Trainable parameters of a layer of which nothing more is known.
fn trainable(layer: &Layer) -> usize {
    match layer {
        // PyTorch has b_ih and b_hh; the file holds their sum.
        Layer::Lstm(lstm) => lstm.kernel.len() + lstm.recurrent.len() + 2 * lstm.bias.len(),
        Layer::BatchNorm(norm) => norm.affine.as_ref().map_or(0, |(gamma, beta)| gamma.len() + beta.len()),
        other => other.parameters(),
    }
}

/// Trainable parameters of a layer whose part in the model is known: what is 0 because the model is built so does not
/// count, what should be and is not does.
fn trainable_as(spec: &LayerSpec, layer: &Layer) -> usize {
    match (spec, layer) {
        (LayerSpec::Dense { bias: Bias::Zero, .. }, Layer::Dense(dense)) => {
            let bias = dense.bias.iter().flatten().filter(|&&value| value != 0.0).count();
            dense.kernel.len() + bias
        }
        (LayerSpec::Heads { inputs, outputs, .. }, Layer::Dense(dense)) => {
            let in_blocks = (0..dense.kernel.len())
                .filter(|index| in_block(*inputs, outputs, index / dense.outputs, index % dense.outputs));
            let bias = dense.bias.as_ref().map_or(0, Vec::len);
            in_blocks.count() + strays(*inputs, outputs, dense).len() + bias
        }
        _ => trainable(layer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{self, random_network};
    use rtneural::{ActivationLayer, BatchNorm};

    fn built(kind: ModelKind, change: impl FnOnce(&mut Vec<Layer>)) -> Network {
        let network = random_network(kind, OrbitShape::default(), 1).expect("the contract's shapes");
        let mut layers = network.layers().to_vec();
        change(&mut layers);
        Network::new(network.inputs(), layers).expect("sizes meet")
    }

    fn dense(layer: &mut Layer) -> &mut Dense {
        match layer {
            Layer::Dense(dense) => dense,
            other => panic!("{}", other.kind()),
        }
    }

    /// The texts of all findings.
    fn texts(kind: ModelKind, network: &Network, sidecar: Option<&Sidecar>) -> Vec<String> {
        let findings = check(kind, network, sidecar).expect_err("something is wrong");
        findings.iter().map(Finding::to_string).collect()
    }

    fn orbit_sidecar(shape: OrbitShape) -> Sidecar {
        let mut sidecar = Sidecar::for_shape(ModelKind::Orbit, shape);
        sidecar.input_mean = Some(vec![0.0; shape.inputs()]);
        sidecar.input_deviation = Some(vec![1.0; shape.inputs()]);
        sidecar
    }

    #[test]
    fn networks_built_to_the_specification_have_the_contracts_counts() {
        for kind in ModelKind::ALL {
            let network = built(kind, |_| {});
            let sidecar = match kind {
                ModelKind::Orbit => orbit_sidecar(OrbitShape::default()),
                _ => Sidecar::default_for(kind),
            };
            for sidecar in [None, Some(&sidecar)] {
                let checked = check(kind, &network, sidecar).expect("as specified");
                assert_eq!(checked.trainable, kind.parameters(), "{kind}");
                assert_eq!(checked.stored, network.parameters());
                assert_eq!(checked.rows.len(), network.layers().len());
                assert_eq!(checked.rows.iter().map(|row| row.trainable).sum::<usize>(), checked.trainable);
            }
        }
    }

    #[test]
    fn a_network_is_none_of_the_other_five() {
        for kind in ModelKind::ALL {
            for other in ModelKind::ALL {
                assert_eq!(check(other, &built(kind, |_| {}), None).is_ok(), kind == other);
            }
        }
    }

    #[test]
    fn activations_may_stand_in_entries_of_their_own() {
        let network = built(ModelKind::Dynamics, |layers| {
            dense(&mut layers[0]).activation = None;
            let own = ActivationLayer { size: 128, activation: Activation::Relu };
            layers.insert(1, Layer::Activation(own));
            let Layer::Dense(dense) = &mut layers[2] else { panic!("another layer") };
            dense.time_distributed = true;
        });
        let checked = check(ModelKind::Dynamics, &network, None).expect("the same mathematics");
        assert_eq!(checked.rows[1].kind, "activation");
        assert_eq!(checked.rows[1].trainable, 0);
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        let network = built(ModelKind::Emotion, |layers| {
            dense(&mut layers[0]).activation = Some(Activation::Relu);
            dense(&mut layers[3]).bias = None;
            dense(&mut layers[4]).activation = None;
        });
        assert_eq!(
            texts(ModelKind::Emotion, &network, None),
            [
                "layers[0] (dense): activation: expected tanh, found relu",
                "layers[3] (dense): weights: expected [W, b] with 192 biases, found [W]",
                "layers[4] (dense): activation: expected softmax, found none",
                "layers: expected 497664 trainable parameters, found 497472",
            ]
        );
    }

    #[test]
    fn sizes_and_counts_are_exact() {
        let network = Network::new(
            32,
            [(32, 128, Activation::Relu), (128, 63, Activation::Relu), (63, 16, Activation::Sigmoid)]
                .map(|(inputs, outputs, activation)| {
                    Layer::Dense(Dense {
                        inputs,
                        outputs,
                        kernel: vec![0.5; inputs * outputs],
                        bias: Some(vec![0.0; outputs]),
                        activation: Some(activation),
                        time_distributed: false,
                    })
                })
                .into(),
        )
        .expect("sizes meet");
        assert_eq!(
            texts(ModelKind::Dynamics, &network, None),
            [
                "layers[1] (dense): shape: expected 64 outputs, found 63",
                // 128 weights into the missing value and 16 out of it are missing: 13456 - 144.
                "layers: expected 13456 trainable parameters, found 13312",
            ]
        );
    }

    #[test]
    fn what_has_no_bias_must_have_zeros() {
        let kind = ModelKind::Harmony;
        let network = built(kind, |layers| {
            let bias = dense(&mut layers[1]).bias.as_mut().expect("zeros");
            (bias[3], bias[9]) = (0.5, 0.25);
        });
        assert_eq!(
            texts(kind, &network, None),
            [
                "layers[1] (dense): weights[1][3]: expected 0, for the layer is trained without bias, \
                 found 0.5 (and 1 more like it)",
                "layers: expected 74048 trainable parameters, found 74050",
            ]
        );
        let network = built(kind, |layers| dense(&mut layers[1]).bias = None);
        assert_eq!(
            texts(kind, &network, None),
            ["layers[1] (dense): weights: expected [W, b] with 128 biases of 0, for the layer is trained \
              without, found [W]"]
        );
    }

    #[test]
    fn heads_are_joined_by_nothing() {
        let kind = ModelKind::Orbit;
        let network = built(kind, |layers| {
            let heads = dense(layers.last_mut().expect("layers"));
            // Row 32 belongs to the second head, column 0 to the first; row 5 to the first, column 8 to the gates.
            heads.kernel[32 * 9] = 0.25;
            heads.kernel[5 * 9 + 8] = -1.0;
        });
        assert_eq!(
            texts(kind, &network, None),
            [
                "layers[10] (dense): weights[0][5][8]: expected 0 outside of the 4 heads' blocks, found -1 \
                 (and 1 more like it)",
                "layers: expected 91561 trainable parameters, found 91563",
            ]
        );
        let network = built(kind, |layers| dense(layers.last_mut().expect("layers")).bias = None);
        assert_eq!(
            texts(kind, &network, None)[0],
            "layers[10] (dense): weights: expected [W, b] with 9 biases, found [W]"
        );
    }

    #[test]
    fn batch_norm_needs_gamma_and_beta_and_its_activation_behind_it() {
        let network = built(ModelKind::Groove, |layers| {
            dense(&mut layers[0]).activation = Some(Activation::Tanh);
            let Layer::BatchNorm(norm) = &mut layers[4] else { panic!("another layer") };
            norm.affine = None;
            layers.remove(2);
        });
        assert_eq!(
            texts(ModelKind::Groove, &network, None),
            [
                "layers[0] (dense): activation: expected none, found tanh",
                "layers[1] (batchnorm): activation: expected tanh, found none",
                "layers[3] (batchnorm): weights: expected [gamma, beta, mean, variance], found [mean, variance]",
                "layers: expected 19040 trainable parameters, found 18912",
            ]
        );
    }

    #[test]
    fn a_missing_or_superfluous_layer_does_not_make_all_others_wrong() {
        let network = built(ModelKind::Groove, |layers| {
            layers.remove(1);
        });
        let missing = texts(ModelKind::Groove, &network, None);
        assert_eq!(missing.len(), 3, "{missing:?}");
        assert_eq!(missing[0], "layers[1] (activation): activation: expected none, found tanh");
        assert_eq!(missing[1], "layers[2]: expected a batchnorm layer, found no such layer in its place");

        let network = built(ModelKind::Melody, |layers| {
            let norm = BatchNorm {
                filters: 64,
                features: None,
                affine: None,
                mean: vec![0.0; 64],
                variance: vec![1.0; 64],
                epsilon: 0.0,
            };
            layers.insert(2, Layer::BatchNorm(norm));
        });
        let superfluous = texts(ModelKind::Melody, &network, None);
        assert_eq!(
            superfluous,
            ["layers[2] (batchnorm): type: expected no further layer here, found batchnorm 64 -> 64"]
        );
    }

    #[test]
    fn another_type_in_a_layers_place_is_named() {
        let network = built(ModelKind::Emotion, |layers| {
            let gru = rtneural::Gru {
                inputs: 384,
                outputs: 128,
                kernel: vec![0.0; 384 * 384],
                recurrent: vec![0.0; 128 * 384],
                bias: vec![0.0; 2 * 384],
            };
            layers[2] = Layer::Gru(gru);
        });
        let texts = texts(ModelKind::Emotion, &network, None);
        assert_eq!(texts[0], "layers[2] (gru): type: expected lstm, found gru");
        assert_eq!(texts.len(), 2, "{texts:?}");
    }

    #[test]
    fn orbit_variants_are_what_their_sidecars_declare() {
        let shape = OrbitShape { window_frames: 20, include_delta: true, bands: 8, ..OrbitShape::default() };
        let network = random_network(ModelKind::Orbit, shape, 3).expect("possible");
        let checked = check(ModelKind::Orbit, &network, Some(&orbit_sidecar(shape))).expect("declared");
        assert_eq!(checked.shape, shape);
        // 20 frames of 12 features; two more gates of 32 weights and a bias.
        assert_eq!(checked.trainable, 91_561 + 128 * (240 - 60) + 2 * 33);

        let undeclared = texts(ModelKind::Orbit, &network, None);
        assert_eq!(undeclared[0], "in_shape: expected 60 inputs, found 240");
        assert!(undeclared[1].starts_with("layers[10] (dense): shape: expected 9 outputs, found 11"));
    }

    #[test]
    fn sidecars_that_speak_of_another_model_are_refused() {
        let kind = ModelKind::Orbit;
        let network = built(kind, |_| {});
        let mut sidecar = Sidecar::default_for(ModelKind::Dynamics);
        sidecar.version = 7;
        assert_eq!(
            texts(kind, &network, Some(&sidecar)),
            [
                "sidecar: version: expected 1, found 7",
                "sidecar: name: expected \"orbit_control\", found \"dynamicsengine\"",
                "sidecar: inputs: expected 60, found 32",
                "sidecar: outputs: expected 9, found 16",
                "sidecar: parameters: expected 91561, found 13456",
                "sidecar: input_mean: expected 60 numbers, found no such field",
                "sidecar: input_deviation: expected 60 numbers, found no such field",
            ]
        );
        let mut sidecar = Sidecar::default_for(ModelKind::Dynamics);
        sidecar.orbit = Some(OrbitShape::default());
        let network = built(ModelKind::Dynamics, |_| {});
        let texts = texts(ModelKind::Dynamics, &network, Some(&sidecar));
        assert_eq!(
            texts,
            ["sidecar: orbit: expected nothing, for this is the dynamics model, found a shape"]
        );
    }

    #[test]
    fn rows_count_recurrent_layers_as_pytorch_does() {
        // torch.nn.GRU(3, 2): 3·2·3 + 3·2·2 + 2·3·2 = 42 parameters; torch.nn.LSTM(3, 2): 24 + 16 + 16 = 56.
        let layers = vec![
            Layer::Gru(rtneural::Gru {
                inputs: 3,
                outputs: 2,
                kernel: vec![0.0; 18],
                recurrent: vec![0.0; 12],
                bias: vec![0.0; 12],
            }),
            Layer::Lstm(rtneural::Lstm {
                inputs: 2,
                outputs: 2,
                kernel: vec![0.0; 16],
                recurrent: vec![0.0; 16],
                bias: vec![0.0; 8],
            }),
        ];
        let rows = spec::rows(&Network::new(3, layers).expect("sizes meet"));
        assert_eq!(rows[0].trainable, 42);
        assert_eq!((rows[1].stored, rows[1].trainable), (40, 48));
    }
}
