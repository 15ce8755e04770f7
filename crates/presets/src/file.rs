//! A preset as TOML.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::parameters::{Group, PARAMETERS, parameter};
use crate::preset::{LONGEST_NAME, LONGEST_TEXT, check_text, check_value};
use crate::{Preset, PresetError, Value};

/// The number of the format. A file may leave it out.
const FORMAT: i64 = 1;

/// What stands above everything.
const HEADER: &str = "\
# A preset of Dendrite: look, motion and play, in the units that the plug-in shows.
# What is not named here has its default. Format: docs/PRESETS.md.
";

/// Column of the remarks behind values.
const REMARK_COLUMN: usize = 34;

/// A text on its way into a preset.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    /// The line of a place in the text, from 1.
    fn line(&self, place: usize) -> usize {
        1 + self.text.bytes().take(place).filter(|&byte| byte == b'\n').count()
    }

    /// A text field.
    fn field(
        &self,
        field: &'static str,
        value: &Spanned<DeValue>,
        longest: usize,
    ) -> Result<String, PresetError> {
        let line = Some(self.line(value.span().start));
        let text = value.get_ref().as_str().ok_or_else(|| PresetError::Field {
            line,
            field,
            expected: "a text in quotation marks".to_owned(),
            found: found(value.get_ref()),
        })?;
        check_text(field, text, longest, line)?;
        Ok(text.to_owned())
    }

    /// The table of values.
    fn values(&self, table: &DeTable) -> Result<BTreeMap<String, Value>, PresetError> {
        let mut values = BTreeMap::new();
        for (id, value) in table {
            let line = Some(self.line(id.span().start));
            let id: &str = id.get_ref();
            let read = self.value(id, value.get_ref(), line)?;
            check_value(id, &read, line)?;
            values.insert(id.to_owned(), read);
        }
        Ok(values)
    }

    fn value(&self, id: &str, value: &DeValue, line: Option<usize>) -> Result<Value, PresetError> {
        let read = match value {
            // A choice whose ids are numbers may be written as one.
            DeValue::Integer(_) if parameter(id).is_some_and(|known| known.chooses(&found(value))) => {
                Some(Value::Choice(found(value)))
            }
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|i| Value::Number(i as f64))
            }
            DeValue::Float(float) => float.as_str().parse().ok().map(Value::Number),
            DeValue::Boolean(on) => Some(Value::Switch(*on)),
            DeValue::String(text) => Some(Value::Choice(text.clone().into_owned())),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
        };
        read.ok_or_else(|| PresetError::Value {
            line,
            id: id.to_owned(),
            expected: parameter(id).map_or_else(
                || "a number, true, false, or a text in quotation marks".to_owned(),
                |known| known.expected(),
            ),
            found: found(value),
        })
    }
}

/// What stands in a file, for messages.
fn found(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Reads a preset.
pub(crate) fn read(text: &str) -> Result<Preset, PresetError> {
    let reader = Reader { text };
    let document = DeTable::parse(text).map_err(|problem| PresetError::Syntax {
        line: problem.span().map(|span| reader.line(span.start)),
        message: problem.message().to_owned(),
    })?;
    // The format first: what else is wrong with a file from a newer version does not matter.
    for (key, value) in document.get_ref() {
        let known =
            value.get_ref().as_integer().is_some_and(|format| format.to_string() == FORMAT.to_string());
        if key.get_ref() == "format" && !known {
            return Err(PresetError::Field {
                line: Some(reader.line(value.span().start)),
                field: "format",
                expected: format!("{FORMAT} (a higher number needs a newer Dendrite)"),
                found: found(value.get_ref()),
            });
        }
    }
    let (mut name, mut preset) = (None, Preset::default());
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "format" => {}
            "name" => name = Some(reader.field("name", value, LONGEST_NAME)?),
            "about" => preset.about = reader.field("about", value, LONGEST_TEXT)?,
            "author" => preset.author = reader.field("author", value, LONGEST_TEXT)?,
            "values" => {
                let table = value.get_ref().as_table().ok_or_else(|| PresetError::Field {
                    line: Some(reader.line(value.span().start)),
                    field: "values",
                    expected: "a table that begins with the line [values]".to_owned(),
                    found: found(value.get_ref()),
                })?;
                preset.values = reader.values(table)?;
            }
            other => {
                let line = Some(reader.line(key.span().start));
                return Err(PresetError::UnknownField { line, field: other.to_owned() });
            }
        }
    }
    preset.name = name.ok_or(PresetError::NoName)?;
    Ok(preset)
}

/// Writes a preset.
pub(crate) fn write(preset: &Preset) -> String {
    let mut text = format!("{HEADER}\nformat = {FORMAT}\n");
    text += &entry("name", toml::Value::String(preset.name.clone()));
    for (field, content) in [("about", &preset.about), ("author", &preset.author)] {
        if !content.is_empty() {
            text += &entry(field, toml::Value::String(content.clone()));
        }
    }
    text += "\n[values]\n";
    for (group, title) in Group::ALL {
        let lines: String = PARAMETERS
            .iter()
            .filter(|parameter| parameter.group == group)
            .filter_map(|parameter| {
                let value = preset.values.get(parameter.id)?;
                Some(remarked(&entry(parameter.id, toml_value(value)), &parameter.remark(value)))
            })
            .collect();
        push_block(&mut text, title, &lines);
    }
    let unknown: String = preset.unknown().map(|id| entry(id, toml_value(&preset.values[id]))).collect();
    push_block(&mut text, "Not known to the Dendrite that wrote this file; kept", &unknown);
    text
}

/// Lines under their title, if there are any.
fn push_block(text: &mut String, title: &str, lines: &str) {
    if !lines.is_empty() {
        let gap = if text.ends_with("[values]\n") { "" } else { "\n" };
        *text += &format!("{gap}# {title}\n{lines}");
    }
}

/// A line with a remark behind it.
fn remarked(line: &str, remark: &str) -> String {
    if remark.is_empty() {
        return line.to_owned();
    }
    format!("{:<REMARK_COLUMN$}  # {remark}\n", line.trim_end())
}

/// A line `key = value`, each quoted where it must be.
fn entry(key: &str, value: toml::Value) -> String {
    toml::Table::from_iter([(key.to_owned(), value)]).to_string()
}

fn toml_value(value: &Value) -> toml::Value {
    match value {
        // As a person would write it: without a decimal point where it needs none, as long as every whole number is exact.
        &Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            toml::Value::Integer(number as i64)
        }
        &Value::Number(number) => toml::Value::Float(number),
        &Value::Switch(on) => toml::Value::Boolean(on),
        Value::Choice(chosen) => toml::Value::String(chosen.clone()),
    }
}
