//! The plug-in's state as JSON: in VST3 it is that alone, in CLAP its length as eight bytes, little-endian, comes first.

use dendrite_host::Format;
use serde_json::Value;

/// The JSON of a saved state.
///
/// # Panics
/// If it is not a state as the plug-in writes it.
pub fn json(format: Format, state: &[u8]) -> Value {
    let json = match format {
        Format::Clap => {
            let (length, json) = state.split_first_chunk::<8>().expect("a state begins with its length");
            assert_eq!(u64::from_le_bytes(*length), json.len() as u64, "the length is that of the rest");
            json
        }
        Format::Vst3 => state,
    };
    serde_json::from_slice(json).expect("a state is JSON")
}

/// The bytes of a state.
///
/// # Panics
/// Never: a JSON value can be written.
pub fn bytes(format: Format, json: &Value) -> Vec<u8> {
    frame(format, &serde_json::to_vec(json).expect("a JSON value can be written"))
}

/// Any bytes in the place of the JSON.
pub fn frame(format: Format, json: &[u8]) -> Vec<u8> {
    match format {
        Format::Clap => [&(json.len() as u64).to_le_bytes()[..], json].concat(),
        Format::Vst3 => json.to_vec(),
    }
}
