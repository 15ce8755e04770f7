//! Loads a model and runs it on the numbers of each line of standard input.
//!
//! cargo run --example hello -- model.json < rows.csv

use rtneural::{Model, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give the name of a model file")?;
    let model = Model::load(path, Options::default())?;
    let mut state = model.state();
    let mut output = vec![0.0; model.outputs()];
    for line in std::io::stdin().lines() {
        let input = line?.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<f32>, _>>()?;
        // From here on nothing allocates: this is what an audio thread may call.
        model.forward(&mut state, &input, &mut output)?;
        println!("{}", output.iter().map(f32::to_string).collect::<Vec<_>>().join(","));
    }
    Ok(())
}
