//! The fields of one JSON object, read by name and kind, with errors that say what stood there instead.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{Cursor, Fault, quoted, shortened};
use crate::{Error, Limits, Problem};

/// The object whose fields are meant, for error messages.
#[derive(Clone)]
pub(crate) enum Owner {
    /// The file's outermost object.
    File,
    /// `layers[index]` of the given type (empty while the type is not known).
    Layer { index: usize, kind: String },
}

impl Owner {
    pub(crate) fn error(&self, field: impl Into<String>, problem: Problem) -> Error {
        match self {
            Owner::File => problem.at(field),
            Owner::Layer { index, kind } => problem.in_layer(*index, kind, field),
        }
    }
}

/// Where the values of an object's keys begin in the text.
pub(crate) struct Fields<'a> {
    text: &'a str,
    values: Vec<(Cow<'a, str>, Cursor<'a>)>,
    limits: &'a Limits,
    pub(crate) owner: Owner,
}

impl<'a> Fields<'a> {
    /// Reads an object to its end; its values are checked to be JSON and no more.
    pub(crate) fn read(
        text: &'a str,
        cursor: &mut Cursor<'a>,
        limits: &'a Limits,
        owner: Owner,
    ) -> Result<Self, Error> {
        let mut values = Vec::new();
        let read = cursor.object(|cursor, key| {
            values.push((key.clone(), cursor.clone()));
            cursor.skip()
        });
        match read {
            Ok(()) => {
                for (_, value) in &mut values {
                    value.trust();
                }
                Ok(Fields { text, values, limits, owner })
            }
            Err(fault) => Err(owner.error("", fault.problem(text))),
        }
    }

