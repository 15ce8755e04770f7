//! The VST3 host.
//!
//! The bindings are raw, so every call of an interface is `unsafe`. All rely on the same ground: the objects are held by
//! counted references and die before their library; calls come from one thread, as VST3 wants it; pointers in arguments
//! lead to memory that outlives the call.

mod backend;
mod callbacks;
mod changes;
mod describe;
mod editor;
mod events;
mod module;
mod plain;
#[cfg(all(unix, not(target_os = "macos")))]
mod run_loop;
mod stream;

use std::path::Path;
use std::ptr;
use std::sync::Arc;

use libloading::Library;
use vst3::Steinberg::Vst::BusDirections_::{kInput, kOutput};
use vst3::Steinberg::Vst::MediaTypes_::{kAudio, kEvent};
use vst3::Steinberg::Vst::ProcessModes_::{kOffline, kRealtime};
use vst3::Steinberg::Vst::SymbolicSampleSizes_::kSample32;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirection, BusDirections, IAudioProcessor,
    IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IConnectionPoint,
    IConnectionPointTrait, IEditController, IEditControllerTrait, IEventList, IHostApplication,
    IParameterChanges, MediaType, MediaTypes, ProcessContext, ProcessData, ProcessSetup, SpeakerArrangement,
    kInfiniteTail,
};
use vst3::Steinberg::{FUnknown, IBStream, IPluginBaseTrait, TUID, kResultFalse, kResultOk, tresult};
use vst3::{ComPtr, ComWrapper};

use crate::backend::{Backend, choose, unknown_param};
use crate::block::{self, Block, PortBuffers, Status};
use crate::describe::{AudioPorts, Layout, NotePorts, ParamInfo, PluginInfo, RemotePage, Tail};
use crate::error::HostError;
use crate::event::{self, Event, EventKind, Violations};
use crate::notices::NoticeBoard;
use callbacks::{ComponentHandler, HostApplication};
use changes::ParameterChanges;
use describe::MidiMap;
use editor::Editor;
use events::Route;
use module::Module;
use stream::MemoryStream;

/// Everything a VST3 library offers.
pub(crate) fn list(path: &Path, library: Arc<Library>) -> Result<Vec<PluginInfo>, HostError> {
    let module = Module::open(path, library)?;
    Ok(module.classes().into_iter().map(|class| class.info).collect())
}

/// The audio side of an activation: buffers, and the pointers to them in VST3's form.
struct Audio {
    buffers: PortBuffers,
    /// Pointers to the channels of `buffers`, port by port. The buffers never move while this exists.
    channels: Vec<Vec<*mut f32>>,
    buses: Vec<AudioBusBuffers>,
    /// Whether each bus was activated.
    connected: Vec<bool>,
}

impl Audio {
    fn new(channels: &[u32], connected: Vec<bool>, max_block: usize) -> Self {
        let mut buffers = PortBuffers::new(channels, max_block);
        let channels =
            buffers.ports.iter_mut().map(|port| port.iter_mut().map(|c| c.as_mut_ptr()).collect()).collect();
        let buses = Vec::with_capacity(buffers.ports.len());
        Self { buffers, channels, buses, connected }
    }

    /// Fills the bus list anew, since plug-ins write silence flags into it. An unconnected bus has no channels.
    fn prepare(&mut self) -> *mut AudioBusBuffers {
        self.buses.clear();
        // The pointers are taken anew too, so that writing through the buffers' own references never outdates them.
        for (port, pointers) in self.buffers.ports.iter_mut().zip(&mut self.channels) {
            port.iter_mut().zip(pointers).for_each(|(channel, pointer)| *pointer = channel.as_mut_ptr());
        }
        for (pointers, connected) in self.channels.iter_mut().zip(&self.connected) {
            let (count, list) =
                if *connected { (pointers.len(), pointers.as_mut_ptr()) } else { (0, ptr::null_mut()) };
            self.buses.push(AudioBusBuffers {
                numChannels: count as i32,
                silenceFlags: 0,
                __field0: AudioBusBuffers__type0 { channelBuffers32: list },
            });
        }
        self.buses.as_mut_ptr()
    }
}

/// What exists between activation and deactivation.
struct Active {
    inputs: Audio,
    outputs: Audio,
    sample_rate: f64,
    max_block: usize,
    processing: bool,
}

