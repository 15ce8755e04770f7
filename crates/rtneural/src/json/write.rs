//! From a network to RTNeural JSON.

use super::Object;
use crate::Network;

/// The text of a model file, one layer per line.
pub(crate) fn write(network: &Network) -> String {
    let mut file = Object::new();
    file.named_shape("in_shape", &[None, Some(network.inputs())]);
    file.objects(
        "layers",
        network.layers().iter().map(|layer| {
            let mut entry = Object::new();
            entry.text("type", layer.kind());
            layer.write(&mut entry);
            entry
        }),
    );
    let mut text = file.finish();
    text.push('\n');
    text
}
