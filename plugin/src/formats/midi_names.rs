//! Names of the parameters that stand for MIDI controllers in VST3.
//!
//! The format gives an effect its controllers as parameters, 130 for each of the 16 channels, and every host lists or hides
//! them in its own way. Many hosts and scripts know them by the name that JUCE gives them, `MIDI CC channel|controller` with
//! 128 for channel pressure and 129 for pitch bend, and pass them over; under the framework's own names they would be shown.

use std::sync::OnceLock;

use nice_plug::wrapper::vst3::Wrapper;
use vst3::Steinberg::Vst::{IEditController, IEditControllerVtbl, ParameterInfo};
use vst3::Steinberg::{int32, kResultFalse, kResultOk, tresult};
use vst3::{ComRef, ComWrapper};

use crate::Dendrite;

/// The framework's functions of an edit controller; the same for all instances.
static FRAMEWORK: OnceLock<IEditControllerVtbl> = OnceLock::new();

/// The same with our `getParameterInfo`.
static OURS: OnceLock<IEditControllerVtbl> = OnceLock::new();

/// Gives an instance that nobody else knows yet our names.
pub fn install(wrapper: &ComWrapper<Wrapper<Dendrite>>) {
    let Some(controller) = wrapper.as_com_ref::<IEditController>() else { return };
    // SAFETY: nobody else knows the object yet. Its first word points to its functions, as COM prescribes; the new table is of
    // the same type and lives as long as the library.
    unsafe {
        let controller = ComRef::as_ptr(&controller);
        let framework = FRAMEWORK.get_or_init(|| std::ptr::read((*controller).vtbl));
        let ours = OURS.get_or_init(|| IEditControllerVtbl {
            getParameterInfo: parameter_info,
            ..std::ptr::read(framework)
        });
        (*controller).vtbl = ours;
    }
}

/// What the framework says of a parameter, with our name if it stands for a controller.
unsafe extern "system" fn parameter_info(
    this: *mut IEditController,
    index: int32,
    info: *mut ParameterInfo,
) -> tresult {
    let Some(framework) = FRAMEWORK.get() else { return kResultFalse };
    // SAFETY: `this` is the framework's own, and hosts pass room for one description or null, which the framework checks.
    let result = unsafe { (framework.getParameterInfo)(this, index, info) };
    if result != kResultOk {
        return result;
    }
    // SAFETY: the framework has written it, and it is the host's until this call returns.
    if let Some(info) = unsafe { info.as_mut() } {
        let end = info.title.iter().position(|unit| *unit == 0).unwrap_or(info.title.len());
        if let Some(name) = known_name(&String::from_utf16_lossy(&info.title[..end])) {
            info.title.fill(0);
            for (place, unit) in info.title.iter_mut().zip(name.encode_utf16()) {
                *place = unit;
            }
        }
    }
    result
}

/// `MIDI CC 3|74` for `MIDI Ch. 3 CC 74`; `None` for any other name.
fn known_name(title: &str) -> Option<String> {
    let (channel, what) = title.strip_prefix("MIDI Ch. ")?.split_once(' ')?;
    let channel: u8 = channel.parse().ok()?;
    let number: u8 = match what {
        "Channel Pressure" => 128,
        "Pitch Bend" => 129,
        controller => controller.strip_prefix("CC ")?.parse().ok()?,
    };
    Some(format!("MIDI CC {channel}|{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_controllers_are_renamed() {
        let name = |title| known_name(title);
        assert_eq!(name("MIDI Ch. 3 CC 74").as_deref(), Some("MIDI CC 3|74"));
        assert_eq!(name("MIDI Ch. 16 Channel Pressure").as_deref(), Some("MIDI CC 16|128"));
        assert_eq!(name("MIDI Ch. 1 Pitch Bend").as_deref(), Some("MIDI CC 1|129"));
        assert_eq!(name("Impact Amount"), None);
        assert_eq!(name("MIDI Ch. x CC 1"), None);
    }
}
