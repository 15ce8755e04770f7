//! Models as C++ holds them: loaded, asked for their sizes, and kept for as long as anything uses them.

use cxx::CxxString;
use rtneural::Network;

use crate::bridge::ffi::{Options, Weights};
use crate::error::{Error, caught};

/// A model that C++ shares behind a counted pointer.
pub(crate) struct Model(pub(crate) rtneural::Model);

/// Reads RTNeural JSON from the file with this path in UTF-8.
pub(crate) fn load(path: &CxxString, options: Options) -> Result<Box<Model>, Error> {
    caught(|| {
        let text = path.to_str();
        let path = text.map_err(|source| Error::Path { path: path.to_string_lossy().into(), source })?;
        Ok(Box::new(Model(rtneural::Model::load(path, options.into())?)))
    })
}

/// Reads RTNeural JSON from memory.
pub(crate) fn parse(json: &[u8], options: Options) -> Result<Box<Model>, Error> {
    caught(|| {
        let network = Network::from_json(json)?;
        Ok(Box::new(Model(rtneural::Model::new(&network, options.into())?)))
    })
}

impl From<Options> for rtneural::Options {
    fn from(options: Options) -> Self {
        let weights = match options.weights {
            Weights::F16 => rtneural::Weights::F16,
            Weights::Int8 => rtneural::Weights::Int8,
            // C++ can make other numbers by a cast only; the exact kind is the safe answer.
            _ => rtneural::Weights::F32,
        };
        let fold_batch_norm = options.fold_batch_norm;
        rtneural::Options { fold_batch_norm, ..rtneural::Options::with_weights(weights) }
    }
}

impl Model {
    pub(crate) fn inputs(&self) -> usize {
        self.0.inputs()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.0.outputs()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    pub(crate) fn work(&self) -> usize {
        self.0.work()
    }

    pub(crate) fn weights(&self) -> Weights {
        match self.0.options().weights {
            rtneural::Weights::F32 => Weights::F32,
            rtneural::Weights::F16 => Weights::F16,
            rtneural::Weights::Int8 => Weights::Int8,
        }
    }

    /// The name of the instructions in use: "scalar", "neon", "avx2", "avx512".
    pub(crate) fn level(&self) -> String {
        format!("{:?}", self.0.options().level).to_lowercase()
    }
}