    pub(crate) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// The keys in the order of the file.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(key, _)| &**key)
    }

    pub(crate) fn error(&self, field: impl Into<String>, problem: Problem) -> Error {
        self.owner.error(field, problem)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(key, _)| key == name)
    }

    /// A place at the value of a key.
    pub(crate) fn find(&self, name: &str) -> Option<Cursor<'a>> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, cursor)| cursor.clone())
    }

    pub(crate) fn required(&self, name: &str, expected: &str) -> Result<Cursor<'a>, Error> {
        self.find(name).ok_or_else(|| self.error(name, Problem::Missing { expected: expected.to_owned() }))
    }

    fn fault(&self, name: &str, fault: Fault) -> Error {
        self.error(name, fault.problem(self.text))
    }

    /// The elements of an array, as places.
    pub(crate) fn elements(&self, name: &str, expected: &str) -> Result<Vec<Cursor<'a>>, Error> {
        let mut cursor = self.required(name, expected)?;
        if cursor.peek() != Some(b'[') {
            return Err(self.error(name, Problem::unexpected(expected, cursor.next_kind())));
        }
        // A place takes more memory than the shortest element takes text, so there may not be many.
        let maximum = self.limits.layers.max(16);
        let (mut elements, mut found) = (Vec::new(), 0);
        let read = cursor.array(|cursor, _| {
            found += 1;
            if found <= maximum {
                elements.push(cursor.clone());
            }
            cursor.skip()
        });
        read.map_err(|fault| self.fault(name, fault))?;
        if found > maximum {
            return Err(self.error(name, Problem::Limit { what: "elements", maximum, found }));
        }
        Ok(elements)
    }

    /// A string; `None` if there is no such key or it is null.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
        let Some(mut cursor) = self.find(name) else { return Ok(None) };
        match cursor.peek() {
            Some(b'"') => cursor.string().map(Some).map_err(|fault| self.fault(name, fault)),
            Some(b'n') => Ok(None),
            _ => Err(self.error(name, Problem::unexpected("a string", cursor.next_kind()))),
        }
    }

    /// Refuses a recurrent layer's flag unless it is absent or has the only value that the format can express.
    pub(crate) fn flag_must_be(&self, name: &str, value: bool) -> Result<(), Error> {
        let Some(mut cursor) = self.find(name) else { return Ok(()) };
        let kind = cursor.next_kind();
        match cursor.boolean() {
            Some(found) if found == value => Ok(()),
            Some(found) => Err(self.error(name, Problem::unexpected(format!("{value}"), found))),
            None => Err(self.error(name, Problem::unexpected(format!("{value}"), kind))),
        }
    }

    /// A finite number that fits f32.
    pub(crate) fn number(&self, name: &str) -> Result<f32, Error> {
        let mut cursor = self.required(name, "a number")?;
        self.value(name, &mut cursor)
    }

    fn value(&self, field: &str, cursor: &mut Cursor<'a>) -> Result<f32, Error> {
        if !matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.error(field, Problem::unexpected("a number", cursor.next_kind())));
        }
        let text = cursor.number().map_err(|fault| self.fault(field, fault))?;
        match text.parse::<f32>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.error(field, Problem::unexpected("a number that fits f32", shortened(text)))),
        }
    }

    /// An integer in `range`, written as a number or as the last element of an array.
    pub(crate) fn integer(&self, name: &str, range: Range<usize>) -> Result<usize, Error> {
        let mut cursor = self.required(name, "an integer")?;
        self.integer_at(name, &mut cursor, range)
    }

    /// Like [`Fields::integer`], with a value that stands for an absent key.
    pub(crate) fn integer_or(&self, name: &str, range: Range<usize>, absent: usize) -> Result<usize, Error> {
        if self.has(name) { self.integer(name, range) } else { Ok(absent) }
    }

    fn integer_at(&self, name: &str, cursor: &mut Cursor<'a>, range: Range<usize>) -> Result<usize, Error> {
        let expected = match range.start {
            0 => "an integer of at least 0".to_owned(),
            start => format!("an integer of at least {start}"),
        };
        if cursor.peek() == Some(b'[') {
            let mut last = None;
            let read = cursor.array(|cursor, index| {
                last = Some((index, cursor.clone()));
                cursor.skip()
            });
            read.map_err(|fault| self.fault(name, fault))?;
            let Some((index, mut element)) = last else {
                return Err(self.error(name, Problem::unexpected(expected, "an empty array")));
            };
            return self.scalar(&format!("{name}[{index}]"), &mut element, range, &expected);
        }
        self.scalar(name, cursor, range, &expected)
    }

    fn scalar(
        &self,
        field: &str,
        cursor: &mut Cursor<'a>,
        range: Range<usize>,
        expected: &str,
    ) -> Result<usize, Error> {
        if !matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.error(field, Problem::unexpected(expected, cursor.next_kind())));
        }
        let text = cursor.number().map_err(|fault| self.fault(field, fault))?;
        // Exporters write 3.0 as well as 3; f64 is exact far beyond every limit.
        let value = text.parse::<f64>().unwrap_or(f64::NAN);
        if value.is_nan() || value.fract() != 0.0 || value < range.start as f64 {
            return Err(self.error(field, Problem::unexpected(expected, shortened(text))));
        }
        if value >= range.end as f64 {
            let problem = Problem::Limit {
                what: "is asked for",
                maximum: range.end - 1,
                // Saturates, like every cast from float to integer.
                found: value as usize,
            };
            return Err(self.error(field, problem));
        }
        Ok(value as usize)
    }

    /// A layer size out of a shape: its last element, or the product of the last two of four.
    pub(crate) fn shape(&self, name: &str) -> Result<usize, Error> {
        let elements = self.elements(name, "an array of sizes")?;
        let range = 1..self.limits.layer_size.saturating_add(1);
        let expected = "an integer of at least 1";
        let size = |index: usize| {
            self.scalar(&format!("{name}[{index}]"), &mut elements[index].clone(), range.clone(), expected)
        };
        match elements.len() {
            0 => Err(self.error(name, Problem::unexpected("an array of sizes", "an empty array"))),
            4 => {
                // Each factor is within the limit, so the product cannot overflow where usize has 64 bits.
                let size = size(2)?.saturating_mul(size(3)?);
                if size > self.limits.layer_size {
                    let maximum = self.limits.layer_size;
                    return Err(self.error(name, Problem::Limit { what: "values", maximum, found: size }));
                }
                Ok(size)
            }
            count => size(count - 1),
        }
    }

    /// An array of arrays of ... numbers, row-major. `sizes` says how many there must be on each level; where it says
    /// `None`, the first one met decides and is written there.
    pub(crate) fn tensor(
        &self,
        field: &str,
        cursor: &mut Cursor<'a>,
        sizes: &mut [Option<usize>],
    ) -> Result<Vec<f32>, Error> {
        let product = sizes.iter().flatten().fold(1, |product: usize, &size| product.saturating_mul(size));
        // A file cannot hold more numbers than half its bytes, whatever the sizes claim.
        let capacity = if sizes.iter().all(Option::is_some) { product.min(self.text.len() / 2) } else { 0 };
        let mut tensor =
            Tensor { fields: self, indices: Vec::new(), values: Vec::with_capacity(capacity), field };
        tensor.level(cursor, sizes)?;
        Ok(tensor.values)
    }
}

