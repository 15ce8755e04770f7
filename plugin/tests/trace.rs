//! The trace as end-to-end tests and the demo read it. One test only: the environment belongs to the whole process.

use std::cell::Cell;
use std::path::Path;

use dendrite::Dendrite;
use nice_plug::context::process::SendEventError;
use nice_plug::prelude::*;

struct Context(Transport, Cell<u32>);

impl ActivateContext<Dendrite> for Context {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _task: <Dendrite as Plugin>::BackgroundTask) {}
    fn set_latency_samples(&self, samples: u32) {
        self.1.set(samples);
    }
    fn set_current_voice_capacity(&self, _capacity: u32) {}
}

impl ProcessContext<Dendrite> for Context {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, _task: <Dendrite as Plugin>::BackgroundTask) {}
    fn execute_gui(&self, _task: <Dendrite as Plugin>::BackgroundTask) {}
    fn transport(&self) -> &Transport {
        &self.0
    }
    fn next_event(&mut self) -> Option<NoteEvent<()>> {
        None
    }
    fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
        Err((event, SendEventError::NoOutputBuffer))
    }
    fn set_latency_samples(&self, samples: u32) {
        self.1.set(samples);
    }
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _capacity: u32) {}
}

fn activate(plugin: &mut Dendrite) {
    let mut context = Context(Transport::new(48_000.0), Cell::new(0));
    let config = BufferConfig {
        sample_rate: 48_000.0,
        min_buffer_size: None,
        max_buffer_size: 512,
        process_mode: ProcessMode::Offline,
    };
    assert!(plugin.activate(&Dendrite::AUDIO_IO_LAYOUTS[0], &config, &mut context));
    plugin.reset();
}

/// Lets the plug-in hear `main` and `side` on both channels, in blocks of 480.
fn hear(plugin: &mut Dendrite, main: &[f32], side: &[f32]) {
    let mut context = Context(Transport::new(48_000.0), Cell::new(0));
    for (main, side) in main.chunks(480).zip(side.chunks(480)) {
        let (mut left, mut right) = (main.to_vec(), main.to_vec());
        let (mut side_left, mut side_right) = (side.to_vec(), side.to_vec());
        let mut buffer = Buffer::default();
        let mut aux = [Buffer::default()];
        // SAFETY: the vectors outlive the buffers' use.
        unsafe {
            let slice =
                |channel: &mut Vec<f32>| std::slice::from_raw_parts_mut(channel.as_mut_ptr(), channel.len());
            buffer.set_slices(main.len(), |slices| *slices = vec![slice(&mut left), slice(&mut right)]);
            aux[0].set_slices(side.len(), |slices| {
                *slices = vec![slice(&mut side_left), slice(&mut side_right)]
            });
        }
        let mut aux = AuxiliaryBuffers { inputs: &mut aux, outputs: &mut [] };
        plugin.process(&mut buffer, &mut aux, &mut context);
    }
}

/// Columns and rows, by name.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("the trace has been written");
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let columns = lines.next().expect("a header");
        let rows: Vec<_> = lines.collect();
        assert!(rows.iter().all(|row| row.len() == columns.len()), "a row is not complete");
        Self { columns, rows }
    }

    fn numbers(&self, column: &str) -> Vec<f64> {
        let at = self.columns.iter().position(|name| name == column).expect("a column of that name");
        self.rows.iter().map(|row| row[at].parse().expect("a number")).collect()
    }
}

#[test]
fn the_trace_holds_every_hop_of_each_activation() {
    let folder = std::env::temp_dir().join(format!("dendrite-trace-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("hops.csv");
    // SAFETY: this is the only test of the process, and no other thread reads the environment yet.
    unsafe { std::env::set_var("DENDRITE_TRACE", &file) };

    // The first 50 hops are 51,200 samples; hop k is in force from boundary k + 1 on, so 100,000 samples show 96 of them.
    let sine: Vec<f32> = (0..100_000).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
    let silence = vec![0.0; sine.len()];
    let (mut first, mut second) = (Dendrite::default(), Dendrite::default());
    activate(&mut first);
    activate(&mut second);
    hear(&mut first, &sine, &silence);
    hear(&mut second, &silence, &silence);
    first.deactivate();
    second.deactivate();
    let table = Table::read(&file);
    assert_eq!(table.rows.len(), 96);
    let samples = table.numbers("sample");
    assert_eq!((samples[0], samples[95]), (2048.0, 2048.0 + 95.0 * 1024.0));
    assert!(samples.windows(2).all(|pair| pair[1] - pair[0] == 1024.0));
    assert!(table.numbers("time_s").iter().zip(&samples).all(|(t, s)| *t == s / 48_000.0));
    // 0.3 / sqrt 2 is -13.5 dBFS.
    assert!((table.numbers("rms_dbfs")[50] + 13.5).abs() < 12.1, "auto level adds at most 12 dB");
    assert!(table.numbers("silent").iter().all(|silent| *silent == 0.0));
    assert!(table.numbers("c_re").iter().chain(&table.numbers("c_im")).all(|c| c.abs() < 2.0));
    let other = Table::read(&folder.join("hops.2.csv"));
    assert_eq!(other.rows.len(), 96);
    assert!(other.numbers("silent").iter().all(|silent| *silent == 1.0));

    // A new activation writes anew; the same sound gives the same rows.
    activate(&mut first);
    hear(&mut first, &sine, &silence);
    first.deactivate();
    assert_eq!(Table::read(&file).rows, table.rows);

    // With the sidechain chosen, silence there means the main input, and the first sound there changes over.
    let params = first.params();
    let map = params.param_map();
    let (_, listen_to, _) = map.iter().find(|(id, _, _)| id == "listen_to").expect("the parameter");
    if let ParamPtr::EnumParam(param) = listen_to {
        // SAFETY: `params` outlives the pointer.
        assert!(unsafe { (**param).set_from_id("sidechain") });
    }
    activate(&mut first);
    hear(&mut first, &sine, &silence);
    first.deactivate();
    assert_eq!(Table::read(&file).rows, table.rows);
    activate(&mut first);
    hear(&mut first, &silence, &sine);
    first.deactivate();
    assert_eq!(Table::read(&file).rows, table.rows);
    let mut late = silence.clone();
    late[50_000] = 1e-6;
    activate(&mut first);
    hear(&mut first, &sine, &late);
    first.deactivate();
    let silent = Table::read(&file).numbers("silent");
    assert_eq!((silent[10], silent[95]), (0.0, 1.0));

    // A place that cannot be written to is no failure.
    // SAFETY: the threads of the traces have ended.
    unsafe { std::env::set_var("DENDRITE_TRACE", folder.join("no such folder").join("hops.csv")) };
    activate(&mut first);
    hear(&mut first, &sine, &silence);
    first.deactivate();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
