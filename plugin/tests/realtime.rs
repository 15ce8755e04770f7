//! The whole plug-in under an allocator that forbids allocation while `process` and `reset` run, with everything that a host
//! may throw at it; the sound has to come out bit for bit.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use dendrite::Dendrite;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};
use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

struct Activation {
    latency: Cell<u32>,
}

impl ActivateContext<Dendrite> for Activation {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _task: <Dendrite as Plugin>::BackgroundTask) {}
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(samples);
    }
    fn set_current_voice_capacity(&self, _capacity: u32) {}
}

struct Processing {
    transport: Transport,
    input: VecDeque<NoteEvent<()>>,
    output: RefCell<Vec<NoteEvent<()>>>,
    latency: Cell<Option<u32>>,
}

impl Processing {
    fn new(sample_rate: f32) -> Self {
        Self {
            transport: Transport::new(sample_rate),
            input: VecDeque::with_capacity(10_000),
            output: RefCell::new(Vec::with_capacity(10_000)),
            latency: Cell::new(None),
        }
    }
}

impl ProcessContext<Dendrite> for Processing {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, _task: <Dendrite as Plugin>::BackgroundTask) {
        panic!("the framework's worker is not to be used");
    }
    fn execute_gui(&self, _task: <Dendrite as Plugin>::BackgroundTask) {
        panic!("the framework's worker is not to be used");
    }
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<NoteEvent<()>> {
        self.input.pop_front()
    }
    fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
        self.output.borrow_mut().push(event);
        Ok(())
    }
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(Some(samples));
    }
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _capacity: u32) {}
}

fn config(sample_rate: f32, max_buffer_size: u32) -> BufferConfig {
    BufferConfig { sample_rate, min_buffer_size: None, max_buffer_size, process_mode: ProcessMode::Realtime }
}

fn activate(plugin: &mut Dendrite, layout: usize, sample_rate: f32) -> Option<u32> {
    let mut context = Activation { latency: Cell::new(0) };
    let layout = &Dendrite::AUDIO_IO_LAYOUTS[layout];
    plugin.activate(layout, &config(sample_rate, 8192), &mut context).then(|| context.latency.get())
}

/// Processes one block in place, without allocation.
fn process(
    plugin: &mut Dendrite,
    context: &mut Processing,
    main: &mut [Vec<f32>],
    sidechain: &mut [Vec<f32>],
    frames: usize,
) -> ProcessStatus {
    let mut buffer = Buffer::default();
    let mut aux = [Buffer::default()];
    // SAFETY: the slices live until the end of this function, longer than the buffers are used.
    unsafe {
        let fill = |buffer: &mut Buffer<'_>, channels: &mut [Vec<f32>]| {
            let channels: Vec<&'static mut [f32]> = channels
                .iter_mut()
                .map(|channel| std::slice::from_raw_parts_mut(channel.as_mut_ptr(), frames))
                .collect();
            buffer.set_slices(frames, |slices| *slices = channels);
        };
        fill(&mut buffer, main);
        fill(&mut aux[0], sidechain);
    }
    let inputs = if sidechain.is_empty() { &mut aux[..0] } else { &mut aux[..] };
    let mut aux = AuxiliaryBuffers { inputs, outputs: &mut [] };
    assert_no_alloc(|| plugin.process(&mut buffer, &mut aux, context))
}

/// Deterministic noise.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
    fn sample(&mut self) -> f32 {
        self.next() as f32 / (1 << 23) as f32 - 1.0
    }
}

/// The kinds of sound a host may send.
fn sound(kind: usize, noise: &mut Noise) -> f32 {
    match kind {
        0 => 0.0,
        1 => noise.sample(),
        2 => f32::NAN,
        3 => f32::INFINITY,
        4 => f32::NEG_INFINITY,
        5 => f32::from_bits(noise.next() & 0x007f_ffff),
        6 => f32::MAX,
        // Any bits: signalling NaN, denormals, everything.
        7 => f32::from_bits(noise.next() << 9 ^ noise.next()),
        _ => -0.0,
    }
}

const KINDS: usize = 9;

