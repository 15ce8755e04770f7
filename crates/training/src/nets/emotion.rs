//! The emotion network: mel vectors to a map over the plane of valence and arousal.

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor, TensorData};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{
    Gate, Lstm, LstmNumbers, LstmState, dense, dense_holding, export_dense, export_first_dense, values,
};

/// Units of the LSTM.
pub const UNITS: usize = 128;

/// 128 -> 384 tanh -> 384 tanh -> LSTM 128 -> 192 tanh -> 64 softmax.
#[derive(Module, Debug)]
pub struct EmotionNet {
    first: Linear,
    second: Linear,
    memory: Lstm,
    third: Linear,
    last: Linear,
}

/// What the network is trained with: besides the mood it has to tell pitch classes, mode and the cues that moods are made of
/// from its hidden layers, which keeps it from knowing pieces by their timbre. Only the network is exported.
#[derive(Module, Debug)]
pub struct EmotionTrainer {
    /// The network.
    pub net: EmotionNet,
    dropout: Dropout,
    /// From the second layer: chroma and bass chroma of the frame.
    pitches: Linear,
    /// From the memory: chroma of the last two seconds, and whether the key is minor.
    mode: Linear,
    /// From the memory: tempo, note rate, register and the other cues.
    cues: Linear,
    /// From the memory: [`HEARD`].
    heard: Linear,
}

/// Share of values of the third layer that are zeroed in training. Not before the memory: there, what is missing now and was
/// not before would sound like an attack.
const DROPOUT: f64 = 0.15;
/// Share of the gradient of mood and cues that reaches the memory. They are the same throughout a section, and a memory that
/// learns from them learns to know the pieces; pitches, the mode and the register are heard in every frame.
const FROM_MOOD: f32 = 0.1;
/// Cues that the memory learns in full: mode and register.
pub const HEARD: [usize; 2] = [0, 3];
/// Values of the two side tasks.
pub const PITCHES: usize = 24;
/// Chroma of the last two seconds and the mode.
pub const MODE: usize = 13;
/// Musical cues, in the order of `dendrite_generator::Cues::NAMES`.
pub const CUES: usize = 7;

/// What the trainer says.
pub struct Told {
    /// Logits of the map.
    pub mood: Tensor<3>,
    /// Chroma and bass chroma of the frame.
    pub pitches: Tensor<3>,
    /// Chroma of the last two seconds, and the logit of minor.
    pub mode: Tensor<3>,
    /// The cues.
    pub cues: Tensor<3>,
    /// The cues of [`HEARD`].
    pub heard: Tensor<3>,
}

impl EmotionTrainer {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            net: EmotionNet::new(device),
            dropout: DropoutConfig::new(DROPOUT).init(),
            pitches: dense(384, PITCHES, device),
            mode: dense(UNITS, MODE, device),
            cues: dense(UNITS, CUES, device),
            heard: dense(UNITS, HEARD.len(), device),
        }
    }

    /// With weights that count attacks from the start, and learn nothing else ([`ears`]).
    pub fn counting_attacks(self, standard: &Standard) -> Self {
        Self { net: self.net.counting_attacks(standard), ..self }
    }

    /// Standardised `[batch, time, 128]` to `[batch, time, 64]` and the side tasks.
    pub fn forward(&self, x: Tensor<3>, state: LstmState) -> (Told, LstmState) {
        let net = &self.net;
        let x = tanh(dense_holding(&net.first, x, ears::BANDS));
        let hidden = tanh(dense_holding(&net.second, x, ears::BANDS));
        let (memory, state) = net.memory.forward_holding(hidden.clone(), state, ears::UNITS);
        let read = memory.clone() * FROM_MOOD + memory.clone().detach() * (1.0 - FROM_MOOD);
        let x = self.dropout.forward(tanh(net.third.forward(read.clone())));
        let told = Told {
            mood: net.last.forward(x),
            pitches: self.pitches.forward(hidden),
            mode: self.mode.forward(memory.clone()),
            cues: self.cues.forward(read),
            heard: self.heard.forward(memory),
        };
        (told, state)
    }
}

