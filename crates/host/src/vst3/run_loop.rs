//! The host's event loop for VST3 editors on X11: timers and file descriptors.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoopTrait, ITimerHandler, ITimerHandlerTrait,
    TimerInterval,
};
use vst3::Steinberg::{kInvalidArgument, kResultOk, tresult};
use vst3::{ComPtr, ComRef};

use super::editor::Frame;
use crate::notices::lock;

/// A timer a view has asked for.
struct Timer {
    handler: ComPtr<ITimerHandler>,
    period: Duration,
    due: Instant,
}

/// What views have registered. Behind locks, since some views unregister from the thread they end on.
#[derive(Default)]
pub(super) struct RunLoop {
    watched: Mutex<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
    timers: Mutex<Vec<Timer>>,
}

impl RunLoop {
    /// Calls every handler whose descriptor has something to read and every timer that is due. No lock is held during
    /// the calls: handlers register and unregister from within.
    pub(super) fn run_due(&self) {
        let mut polled: Vec<libc::pollfd> = lock(&self.watched)
            .iter()
            .map(|(_, fd)| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 })
            .collect();
        if !polled.is_empty() {
            // SAFETY: the list has that many entries; a timeout of 0 returns at once.
            unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) };
            for ready in polled.iter().filter(|entry| entry.revents & libc::POLLIN != 0) {
                let handlers = lock(&self.watched);
                let handler =
                    handlers.iter().find(|(_, fd)| *fd == ready.fd).map(|(handler, _)| handler.clone());
                drop(handlers);
                if let Some(handler) = handler {
                    // SAFETY: the handler is alive, since we hold a reference, and registered for this descriptor.
                    unsafe { handler.onFDIsSet(ready.fd) };
                }
            }
        }
        let now = Instant::now();
        let mut due = Vec::new();
        for timer in lock(&self.timers).iter_mut().filter(|timer| timer.due <= now) {
            timer.due = now + timer.period;
            due.push(timer.handler.clone());
        }
        for handler in due {
            // SAFETY: the handler is alive, since we hold a reference.
            unsafe { handler.onTimer() };
        }
    }

    /// Lets go of everything registered.
    pub(super) fn clear(&self) {
        // Taken out first: releasing a handler may call back into this object.
        let watched = std::mem::take(&mut *lock(&self.watched));
        let timers = std::mem::take(&mut *lock(&self.timers));
        drop((watched, timers));
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        // SAFETY: null or a live handler, by the interface.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        lock(&self.run_loop.watched).push((handler.to_com_ptr(), fd));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let mut watched = lock(&self.run_loop.watched);
        let removed: Vec<_> = watched.extract_if(.., |(own, _)| own.as_ptr() == handler).collect();
        drop(watched);
        if removed.is_empty() { kInvalidArgument } else { kResultOk }
    }

    unsafe fn registerTimer(&self, handler: *mut ITimerHandler, milliseconds: TimerInterval) -> tresult {
        // SAFETY: null or a live handler, by the interface.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        let period = Duration::from_millis(milliseconds.max(1));
        lock(&self.run_loop.timers).push(Timer {
            handler: handler.to_com_ptr(),
            period,
            due: Instant::now() + period,
        });
        kResultOk
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        let mut timers = lock(&self.run_loop.timers);
        let removed: Vec<_> = timers.extract_if(.., |timer| timer.handler.as_ptr() == handler).collect();
        drop(timers);
        if removed.is_empty() { kInvalidArgument } else { kResultOk }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use vst3::{Class, ComWrapper};

    use super::*;
    use crate::notices::NoticeBoard;

    /// Counts how often it was called, and reads what woke it.
    struct Counter {
        calls: Arc<AtomicUsize>,
        socket: UnixStream,
    }

    impl Class for Counter {
        type Interfaces = (IEventHandler, ITimerHandler);
    }

    impl IEventHandlerTrait for Counter {
        unsafe fn onFDIsSet(&self, _fd: FileDescriptor) {
            let read = (&self.socket).read(&mut [0; 8]);
            self.calls.fetch_add(read.unwrap_or(0), Ordering::Relaxed);
        }
    }

    impl ITimerHandlerTrait for Counter {
        unsafe fn onTimer(&self) {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn frame_and_counter() -> (Frame, ComWrapper<Counter>, Arc<AtomicUsize>, UnixStream) {
        let frame = Frame { board: Arc::new(NoticeBoard::default()), run_loop: RunLoop::default() };
        let calls = Arc::new(AtomicUsize::new(0));
        let (ours, theirs) = UnixStream::pair().expect("the system has sockets");
        (frame, ComWrapper::new(Counter { calls: calls.clone(), socket: theirs }), calls, ours)
    }

    #[test]
    fn a_handler_is_called_when_there_is_something_to_read_until_it_unregisters() {
        let (frame, counter, calls, mut ours) = frame_and_counter();
        let handler = counter.to_com_ptr::<IEventHandler>().expect("it has the interface");
        // SAFETY: the handler outlives its registration.
        unsafe { frame.registerEventHandler(handler.as_ptr(), counter.socket.as_raw_fd()) };
        frame.run_loop.run_due();
        assert_eq!(calls.load(Ordering::Relaxed), 0, "nothing to read");
        ours.write_all(b"x").expect("the other end is open");
        frame.run_loop.run_due();
        frame.run_loop.run_due();
        assert_eq!(calls.load(Ordering::Relaxed), 1, "one byte, one call");
        // SAFETY: as above.
        unsafe {
            assert_eq!(frame.unregisterEventHandler(handler.as_ptr()), kResultOk);
            assert_eq!(frame.unregisterEventHandler(handler.as_ptr()), kInvalidArgument);
            assert_eq!(frame.registerEventHandler(std::ptr::null_mut(), 0), kInvalidArgument);
        }
        ours.write_all(b"x").expect("the other end is open");
        frame.run_loop.run_due();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_timer_runs_when_due_and_clearing_lets_go_of_it() {
        let (frame, counter, calls, _ours) = frame_and_counter();
        let handler = counter.to_com_ptr::<ITimerHandler>().expect("it has the interface");
        // SAFETY: the handler outlives its registration.
        unsafe { frame.registerTimer(handler.as_ptr(), 1) };
        frame.run_loop.run_due();
        std::thread::sleep(Duration::from_millis(2));
        frame.run_loop.run_due();
        assert!(calls.load(Ordering::Relaxed) >= 1);
        frame.run_loop.clear();
        let before = calls.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2));
        frame.run_loop.run_due();
        assert_eq!(calls.load(Ordering::Relaxed), before);
    }
}