/// A VST3 instance. Fields are dropped in this order: what belongs to the plug-in before its library.
pub(crate) struct Vst3Plugin {
    editor: Option<Editor>,
    active: Option<Active>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    component: ComPtr<IComponent>,
    /// The controller is an object of its own, to be connected and ended apart from the component.
    separate_controller: bool,
    handler: ComWrapper<ComponentHandler>,
    /// Never read, but the plug-in may.
    _host: ComWrapper<HostApplication>,
    changes_in: ComWrapper<ParameterChanges>,
    changes_out: ComWrapper<ParameterChanges>,
    events_in: ComWrapper<events::InputEvents>,
    events_out: ComWrapper<events::OutputEvents>,
    midi: MidiMap,
    /// Ids of the parameters, ascending: the interface has no answer for an unknown one.
    known_params: Vec<u32>,
    info: PluginInfo,
    board: Arc<NoticeBoard>,
    /// Parameter changes from outside of `process`, due at the start of the next block.
    pending: Vec<EventKind>,
    /// Edits of the plug-in's own editor, taken with a block; kept to keep its memory.
    edits: Vec<EventKind>,
    sorted: Vec<Event>,
    /// Buses left unconnected by the last layout, inputs and outputs.
    unconnected: (Vec<usize>, Vec<usize>),
    offline: bool,
    violations: Violations,
    _module: Module,
}

impl Vst3Plugin {
    pub(crate) fn load(
        path: &Path,
        library: Arc<Library>,
        wanted: Option<&str>,
        board: Arc<NoticeBoard>,
    ) -> Result<Self, HostError> {
        let module = Module::open(path, library)?;
        let mut classes = module.classes();
        let infos: Vec<PluginInfo> = classes.iter().map(|class| class.info.clone()).collect();
        let class = classes.swap_remove(choose(&infos, wanted, path)?);
        let failed = |reason: &str| HostError::Create {
            path: path.to_owned(),
            id: class.info.id.clone(),
            reason: reason.to_owned(),
        };

        let host = ComWrapper::new(HostApplication);
        let host_pointer = host
            .as_com_ref::<IHostApplication>()
            .map_or(ptr::null_mut(), |host| host.as_ptr().cast::<FUnknown>());
        module.set_host(host_pointer);
        let component =
            module.create::<IComponent>(&class.id).ok_or_else(|| failed("the factory made no component"))?;
        // SAFETY: the first call to a new component, with a live host object.
        if unsafe { component.initialize(host_pointer) } != kResultOk {
            return Err(failed("`initialize` of the component failed"));
        }
        let controller = match component.cast::<IEditController>() {
            Some(controller) => Some((controller, false)),
            None => {
                separate_controller(&module, &component, host_pointer).map(|controller| (controller, true))
            }
        };
        let (Some(processor), Some((controller, separate_controller))) =
            (component.cast::<IAudioProcessor>(), controller)
        else {
            // SAFETY: ends what `initialize` began.
            unsafe { component.terminate() };
            return Err(failed("it lacks an audio processor or an edit controller"));
        };
        let handler = ComWrapper::new(ComponentHandler::new(board.clone()));
        if let Some(handler) = handler.as_com_ref::<IComponentHandler>() {
            // SAFETY: the handler lives as long as this instance, which takes it out of the controller again.
            unsafe { controller.setComponentHandler(handler.as_ptr()) };
        }
        let midi = MidiMap::of(&controller);
        let mut plugin = Self {
            editor: None,
            active: None,
            processor,
            controller,
            component,
            separate_controller,
            handler,
            _host: host,
            changes_in: ComWrapper::new(ParameterChanges::default()),
            changes_out: ComWrapper::new(ParameterChanges::default()),
            events_in: ComWrapper::new(events::InputEvents::default()),
            events_out: ComWrapper::new(events::OutputEvents::default()),
            midi,
            known_params: Vec::new(),
            info: class.info,
            board,
            pending: Vec::new(),
            edits: Vec::new(),
            sorted: Vec::new(),
            unconnected: (Vec::new(), Vec::new()),
            offline: false,
            violations: Violations::default(),
            _module: module,
        };
        plugin.params();
        if separate_controller {
            plugin.connect(true);
            if let Ok(state) = plugin.save_state() {
                plugin.tell_controller(&state);
            }
        }
        Ok(plugin)
    }

    /// Connects component and controller, or disconnects them.
    fn connect(&self, connect: bool) {
        let ends = (self.component.cast::<IConnectionPoint>(), self.controller.cast::<IConnectionPoint>());
        if let (Some(component), Some(controller)) = ends {
            // SAFETY: both are live objects of this instance.
            unsafe {
                if connect {
                    component.connect(controller.as_ptr());
                    controller.connect(component.as_ptr());
                } else {
                    component.disconnect(controller.as_ptr());
                    controller.disconnect(component.as_ptr());
                }
            }
        }
    }

    fn tell_controller(&self, state: &[u8]) {
        let stream = ComWrapper::new(MemoryStream::of(state));
        // SAFETY: a live stream at its start. Controllers without interest in the state refuse it, so the answer does
        // not matter.
        unsafe { self.controller.setComponentState(lend(&stream)) };
    }

