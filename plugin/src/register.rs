//! The parameters as a list: by id, with their values in the form in which people read and files keep them.

use std::collections::HashMap;
use std::sync::Arc;

use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;
use serde::{Deserialize, Serialize};

use crate::params::DendriteParams;

/// A value in a file: a number in the unit that is shown, a switch, or the frozen id of a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// In the unit that is shown.
    Number(f64),
    /// The frozen id of a choice.
    Choice(String),
}

/// One parameter of the list.
struct Entry {
    id: String,
    param: ParamPtr,
    /// The ids of a choice, in its order; empty for anything else.
    choices: Vec<&'static str>,
}

/// All parameters of an instance, in their order.
pub struct Register {
    /// Keeps alive what the pointers of the entries point to.
    params: Arc<DendriteParams>,
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
}

impl Register {
    /// The list of these parameters.
    pub fn new(params: Arc<DendriteParams>) -> Self {
        // The ids of a choice can be asked only of a parameter that has the value: of one that nobody hears.
        let spare = DendriteParams::default();
        let entries: Vec<Entry> = params
            .param_map()
            .into_iter()
            .zip(spare.param_map())
            .map(|((id, param, _), (_, spare, _))| Entry { id, param, choices: choices(spare) })
            .collect();
        let by_id = entries.iter().enumerate().map(|(place, entry)| (entry.id.clone(), place)).collect();
        Self { params, entries, by_id }
    }

    /// The parameters.
    pub fn params(&self) -> &Arc<DendriteParams> {
        &self.params
    }

    /// How many there are; places are 0 ... this.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The frozen id of the parameter at a place.
    pub fn id(&self, place: usize) -> &str {
        &self.entries[place].id
    }

    /// Where the parameter of an id is.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Where a parameter is.
    pub fn place_of(&self, param: ParamPtr) -> Option<usize> {
        self.entries.iter().position(|entry| entry.param == param)
    }

    /// What the framework knows a parameter by.
    pub fn pointer(&self, place: usize) -> ParamPtr {
        self.entries[place].param
    }

    /// Value of a parameter as the user has set it, 0 .. 1.
    pub fn normalized(&self, place: usize) -> f32 {
        // SAFETY: `params` keeps alive what the pointer points to.
        unsafe { self.entries[place].param.unmodulated_normalized_value() }
    }

    /// All values as the user has set them, 0 .. 1.
    pub fn snapshot(&self) -> Vec<f32> {
        (0..self.len()).map(|place| self.normalized(place)).collect()
    }

    /// The value that a parameter takes on when it is set to `normalized`, 0 .. 1.
    pub fn stepped(&self, place: usize, normalized: f32) -> f32 {
        let param = self.entries[place].param;
        if matches!(param, ParamPtr::BoolParam(_)) {
            return if normalized > 0.5 { 1.0 } else { 0.0 };
        }
        // SAFETY: as in `normalized`.
        unsafe { param.preview_normalized(param.preview_plain(normalized)) }
    }

    /// The value 0 .. 1 of a plain value as the framework counts: numbers as shown, switches 0 or 1, choices their place.
    pub fn of_plain(&self, place: usize, plain: f32) -> f32 {
        // SAFETY: as in `normalized`.
        unsafe { self.entries[place].param.preview_normalized(plain) }
    }

    /// A value, given as 0 .. 1, as a file keeps it.
    pub fn value(&self, place: usize, normalized: f32) -> Value {
        let Entry { param, choices, .. } = &self.entries[place];
        // SAFETY: as in `normalized`.
        let plain = unsafe { param.preview_plain(normalized) };
        match param {
            ParamPtr::BoolParam(_) => Value::Switch(plain > 0.5),
            ParamPtr::EnumParam(_) => match choices.get(plain.round().max(0.0) as usize) {
                Some(id) => Value::Choice((*id).to_owned()),
                None => Value::Number(f64::from(plain)),
            },
            // The shortest text that reads back as the same f32, so that 0.1 stays 0.1.
            _ => Value::Number(plain.to_string().parse().unwrap_or(f64::from(plain))),
        }
    }

    /// A value from a file as 0 .. 1; `None` if there is no sense in it. Numbers out of range are at its end.
    pub fn read(&self, place: usize, value: &Value) -> Option<f32> {
        let Entry { param, choices, .. } = &self.entries[place];
        // SAFETY: as in `normalized`.
        unsafe {
            match (param, value) {
                (ParamPtr::BoolParam(_), Value::Switch(on)) => Some(if *on { 1.0 } else { 0.0 }),
                (ParamPtr::EnumParam(_), Value::Choice(id)) => {
                    let step = choices.iter().position(|choice| choice == id)?;
                    Some(step as f32 / (choices.len() - 1).max(1) as f32)
                }
                (ParamPtr::FloatParam(_) | ParamPtr::IntParam(_), Value::Number(number))
                    if number.is_finite() =>
                {
                    let (low, high) = (param.preview_plain(0.0), param.preview_plain(1.0));
                    let plain = (*number as f32).clamp(low.min(high), low.max(high));
                    let whole = matches!(param, ParamPtr::IntParam(_));
                    Some(param.preview_normalized(if whole { plain.round() } else { plain }))
                }
                _ => None,
            }
        }
    }
}

/// The ids of a choice, of a parameter that may be changed for it.
fn choices(spare: ParamPtr) -> Vec<&'static str> {
    let ParamPtr::EnumParam(choice) = spare else { return Vec::new() };
    // SAFETY: the caller's parameters live longer than this call, and nobody else knows them.
    unsafe {
        let last = spare.step_count().unwrap_or(0);
        (0..=last)
            .filter_map(|step| {
                spare._internal_set_normalized_value(step as f32 / last.max(1) as f32);
                (*choice).unmodulated_plain_id()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lead_back_to_themselves_through_a_file() {
        let register = Register::new(Arc::default());
        for place in 0..register.len() {
            for hundredth in 0..=100 {
                let normalized = register.stepped(place, hundredth as f32 / 100.0);
                let value = register.value(place, normalized);
                let json = serde_json::to_string(&value).unwrap();
                let back = register.read(place, &serde_json::from_str(&json).unwrap());
                let id = register.id(place);
                let back = back.unwrap_or_else(|| panic!("{id}: {json} is not understood"));
                assert_eq!(register.value(place, back), value, "{id}");
                assert!((back - normalized).abs() < 1e-4, "{id}: {normalized} becomes {json} becomes {back}");
            }
        }
    }

    #[test]
    fn what_a_file_has_of_another_kind_is_refused() {
        let register = Register::new(Arc::default());
        let place = |id| register.place(id).unwrap();
        assert_eq!(register.read(place("glow"), &Value::Switch(true)), None);
        assert_eq!(register.read(place("glow"), &Value::Number(f64::NAN)), None);
        assert_eq!(register.read(place("palette"), &Value::Choice("plaid".to_owned())), None);
        assert_eq!(register.read(place("auto_level"), &Value::Number(1.0)), None);
        // Out of range is at its end.
        assert_eq!(register.read(place("glow"), &Value::Number(1e9)), Some(1.0));
        assert_eq!(register.value(place("palette"), 0.0), Value::Choice("abyss".to_owned()));
    }
}
