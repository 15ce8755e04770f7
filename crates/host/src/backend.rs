//! What both formats have in common below [`Plugin`](crate::Plugin).

use std::path::Path;

use crate::block::{Block, Status};
use crate::describe::{AudioPorts, Layout, NotePorts, ParamInfo, PluginInfo, RemotePage, Tail};
use crate::error::HostError;
use crate::event::Violations;
use crate::notices::NoticeBoard;

/// What a format must be able to do. `Plugin` has the documentation.
pub(crate) trait Backend {
    fn info(&self) -> &PluginInfo;
    fn board(&self) -> &NoticeBoard;
    fn params(&mut self) -> Vec<ParamInfo>;
    fn param_value(&mut self, id: u32) -> Option<f64>;
    fn set_param(&mut self, id: u32, value: f64) -> Result<(), HostError>;
    fn value_to_text(&mut self, id: u32, value: f64) -> Option<String>;
    fn text_to_value(&mut self, id: u32, text: &str) -> Option<f64>;
    fn audio_ports(&mut self) -> AudioPorts;
    fn note_ports(&mut self) -> NotePorts;
    fn remote_pages(&mut self) -> Vec<RemotePage>;
    fn layouts(&mut self) -> Vec<(String, Layout)>;
    fn set_layout(&mut self, layout: &Layout) -> Result<(), HostError>;
    fn latency_samples(&mut self) -> u32;
    fn tail(&mut self) -> Tail;
    fn is_active(&self) -> bool;
    fn activate(&mut self, sample_rate: f64, max_block: u32) -> Result<(), HostError>;
    fn deactivate(&mut self);
    fn reset(&mut self) -> Result<(), HostError>;
    fn start_processing(&mut self) -> Result<(), HostError>;
    fn stop_processing(&mut self);
    fn set_offline(&mut self, offline: bool) -> Result<(), HostError>;
    fn process(&mut self, block: &mut Block<'_>) -> Result<Status, HostError>;
    fn violations(&self) -> Violations;
    fn save_state(&mut self) -> Result<Vec<u8>, HostError>;
    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError>;
    fn gui_supported(&mut self) -> bool;
    fn open_editor(&mut self, parent: u64, scale: f64) -> Result<(u32, u32), HostError>;
    fn editor_size(&mut self) -> Option<(u32, u32)>;
    fn resize_editor(&mut self, width: u32, height: u32) -> Result<(u32, u32), HostError>;
    fn close_editor(&mut self);
    fn idle(&mut self);
}

/// Picks one of a library's plug-ins by id, number or name; shared by both formats.
pub(crate) fn choose(infos: &[PluginInfo], wanted: Option<&str>, path: &Path) -> Result<usize, HostError> {
    let unknown = |wanted: &str| HostError::NoSuchPlugin {
        path: path.to_owned(),
        wanted: wanted.to_owned(),
        available: infos.iter().map(|info| info.id.clone()).collect(),
    };
    let Some(wanted) = wanted else {
        return if infos.is_empty() { Err(unknown("0")) } else { Ok(0) };
    };
    infos
        .iter()
        .position(|info| info.id == wanted)
        .or_else(|| infos.iter().position(|info| info.name == wanted))
        .or_else(|| wanted.parse().ok().filter(|index| *index < infos.len()))
        .ok_or_else(|| unknown(wanted))
}

/// The error for a parameter id nobody has; shared by both formats.
pub(crate) fn unknown_param(id: u32) -> HostError {
    HostError::BadArgument {
        what: "parameter id".to_owned(),
        expected: "one of those listed by `params`".to_owned(),
        got: id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(id: &str, name: &str) -> PluginInfo {
        PluginInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            vendor: String::new(),
            version: String::new(),
            features: Vec::new(),
        }
    }

    #[test]
    fn ids_come_before_names_before_numbers() {
        let infos = [info("org.a", "A"), info("1", "B"), info("org.c", "C")];
        let pick = |wanted| choose(&infos, wanted, Path::new("x.clap")).ok();
        assert_eq!(pick(None), Some(0));
        assert_eq!(pick(Some("org.c")), Some(2));
        assert_eq!(pick(Some("C")), Some(2));
        assert_eq!(pick(Some("2")), Some(2));
        assert_eq!(pick(Some("1")), Some(1));
        assert_eq!(pick(Some("3")), None);
    }

    #[test]
    fn an_unknown_id_lists_the_known_ones() {
        let error = choose(&[info("org.a", "A")], Some("org.b"), Path::new("x.clap"))
            .expect_err("unknown")
            .to_string();
        assert!(error.contains("x.clap") && error.contains("org.b") && error.contains("org.a"), "{error}");
        let none = choose(&[], None, Path::new("x.clap")).expect_err("empty").to_string();
        assert!(none.contains("none"), "{none}");
    }
}