    /// Activates the buses of one kind and tells which are connected.
    fn activate_buses(
        &self,
        media: MediaTypes,
        direction: BusDirections,
        unconnected: &[usize],
        on: bool,
    ) -> Vec<bool> {
        let count = describe::bus_count(&self.component, media, direction);
        (0..count)
            .map(|index| {
                let connected = !unconnected.contains(&(index as usize));
                let state = u8::from(on && connected);
                // SAFETY: plain numbers, the index is valid.
                unsafe {
                    self.component.activateBus(media as MediaType, direction as BusDirection, index, state)
                };
                connected
            })
            .collect()
    }

    fn set_processing(&mut self, on: bool) -> tresult {
        let Some(active) = &mut self.active else { return kResultFalse };
        if active.processing == on {
            return kResultOk;
        }
        active.processing = on;
        // SAFETY: a plain number, while active. Plug-ins need not implement the call, so its answer says little.
        unsafe { self.processor.setProcessing(u8::from(on)) }
    }

    /// Sorts the block's input into parameter changes and events.
    fn fill_input(&mut self, block: &Block<'_>) {
        self.handler.take_edits(&mut self.edits);
        self.sorted.clear();
        self.sorted.extend(self.pending.drain(..).map(|kind| Event { offset: 0, kind }));
        self.sorted.extend(self.edits.iter().map(|kind| Event { offset: 0, kind: *kind }));
        self.sorted.extend_from_slice(block.events_in);
        event::sort_events(&mut self.sorted);

        self.changes_in.clear();
        self.changes_out.clear();
        self.events_in.clear();
        self.events_out.events.borrow_mut().clear();
        for event in &self.sorted {
            let offset = i32::try_from(event.offset).unwrap_or(i32::MAX);
            match events::route(event.kind) {
                Route::Event(kind) => self.events_in.push(event.offset, kind),
                Route::Param { id, value } => self.changes_in.add(id, offset, value),
                Route::Controller { channel, controller, value } => {
                    if let Some(id) = self.midi.param(channel, controller) {
                        self.changes_in.add(id, offset, value);
                    }
                }
                Route::None => {}
            }
        }
    }

    /// Gathers the block's output: the editor's edits, changed parameters, then events, in order of time.
    fn collect_output(&mut self, frames: usize, target: &mut Vec<Event>) {
        target.clear();
        target.extend(self.edits.drain(..).map(|kind| Event { offset: 0, kind }));
        self.changes_out.for_each(|id, offset, value| {
            target.push(Event {
                offset: u32::try_from(offset).unwrap_or(0),
                kind: EventKind::Param { id, value },
            });
        });
        let events = self.events_out.events.borrow();
        self.violations.inspect(&events, frames);
        target.extend_from_slice(&events);
        event::sort_events(target);
    }

    fn refused(&self, step: &'static str, reason: impl ToString) -> HostError {
        HostError::Refused { id: self.info.id.clone(), step, reason: reason.to_string() }
    }

    fn unsupported(&self, what: &'static str) -> HostError {
        HostError::Unsupported { id: self.info.id.clone(), what }
    }

    fn arrangements(&self, direction: BusDirections, wanted: &[u32]) -> Vec<SpeakerArrangement> {
        (0i32..)
            .zip(wanted)
            .map(|(index, channels)| {
                let mut current = describe::arrangement(*channels);
                if *channels == 0 {
                    // SAFETY: a place for the answer; it stays empty if there is no such bus.
                    unsafe {
                        self.processor.getBusArrangement(direction as BusDirection, index, &mut current)
                    };
                }
                current
            })
            .collect()
    }

    fn set_arrangements(
        &self,
        inputs: &mut [SpeakerArrangement],
        outputs: &mut [SpeakerArrangement],
    ) -> bool {
        let (count_in, count_out) = (inputs.len() as i32, outputs.len() as i32);
        // SAFETY: two lists of the stated lengths.
        let answer = unsafe {
            self.processor.setBusArrangements(inputs.as_mut_ptr(), count_in, outputs.as_mut_ptr(), count_out)
        };
        answer == kResultOk
    }
}

/// Makes and initialises the controller that the component names.
fn separate_controller(
    module: &Module,
    component: &ComPtr<IComponent>,
    host: *mut FUnknown,
) -> Option<ComPtr<IEditController>> {
    let mut id: TUID = [0; 16];
    // SAFETY: a place for the answer.
    if unsafe { component.getControllerClassId(&mut id) } != kResultOk {
        return None;
    }
    let controller = module.create::<IEditController>(&id)?;
    // SAFETY: the first call to a new controller, with a live host object.
    (unsafe { controller.initialize(host) } == kResultOk).then_some(controller)
}

/// The pointer under which a plug-in is lent a stream for a call.
fn lend(stream: &ComWrapper<MemoryStream>) -> *mut IBStream {
    stream.as_com_ref::<IBStream>().map_or(ptr::null_mut(), |stream| stream.as_ptr())
}
