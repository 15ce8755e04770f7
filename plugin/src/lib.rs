//! Dendrite, the plug-in: sound passes through untouched, is heard by the engine, and is seen in the editor as a Julia set.
//!
//! | module | subject |
//! | --- | --- |
//! | [`params`], [`play`], [`components`] | parameters, their frozen ids and lists |
//! | [`state`] | what a session remembers |
//! | [`register`], [`steps`], [`edits`] | the parameters as a list, and what the user does to them: undo, A and B, presets |
//! | [`presets`] | the user's presets and their files |
//! | [`listen`] | which input the engine hears |
//! | [`models`] | the model set: chosen, read, handed over |
//! | [`notes`], [`align`] | what goes back to the host besides the sound |
//! | [`capture`] | the last bars as a MIDI file |
//! | [`save`] | files that the user saves from the editor |
//! | [`exchange`], [`meter`] | snapshots and load on their way to the editor |
//! | [`trace`], [`pictures`], [`background`] | the CSV traces of hops and of pictures, and their threads |
//! | [`fence`] | the end of an instance |
//! | [`notice`] | what the user should know |
//! | [`editor`] | the window |
//! | [`formats`] | the entry points of CLAP and VST3 |

pub mod align;
pub mod background;
pub mod capture;
pub mod editor;
pub mod edits;
pub mod exchange;
pub mod fence;
pub mod formats;
pub mod listen;
pub mod meter;
pub mod models;
pub mod notes;
pub mod notice;
pub mod params;
pub mod pictures;
pub mod play;
pub mod presets;
pub mod register;
pub mod save;
pub mod state;
pub mod steps;
pub mod trace;

pub use dendrite_presets::components;

use std::sync::Arc;
use std::time::Instant;

use nice_plug::prelude::*;

use align::DelayLine;
use dendrite_composer::PlayMode;
use editor::{DendriteEditor, Windows};
use exchange::{Publisher, Subscriber};
use fence::Fence;
use formats::parts;
use listen::{Input, Listener, Sink, Source};
use models::{AudioEnd, Models};
use notes::NoteQueue;
use params::ListenTo;
use state::Session;
use trace::{InstanceNumber, Trace};

/// After this much silence at every input, with nothing else going on, the host may put the plug-in to sleep: longer than
/// the longest envelope of the picture and the longest delay.
const AWAKE_S: f64 = 3.0;

/// One instance of the plug-in.
pub struct Dendrite {
    /// Parameters and memory; shared with the framework (which saves it) and the editor.
    session: Arc<Session>,
    /// Engine and ears; `None` before the first activation.
    listener: Option<Listener>,
    /// The audio thread's end of the way that models come and go.
    models: AudioEnd,
    /// Whether the host renders faster or slower than real time, where waiting does no harm.
    offline: bool,
    /// The meter and where the host said that its bar begins; that holds for the whole block, and only its first part brings it.
    bar: ((u16, u16), Option<f64>),
    /// Incoming notes on their way out.
    notes: NoteQueue,
    /// Long enough for "align sound to picture" at the rate of the activation.
    delay: DelayLine,
    /// The latency that the host knows. The sound is delayed by it from the next activation or reset on, because hosts
    /// compensate from there.
    reported_latency: u32,
    /// Whether the sound is being delayed.
    delaying: bool,
    /// The audio thread's end of the ring to the editor.
    publisher: Publisher,
    /// The editor's end, handed to each editor.
    subscriber: Subscriber,
    /// The trace of this activation.
    trace: Option<Trace>,
    /// Which instance of the process this is, for the trace's file name.
    instance: InstanceNumber,
    /// Posts the fence; given with the editor, because that is where the framework gives it.
    executor: Option<AsyncExecutor<Self>>,
    /// The format that the instance runs in; `None` before the first activation.
    api: Option<nice_plug::prelude::PluginApi>,
    /// The windows that are open or closing.
    windows: Windows,
    /// Host samples per second.
    sample_rate: f32,
}

