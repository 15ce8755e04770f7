//! Networks in tract, from the ONNX files that rtneural writes.

use anyhow::Result;
use rtneural::Network;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::Engine;

struct Tract {
    state: TypedSimpleState,
    /// Of recurrent layers, in the order in which the graph takes and gives them.
    memory: Vec<TValue>,
}

pub(super) fn build(network: &Network) -> Result<Box<dyn Engine>> {
    let bytes = network.to_onnx(&rtneural::onnx::Options::default())?;
    let mut model = tract_onnx::onnx().model_for_read(&mut bytes.as_slice())?;
    let mut memory = Vec::new();
    for input in 0..model.inputs.len() {
        // The graph leaves the size of the batch open.
        let sizes = model.input_fact(input)?.shape.dims().collect::<Vec<_>>();
        let size = sizes[1].concretize().and_then(|size| size.to_usize().ok());
        let size = size.ok_or_else(|| anyhow::anyhow!("input {input} has no fixed size"))?;
        model = model.with_input_fact(input, f32::fact([1, size]).into())?;
        if input > 0 {
            memory.push(Tensor::zero::<f32>(&[1, size])?.into_tvalue());
        }
    }
    let state = model.into_optimized()?.into_runnable()?.spawn()?;
    Ok(Box::new(Tract { state, memory }))
}

impl Engine for Tract {
    fn step(&mut self, input: &[f32], output: &mut [f32]) -> Result<()> {
        let input = Tensor::from_shape(&[1, input.len()], input)?.into_tvalue();
        let inputs = std::iter::once(input).chain(self.memory.drain(..)).collect();
        let mut outputs = self.state.run(inputs)?.into_iter();
        let result = outputs.next().ok_or_else(|| anyhow::anyhow!("the graph has no output"))?;
        output.copy_from_slice(result.try_as_plain_ram()?.as_slice::<f32>()?);
        self.memory.extend(outputs);
        Ok(())
    }
}
