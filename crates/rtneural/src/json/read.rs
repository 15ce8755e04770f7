//! From RTNeural JSON to a network.

use super::{Cursor, Fields, Owner, quoted};
use crate::layer::Layer;
use crate::{Error, Limits, Network, Problem};

/// The text of a file's bytes.
pub(crate) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Error> {
    if bytes.len() > limits.file_bytes {
        let problem = Problem::Limit { what: "bytes", maximum: limits.file_bytes, found: bytes.len() };
        return Err(problem.at(""));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(
            Problem::unexpected("JSON", "a byte order mark; save the file as UTF-8 without it").at("")
        );
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let found = format!("byte {:#04x} at position {}", bytes[error.valid_up_to()], error.valid_up_to());
        Problem::unexpected("UTF-8 text", found).at("")
    })
}

/// Reads a model; every entry of `layers` becomes a layer or an error.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Network, Error> {
    let text = decode(bytes, limits)?;
    let mut cursor = Cursor::new(text, limits);
    if cursor.peek().is_some_and(|byte| b"[\"tfn-0123456789".contains(&byte)) {
        let found = cursor.next_kind();
        return Err(Problem::unexpected("an object with in_shape and layers", found).at(""));
    }
    let file = Fields::read(text, &mut cursor, limits, Owner::File)?;
    cursor.finish().map_err(|fault| file.error("", fault.problem(text)))?;

    let inputs = file.shape("in_shape")?;
    let entries = file.elements("layers", "an array of layers")?;
    if entries.len() > limits.layers {
        let problem = Problem::Limit { what: "layers", maximum: limits.layers, found: entries.len() };
        return Err(file.error("layers", problem));
    }
    let mut layers = Vec::with_capacity(entries.len());
    let mut size = inputs;
    let mut parameters = 0;
    for (index, mut entry) in entries.into_iter().enumerate() {
        let unnamed = Owner::Layer { index, kind: String::new() };
        if entry.peek() != Some(b'{') {
            return Err(unnamed.error("", Problem::unexpected("an object", entry.next_kind())));
        }
        let mut fields = Fields::read(text, &mut entry, limits, unnamed)?;
        let expected = format!("one of {}", Layer::KINDS.join(", "));
        fields.required("type", &expected)?;
        let Some(kind) = fields.text("type")? else {
            return Err(fields.error("type", Problem::unexpected(expected, "null")));
        };
        fields.owner = Owner::Layer { index, kind: unquoted(&kind) };
        let layer = Layer::read(&kind, &fields, size)?;
        parameters += layer.parameters();
        if parameters > limits.parameters {
            let problem =
                Problem::Limit { what: "parameters", maximum: limits.parameters, found: parameters };
            return Err(fields.error("weights", problem));
        }
        size = layer.outputs();
        layers.push(layer);
    }
    Network::with_limits(inputs, layers, limits)
}

/// A layer type as it may stand in a message.
fn unquoted(kind: &str) -> String {
    let quoted = quoted(kind);
    quoted[1..quoted.len() - 1].to_owned()
}