impl Default for Dendrite {
    fn default() -> Self {
        let (publisher, subscriber) = exchange::channel();
        let (models, audio_end) = Models::channel();
        Self {
            session: Arc::new(Session::new(models)),
            listener: None,
            models: audio_end,
            offline: false,
            bar: ((0, 0), None),
            notes: NoteQueue::default(),
            delay: DelayLine::default(),
            reported_latency: 0,
            delaying: false,
            publisher,
            subscriber,
            trace: None,
            instance: InstanceNumber::claim(),
            executor: None,
            api: None,
            windows: Windows::default(),
            sample_rate: 48_000.0,
        }
    }
}

/// A layout with as many channels at the sidechain as at the main input.
const fn layout(channels: u32, sidechain: &'static [NonZeroU32], name: &'static str) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        aux_input_ports: sidechain,
        names: PortNames {
            layout: Some(name),
            aux_inputs: if sidechain.is_empty() { &[] } else { &["Sidechain"] },
            ..PortNames::const_default()
        },
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Dendrite {
    const NAME: &'static str = "Dendrite";
    const VENDOR: &'static str = "Dendrite";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    // The default comes first and has all ports. The sidechain is as wide as the main input, because the framework's VST3
    // side compares the first input with the sidechain's width when the host proposes an arrangement.
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        layout(2, &[new_nonzero_u32(2)], "Stereo with sidechain"),
        layout(1, &[new_nonzero_u32(1)], "Mono with sidechain"),
        layout(2, &[], "Stereo"),
        layout(1, &[], "Mono"),
    ];

    // Everything, so that everything can be forwarded.
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;
    // A change between two hop boundaries takes effect at the next one, whatever the block sizes are.
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = DendriteEditor;
    type SysExMessage = ();
    type BackgroundTask = Fence;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        Box::new(Fence::pass)
    }

    fn params(&self) -> Arc<dyn Params> {
        self.session.clone()
    }

    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        self.executor = Some(executor);
        Some(DendriteEditor::new(self.session.clone(), self.subscriber.clone(), self.windows.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        state::filter(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.api = Some(context.plugin_api());
        self.finish_trace();
        match &mut self.listener {
            Some(listener) if listener.fits(config.sample_rate) => listener.reset(),
            listener => match Listener::new(config.sample_rate) {
                Ok(new) => {
                    // It knows nothing of what the one before still sounds.
                    self.notes.end_own();
                    *listener = Some(new);
                }
                Err(error) => {
                    nice_error!("Cannot run at {} Hz: {error}", config.sample_rate);
                    self.session.notices.post(format!("Cannot run at {} Hz: {error}", config.sample_rate));
                    return false;
                }
            },
        }
        if let Some(listener) = &self.listener {
            self.session.capture.put_in(listener.tape());
        }
        self.sample_rate = config.sample_rate;
        self.offline = config.process_mode == ProcessMode::Offline;
        self.install_models();

        let channels = layout.main_output_channels.map_or(0, |channels| channels.get() as usize);
        self.delay = DelayLine::new(channels, self.picture_delay_samples() as usize);
        self.reported_latency = self.wanted_latency();
        self.delaying = self.reported_latency > 0;
        context.set_latency_samples(self.reported_latency);
        self.publisher.restart(config.sample_rate);

        if let Some(file) = trace::requested() {
            match Trace::start(&file, &self.instance, config.sample_rate, self.session.notices.clone()) {
                Ok(trace) => self.trace = Some(trace),
                Err(error) => {
                    self.session.notices.post(format!("No trace is written to {}: {error}", file.display()))
                }
            }
        }
        true
    }

    fn reset(&mut self) {
        if let Some(listener) = &mut self.listener {
            listener.reset();
        }
        self.delay.clear();
        self.delaying = self.reported_latency > 0;
        self.notes.forget_held();
        self.publisher.restart(self.sample_rate);
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let started = Instant::now();
        let listener = &mut self.listener;
        self.notes.take_input(context, |timing, channel, key, on| {
            if let Some(listener) = listener {
                listener.input_note(timing, channel, key, on);
            }
        });

        let latency = self.wanted_latency();
        if latency != self.reported_latency {
            self.reported_latency = latency;
            context.set_latency_samples(latency);
        }

        // Two bounces are the same only if neither begins without its models.
        if self.offline && self.session.models.is_pending() {
            self.session.models.ready(&self.session.notices);
        }
        let params = &self.session.params;
        let source = if params.bypass.value() {
            Source::Nothing
        } else {
            match params.listen.listen_to.value() {
                ListenTo::Main => Source::Main,
                ListenTo::Sidechain => Source::Sidechain,
            }
        };
        let frames = buffer.samples();
        let mut awake = self.notes.holding() || self.windows.any_open();
        if let Some(listener) = &mut self.listener {
            listener.exchange(&mut self.models);
            let main = Input::new(buffer.as_slice_immutable(), frames);
            let sidechain = match aux.inputs.first() {
                Some(input) => Input::new(input.as_slice_immutable(), frames),
                None => Input::none(frames),
            };
            let mut sink = Sink {
                publisher: &mut self.publisher,
                trace: self.trace.as_mut(),
                notes: &mut self.notes,
                block: listener.position(),
            };
            let mut transport = listen::transport(context.transport());
            let meter = (transport.numerator, transport.denominator);
            if parts::goes_on() && self.bar.0 == meter {
                transport.bar_start_beats = self.bar.1;
            } else {
                self.bar = (meter, transport.bar_start_beats);
            }
            let settings = params.settings();
            listener.process(source, main, sidechain, &transport, &settings, &mut sink);
            let clocked = transport.playing || settings.play.mode != PlayMode::WithTransport;
            awake |= listener.silent_s() < AWAKE_S || (settings.play.armed() && clocked);
            let hears_sidechain = source == Source::Sidechain && listener.sidechain_live();
            self.publisher.shared().block(hears_sidechain, listener.stopped(), self.notes.refused());
        }
        self.notes.send(context);
        awake |= self.notes.sounding();
        if self.listener.as_ref().is_some_and(Listener::stopped) {
            // Behind the block, because some of it may have begun in this one.
            self.notes.end_own();
        }
        if self.delaying {
            self.delay.process(buffer.as_slice());
        }

        self.publisher.shared().meter.block(frames, self.sample_rate, started.elapsed());
        if awake { ProcessStatus::KeepAlive } else { ProcessStatus::Normal }
    }

    fn deactivate(&mut self) {
        self.finish_trace();
        // Only there does the framework queue tasks of its own.
        if self.api == Some(PluginApi::Vst3)
            && let Some(executor) = &self.executor
        {
            fence::drain(executor);
        }
    }
}

impl Dendrite {
    /// Samples that sound has to wait for its picture at the current rate.
    fn picture_delay_samples(&self) -> u32 {
        self.listener.as_ref().map_or(0, Listener::picture_delay_samples)
    }

    /// The latency that "align sound to picture" asks for; bypass does not change it.
    fn wanted_latency(&self) -> u32 {
        if self.session.params.listen.align_sound.value() { self.picture_delay_samples() } else { 0 }
    }

    /// Waits for the set that the session names and puts it in.
    fn install_models(&mut self) {
        let Some(listener) = &mut self.listener else { return };
        loop {
            let set = self.session.models.ready(&self.session.notices);
            listener.install(&mut self.models, &set);
            // Another may have come between the two; what comes from here on finds its own way to the engine.
            if self.session.models.is_in_use(&set) {
                return;
            }
        }
    }

    fn finish_trace(&mut self) {
        if let Some(trace) = self.trace.take() {
            trace.finish(&self.session.notices);
        }
    }
}

impl Drop for Dendrite {
    fn drop(&mut self) {
        // A host may destroy without deactivating.
        self.finish_trace();
        // The library may be unloaded after this: no thread of a window may be left in it.
        self.windows.wait_until_closed();
        self.session.models.finish();
        self.session.presets.finish();
    }
}

impl ClapPlugin for Dendrite {
    const CLAP_ID: &'static str = "audio.dendrite.dendrite";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Hears a track and shows it as a Julia set that moves with the music");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::Utility,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        let params = &self.session.params;
        context.add_section("Dendrite", |section| {
            section.add_page("Listen", |page| {
                let listen = &params.listen;
                page.add_param(&listen.sensitivity);
                page.add_param(&listen.auto_level);
                page.add_param(&listen.listen_to);
                page.add_param(&listen.align_sound);
            });
            section.add_page("Motion", |page| {
                let motion = &params.motion;
                page.add_param(&motion.impact_amount);
                page.add_param(&motion.residual_depth);
                page.add_param(&motion.s_bias);
                page.add_param(&motion.smoothing);
                page.add_param(&motion.bars_per_turn);
                page.add_param(&motion.section_sensitivity);
                page.add_param(&motion.component_lock);
            });
            section.add_page("Look", |page| {
                let look = &params.look;
                page.add_param(&look.palette);
                page.add_param(&look.palette_follows_mood);
                page.add_param(&look.zoom);
                page.add_param(&look.rotation);
                page.add_param(&look.glow);
                page.add_param(&look.detail);
                page.add_param(&look.reaction);
                page.add_param(&look.flash_limit);
            });
            let play = &params.play;
            section.add_page("Play", |page| {
                page.add_param(&play.mode);
                page.add_param(&play.key);
                page.add_param(&play.scale);
                page.add_param(&play.chords);
                page.add_param(&play.seed);
                page.add_param(&play.expression);
                page.add_param(&play.modulation.on);
            });
            for voice in play.voices() {
                section.add_page(voice.on.name(), |page| {
                    page.add_param(&voice.on);
                    page.add_param(&voice.density);
                    page.add_param(&voice.velocity);
                    page.add_param(&voice.humanise);
                    page.add_param(&voice.octave);
                    page.add_param(&voice.channel);
                });
            }
            let modulation = &play.modulation;
            section.add_page("Modulation", |page| {
                page.add_param(&modulation.channel);
                modulation.controllers[..7].iter().for_each(|controller| page.add_param(&controller.number));
            });
            section.add_page("Modulation 2", |page| {
                modulation.controllers[7..].iter().for_each(|controller| page.add_param(&controller.number));
            });
        });
    }
}

