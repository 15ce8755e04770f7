//! The interface of [`Plugin`](crate::Plugin) for VST3.

use super::*;

impl Backend for Vst3Plugin {
    fn info(&self) -> &PluginInfo {
        &self.info
    }

    fn board(&self) -> &NoticeBoard {
        &self.board
    }

    fn params(&mut self) -> Vec<ParamInfo> {
        let params = describe::params(&self.controller, &self.midi);
        self.known_params.clear();
        self.known_params.extend(params.iter().map(|param| param.id));
        self.known_params.sort_unstable();
        params
    }

    fn param_value(&mut self, id: u32) -> Option<f64> {
        let known = self.known_params.binary_search(&id).is_ok();
        // SAFETY: plain numbers.
        known.then(|| unsafe { self.controller.getParamNormalized(id) })
    }

    fn set_param(&mut self, id: u32, value: f64) -> Result<(), HostError> {
        if self.known_params.binary_search(&id).is_err() {
            return Err(unknown_param(id));
        }
        // SAFETY: plain numbers. The controller shows the value at once, the processor hears it with the next block.
        unsafe { self.controller.setParamNormalized(id, value) };
        self.pending.push(EventKind::Param { id, value });
        Ok(())
    }

    fn value_to_text(&mut self, id: u32, value: f64) -> Option<String> {
        describe::value_to_text(&self.controller, id, value)
    }

    fn text_to_value(&mut self, id: u32, text: &str) -> Option<f64> {
        describe::text_to_value(&self.controller, id, text)
    }

    fn audio_ports(&mut self) -> AudioPorts {
        describe::audio_ports(&self.component)
    }

    fn note_ports(&mut self) -> NotePorts {
        describe::note_ports(&self.component)
    }

    fn remote_pages(&mut self) -> Vec<RemotePage> {
        Vec::new()
    }

    fn layouts(&mut self) -> Vec<(String, Layout)> {
        Vec::new()
    }

    fn set_layout(&mut self, layout: &Layout) -> Result<(), HostError> {
        let before = self.audio_ports().layout();
        let mut inputs = self.arrangements(kInput, &layout.inputs);
        let mut outputs = self.arrangements(kOutput, &layout.outputs);
        let taken = self.set_arrangements(&mut inputs, &mut outputs);
        let now = self.audio_ports().layout();
        if taken && layout.is_met_by(&now) {
            let zeros = |counts: &[u32]| (0..counts.len()).filter(|index| counts[*index] == 0).collect();
            self.unconnected = (zeros(&layout.inputs), zeros(&layout.outputs));
            return Ok(());
        }
        if now != before {
            let restore =
                |counts: &[u32]| counts.iter().map(|count| describe::arrangement(*count)).collect::<Vec<_>>();
            self.set_arrangements(&mut restore(&before.inputs), &mut restore(&before.outputs));
        }
        Err(self.refused("take another layout", format!("it does not accept {layout}")))
    }

    fn latency_samples(&mut self) -> u32 {
        // SAFETY: returns a number.
        unsafe { self.processor.getLatencySamples() }
    }

    fn tail(&mut self) -> Tail {
        // SAFETY: returns a number.
        let samples = unsafe { self.processor.getTailSamples() };
        if samples == kInfiniteTail { Tail::Infinite } else { Tail::Samples(samples) }
    }

    fn is_active(&self) -> bool {
        self.active.is_some()
    }

    fn activate(&mut self, sample_rate: f64, max_block: u32) -> Result<(), HostError> {
        let mut setup = ProcessSetup {
            processMode: if self.offline { kOffline } else { kRealtime } as i32,
            symbolicSampleSize: kSample32 as i32,
            maxSamplesPerBlock: max_block as i32,
            sampleRate: sample_rate,
        };
        // SAFETY: a setup that lives through the call, while inactive.
        if unsafe { self.processor.setupProcessing(&mut setup) } != kResultOk {
            return Err(self.refused("activate", "`setupProcessing` failed"));
        }
        let connected_in = self.activate_buses(kAudio, kInput, &self.unconnected.0, true);
        let connected_out = self.activate_buses(kAudio, kOutput, &self.unconnected.1, true);
        self.activate_buses(kEvent, kInput, &[], true);
        self.activate_buses(kEvent, kOutput, &[], true);
        // SAFETY: a plain number, after setup.
        if unsafe { self.component.setActive(1) } != kResultOk {
            return Err(self.refused("activate", "`setActive` failed"));
        }
        let ports = self.audio_ports().layout();
        let max_block = max_block as usize;
        self.active = Some(Active {
            inputs: Audio::new(&ports.inputs, connected_in, max_block),
            outputs: Audio::new(&ports.outputs, connected_out, max_block),
            sample_rate,
            max_block,
            processing: false,
        });
        self.start_processing()
    }

    fn deactivate(&mut self) {
        self.stop_processing();
        if self.active.take().is_some() {
            // SAFETY: a plain number, after processing was stopped.
            unsafe { self.component.setActive(0) };
            for direction in [kInput, kOutput] {
                self.activate_buses(kAudio, direction, &[], false);
                self.activate_buses(kEvent, direction, &[], false);
            }
        }
    }

    fn reset(&mut self) -> Result<(), HostError> {
        self.set_processing(false);
        self.set_processing(true);
        Ok(())
    }

    fn start_processing(&mut self) -> Result<(), HostError> {
        self.set_processing(true);
        Ok(())
    }

