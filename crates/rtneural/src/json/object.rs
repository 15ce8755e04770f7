//! A layer's entry while it is written.

use std::fmt::Write;

use crate::Activation;

/// The text of one JSON object, key after key.
pub(crate) struct Object {
    text: String,
}

/// Nested arrays of numbers.
pub(crate) struct Tree<'a> {
    values: &'a [f32],
    sizes: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// `values` row-major, with `sizes` from the outermost array to the innermost.
    pub(crate) fn nested(values: &'a [f32], sizes: &[usize]) -> Self {
        Tree { values, sizes: sizes.to_vec() }
    }

    fn write(&self, text: &mut String) {
        write_level(text, self.values, &self.sizes);
    }
}

fn write_level(text: &mut String, values: &[f32], sizes: &[usize]) {
    text.push('[');
    if let [_, inner @ ..] = sizes {
        let chunk = inner.iter().product::<usize>().max(1);
        for (index, part) in values.chunks(chunk).enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            match inner {
                [] => number(text, part[0]),
                _ => write_level(text, part, inner),
            }
        }
    }
    text.push(']');
}

/// The shortest decimal that is read back as the same f32; Rust's `Debug` gives it.
fn number(text: &mut String, value: f32) {
    write!(text, "{value:?}").expect("a String takes all text");
}

impl Object {
    pub(crate) fn new() -> Self {
        Object { text: String::from("{") }
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push_str(", ");
        }
        write!(self.text, "\"{key}\": ").expect("a String takes all text");
    }

    /// `value` must need no escapes; all texts of the format are plain names.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        write!(self.text, "\"{value}\"").expect("a String takes all text");
    }

    pub(crate) fn activation(&mut self, activation: Option<Activation>) {
        self.text("activation", activation.map_or("", Activation::name));
    }

    pub(crate) fn integer(&mut self, key: &str, value: usize) {
        self.key(key);
        write!(self.text, "{value}").expect("a String takes all text");
    }

    pub(crate) fn number(&mut self, key: &str, value: f32) {
        self.key(key);
        number(&mut self.text, value);
    }

    /// A shape; `None` is null, a size that nobody reads.
    pub(crate) fn shape(&mut self, sizes: &[Option<usize>]) {
        self.named_shape("shape", sizes);
    }

    pub(crate) fn named_shape(&mut self, key: &str, sizes: &[Option<usize>]) {
        self.key(key);
        let sizes: Vec<_> =
            sizes.iter().map(|size| size.map_or("null".to_owned(), |size| size.to_string())).collect();
        write!(self.text, "[{}]", sizes.join(", ")).expect("a String takes all text");
    }

    pub(crate) fn weights(&mut self, arrays: Vec<Tree>) {
        self.key("weights");
        self.text.push('[');
        for (index, array) in arrays.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            array.write(&mut self.text);
        }
        self.text.push(']');
    }

    /// An array of finished objects, one per line.
    pub(crate) fn objects(&mut self, key: &str, objects: impl Iterator<Item = Object>) {
        self.key(key);
        self.text.push('[');
        for (index, object) in objects.enumerate() {
            self.text.push_str(if index > 0 { ",\n" } else { "\n" });
            self.text.push_str(&object.finish());
        }
        self.text.push_str("\n]");
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}
