//! Bounds on what a model file may ask for, so that a hostile file costs bounded memory and time.

/// What a reader accepts at most. [`Limits::default`] is far above any network that runs on an audio thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Entries in `layers`; what becomes a layer in other formats.
    pub layers: usize,
    /// Values that a layer takes or gives; also the largest kernel, dilation, stride or number of groups.
    pub layer_size: usize,
    /// Weights and biases of all layers together.
    pub parameters: usize,
    /// JSON arrays and objects inside one another; at most [`Limits::DEEPEST`] whatever stands here.
    pub nesting: usize,
    /// Values kept between calls (convolution history, recurrent state) and in the scratch memory of one pass, of all
    /// layers together. A conv2d layer's steps count as 64 values for each feature that it gives.
    pub state_values: usize,
}

impl Limits {
    /// Keys of one JSON object at most; a model file has about ten, a state dict four or so for each layer.
    pub const KEYS: usize = 4096;
    /// Protobuf fields of one ONNX file at most, counting each number of the arrays that hold sizes, but not the weights.
    /// A file's fields become structures of up to some hundred bytes.
    pub const FIELDS: usize = 1 << 17;
    /// The reader uses the call stack for nested values; this bound keeps that use small.
    pub const DEEPEST: usize = 128;
}

impl Default for Limits {
    /// 128 MiB of file, 256 layers of 65,536 values, 16 Mi parameters, nesting of 16, 4 Mi values of state.
    fn default() -> Self {
        Limits {
            file_bytes: 128 << 20,
            layers: 256,
            layer_size: 1 << 16,
            parameters: 1 << 24,
            nesting: 16,
            state_values: 1 << 22,
        }
    }
}
