//! Networks with weights from a small generator, for tests that need sizes and not meanings.

use rtneural::{
    Activation, ActivationLayer, BatchNorm, Conv1d, Conv2d, Dense, Gru, Layer, Lstm, Network, Padding, Prelu,
};

/// Repeatable numbers, evenly spread over -1 ... 1 (SplitMix64, Steele et al. 2014).
pub struct Numbers(pub u64);

impl Numbers {
    fn whole(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn next(&mut self) -> f32 {
        (self.whole() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// As many as `count`, scaled.
    pub fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * scale).collect()
    }

    /// One of 0 ... end - 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.whole() % end as u64) as usize
    }
}

/// Weights such that sums stay near the size of their inputs (Glorot and Bengio 2010).
fn glorot(inputs: usize, outputs: usize) -> f32 {
    (6.0 / (inputs + outputs) as f32).sqrt()
}

pub fn dense(numbers: &mut Numbers, inputs: usize, outputs: usize, activation: Option<Activation>) -> Layer {
    let kernel = numbers.take(inputs * outputs, glorot(inputs, outputs));
    let bias = Some(numbers.take(outputs, 0.1));
    Layer::Dense(Dense { inputs, outputs, kernel, bias, activation, time_distributed: false })
}

pub fn lstm(numbers: &mut Numbers, inputs: usize, outputs: usize) -> Layer {
    let kernel = numbers.take(inputs * 4 * outputs, glorot(inputs, outputs));
    let recurrent = numbers.take(outputs * 4 * outputs, glorot(outputs, outputs));
    Layer::Lstm(Lstm { inputs, outputs, kernel, recurrent, bias: numbers.take(4 * outputs, 0.1) })
}

pub fn gru(numbers: &mut Numbers, inputs: usize, outputs: usize) -> Layer {
    let kernel = numbers.take(inputs * 3 * outputs, glorot(inputs, outputs));
    let recurrent = numbers.take(outputs * 3 * outputs, glorot(outputs, outputs));
    Layer::Gru(Gru { inputs, outputs, kernel, recurrent, bias: numbers.take(6 * outputs, 0.1) })
}

pub fn batch_norm(numbers: &mut Numbers, filters: usize, features: Option<usize>) -> Layer {
    Layer::BatchNorm(BatchNorm {
        filters,
        features,
        affine: Some((numbers.take(filters, 1.5), numbers.take(filters, 0.3))),
        mean: numbers.take(filters, 0.5),
        variance: numbers.take(filters, 0.5).iter().map(|x| x + 0.6).collect(),
        epsilon: 1e-5,
    })
}

pub fn conv1d(numbers: &mut Numbers, inputs: usize, outputs: usize, groups: usize) -> Layer {
    let (kernel_size, dilation) = (1 + numbers.below(4), 1 + numbers.below(3));
    let kernel = numbers.take(kernel_size * (inputs / groups) * outputs, glorot(inputs, outputs));
    let bias = numbers.take(outputs, 0.1);
    let activation = Some(Activation::Elu);
    Layer::Conv1d(Conv1d { inputs, outputs, kernel_size, dilation, groups, kernel, bias, activation })
}

pub fn conv2d(numbers: &mut Numbers, filters_in: usize, features_in: usize, filters_out: usize) -> Layer {
    let (kernel_size_time, kernel_size_feature) = (1 + numbers.below(3), 1 + numbers.below(features_in));
    let count = kernel_size_time * kernel_size_feature * filters_in * filters_out;
    Layer::Conv2d(Conv2d {
        filters_in,
        features_in,
        filters_out,
        kernel_size_time,
        kernel_size_feature,
        dilation: 1 + numbers.below(2),
        stride: 1 + numbers.below(2),
        padding: if numbers.below(2) == 0 { Padding::Valid } else { Padding::Same },
        kernel: numbers.take(count, glorot(count / filters_out, filters_out)),
        bias: numbers.take(filters_out, 0.1),
        activation: Some(Activation::Tanh),
    })
}