impl Vst3Plugin for Dendrite {
    const VST3_CLASS_ID: [u8; 16] = *b"DendriteJuliaSet";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Analyzer];
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use dendrite_composer::Message;
    use nice_plug::context::process::SendEventError;
    use nice_plug::midi::{Channel, Key, VoiceID};

    use super::*;

    /// A host that keeps what it is sent.
    struct Host {
        transport: Transport,
        sent: RefCell<Vec<NoteEvent<()>>>,
    }

    impl ActivateContext<Dendrite> for Host {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }
        fn execute(&self, _task: Fence) {}
        fn set_latency_samples(&self, _samples: u32) {}
        fn set_current_voice_capacity(&self, _capacity: u32) {}
    }

    impl ProcessContext<Dendrite> for Host {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }
        fn execute_background(&self, _task: Fence) {}
        fn execute_gui(&self, _task: Fence) {}
        fn transport(&self) -> &Transport {
            &self.transport
        }
        fn next_event(&mut self) -> Option<NoteEvent<()>> {
            None
        }
        fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
            self.sent.borrow_mut().push(event);
            Ok(())
        }
        fn set_latency_samples(&self, _samples: u32) {}
        fn request_restart(&self) {}
        fn set_current_voice_capacity(&self, _capacity: u32) {}
    }

    #[test]
    fn what_begins_in_the_block_in_which_the_engine_panics_ends_behind_it() {
        let mut plugin = Dendrite::default();
        let mut host = Host { transport: Transport::new(48_000.0), sent: RefCell::default() };
        let config = BufferConfig {
            sample_rate: 48_000.0,
            min_buffer_size: None,
            max_buffer_size: 512,
            process_mode: ProcessMode::Realtime,
        };
        assert!(plugin.activate(&Dendrite::AUDIO_IO_LAYOUTS[2], &config, &mut host));
        let listener = plugin.listener.as_mut().expect("it is active");
        listener.stop();
        plugin.notes.play(&Message::NoteOn { channel: 2, key: 33, velocity: 127 }, 73);
        let mut block = |plugin: &mut Dendrite| {
            let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
            let status = plugin.process(&mut Buffer::default(), &mut aux, &mut host);
            (status, host.sent.take())
        };
        let (timing, voice_id) = (73, VoiceID::Wildcard);
        let (channel, key) = (Channel::Number(2), Key::Number(33));
        let on = NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: 1.0 };
        let off = NoteEvent::NoteOff { timing: 0, voice_id, channel, key, velocity: 0.0 };
        // The host must not put it to sleep in between.
        assert_eq!(block(&mut plugin), (ProcessStatus::KeepAlive, vec![on]));
        assert_eq!(block(&mut plugin), (ProcessStatus::Normal, vec![off]));
    }
}