/// Weights that count attacks.
///
/// How fast attacks follow one another is most of what excites, and it is heard in any timbre; but a network that is taught
/// moods learns to know its pieces by their colour long before it finds out how to count. So the counters are there from the
/// start, in units that the training only reads: levels of eight bands, their values one hop ago, how much each rises, the
/// last three means of the rises, a peak among them above one of three thresholds, and leaky counts of those peaks.
pub mod ears {
    use super::{Gate, LstmNumbers};

    /// Bands whose rise is measured.
    pub const BANDS: usize = 8;
    /// Mean rise of the bands above which a peak counts, as shares of the mel vector's 80 dB.
    pub const THRESHOLDS: [f32; 3] = [0.006, 0.012, 0.025];
    /// How long a peak is remembered: 1, 4 and 8 s in hops.
    pub const HOPS: [f32; 3] = [47.0, 188.0, 375.0];
    /// Units of the memory that are used up, from the first.
    pub const UNITS: usize = PEAKS + THRESHOLDS.len() * (1 + HOPS.len());
    /// The first unit that tells peaks, after the levels, the rises and two means of them.
    const PEAKS: usize = 2 * BANDS + 2;
    /// The unit that counts the peaks above a threshold over a time.
    pub fn counter(threshold: usize, time: usize) -> usize {
        PEAKS + THRESHOLDS.len() + threshold * HOPS.len() + time
    }
    /// A count of one peak a hop, in the cell.
    pub const FULL: f32 = 5.0;
    /// Levels are scaled down by this, so that tanh is as good as a line.
    pub(super) const SCALE: f32 = 0.25;

    /// A gate that is open, or shut when negative.
    const OPEN: f32 = 8.0;
    /// How steeply a gate opens with a rise (of a share of 80 dB), and with the difference of two means of rises.
    const RISE: f32 = 80.0;
    const PEAK: f32 = 100.0;
    /// Means of rises are small.
    const LOUDER: f32 = 4.0;

    /// Into the first [`UNITS`] units; band levels, scaled, are the first [`BANDS`] inputs.
    pub(super) fn write(numbers: &mut LstmNumbers) {
        for unit in 0..UNITS {
            numbers.isolate(unit, [OPEN, -OPEN, 0.0, OPEN]);
        }
        let (before, rise) = (|band: usize| band, |band: usize| BANDS + band);
        let (last, earlier) = (2 * BANDS, 2 * BANDS + 1);
        for band in 0..BANDS {
            *numbers.input(Gate::Value, before(band), band) = 1.0;
            // The level less that of a hop ago, where it is greater.
            for (gate, steepness) in [(Gate::Value, 1.0), (Gate::Input, RISE)] {
                *numbers.input(gate, rise(band), band) = steepness / SCALE;
                *numbers.recurrent(gate, rise(band), before(band)) = -steepness / SCALE;
            }
            *numbers.bias(Gate::Input, rise(band)) = 0.0;
            *numbers.recurrent(Gate::Value, last, rise(band)) = LOUDER / BANDS as f32;
        }
        *numbers.recurrent(Gate::Value, earlier, last) = 1.0;
        for (n, threshold) in THRESHOLDS.into_iter().enumerate() {
            // What was the mean of the rises two hops ago, if the mean since is smaller, and that before was.
            let peak = PEAKS + n;
            for band in 0..BANDS {
                *numbers.recurrent(Gate::Input, peak, rise(band)) = -PEAK * LOUDER / BANDS as f32;
            }
            *numbers.recurrent(Gate::Input, peak, last) = PEAK;
            *numbers.bias(Gate::Input, peak) = 0.0;
            *numbers.recurrent(Gate::Output, peak, last) = PEAK;
            *numbers.recurrent(Gate::Output, peak, earlier) = -PEAK;
            *numbers.bias(Gate::Output, peak) = 0.0;
            *numbers.recurrent(Gate::Value, peak, last) = PEAK;
            *numbers.bias(Gate::Value, peak) = -PEAK * LOUDER * threshold;
            for (time, hops) in HOPS.into_iter().enumerate() {
                let unit = counter(n, time);
                numbers.isolate(unit, [-6.0, (hops - 1.0).ln(), FULL / hops, OPEN]);
                *numbers.recurrent(Gate::Input, unit, peak) = 12.0;
            }
        }
    }

