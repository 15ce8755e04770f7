//! The host side of CLAP: what a plug-in may call.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use clack_extensions::audio_ports::{AudioPortRescanFlags, HostAudioPorts, HostAudioPortsImpl};
use clack_extensions::audio_ports_config::{HostAudioPortsConfig, HostAudioPortsConfigImpl};
use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::note_ports::{HostNotePorts, HostNotePortsImpl, NoteDialects, NotePortRescanFlags};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_extensions::tail::{HostTail, HostTailImpl};
use clack_extensions::thread_check::{HostThreadCheck, HostThreadCheckImpl};
use clack_extensions::timer::{HostTimer, HostTimerImpl, TimerId};
use clack_host::prelude::*;

use crate::notices::NoticeBoard;

/// The set of handlers below.
pub(super) struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = SharedSide;
    type MainThread<'a> = MainSide;
    type AudioProcessor<'a> = AudioSide;

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Self::Shared<'_>) {
        builder
            .register::<HostLog>()
            .register::<HostThreadCheck>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostLatency>()
            .register::<HostTail>()
            .register::<HostAudioPorts>()
            .register::<HostAudioPortsConfig>()
            .register::<HostNotePorts>()
            .register::<HostGui>()
            .register::<HostTimer>();
    }
}

/// Callbacks from any thread.
pub(super) struct SharedSide {
    pub(super) board: Arc<NoticeBoard>,
    /// The thread that loaded the plug-in.
    main_thread: ThreadId,
    /// Set during calls that CLAP assigns to the audio thread. One thread plays both parts, one at a time.
    pub(super) in_audio_call: Arc<AtomicBool>,
}

impl SharedSide {
    pub(super) fn new(board: Arc<NoticeBoard>, in_audio_call: Arc<AtomicBool>) -> Self {
        Self { board, main_thread: thread::current().id(), in_audio_call }
    }

    fn on_loading_thread(&self) -> bool {
        thread::current().id() == self.main_thread
    }
}

impl SharedHandler<'_> for SharedSide {
    fn request_restart(&self) {
        self.board.note(|notices| notices.restart = true);
    }

    fn request_process(&self) {
        self.board.request_process();
    }

    fn request_callback(&self) {
        self.board.request_callback();
    }
}

impl HostLogImpl for SharedSide {
    fn log(&self, severity: LogSeverity, message: &str) {
        self.board.log(format!("{severity}: {message}"));
    }
}

impl HostThreadCheckImpl for SharedSide {
    fn is_main_thread(&self) -> bool {
        self.on_loading_thread() && !self.in_audio_call.load(Ordering::Relaxed)
    }

    fn is_audio_thread(&self) -> bool {
        self.on_loading_thread() && self.in_audio_call.load(Ordering::Relaxed)
    }
}

impl HostParamsImplShared for SharedSide {
    fn request_flush(&self) {
        // A block flushes too; a sleeping plug-in has to be woken for it.
        self.board.request_process();
    }
}

impl HostGuiImpl for SharedSide {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, new_size: GuiSize) -> Result<(), HostError> {
        self.board.note(|notices| notices.resize = Some((new_size.width, new_size.height)));
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _was_destroyed: bool) {
        self.board.note(|notices| notices.editor_closed = true);
    }
}

/// A timer the plug-in has asked for.
#[derive(Debug, Clone, Copy)]
struct Timer {
    id: TimerId,
    period: Duration,
    due: Instant,
}

/// Callbacks on the main thread.
pub(super) struct MainSide {
    board: Arc<NoticeBoard>,
    timers: RefCell<Vec<Timer>>,
    next_timer: Cell<u32>,
}

impl MainSide {
    pub(super) fn new(board: Arc<NoticeBoard>) -> Self {
        Self { board, timers: RefCell::new(Vec::new()), next_timer: Cell::new(0) }
    }

    /// The timers that are due now; each is due again one period from now.
    pub(super) fn due_timers(&self) -> Vec<TimerId> {
        let now = Instant::now();
        let mut due = Vec::new();
        for timer in self.timers.borrow_mut().iter_mut().filter(|timer| timer.due <= now) {
            timer.due = now + timer.period;
            due.push(timer.id);
        }
        due
    }
}

impl MainThreadHandler<'_> for MainSide {}

impl HostParamsImplMainThread for MainSide {
    fn rescan(&self, flags: ParamRescanFlags) {
        self.board.note(|notices| {
            notices.param_values_changed |= flags.contains(ParamRescanFlags::VALUES);
            notices.param_infos_changed |= flags.intersects(!ParamRescanFlags::VALUES);
        });
    }

    fn clear(&self, _param_id: ClapId, _flags: ParamClearFlags) {
        self.board.note(|notices| notices.param_infos_changed = true);
    }
}

impl HostStateImpl for MainSide {
    fn mark_dirty(&self) {
        self.board.note(|notices| notices.state_dirty = true);
    }
}

impl HostLatencyImpl for MainSide {
    fn changed(&self) {
        self.board.note(|notices| notices.latency_changed = true);
    }
}

impl HostAudioPortsImpl for MainSide {
    fn is_rescan_flag_supported(&self, _flag: AudioPortRescanFlags) -> bool {
        true
    }

    fn rescan(&self, _flags: AudioPortRescanFlags) {
        self.board.note(|notices| notices.ports_changed = true);
    }
}

impl HostAudioPortsConfigImpl for MainSide {
    fn rescan(&self) {
        self.board.note(|notices| notices.ports_changed = true);
    }
}

impl HostNotePortsImpl for MainSide {
    fn supported_dialects(&self) -> NoteDialects {
        NoteDialects::CLAP | NoteDialects::MIDI
    }

    fn rescan(&self, _flags: NotePortRescanFlags) {
        self.board.note(|notices| notices.ports_changed = true);
    }
}

impl HostTimerImpl for MainSide {
    fn register_timer(&self, period_ms: u32) -> Result<TimerId, HostError> {
        let id = TimerId(self.next_timer.get());
        self.next_timer.set(id.0.wrapping_add(1));
        let period = Duration::from_millis(u64::from(period_ms.max(1)));
        self.timers.borrow_mut().push(Timer { id, period, due: Instant::now() + period });
        Ok(id)
    }

    fn unregister_timer(&self, timer_id: TimerId) -> Result<(), HostError> {
        self.timers.borrow_mut().retain(|timer| timer.id != timer_id);
        Ok(())
    }
}

/// Callbacks on the audio thread.
pub(super) struct AudioSide {
    pub(super) board: Arc<NoticeBoard>,
}

impl AudioProcessorHandler<'_> for AudioSide {}

impl HostTailImpl for AudioSide {
    fn changed(&mut self) {
        self.board.note(|notices| notices.tail_changed = true);
    }
}