#[test]
fn every_sound_in_every_block_passes_bit_for_bit_without_allocation() {
    let mut noise = Noise(1);
    for layout in 0..Dendrite::AUDIO_IO_LAYOUTS.len() {
        let channels =
            Dendrite::AUDIO_IO_LAYOUTS[layout].main_output_channels.map_or(0, |n| n.get() as usize);
        let has_sidechain = !Dendrite::AUDIO_IO_LAYOUTS[layout].aux_input_ports.is_empty();
        let mut plugin = Dendrite::default();
        for rate in [48_000.0, 44_100.0, 8_000.0, 384_000.0] {
            assert_eq!(activate(&mut plugin, layout, rate), Some(0));
            let mut context = Processing::new(rate);
            assert_no_alloc(|| plugin.reset());
            for round in 0..60 {
                let kind = round % KINDS;
                let frames = [0, 1, 64, 441, 1024, 8192, 0, 333][round % 8];
                let mut main = vec![vec![0.0; 8192]; channels];
                let mut side = vec![vec![0.0; 8192]; if has_sidechain { channels } else { 0 }];
                for channel in main.iter_mut().chain(&mut side) {
                    channel.iter_mut().for_each(|sample| *sample = sound(kind, &mut noise));
                }
                context.transport.playing = round % 3 == 0;
                context.transport.tempo = [None, Some(120.0), Some(f64::NAN), Some(-1.0)][round % 4];
                context.transport.pos_beats = [Some(round as f64), Some(f64::INFINITY), None][round % 3];
                let before = main.clone();
                process(&mut plugin, &mut context, &mut main, &mut side, frames);
                for (channel, before) in main.iter().zip(&before) {
                    assert!(
                        channel.iter().zip(before).all(|(a, b)| a.to_bits() == b.to_bits()),
                        "layout {layout}, {rate} Hz, kind {kind}, {frames} frames"
                    );
                }
                if round % 17 == 5 {
                    assert_no_alloc(|| plugin.reset());
                }
            }
            if rate < 44_000.0 {
                plugin.deactivate();
            }
        }
    }
}

#[test]
fn notes_go_out_sorted_at_their_time() {
    let mut plugin = Dendrite::default();
    activate(&mut plugin, 2, 48_000.0);
    let mut context = Processing::new(48_000.0);
    let mut main = vec![vec![0.0; 512]; 2];
    let note = |timing, key| NoteEvent::NoteOn {
        timing,
        voice_id: VoiceID::ID(key),
        channel: Channel::Number(3),
        key: Key::Number(key as u8),
        velocity: 0.25,
    };
    let bend = NoteEvent::MidiPitchBend { timing: 17, channel: 2, value: 0.75 };
    let pressure = NoteEvent::MidiChannelPressure { timing: 400, channel: 2, pressure: 0.1 };
    let cc = NoteEvent::MidiCC { timing: 511, channel: 15, cc: 74, value: 1.0 };
    context.input.extend([note(0, 60), bend, pressure, cc, note(17, 61)]);
    let status = process(&mut plugin, &mut context, &mut main, &mut [], 512);
    assert_eq!(*context.output.borrow(), [note(0, 60), bend, note(17, 61), pressure, cc]);
    // A key is down: the host must not put the plug-in to sleep, though all is silent.
    assert_eq!(status, ProcessStatus::KeepAlive);

    // More than a block can hold is still complete.
    context.output.borrow_mut().clear();
    context.input.extend((0..9000).map(|n| NoteEvent::MidiCC {
        timing: n / 20,
        channel: 0,
        cc: 1,
        value: 0.0,
    }));
    process(&mut plugin, &mut context, &mut main, &mut [], 512);
    assert_eq!(context.output.borrow().len(), 9000);
    assert!(context.output.borrow().is_sorted_by_key(|event| event.timing()));
}

#[test]
fn silence_lets_the_host_sleep_and_sound_does_not() {
    let mut plugin = Dendrite::default();
    activate(&mut plugin, 0, 48_000.0);
    plugin.reset();
    let mut context = Processing::new(48_000.0);
    let mut block = |plugin: &mut Dendrite, main: f32, side: f32| {
        process(plugin, &mut context, &mut vec![vec![main; 4800]; 2], &mut vec![vec![side; 4800]; 2], 4800)
    };
    assert_eq!(block(&mut plugin, 0.0, 0.0), ProcessStatus::Normal);
    assert_eq!(block(&mut plugin, 0.1, 0.0), ProcessStatus::KeepAlive);
    assert_eq!(block(&mut plugin, 0.0, 0.1), ProcessStatus::KeepAlive);
    let last = (0..100).map(|_| block(&mut plugin, 0.0, 0.0)).last();
    assert_eq!(last, Some(ProcessStatus::Normal));
}

#[test]
fn rates_that_the_engine_cannot_hear_are_refused() {
    let mut plugin = Dendrite::default();
    for rate in [0.0, 7_999.0, 384_001.0, -48_000.0, f32::NAN, f32::INFINITY] {
        assert_eq!(activate(&mut plugin, 0, rate), None, "{rate} Hz");
    }
    assert_eq!(activate(&mut plugin, 0, 48_000.0), Some(0));
}