    fn stop_processing(&mut self) {
        self.set_processing(false);
    }

    fn set_offline(&mut self, offline: bool) -> Result<(), HostError> {
        self.offline = offline;
        Ok(())
    }

    fn process(&mut self, block: &mut Block<'_>) -> Result<Status, HostError> {
        let Some(active) = &self.active else {
            return Err(HostError::WrongMoment { step: "process", needs: "activated" });
        };
        let frames = block.frames;
        block::check(block, &active.inputs.buffers.ports, &active.outputs.buffers.ports, active.max_block)?;
        self.set_processing(true);
        self.fill_input(block);
        let Some(active) = &mut self.active else {
            return Err(HostError::WrongMoment { step: "process", needs: "activated" });
        };
        active.inputs.buffers.take_in(block.inputs, frames);
        active.outputs.buffers.poison(frames);
        let mut context: Option<ProcessContext> = block
            .transport
            .as_ref()
            .map(|transport| events::context(transport, active.sample_rate, block.steady_time));

        let changes = |changes: &ComWrapper<ParameterChanges>| {
            changes.as_com_ref::<IParameterChanges>().map_or(ptr::null_mut(), |changes| changes.as_ptr())
        };
        let (inputs, outputs) = (active.inputs.prepare(), active.outputs.prepare());
        let mut data = ProcessData {
            processMode: if self.offline { kOffline } else { kRealtime } as i32,
            symbolicSampleSize: kSample32 as i32,
            numSamples: frames as i32,
            numInputs: active.inputs.buses.len() as i32,
            numOutputs: active.outputs.buses.len() as i32,
            inputs,
            outputs,
            inputParameterChanges: changes(&self.changes_in),
            outputParameterChanges: changes(&self.changes_out),
            inputEvents: self
                .events_in
                .as_com_ref::<IEventList>()
                .map_or(ptr::null_mut(), |list| list.as_ptr()),
            outputEvents: self
                .events_out
                .as_com_ref::<IEventList>()
                .map_or(ptr::null_mut(), |list| list.as_ptr()),
            processContext: context.as_mut().map_or(ptr::null_mut(), ptr::from_mut),
        };
        // SAFETY: every bus has its channels of at least `frames` samples in buffers that only the plug-in touches
        // during the call; lists and context live through it.
        let answer = unsafe { self.processor.process(&mut data) };

        active.outputs.buffers.give_out(block.outputs, frames);
        self.collect_output(frames, block.events_out);
        if answer != kResultOk {
            return Err(self.refused("process a block", format!("result {answer}")));
        }
        Ok(match self.tail() {
            Tail::Infinite => Status::Continue,
            Tail::Samples(0) => Status::ContinueIfNotQuiet,
            Tail::Samples(_) => Status::Tail,
        })
    }

    fn violations(&self) -> Violations {
        self.violations
    }

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let stream = ComWrapper::new(MemoryStream::default());
        // SAFETY: a live stream.
        if unsafe { self.component.getState(lend(&stream)) } != kResultOk {
            return Err(self.refused("save its state", "`getState` failed"));
        }
        Ok(stream.take())
    }

    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        let stream = ComWrapper::new(MemoryStream::of(state));
        // SAFETY: a live stream at its start.
        if unsafe { self.component.setState(lend(&stream)) } != kResultOk {
            return Err(self.refused("load a state", "`setState` failed"));
        }
        self.pending.clear();
        self.tell_controller(state);
        Ok(())
    }

    fn gui_supported(&mut self) -> bool {
        self.editor.is_some() || editor::embeddable_view(&self.controller).is_some()
    }

    fn open_editor(&mut self, parent: u64, scale: f64) -> Result<(u32, u32), HostError> {
        if self.editor.is_some() {
            return Err(self.refused("open its editor", "it is open already"));
        }
        let view = editor::embeddable_view(&self.controller)
            .ok_or_else(|| self.unsupported("editor that can live inside another window"))?;
        let editor = Editor::open(view, self.board.clone(), parent, scale)
            .map_err(|call| self.refused("open its editor", format!("`{call}` failed")))?;
        let size = editor.size().ok_or_else(|| self.refused("tell its editor's size", "`getSize` failed"))?;
        self.editor = Some(editor);
        Ok(size)
    }

    fn editor_size(&mut self) -> Option<(u32, u32)> {
        self.editor.as_ref().and_then(Editor::size)
    }

    fn resize_editor(&mut self, width: u32, height: u32) -> Result<(u32, u32), HostError> {
        let editor = self
            .editor
            .as_ref()
            .ok_or(HostError::WrongMoment { step: "resize the editor", needs: "shown with `open_editor`" })?;
        editor
            .resize(width, height)
            .ok_or_else(|| self.refused("resize its editor", format!("{width} x {height} was not taken")))
    }

    fn close_editor(&mut self) {
        self.editor = None;
    }

    fn idle(&mut self) {
        if let Some(editor) = &self.editor {
            editor.idle();
        }
    }
}

impl Drop for Vst3Plugin {
    fn drop(&mut self) {
        self.close_editor();
        self.deactivate();
        if self.separate_controller {
            self.connect(false);
        }
        // SAFETY: the instance is inactive and without view; the handler is taken out before it dies, and each object
        // is ended once.
        unsafe {
            self.controller.setComponentHandler(ptr::null_mut());
            if self.separate_controller {
                self.controller.terminate();
            }
            self.component.terminate();
        }
    }
}
