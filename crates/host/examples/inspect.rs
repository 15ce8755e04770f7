//! Prints everything a plug-in says about itself, then sends one second of noise through it.
//!
//! ```text
//! cargo run -p dendrite-host --example inspect -- PATH [ID]
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use dendrite_host::{BlockSizes, EventKind, HostError, Plugin, Run, Transport};

const SAMPLE_RATE: f64 = 48_000.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = arguments.first() else {
        eprintln!("usage: inspect PATH [ID]\n\nPATH is a .clap file, a .vst3 folder or a shared library.");
        return ExitCode::from(2);
    };
    match inspect(Path::new(path), arguments.get(1).map(String::as_str)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(path: &Path, id: Option<&str>) -> Result<(), HostError> {
    println!("{}", path.display());
    for info in Plugin::list(path)? {
        println!("  holds {} ({}) {} by {}", info.name, info.id, info.version, info.vendor);
    }
    let mut plugin = Plugin::load(path, id)?;
    println!("\n{} {}", plugin.format(), plugin.info().id);
    println!("  features  {}", plugin.info().features.join(", "));
    describe_ports(&mut plugin);
    describe_params(&mut plugin);
    println!("  editor    {}", if plugin.gui_supported() { "can be embedded" } else { "none" });

    let state = plugin.save_state()?;
    plugin.load_state(&state)?;
    let again = plugin.save_state()?;
    println!(
        "  state     {} bytes, {}",
        state.len(),
        if again == state { "stable" } else { "CHANGES when loaded" }
    );

    listen(&mut plugin)?;
    let notices = plugin.take_notices();
    println!("  notices   {notices:?}");
    println!("  rules     {:?}", plugin.violations());
    println!("  unloading {:?}", plugin.unload());
    Ok(())
}

fn describe_ports(plugin: &mut Plugin) {
    let audio = plugin.audio_ports();
    for (direction, ports) in [("in ", &audio.inputs), ("out", &audio.outputs)] {
        for port in ports {
            let role = if port.is_main { "main" } else { "auxiliary" };
            println!("  audio {direction} {}: {} channels, {role}", port.name, port.channels);
        }
    }
    for (name, layout) in plugin.layouts() {
        println!("  layout    {name}: main {layout}");
    }
    let notes = plugin.note_ports();
    for (direction, ports) in [("in ", &notes.inputs), ("out", &notes.outputs)] {
        for port in ports {
            println!("  notes {direction} {}: {}", port.name, port.dialects.join(", "));
        }
    }
}

fn describe_params(plugin: &mut Plugin) {
    for param in plugin.params() {
        let text = plugin.value_to_text(param.id, param.default).unwrap_or_default();
        let back = plugin.text_to_value(param.id, &text);
        let steps = param.steps.map_or(String::new(), |steps| format!(", {steps} steps"));
        let mut marks = String::new();
        for (set, mark) in [
            (!param.automatable, " not-automatable"),
            (param.is_bypass, " bypass"),
            (param.hidden, " hidden"),
            (param.read_only, " read-only"),
        ] {
            marks.push_str(if set { mark } else { "" });
        }
        let path = if param.module.is_empty() {
            param.name.clone()
        } else {
            format!("{}/{}", param.module, param.name)
        };
        println!(
            "  param     {:>10} {path}: {} .. {}{steps}, default {} = \"{text}\" -> {back:?}{marks}",
            param.id, param.min, param.max, param.default
        );
    }
    for page in plugin.remote_pages() {
        println!("  remote    {} / {}: {:?}", page.section, page.name, page.params);
    }
}

fn listen(plugin: &mut Plugin) -> Result<(), HostError> {
    let channels = plugin.audio_ports().inputs.first().map_or(0, |port| port.channels);
    let input: Vec<Vec<f32>> = (0..channels).map(|channel| noise(channel, SAMPLE_RATE as usize)).collect();
    let started = Instant::now();
    let heard = Run::new(plugin)
        .sample_rate(SAMPLE_RATE)
        .block_sizes(BlockSizes::Random(1, 512))
        .length(SAMPLE_RATE as usize)
        .input(&input)
        .transport(Transport::playing(120.0, (4, 4)))
        .go()?;
    let seconds = started.elapsed().as_secs_f64();
    println!("  latency   {} samples", plugin.latency_samples());
    println!("  tail      {:?}", plugin.tail_samples());
    println!(
        "  1 s noise {} blocks in {:.1} ms, last answer {:?}",
        heard.blocks,
        seconds * 1e3,
        heard.last_status
    );
    let samples = || heard.main().iter().flatten();
    let peak = samples().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let broken = samples().filter(|sample| !sample.is_finite()).count();
    let same = heard.main() == input;
    println!(
        "  output    peak {peak:.3}, {broken} samples not finite, {} the input",
        if same { "equals" } else { "differs from" }
    );
    let notes = heard.events.iter().filter(|event| matches!(event.kind, EventKind::NoteOn { .. })).count();
    println!("  events    {} of them {notes} notes", heard.events.len());
    for event in heard.events.iter().take(10) {
        println!("            {:>6} {:?}", event.offset, event.kind);
    }
    Ok(())
}

/// White noise at -12 dBFS peak from a linear congruential generator (Knuth's MMIX constants).
fn noise(seed: u32, samples: usize) -> Vec<f32> {
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * 0.25
    };
    (0..samples).map(|_| next()).collect()
}