/// A tensor while it is read.
struct Tensor<'f, 'a> {
    fields: &'f Fields<'a>,
    field: &'f str,
    indices: Vec<usize>,
    values: Vec<f32>,
}

impl<'a> Tensor<'_, 'a> {
    fn path(&self) -> String {
        self.indices.iter().fold(self.field.to_owned(), |path, index| format!("{path}[{index}]"))
    }

    fn level(&mut self, cursor: &mut Cursor<'a>, sizes: &mut [Option<usize>]) -> Result<(), Error> {
        let Some((size, inner)) = sizes.split_first_mut() else {
            let value = match cursor.f32() {
                Some(value) => value,
                // Read again, slowly, to say what is wrong with it.
                None => self.fields.value(&self.path(), cursor)?,
            };
            self.values.push(value);
            return Ok(());
        };
        let what = if inner.is_empty() { "numbers" } else { "arrays" };
        let expected = || match *size {
            Some(size) => format!("an array of {size} {what}"),
            None => format!("an array of {what}"),
        };
        if cursor.peek() != Some(b'[') {
            return Err(self.fields.error(self.path(), Problem::unexpected(expected(), cursor.next_kind())));
        }
        let mut found = 0;
        let maximum = self.fields.limits.parameters;
        let result = cursor.array(|cursor, index| {
            found = index + 1;
            if size.is_some_and(|size| index >= size) {
                // Read on only to say how many there are.
                return cursor.skip().map_err(TensorError::Fault);
            }
            if self.values.len() >= maximum {
                let problem = Problem::Limit { what: "parameters", maximum, found: maximum + 1 };
                return Err(TensorError::Refused(self.fields.error(self.path(), problem)));
            }
            self.indices.push(index);
            self.level(cursor, inner).map_err(TensorError::Refused)?;
            self.indices.pop();
            Ok(())
        });
        match result {
            Ok(()) => {}
            Err(TensorError::Refused(error)) => return Err(error),
            Err(TensorError::Fault(fault)) => return Err(self.fields.fault(&self.path(), fault)),
        }
        match *size {
            Some(size) if size != found => {
                let expected = format!("{size} {what}");
                Err(self.fields.error(self.path(), Problem::unexpected(expected, found)))
            }
            Some(_) => Ok(()),
            None if found == 0 => {
                Err(self.fields.error(self.path(), Problem::unexpected(expected(), "an empty array")))
            }
            None => {
                *size = Some(found);
                Ok(())
            }
        }
    }
}

enum TensorError {
    Fault(Fault),
    Refused(Error),
}

impl From<Fault> for TensorError {
    fn from(fault: Fault) -> Self {
        TensorError::Fault(fault)
    }
}

/// The words of an error about a name that is none of `known`.
pub(crate) fn unknown_name(known: &[&str], found: &str) -> Problem {
    Problem::unexpected(format!("one of {}", known.join(", ")), quoted(found))
}