/// Sets a parameter as the host does.
fn set(plugin: &Dendrite, id: &str, normalized: f32) {
    let params = plugin.params();
    let map = params.param_map();
    let (_, param, _) = map.iter().find(|(other, _, _)| other == id).expect("a parameter of that id");
    // SAFETY: `params` outlives the pointer, and no smoother is in use.
    unsafe {
        match param {
            ParamPtr::BoolParam(p) => {
                nice_plug::params::InternalParamMut::_internal_set_normalized_value(&**p, normalized)
            }
            ParamPtr::EnumParam(p) => {
                nice_plug::params::InternalParamMut::_internal_set_normalized_value(&**p, normalized)
            }
            ParamPtr::FloatParam(p) => {
                nice_plug::params::InternalParamMut::_internal_set_normalized_value(&**p, normalized)
            }
            ParamPtr::IntParam(p) => {
                nice_plug::params::InternalParamMut::_internal_set_normalized_value(&**p, normalized)
            }
        }
    };
}

#[test]
fn aligned_sound_is_delayed_by_the_reported_latency_with_and_without_bypass() {
    for bypass in [0.0, 1.0] {
        let mut plugin = Dendrite::default();
        set(&plugin, "align_sound", 1.0);
        set(&plugin, "bypass", bypass);
        let latency = activate(&mut plugin, 2, 48_000.0).expect("48 kHz is heard") as usize;
        // Two hops at 48 kHz, where the resampler adds nothing.
        assert_eq!(latency, 2 * 1024);
        assert_no_alloc(|| plugin.reset());
        let mut noise = Noise(7);
        let input: Vec<f32> = (0..10_000).map(|_| noise.sample()).collect();
        let mut output = Vec::new();
        let mut context = Processing::new(48_000.0);
        for block in input.chunks(441) {
            let mut main = vec![block.to_vec(); 2];
            process(&mut plugin, &mut context, &mut main, &mut [], block.len());
            output.extend_from_slice(&main[1]);
        }
        assert!(output[..latency].iter().all(|sample| *sample == 0.0));
        assert_eq!(output[latency..], input[..input.len() - latency]);
    }
}

#[test]
fn a_change_of_alignment_is_reported_at_once_and_heard_after_the_restart() {
    let mut plugin = Dendrite::default();
    activate(&mut plugin, 2, 48_000.0);
    let mut context = Processing::new(48_000.0);
    set(&plugin, "align_sound", 1.0);
    let mut main = vec![vec![1.0; 64]; 2];
    process(&mut plugin, &mut context, &mut main, &mut [], 64);
    assert_eq!(context.latency.take(), Some(2048));
    assert_eq!(main[0], [1.0; 64]);
    process(&mut plugin, &mut context, &mut main, &mut [], 64);
    assert_eq!(context.latency.take(), None);
    plugin.deactivate();
    assert_eq!(activate(&mut plugin, 2, 48_000.0), Some(2048));
    plugin.reset();
    process(&mut plugin, &mut context, &mut main, &mut [], 64);
    assert_eq!(main[0], [0.0; 64]);
}

#[test]
fn models_are_exchanged_while_playing_without_allocation() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for kind in ModelKind::ALL {
        let network = random_network(kind, OrbitShape::default(), 1).expect("the shape is possible");
        network.write(folder.path().join(format!("{}.json", kind.name()))).expect("a file");
    }
    let mut plugin = Dendrite::default();
    activate(&mut plugin, 0, 48_000.0);
    let mut context = Processing::new(48_000.0);
    let params = plugin.params();
    let fields = |folder: Option<&std::path::Path>| {
        let memory = serde_json::json!({ "folder": folder, "hash": "" });
        std::collections::BTreeMap::from([("models".to_owned(), memory.to_string())])
    };
    let mut noise = Noise(5);
    for round in 0..6 {
        params.deserialize_fields(&fields((round % 2 == 0).then_some(folder.path())));
        // Blocks go on while the set is read, and for a while after it has arrived.
        for _ in 0..60 {
            let mut main = vec![vec![0.0; 512]; 2];
            let mut side = main.clone();
            main.iter_mut().flatten().for_each(|sample| *sample = sound(1, &mut noise));
            let before = main.clone();
            process(&mut plugin, &mut context, &mut main, &mut side, 512);
            assert_eq!(main, before);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