    /// Times for which the other units remember at first, in hops, evenly spread on a logarithmic scale from 1 to 300 hops
    /// (as Tallec and Ollivier 2018).
    pub(super) fn spread(numbers: &mut LstmNumbers) {
        let units = numbers.units();
        for unit in UNITS..units {
            let place = (unit - UNITS) as f32 / (units - UNITS - 1) as f32;
            let open = (300.0_f32.powf(place) + 0.5).ln();
            *numbers.bias(Gate::Forget, unit) = open;
            *numbers.bias(Gate::Input, unit) = -open;
            *numbers.bias(Gate::Value, unit) = 0.0;
            *numbers.bias(Gate::Output, unit) = 0.0;
        }
    }
}

impl EmotionNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(128, 384, device),
            second: dense(384, 384, device),
            memory: Lstm::new(384, UNITS, device),
            third: dense(UNITS, 192, device),
            last: dense(192, 64, device),
        }
    }

    /// With weights that count attacks in the first units of every layer up to the memory.
    fn counting_attacks(mut self, standard: &Standard) -> Self {
        let width = standard.mean.len() / ears::BANDS;
        // The mean of the band's levels, from the middle of their range.
        let share = |input: usize| (ears::SCALE * standard.deviation[input] as f32) / width as f32;
        let mean = |band: usize| {
            standard.mean[band * width..(band + 1) * width].iter().sum::<f64>() as f32 / width as f32
        };
        self.first = begun(
            self.first,
            |input, band| if input / width == band { share(input) } else { 0.0 },
            |band| ears::SCALE * (mean(band) - 0.5),
        );
        self.second = begun(self.second, |input, band| if input == band { 1.0 } else { 0.0 }, |_| 0.0);
        self.memory = self.memory.begun(|numbers| {
            ears::write(numbers);
            ears::spread(numbers);
        });
        self
    }

    /// Standardised `[batch, time, 128]` to logits `[batch, time, 64]`.
    pub fn forward(&self, x: Tensor<3>, state: LstmState) -> (Tensor<3>, LstmState) {
        let x = tanh(self.first.forward(x));
        let x = tanh(self.second.forward(x));
        let (x, state) = self.memory.forward(x, state);
        (self.last.forward(tanh(self.third.forward(x))), state)
    }

    /// The network of the file, which takes raw mel vectors.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        let tanh = Some(Activation::Tanh);
        Network::new(
            128,
            vec![
                Layer::Dense(export_first_dense(&self.first, standard, tanh)),
                Layer::Dense(export_dense(&self.second, tanh)),
                self.memory.export(),
                Layer::Dense(export_dense(&self.third, tanh)),
                Layer::Dense(export_dense(&self.last, Some(Activation::Softmax))),
            ],
        )
    }
}

/// A layer with other weights, by input and band, and other biases in the columns of the bands.
fn begun(layer: Linear, weight: impl Fn(usize, usize) -> f32, bias: impl Fn(usize) -> f32) -> Linear {
    let ([inputs, outputs], device) = (layer.weight.dims(), layer.weight.val().device());
    let mut weights = values(layer.weight.val());
    for (input, row) in weights.chunks_exact_mut(outputs).enumerate() {
        row.iter_mut().take(ears::BANDS).enumerate().for_each(|(band, place)| *place = weight(input, band));
    }
    let weight = Param::from_tensor(Tensor::from_data(TensorData::new(weights, [inputs, outputs]), &device));
    let bias = layer.bias.map(|before| {
        let mut biases = values(before.val());
        biases.iter_mut().take(ears::BANDS).enumerate().for_each(|(band, place)| *place = bias(band));
        Param::from_tensor(Tensor::from_data(TensorData::new(biases, [outputs]), &device))
    });
    Linear { weight, bias }
}
