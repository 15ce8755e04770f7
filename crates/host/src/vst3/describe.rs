//! What a VST3 plug-in says about itself.

use vst3::ComPtr;
use vst3::Steinberg::Vst::BusDirections_::{kInput, kOutput};
use vst3::Steinberg::Vst::BusTypes_::kMain;
use vst3::Steinberg::Vst::MediaTypes_::{kAudio, kEvent};
use vst3::Steinberg::Vst::ParameterInfo_::ParameterFlags_::{
    kCanAutomate, kIsBypass, kIsHidden, kIsReadOnly,
};
use vst3::Steinberg::Vst::{
    BusDirection, BusDirections, BusInfo, BusType, IComponent, IComponentTrait, IEditController,
    IEditControllerTrait, IMidiMapping, IMidiMappingTrait, IUnitInfo, IUnitInfoTrait, MediaType, MediaTypes,
    ParameterInfo, SpeakerArr, SpeakerArrangement, UnitInfo,
};
use vst3::Steinberg::kResultOk;

use super::plain::{Plain, from_utf16, to_utf16};
use crate::describe::{AudioPort, AudioPorts, NotePort, NotePorts, ParamInfo};

/// MIDI channels of a VST3 event bus.
const CHANNELS: usize = 16;
/// Controllers with a mapping: 128 of MIDI, channel pressure and pitch bend.
const CONTROLLERS: usize = 130;
/// The parameter id that stands for none.
const NO_PARAM: u32 = u32::MAX;

/// Which parameter stands for which MIDI controller, asked once per instance.
pub(super) struct MidiMap {
    /// `channel * CONTROLLERS + controller`; empty without a mapping.
    params: Vec<u32>,
}

impl MidiMap {
    pub(super) fn of(controller: &ComPtr<IEditController>) -> Self {
        let Some(mapping) = controller.cast::<IMidiMapping>() else { return Self { params: Vec::new() } };
        let numbers = (0..CHANNELS).flat_map(|channel| (0..CONTROLLERS).map(move |number| (channel, number)));
        let params = numbers
            .map(|(channel, number)| {
                let mut id = NO_PARAM;
                // SAFETY: a place for the answer.
                let answer =
                    unsafe { mapping.getMidiControllerAssignment(0, channel as i16, number as i16, &mut id) };
                if answer == kResultOk { id } else { NO_PARAM }
            })
            .collect();
        Self { params }
    }

    /// The parameter for a controller, if there is one.
    pub(super) fn param(&self, channel: u8, controller: u8) -> Option<u32> {
        let (channel, controller) = (usize::from(channel), usize::from(controller));
        if channel >= CHANNELS || controller >= CONTROLLERS {
            return None;
        }
        self.params.get(channel * CONTROLLERS + controller).copied().filter(|id| *id != NO_PARAM)
    }

    fn sorted_ids(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.params.iter().copied().filter(|id| *id != NO_PARAM).collect();
        ids.sort_unstable();
        ids
    }
}

/// All parameters but the hidden ones that stand for MIDI controllers.
pub(super) fn params(controller: &ComPtr<IEditController>, midi: &MidiMap) -> Vec<ParamInfo> {
    let units = unit_paths(controller);
    let proxies = midi.sorted_ids();
    // SAFETY: takes and returns plain numbers.
    let count = unsafe { controller.getParameterCount() };
    (0..count)
        .filter_map(|index| {
            let mut raw = ParameterInfo::zeroed();
            // SAFETY: a valid index and a place for the answer.
            if unsafe { controller.getParameterInfo(index, &mut raw) } != kResultOk {
                return None;
            }
            let has = |flag: i32| raw.flags & flag != 0;
            let hidden = has(kIsHidden);
            if hidden && proxies.binary_search(&raw.id).is_ok() {
                return None;
            }
            let module = units.iter().find(|(id, _)| *id == raw.unitId);
            Some(ParamInfo {
                id: raw.id,
                name: from_utf16(&raw.title),
                module: module.map(|(_, path)| path.clone()).unwrap_or_default(),
                unit: from_utf16(&raw.units),
                min: 0.0,
                max: 1.0,
                default: raw.defaultNormalizedValue,
                steps: u32::try_from(raw.stepCount).ok().filter(|steps| *steps > 0),
                automatable: has(kCanAutomate),
                is_bypass: has(kIsBypass),
                hidden,
                read_only: has(kIsReadOnly),
            })
        })
        .collect()
}

/// Path of each unit, parts separated by `/`, the root empty.
fn unit_paths(controller: &ComPtr<IEditController>) -> Vec<(i32, String)> {
    let Some(units) = controller.cast::<IUnitInfo>() else { return Vec::new() };
    // SAFETY: returns a number.
    let count = unsafe { units.getUnitCount() };
    let raw: Vec<(i32, i32, String)> = (0..count)
        .filter_map(|index| {
            let mut unit = UnitInfo::zeroed();
            // SAFETY: a valid index and a place for the answer.
            let known = unsafe { units.getUnitInfo(index, &mut unit) } == kResultOk;
            known.then(|| (unit.id, unit.parentUnitId, from_utf16(&unit.name)))
        })
        .collect();
    raw.iter().map(|(id, _, _)| (*id, unit_path(&raw, *id))).collect()
}

