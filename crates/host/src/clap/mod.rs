//! The CLAP host.
//!
//! clack does the C side; `unsafe` is left where code from outside enters: loading the library, handing over a window.

mod describe;
mod editor;
mod events;
mod handlers;

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clack_extensions::render::RenderMode;
use clack_host::prelude::{
    AudioPortBuffer, AudioPortBufferType, EventBuffer, HostInfo, InputAudioBuffers, InputChannel,
    InputEvents, OutputAudioBuffers, OutputEvents, PluginAudioConfiguration, PluginAudioProcessor,
    PluginEntry, PluginInstance, ProcessStatus,
};
use clack_host::process::audio_buffers::AudioPorts as ClackPorts;
use libloading::Library;

use crate::backend::{Backend, choose, unknown_param};
use crate::block::{self, Block, PortBuffers, Status};
use crate::describe::{AudioPorts, Format, Layout, NotePorts, ParamInfo, PluginInfo, RemotePage, Tail};
use crate::error::HostError;
use crate::event::{self, Event, EventKind, Violations};
use crate::library;
use crate::notices::NoticeBoard;
use describe::Extensions;
use handlers::{AudioSide, Handlers, MainSide, SharedSide};

/// The symbol every CLAP library exports.
pub(crate) const ENTRY: &str = "clap_entry";

/// Room for this many events per block before the lists have to grow.
const EVENT_CAPACITY: usize = 1024;

/// Everything a CLAP library offers.
pub(crate) fn list(path: &Path, library: &Library) -> Result<Vec<PluginInfo>, HostError> {
    describe::plugins(&open(path, library)?, path)
}

fn open(path: &Path, library: &Library) -> Result<PluginEntry, HostError> {
    if !library::exports(library, ENTRY) {
        return Err(HostError::NotAPlugin { path: path.to_owned(), format: Format::Clap, symbol: ENTRY });
    }
    // SAFETY: hosting a plug-in means trusting that its entry keeps CLAP's rules. The library is loaded already and
    // stays so (see `library`), and exports the entry.
    unsafe { PluginEntry::load(path) }.map_err(|error| HostError::Entry {
        path: path.to_owned(),
        format: Format::Clap,
        reason: error.to_string(),
    })
}

/// What exists between `activate` and `deactivate`.
struct Active {
    processor: PluginAudioProcessor<Handlers>,
    inputs: PortBuffers,
    outputs: PortBuffers,
    /// clack's pointer lists. Made with room for every channel: they must not grow in `process`.
    input_ports: ClackPorts,
    output_ports: ClackPorts,
    max_block: usize,
}

/// A CLAP instance.
pub(crate) struct ClapPlugin {
    /// Before `instance`, since it must be gone when the instance is destroyed.
    active: Option<Active>,
    instance: PluginInstance<Handlers>,
    extensions: Extensions,
    info: PluginInfo,
    board: Arc<NoticeBoard>,
    in_audio_call: Arc<AtomicBool>,
    editor_open: bool,
    /// Parameter changes from outside of `process`, due at the start of the next block.
    pending: Vec<Event>,
    /// The block's input events in order, then in CLAP's form, and what came back. Kept to keep their memory.
    sorted: Vec<Event>,
    events_in: EventBuffer,
    events_out: EventBuffer,
    violations: Violations,
    /// Counts this instance among the library's users.
    _library: Arc<Library>,
}

/// Marks the time in which the plug-in may take this thread for the audio thread.
struct AudioCall<'a>(&'a AtomicBool);