/// A network of one to five layers of any kinds and sizes.
#[allow(dead_code, reason = "not every test uses it")]
pub fn random_network(seed: u64) -> Network {
    let mut numbers = Numbers(seed);
    let inputs = 1 + numbers.below(40);
    let (mut size, mut layers) = (inputs, Vec::new());
    for _ in 0..1 + numbers.below(5) {
        let next = 1 + numbers.below(150);
        let layer = match numbers.below(12) {
            0 => {
                let activation = Activation::ALL[numbers.below(5)];
                dense(&mut numbers, size, next, Some(activation))
            }
            1 => {
                layers.push(dense(&mut numbers, size, next, None));
                batch_norm(&mut numbers, next, None)
            }
            2 | 3 => lstm(&mut numbers, size, next.min(50)),
            4 | 5 => gru(&mut numbers, size, next.min(50)),
            6 => conv1d(&mut numbers, size, next, 1),
            7 => {
                let groups = (1..=size).rev().find(|groups| size.is_multiple_of(*groups) && *groups <= 8);
                let groups = groups.unwrap_or(1);
                conv1d(&mut numbers, size, groups * (1 + next % 20), groups)
            }
            8 if size.is_multiple_of(2) => conv2d(&mut numbers, 2, size / 2, 1 + next % 20),
            8 => conv2d(&mut numbers, 1, size, 1 + next % 20),
            9 => Layer::Prelu(Prelu { size, slopes: numbers.take(size, 0.5) }),
            10 => batch_norm(&mut numbers, size, Some(1)),
            _ => Layer::Activation(ActivationLayer { size, activation: Activation::ALL[numbers.below(5)] }),
        };
        size = layer.outputs();
        layers.push(layer);
    }
    Network::new(inputs, layers).unwrap()
}

/// Six networks for music: two with memory, four without, 1.11 million weights together.
#[allow(dead_code, reason = "not every test uses it")]
pub fn six() -> Vec<(&'static str, Network)> {
    let numbers = &mut Numbers(6);
    let relu = Some(Activation::Relu);
    let tanh = Some(Activation::Tanh);
    let softmax = Some(Activation::Softmax);
    let apply = |size, activation| Layer::Activation(ActivationLayer { size, activation });
    let mut normalised = |inputs, outputs, activation| {
        let dense = dense(numbers, inputs, outputs, None);
        [dense, batch_norm(numbers, outputs, None), apply(outputs, activation)]
    };
    let mut groove: Vec<_> = normalised(64, 128, Activation::Tanh).into();
    groove.extend(normalised(128, 64, Activation::Tanh));
    let mut orbit: Vec<_> = normalised(60, 128, Activation::Relu).into();
    orbit.extend(normalised(128, 256, Activation::Relu));
    orbit.extend(normalised(256, 128, Activation::Relu));
    groove.push(dense(numbers, 64, 32, tanh));
    orbit.push(dense(numbers, 128, 128, relu));
    orbit.push(dense(numbers, 128, 9, None));
    let emotion = vec![
        dense(numbers, 128, 384, tanh),
        dense(numbers, 384, 384, tanh),
        lstm(numbers, 384, 128),
        dense(numbers, 128, 192, tanh),
        dense(numbers, 192, 64, softmax),
    ];
    let melody = vec![
        dense(numbers, 64, 320, relu),
        dense(numbers, 320, 64, relu),
        lstm(numbers, 64, 160),
        lstm(numbers, 160, 160),
        dense(numbers, 160, 128, softmax),
    ];
    let harmony = vec![
        dense(numbers, 128, 256, tanh),
        dense(numbers, 256, 128, tanh),
        dense(numbers, 128, 64, softmax),
    ];
    let dynamics = vec![
        dense(numbers, 32, 128, relu),
        dense(numbers, 128, 64, relu),
        dense(numbers, 64, 16, Some(Activation::Sigmoid)),
    ];
    let networks = [
        ("emotion", 128, emotion),
        ("melody", 64, melody),
        ("harmony", 128, harmony),
        ("dynamics", 32, dynamics),
        ("groove", 64, groove),
        ("orbit", 60, orbit),
    ];
    networks.into_iter().map(|(name, inputs, layers)| (name, Network::new(inputs, layers).unwrap())).collect()
}