/// Walks up to the root (unit 0); a cycle ends after as many steps as there are units.
fn unit_path(units: &[(i32, i32, String)], id: i32) -> String {
    let mut parts = Vec::new();
    let mut current = id;
    for _ in 0..units.len() {
        let Some((_, parent, name)) = units.iter().find(|unit| unit.0 == current && current != 0) else {
            break;
        };
        parts.push(name.as_str());
        current = *parent;
    }
    parts.reverse();
    parts.join("/")
}

/// The text of a normalised value.
pub(super) fn value_to_text(controller: &ComPtr<IEditController>, id: u32, value: f64) -> Option<String> {
    let mut text = [0u16; 128];
    // SAFETY: a place for the answer of the interface's size.
    let answer = unsafe { controller.getParamStringByValue(id, value, &mut text) };
    (answer == kResultOk).then(|| from_utf16(&text))
}

/// The normalised value of a text.
pub(super) fn text_to_value(controller: &ComPtr<IEditController>, id: u32, text: &str) -> Option<f64> {
    // The interface passes a String128, so plug-ins may read that far.
    let mut wide = to_utf16(text);
    wide.resize(wide.len().max(128), 0);
    let mut value = 0.0;
    // SAFETY: a text with a zero at its end and a place for the answer.
    let answer = unsafe { controller.getParamValueByString(id, wide.as_mut_ptr(), &mut value) };
    (answer == kResultOk).then_some(value)
}

/// Number of buses.
pub(super) fn bus_count(component: &ComPtr<IComponent>, media: MediaTypes, direction: BusDirections) -> i32 {
    // SAFETY: takes and returns plain numbers.
    unsafe { component.getBusCount(media as MediaType, direction as BusDirection) }.max(0)
}

fn buses(component: &ComPtr<IComponent>, media: MediaTypes, direction: BusDirections) -> Vec<BusInfo> {
    (0..bus_count(component, media, direction))
        .filter_map(|index| {
            let mut bus = BusInfo::zeroed();
            // SAFETY: a valid index and a place for the answer.
            let answer = unsafe {
                component.getBusInfo(media as MediaType, direction as BusDirection, index, &mut bus)
            };
            (answer == kResultOk).then_some(bus)
        })
        .collect()
}

/// The audio buses.
pub(super) fn audio_ports(component: &ComPtr<IComponent>) -> AudioPorts {
    let ports = |direction| {
        let port = |bus: &BusInfo| AudioPort {
            name: from_utf16(&bus.name),
            channels: u32::try_from(bus.channelCount).unwrap_or(0),
            is_main: bus.busType == kMain as BusType,
        };
        buses(component, kAudio, direction).iter().map(port).collect()
    };
    AudioPorts { inputs: ports(kInput), outputs: ports(kOutput) }
}

/// The event buses.
pub(super) fn note_ports(component: &ComPtr<IComponent>) -> NotePorts {
    let ports = |direction| {
        let port = |bus: &BusInfo| NotePort { name: from_utf16(&bus.name), dialects: vec!["vst3"] };
        buses(component, kEvent, direction).iter().map(port).collect()
    };
    NotePorts { inputs: ports(kInput), outputs: ports(kOutput) }
}

/// The usual speaker arrangement for a number of channels; beyond stereo just that many speakers.
pub(super) fn arrangement(channels: u32) -> SpeakerArrangement {
    match channels {
        0 => SpeakerArr::kEmpty,
        1 => SpeakerArr::kMono,
        2 => SpeakerArr::kStereo,
        3..=63 => (1 << channels) - 1,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrangements_have_one_bit_per_channel() {
        for channels in 0..=64 {
            assert_eq!(arrangement(channels).count_ones(), channels);
        }
    }

    #[test]
    fn unit_paths_leave_the_root_out_and_survive_cycles() {
        let unit = |id, parent, name: &str| (id, parent, name.to_owned());
        let units = [
            unit(0, -1, "Root"),
            unit(1, 0, "Orbit"),
            unit(2, 1, "Motion"),
            unit(8, 9, "A"),
            unit(9, 8, "B"),
        ];
        assert_eq!(unit_path(&units, 0), "");
        assert_eq!(unit_path(&units, 2), "Orbit/Motion");
        assert!(unit_path(&units, 8).len() < 20);
    }

    #[test]
    fn the_midi_map_answers_only_for_what_is_mapped() {
        let mut map = MidiMap { params: vec![NO_PARAM; CHANNELS * CONTROLLERS] };
        map.params[CONTROLLERS + 74] = 1000;
        assert_eq!(map.param(1, 74), Some(1000));
        assert_eq!((map.param(0, 74), map.param(16, 0), map.param(0, 130)), (None, None, None));
        assert_eq!(map.sorted_ids(), [1000]);
        assert_eq!(MidiMap { params: Vec::new() }.param(0, 0), None);
    }
}