impl<'a> AudioCall<'a> {
    fn begin(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for AudioCall<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl ClapPlugin {
    pub(crate) fn load(
        path: &Path,
        library: Arc<Library>,
        wanted: Option<&str>,
        board: Arc<NoticeBoard>,
    ) -> Result<Self, HostError> {
        let entry = open(path, &library)?;
        let mut infos = describe::plugins(&entry, path)?;
        let info = infos.swap_remove(choose(&infos, wanted, path)?);
        let failed =
            |reason: String| HostError::Create { path: path.to_owned(), id: info.id.clone(), reason };

        let host = HostInfo::new("Dendrite headless host", "Dendrite", "", env!("CARGO_PKG_VERSION"))
            .map_err(|error| failed(error.to_string()))?;
        let id = CString::new(info.id.as_str()).map_err(|error| failed(error.to_string()))?;
        let in_audio_call = Arc::new(AtomicBool::new(false));
        let shared = SharedSide::new(board.clone(), in_audio_call.clone());
        let main = MainSide::new(board.clone());
        let instance = PluginInstance::<Handlers>::new(|_| shared, |_| main, &entry, &id, &host)
            .map_err(|error| failed(error.to_string()))?;
        let extensions = Extensions::of(&instance);
        Ok(Self {
            active: None,
            instance,
            extensions,
            info,
            board,
            in_audio_call,
            editor_open: false,
            pending: Vec::new(),
            sorted: Vec::with_capacity(EVENT_CAPACITY),
            events_in: EventBuffer::with_capacity(EVENT_CAPACITY),
            events_out: EventBuffer::with_capacity(EVENT_CAPACITY),
            violations: Violations::default(),
            _library: library,
        })
    }

    /// Hands parameter changes to the inactive plug-in.
    fn flush_pending(&mut self) {
        let handle = self.instance.inactive_plugin_handle();
        if let (Some(params), Some(mut handle)) = (self.extensions.params, handle)
            && !self.pending.is_empty()
        {
            self.events_in.clear();
            self.pending.drain(..).for_each(|event| events::push(&mut self.events_in, &event));
            params.flush(&mut handle, &self.events_in.as_input(), &mut OutputEvents::void());
        }
    }

    fn refused(&self, step: &'static str, reason: impl ToString) -> HostError {
        HostError::Refused { id: self.info.id.clone(), step, reason: reason.to_string() }
    }

    fn unsupported(&self, what: &'static str) -> HostError {
        HostError::Unsupported { id: self.info.id.clone(), what }
    }
}

impl Backend for ClapPlugin {
    fn info(&self) -> &PluginInfo {
        &self.info
    }

    fn board(&self) -> &NoticeBoard {
        &self.board
    }

    fn params(&mut self) -> Vec<ParamInfo> {
        self.extensions.params(&mut self.instance)
    }

    fn param_value(&mut self, id: u32) -> Option<f64> {
        self.extensions.param_value(&mut self.instance, id)
    }

    fn set_param(&mut self, id: u32, value: f64) -> Result<(), HostError> {
        if self.param_value(id).is_none() {
            return Err(unknown_param(id));
        }
        self.pending.push(Event { offset: 0, kind: EventKind::Param { id, value } });
        if self.active.is_none() {
            self.flush_pending();
        }
        Ok(())
    }

    fn value_to_text(&mut self, id: u32, value: f64) -> Option<String> {
        self.extensions.value_to_text(&mut self.instance, id, value)
    }

    fn text_to_value(&mut self, id: u32, text: &str) -> Option<f64> {
        self.extensions.text_to_value(&mut self.instance, id, text)
    }

    fn audio_ports(&mut self) -> AudioPorts {
        self.extensions.audio_ports(&mut self.instance)
    }

    fn note_ports(&mut self) -> NotePorts {
        self.extensions.note_ports(&mut self.instance)
    }

    fn remote_pages(&mut self) -> Vec<RemotePage> {
        self.extensions.remote_pages(&mut self.instance)
    }

    fn layouts(&mut self) -> Vec<(String, Layout)> {
        self.extensions.layouts(&mut self.instance)
    }

    fn set_layout(&mut self, layout: &Layout) -> Result<(), HostError> {
        if self.extensions.select_layout(&mut self.instance, layout) {
            Ok(())
        } else {
            Err(self.refused("take another layout", format!("it offers nothing with {layout}")))
        }
    }

    fn latency_samples(&mut self) -> u32 {
        match self.extensions.latency {
            // CLAP allows the question only while active.
            Some(latency) if self.active.is_some() => latency.get(&self.instance.plugin_handle()),
            _ => 0,
        }
    }

    fn tail(&mut self) -> Tail {
        let (Some(tail), Some(active)) = (self.extensions.tail, &mut self.active) else {
            return Tail::Samples(0);
        };
        let _call = AudioCall::begin(&self.in_audio_call);
        match tail.get(&active.processor.plugin_handle()) {
            clack_extensions::tail::TailLength::Finite(samples) => Tail::Samples(samples),
            clack_extensions::tail::TailLength::Infinite => Tail::Infinite,
        }
    }

    fn is_active(&self) -> bool {
        self.active.is_some()
    }

    fn activate(&mut self, sample_rate: f64, max_block: u32) -> Result<(), HostError> {
        let ports = self.audio_ports().layout();
        let config =
            PluginAudioConfiguration { sample_rate, min_frames_count: 1, max_frames_count: max_block };
        let board = self.board.clone();
        let stopped = self
            .instance
            .activate(|_, _| AudioSide { board }, config)
            .map_err(|error| self.refused("activate", error))?;
        let max_block = max_block as usize;
        let inputs = PortBuffers::new(&ports.inputs, max_block);
        let outputs = PortBuffers::new(&ports.outputs, max_block);
        self.active = Some(Active {
            processor: stopped.into(),
            input_ports: ClackPorts::with_capacity(inputs.channel_count(), inputs.ports.len()),
            output_ports: ClackPorts::with_capacity(outputs.channel_count(), outputs.ports.len()),
            inputs,
            outputs,
            max_block,
        });
        let started = self.start_processing();
        if started.is_err() {
            self.deactivate();
        }
        started
    }

    fn deactivate(&mut self) {
        self.stop_processing();
        if self.active.take().is_some() {
            // Cannot fail: the processor, the only other owner, has just been dropped.
            let _ = self.instance.try_deactivate();
        }
        self.flush_pending();
    }

    fn reset(&mut self) -> Result<(), HostError> {
        if let Some(active) = &mut self.active {
            let _call = AudioCall::begin(&self.in_audio_call);
            active.processor.reset();
        }
        Ok(())
    }

    fn start_processing(&mut self) -> Result<(), HostError> {
        let Some(active) = &mut self.active else { return Ok(()) };
        let call = AudioCall::begin(&self.in_audio_call);
        let started = active.processor.ensure_processing_started().map(|_| ());
        drop(call);
        started.map_err(|error| self.refused("start processing", error))
    }

    fn stop_processing(&mut self) {
        if let Some(active) = &mut self.active {
            let _call = AudioCall::begin(&self.in_audio_call);
            active.processor.ensure_processing_stopped();
        }
    }

    fn set_offline(&mut self, offline: bool) -> Result<(), HostError> {
        let render = self.extensions.render.ok_or_else(|| self.unsupported("render extension"))?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        render
            .set(&self.instance.plugin_handle(), mode)
            .map_err(|error| self.refused("change the render mode", error))
    }

    fn process(&mut self, block: &mut Block<'_>) -> Result<Status, HostError> {
        let Some(active) = &mut self.active else {
            return Err(HostError::WrongMoment { step: "process", needs: "activated" });
        };
        let frames = block.frames;
        block::check(block, &active.inputs.ports, &active.outputs.ports, active.max_block)?;
        active.inputs.take_in(block.inputs, frames);
        active.outputs.poison(frames);

        self.sorted.clear();
        self.sorted.append(&mut self.pending);
        self.sorted.extend_from_slice(block.events_in);
        event::sort_events(&mut self.sorted);
        self.events_in.clear();
        self.sorted.iter().for_each(|event| events::push(&mut self.events_in, event));
        self.events_out.clear();
        let transport = block.transport.as_ref().map(events::transport);

        let frame_count = frames as u32;
        let mut audio_in =
            active.input_ports.with_input_buffers(active.inputs.ports.iter_mut().map(|port| {
                let channels = port.iter_mut().map(|channel| InputChannel::variable(&mut channel[..frames]));
                AudioPortBuffer { latency: 0, channels: AudioPortBufferType::f32_input_only(channels) }
            }));
        let mut audio_out =
            active.output_ports.with_output_buffers(active.outputs.ports.iter_mut().map(|port| {
                let channels = port.iter_mut().map(|channel| &mut channel[..frames]);
                AudioPortBuffer { latency: 0, channels: AudioPortBufferType::f32_output_only(channels) }
            }));
        if audio_in.frames_count().is_none() && audio_out.frames_count().is_none() {
            // Without any channel clack cannot see how long the block is.
            // SAFETY: there is no port, hence no pointer that would have to be valid for that many samples.
            audio_in = unsafe { InputAudioBuffers::from_raw_buffers(&[], frame_count) };
            audio_out = OutputAudioBuffers::empty();
        }
        let call = AudioCall::begin(&self.in_audio_call);
        let answer = active.processor.ensure_processing_started().and_then(|processor| {
            processor.process(
                &audio_in,
                &mut audio_out,
                &InputEvents::from_buffer(&self.events_in),
                &mut OutputEvents::from_buffer(&mut self.events_out),
                Some(block.steady_time),
                transport.as_ref(),
            )
        });
        drop(call);

        active.outputs.give_out(block.outputs, frames);
        block.events_out.clear();
        block.events_out.extend(self.events_out.iter().map(events::read));
        self.violations.inspect(block.events_out, frames);
        match answer {
            Ok(ProcessStatus::Continue) => Ok(Status::Continue),
            Ok(ProcessStatus::ContinueIfNotQuiet) => Ok(Status::ContinueIfNotQuiet),
            Ok(ProcessStatus::Tail) => Ok(Status::Tail),
            Ok(ProcessStatus::Sleep) => Ok(Status::Sleep),
            Err(error) => Err(self.refused("process a block", error)),
        }
    }

    fn violations(&self) -> Violations {
        self.violations
    }

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let state = self.extensions.state.ok_or_else(|| self.unsupported("state"))?;
        let mut bytes = Vec::new();
        state
            .save(&self.instance.plugin_handle(), &mut bytes)
            .map_err(|error| self.refused("save its state", error))?;
        Ok(bytes)
    }

    fn load_state(&mut self, mut bytes: &[u8]) -> Result<(), HostError> {
        let state = self.extensions.state.ok_or_else(|| self.unsupported("state"))?;
        self.pending.clear();
        state
            .load(&self.instance.plugin_handle(), &mut bytes)
            .map_err(|error| self.refused("load a state", error))
    }

    fn gui_supported(&mut self) -> bool {
        self.has_editor()
    }

    fn open_editor(&mut self, parent: u64, scale: f64) -> Result<(u32, u32), HostError> {
        self.attach_editor(parent, scale)
    }

    fn editor_size(&mut self) -> Option<(u32, u32)> {
        self.current_editor_size()
    }

    fn resize_editor(&mut self, width: u32, height: u32) -> Result<(u32, u32), HostError> {
        self.set_editor_size(width, height)
    }

    fn close_editor(&mut self) {
        self.detach_editor();
    }

    fn idle(&mut self) {
        if self.board.take_callback_request() {
            self.instance.call_on_main_thread_callback();
        }
        if let Some(timer) = self.extensions.timer {
            for id in self.instance.access_handler(MainSide::due_timers) {
                timer.on_timer(&self.instance.plugin_handle(), id);
            }
        }
    }
}

impl Drop for ClapPlugin {
    fn drop(&mut self) {
        self.detach_editor();
        self.deactivate();
    }
}
