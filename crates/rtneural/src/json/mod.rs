//! RTNeural JSON as text: reading fields, writing objects.

mod fields;
mod object;
mod read;
mod text;
mod write;

pub(crate) use fields::{Fields, Owner, unknown_name};
pub(crate) use object::{Object, Tree};
pub(crate) use read::{decode, parse};
#[cfg(feature = "onnx")]
pub(crate) use text::shortened;
pub(crate) use text::{Cursor, quoted};
pub(crate) use write::write;
