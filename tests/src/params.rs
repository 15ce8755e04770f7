//! The plug-in's parameters by their names.

use dendrite_host::{Event, EventKind, ParamInfo, Plugin};

/// The parameter of a name.
///
/// # Panics
/// If there is none.
pub fn info(plugin: &mut Plugin, name: &str) -> ParamInfo {
    match plugin.params().into_iter().find(|param| param.name == name) {
        Some(param) => param,
        None => panic!("there is no parameter `{name}`"),
    }
}

/// Sets a parameter, as a host's generic panel does; `normalized` is 0..1 of its range.
///
/// # Panics
/// If there is none of that name, or the plug-in refuses.
pub fn set(plugin: &mut Plugin, name: &str, normalized: f64) {
    let param = info(plugin, name);
    if let Err(error) = plugin.set_param(param.id, param.denormalized(normalized)) {
        panic!("{name}: {error}");
    }
}

/// An automation event; `normalized` is 0..1 of the parameter's range.
///
/// # Panics
/// If there is none of that name.
pub fn event(plugin: &mut Plugin, name: &str, offset: u32, normalized: f64) -> Event {
    let param = info(plugin, name);
    Event { offset, kind: EventKind::Param { id: param.id, value: param.denormalized(normalized) } }
}

/// All values, by name and as parts 0..1 of their ranges, so that they can be compared between formats.
///
/// # Panics
/// If a listed parameter has no value.
pub fn values(plugin: &mut Plugin) -> Vec<(String, f64)> {
    let params = plugin.params();
    params
        .into_iter()
        .map(|param| match plugin.param_value(param.id) {
            Some(value) => (param.name.clone(), param.normalized(value)),
            None => panic!("{} has no value", param.name),
        })
        .collect()
}

/// All defaults, in the form of [`values`].
pub fn defaults(plugin: &mut Plugin) -> Vec<(String, f64)> {
    plugin.params().into_iter().map(|param| (param.name.clone(), param.normalized(param.default))).collect()
}
