//! The emotion network: mel vectors to a map over the plane of valence and arousal.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{Lstm, LstmState, dense, export_dense, export_first_dense};

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
}

/// Share of values of the hidden layers that are zeroed in training.
const DROPOUT: f64 = 0.15;
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
        }
    }

    /// Standardised `[batch, time, 128]` to `[batch, time, 64]` and the side tasks.
    pub fn forward(&self, x: Tensor<3>, state: LstmState) -> (Told, LstmState) {
        let net = &self.net;
        let x = self.dropout.forward(tanh(net.first.forward(x)));
        let hidden = self.dropout.forward(tanh(net.second.forward(x)));
        let (memory, state) = net.memory.forward(hidden.clone(), state);
        let x = self.dropout.forward(tanh(net.third.forward(memory.clone())));
        let told = Told {
            mood: net.last.forward(x),
            pitches: self.pitches.forward(hidden),
            mode: self.mode.forward(memory.clone()),
            cues: self.cues.forward(memory),
        };
        (told, state)
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
