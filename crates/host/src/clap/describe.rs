//! What a CLAP plug-in says about itself.

use std::ffi::{CStr, CString};
use std::path::Path;

use clack_extensions::audio_ports::{AudioPortFlags, AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::audio_ports_config::{
    AudioPortsConfigBuffer, PluginAudioPortsConfig, PluginAudioPortsConfigInfo,
};
use clack_extensions::configurable_audio_ports::{
    AudioPortRequest, AudioPortRequestDetails, PluginConfigurableAudioPorts,
};
use clack_extensions::gui::PluginGui;
use clack_extensions::latency::PluginLatency;
use clack_extensions::note_ports::{NoteDialects, NotePortInfoBuffer, PluginNotePorts};
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::remote_controls::{PluginRemoteControls, RemoteControlsPageBuffer};
use clack_extensions::render::PluginRender;
use clack_extensions::state::PluginState;
use clack_extensions::tail::PluginTail;
use clack_extensions::timer::PluginTimer;
use clack_host::prelude::{ClapId, PluginEntry, PluginInstance, PluginMainThreadHandle};

use super::handlers::Handlers;
use crate::describe::{
    AudioPort, AudioPorts, Format, Layout, NotePort, NotePorts, ParamInfo, PluginInfo, RemotePage,
};
use crate::error::HostError;

/// The plug-ins of a library.
pub(super) fn plugins(entry: &PluginEntry, path: &Path) -> Result<Vec<PluginInfo>, HostError> {
    let factory = entry.get_plugin_factory().ok_or_else(|| HostError::Entry {
        path: path.to_owned(),
        format: Format::Clap,
        reason: "it has no plug-in factory".to_owned(),
    })?;
    let text = |text: Option<&CStr>| text.map(|t| t.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(factory
        .plugin_descriptors()
        .filter(|descriptor| descriptor.id().is_some())
        .map(|descriptor| PluginInfo {
            id: text(descriptor.id()),
            name: text(descriptor.name()),
            vendor: text(descriptor.vendor()),
            version: text(descriptor.version()),
            features: descriptor.features().map(|feature| text(Some(feature))).collect(),
        })
        .collect())
}

/// The extensions this host uses, as far as the plug-in has them.
pub(super) struct Extensions {
    pub(super) params: Option<PluginParams>,
    pub(super) state: Option<PluginState>,
    pub(super) latency: Option<PluginLatency>,
    pub(super) tail: Option<PluginTail>,
    pub(super) render: Option<PluginRender>,
    pub(super) gui: Option<PluginGui>,
    pub(super) timer: Option<PluginTimer>,
    audio_ports: Option<PluginAudioPorts>,
    audio_ports_config: Option<PluginAudioPortsConfig>,
    audio_ports_config_info: Option<PluginAudioPortsConfigInfo>,
    configurable_audio_ports: Option<PluginConfigurableAudioPorts>,
    note_ports: Option<PluginNotePorts>,
    remote_controls: Option<PluginRemoteControls>,
}

impl Extensions {
    pub(super) fn of(instance: &PluginInstance<Handlers>) -> Self {
        let plugin = instance.plugin_shared_handle();
        Self {
            params: plugin.get_extension(),
            state: plugin.get_extension(),
            latency: plugin.get_extension(),
            tail: plugin.get_extension(),
            render: plugin.get_extension(),
            gui: plugin.get_extension(),
            timer: plugin.get_extension(),
            audio_ports: plugin.get_extension(),
            audio_ports_config: plugin.get_extension(),
            audio_ports_config_info: plugin.get_extension(),
            configurable_audio_ports: plugin.get_extension(),
            note_ports: plugin.get_extension(),
            remote_controls: plugin.get_extension(),
        }
    }

    pub(super) fn params(&self, instance: &mut PluginInstance<Handlers>) -> Vec<ParamInfo> {
        let Some(params) = self.params else { return Vec::new() };
        let plugin = instance.plugin_handle();
        let mut buffer = ParamInfoBuffer::new();
        (0..params.count(&plugin))
            .filter_map(|index| {
                let info = params.get_info(&plugin, index, &mut buffer)?;
                let stepped = info.flags.contains(ParamInfoFlags::IS_STEPPED);
                Some(ParamInfo {
                    id: info.id.get(),
                    name: lossy(info.name),
                    module: lossy(info.module),
                    unit: String::new(),
                    min: info.min_value,
                    max: info.max_value,
                    default: info.default_value,
                    steps: stepped.then(|| (info.max_value - info.min_value).round().max(0.0) as u32),
                    automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
                    is_bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
                    hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
                    read_only: info.flags.contains(ParamInfoFlags::IS_READONLY),
                })
            })
            .collect()
    }

    pub(super) fn param_value(&self, instance: &mut PluginInstance<Handlers>, id: u32) -> Option<f64> {
        self.params?.get_value(&instance.plugin_handle(), ClapId::from_raw(id)?)
    }

    pub(super) fn value_to_text(
        &self,
        instance: &mut PluginInstance<Handlers>,
        id: u32,
        value: f64,
    ) -> Option<String> {
        let mut buffer = [0; 256];
        let id = ClapId::from_raw(id)?;
        let text = self.params?.value_to_text(&instance.plugin_handle(), id, value, &mut buffer).ok()?;
        Some(lossy(text))
    }

    pub(super) fn text_to_value(
        &self,
        instance: &mut PluginInstance<Handlers>,
        id: u32,
        text: &str,
    ) -> Option<f64> {
        let text = CString::new(text).ok()?;
        self.params?.text_to_value(&instance.plugin_handle(), ClapId::from_raw(id)?, &text)
    }

    pub(super) fn audio_ports(&self, instance: &mut PluginInstance<Handlers>) -> AudioPorts {
        let Some(ports) = self.audio_ports else { return AudioPorts::default() };
        let plugin = instance.plugin_handle();
        let list = |is_input: bool| {
            let mut buffer = AudioPortInfoBuffer::new();
            (0..ports.count(&plugin, is_input))
                .filter_map(|index| {
                    let port = ports.get(&plugin, index, is_input, &mut buffer)?;
                    Some(AudioPort {
                        name: lossy(port.name),
                        channels: port.channel_count,
                        is_main: port.flags.contains(AudioPortFlags::IS_MAIN),
                    })
                })
                .collect()
        };
        AudioPorts { inputs: list(true), outputs: list(false) }
    }

    pub(super) fn note_ports(&self, instance: &mut PluginInstance<Handlers>) -> NotePorts {
        let Some(ports) = self.note_ports else { return NotePorts::default() };
        let plugin = instance.plugin_handle();
        let list = |is_input: bool| {
            let mut buffer = NotePortInfoBuffer::new();
            (0..ports.count(&plugin, is_input))
                .filter_map(|index| {
                    let port = ports.get(&plugin, index, is_input, &mut buffer)?;
                    Some(NotePort {
                        name: lossy(port.name),
                        dialects: dialect_names(port.supported_dialects),
                    })
                })
                .collect()
        };
        NotePorts { inputs: list(true), outputs: list(false) }
    }

    pub(super) fn remote_pages(&self, instance: &mut PluginInstance<Handlers>) -> Vec<RemotePage> {
        let Some(remote) = self.remote_controls else { return Vec::new() };
        let plugin = instance.plugin_handle();
        let mut buffer = RemoteControlsPageBuffer::new();
        (0..remote.count(&plugin))
            .filter_map(|index| {
                let page = remote.get(&plugin, index, &mut buffer)?;
                Some(RemotePage {
                    section: lossy(page.section_name),
                    name: lossy(page.page_name),
                    params: page.param_ids.map(|id| id.map(ClapId::get)),
                })
            })
            .collect()
    }

    /// Names of the port configurations and what CLAP tells of each without selecting it: the main ports.
    pub(super) fn layouts(&self, instance: &mut PluginInstance<Handlers>) -> Vec<(String, Layout)> {
        let plugin = instance.plugin_handle();
        self.configurations(&plugin).into_iter().map(|config| (config.name, config.main)).collect()
    }

    fn configurations(&self, plugin: &PluginMainThreadHandle<'_>) -> Vec<Configuration> {
        let Some(configs) = self.audio_ports_config else { return Vec::new() };
        let mut buffer = AudioPortsConfigBuffer::new();
        (0..configs.count(plugin))
            .filter_map(|index| {
                let config = configs.get(plugin, index, &mut buffer)?;
                let channels = |port: Option<clack_extensions::audio_ports_config::MainPortInfo<'_>>| {
                    port.map(|port| port.channel_count).into_iter().collect()
                };
                Some(Configuration {
                    id: config.id,
                    name: lossy(config.name),
                    main: Layout {
                        inputs: channels(config.main_input),
                        outputs: channels(config.main_output),
                    },
                })
            })
            .collect()
    }

    /// Brings the plug-in into a layout; restores the old one if there is none like it.
    pub(super) fn select_layout(&self, instance: &mut PluginInstance<Handlers>, wanted: &Layout) -> bool {
        let before = self.audio_ports(instance).layout();
        if wanted.is_met_by(&before) {
            return true;
        }
        // A configuration's summary names only its main ports, so each is selected and looked at.
        if let Some(configs) = self.audio_ports_config {
            let plugin = instance.plugin_handle();
            let current = self.audio_ports_config_info.and_then(|info| info.current_config(&plugin));
            let candidates = self.configurations(&plugin);
            let mut same_as_before = current;
            for candidate in &candidates {
                if configs.select(&instance.plugin_handle(), candidate.id).is_err() {
                    continue;
                }
                let layout = self.audio_ports(instance).layout();
                if wanted.is_met_by(&layout) {
                    return true;
                }
                if same_as_before.is_none() && layout == before {
                    same_as_before = Some(candidate.id);
                }
            }
            if let Some(id) = same_as_before {
                let _ = configs.select(&instance.plugin_handle(), id);
            }
        }
        self.request_layout(instance, wanted) && wanted.is_met_by(&self.audio_ports(instance).layout())
    }

    fn request_layout(&self, instance: &mut PluginInstance<Handlers>, wanted: &Layout) -> bool {
        let (Some(ports), Some(mut plugin)) =
            (self.configurable_audio_ports, instance.inactive_plugin_handle())
        else {
            return false;
        };
        let requests = |is_input: bool, counts: &[u32]| -> Vec<AudioPortRequest<'static>> {
            let numbered = (0u32..).zip(counts).filter(|(_, channels)| **channels > 0);
            numbered
                .map(|(index, channels)| {
                    let details = match channels {
                        1 => AudioPortRequestDetails::mono(),
                        2 => AudioPortRequestDetails::stereo(),
                        other => AudioPortRequestDetails::untyped(*other),
                    };
                    AudioPortRequest::new(is_input, index, details)
                })
                .collect()
        };
        let mut all = requests(true, &wanted.inputs);
        all.extend(requests(false, &wanted.outputs));
        ports.can_apply_configuration(&mut plugin, &all) && ports.apply_configuration(&mut plugin, &all)
    }
}

/// A CLAP port configuration.
struct Configuration {
    id: ClapId,
    name: String,
    main: Layout,
}

fn dialect_names(dialects: NoteDialects) -> Vec<&'static str> {
    [
        (NoteDialects::CLAP, "clap"),
        (NoteDialects::MIDI, "midi"),
        (NoteDialects::MIDI_MPE, "midi-mpe"),
        (NoteDialects::MIDI2, "midi2"),
    ]
    .into_iter()
    .filter(|(dialect, _)| dialects.contains(*dialect))
    .map(|(_, name)| name)
    .collect()
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
