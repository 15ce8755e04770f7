//! The model set of an instance: which one is wanted, who reads it, and how it comes to the audio thread and back.
//!
//! ```text
//! session, editor ──request──> Models ──own thread: read, check, allocate──> triple buffer ──> AudioEnd ──offer──> engine
//!                                 └──────── drop <──────────── ring <──────────────────────────────┘ retired
//! ```
//! Nothing here is touched by the audio thread but [`AudioEnd`], which neither locks nor allocates nor frees.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dendrite_engine::{DEFAULT_WEIGHTS, Engine, ModelSet, Networks};
use parking_lot::{Condvar, Mutex};
use rtrb::{Consumer, Producer, RingBuffer};
use serde::{Deserialize, Serialize};
use triple_buffer::TripleBuffer;

use crate::background::{Background, Round};
use crate::notice::Notices;

/// Names a folder of models for every instance whose session names none.
pub const VARIABLE: &str = "DENDRITE_MODELS";

/// How often the thread looks for networks that have retired; a request wakes it at once.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a host's main thread waits for a set; reading all six takes some tenths of a second.
const LIMIT: Duration = Duration::from_secs(20);
/// Networks that can wait to be dropped.
const RETIRED: usize = 4;

/// Where the models come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The folder of [`VARIABLE`], else the user's own folder ([`user_folder`]) if there is one, else those built in.
    #[default]
    Default,
    /// This folder.
    Folder(PathBuf),
}

/// What a session remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelMemory {
    /// The folder that the user chose; none for [`Choice::Default`].
    pub folder: Option<PathBuf>,
    /// Hash of the set that the session was saved with; empty if it was saved before any set was read.
    pub hash: String,
}

/// Models and their thread.
#[derive(Default)]
pub struct Models {
    state: Mutex<State>,
    /// Told when a request has been dealt with.
    dealt_with: Condvar,
    /// Whether a request waits or is in work; what offline processing looks at.
    pending: AtomicBool,
    thread: Mutex<Option<Background>>,
}

#[derive(Default)]
struct State {
    /// What was asked for last.
    choice: Choice,
    /// What the set in use came from.
    used: Choice,
    request: Option<Request>,
    working: bool,
    /// The hash that a session is saved with: what it was restored with until an activation has taken a set in use, that
    /// set's from then on. So a session that is only looked at stays as it was.
    hash: String,
    activated: bool,
    /// The set in use; `None` before the first was read.
    set: Option<Arc<ModelSet>>,
    /// Why the chosen set is not the one in use, or what is wrong with it.
    problem: Option<String>,
    /// Whether the chosen set could not be had at all and the built-in one stands in. The session then keeps its own hash.
    missing: bool,
    exchange: Option<Exchange>,
}

/// A wish for a set.
struct Request {
    choice: Choice,
    /// The hash that a session remembers, to be compared with what is found.
    remembered: String,
    /// Whether it comes from a session and not from the user.
    restored: bool,
}

/// The background thread's ends.
struct Exchange {
    incoming: triple_buffer::Input<Option<Box<Networks>>>,
    retired: Consumer<Box<Networks>>,
}

/// The audio thread's ends.
pub struct AudioEnd {
    incoming: triple_buffer::Output<Option<Box<Networks>>>,
    retired: Producer<Box<Networks>>,
    /// Arrived, not yet taken by the engine.
    arrived: Option<Box<Networks>>,
    /// Given back by the engine, not yet taken by the ring.
    leaving: Option<Box<Networks>>,
}

/// What the editor shows.
#[derive(Clone, Debug)]
pub struct View {
    /// What was chosen.
    pub choice: Choice,
    /// The set in use.
    pub set: Option<Arc<ModelSet>>,
    /// What is wrong, in full.
    pub problem: Option<String>,
    /// Whether a set is being read.
    pub working: bool,
}

impl Models {
    /// Models with the audio thread's end.
    pub fn channel() -> (Arc<Self>, AudioEnd) {
        let (incoming, outgoing) = TripleBuffer::default().split();
        let (retiring, retired) = RingBuffer::new(RETIRED);
        let models = Self::default();
        models.state.lock().exchange = Some(Exchange { incoming, retired });
        let end = AudioEnd { incoming: outgoing, retired: retiring, arrived: None, leaving: None };
        (Arc::new(models), end)
    }

    /// Asks for a set; a request that nobody has begun to deal with is replaced. Not for the audio thread.
    pub fn request(self: &Arc<Self>, choice: Choice, notices: &Arc<Notices>) {
        self.ask(Request { choice, remembered: String::new(), restored: false }, notices);
    }

    /// Asks for what a session remembers.
    pub fn restore(self: &Arc<Self>, memory: &ModelMemory, notices: &Arc<Notices>) {
        let choice = memory.folder.clone().map_or(Choice::Default, Choice::Folder);
        self.ask(Request { choice, remembered: memory.hash.clone(), restored: true }, notices);
    }

    fn ask(self: &Arc<Self>, request: Request, notices: &Arc<Notices>) {
        let mut thread = self.thread.lock();
        {
            let mut state = self.state.lock();
            state.choice = request.choice.clone();
            state.hash = request.remembered.clone();
            state.request = Some(request);
            self.pending.store(true, Ordering::Release);
        }
        if let Some(thread) = thread.as_ref().filter(|thread| thread.is_running()) {
            thread.wake();
            return;
        }
        // Not before the first request: hosts make instances only to look at them.
        let (models, shown) = (Arc::downgrade(self), notices.clone());
        let started = Background::start("dendrite-models", PAUSE, move |last| {
            let Some(models) = models.upgrade() else { return Round::Done };
            models.round(&shown);
            if last { Round::Done } else { Round::Continue }
        });
        match started {
            Ok(background) => *thread = Some(background),
            Err(error) => {
                notices.post(format!("Models are read without a thread of their own ({error})."));
                self.round(notices);
            }
        }
    }

    /// One look at the requests and at what has retired.
    fn round(&self, notices: &Notices) {
        let request = {
            let mut state = self.state.lock();
            if let Some(exchange) = &mut state.exchange {
                while exchange.retired.pop().is_ok() {}
            }
            let request = state.request.take();
            state.working = request.is_some();
            request
        };
        let Some(request) = request else { return };
        // Outside of the lock: the editor goes on meanwhile.
        // A panic there must not leave the main thread waiting for it.
        let outcome = catch_unwind(|| read(&request.choice))
            .unwrap_or_else(|_| Err("reading the models has failed with an internal error".to_owned()));
        let mut state = self.state.lock();
        state.deal_with(&request, outcome, notices);
        state.working = false;
        if state.request.is_none() {
            self.pending.store(false, Ordering::Release);
        }
        self.dealt_with.notify_all();
    }

    /// Waits until no request is open and gives the set in use; the first call asks for the default. For the main thread, and
    /// for processing offline, where nobody minds waiting.
    pub fn ready(self: &Arc<Self>, notices: &Arc<Notices>) -> Arc<ModelSet> {
        let untouched = {
            let state = self.state.lock();
            state.set.is_none() && state.request.is_none() && !state.working
        };
        if untouched {
            self.request(Choice::Default, notices);
        }
        let until = Instant::now() + LIMIT;
        let mut state = self.state.lock();
        while state.request.is_some() || state.working {
            if self.dealt_with.wait_until(&mut state, until).timed_out() {
                notices
                    .post("The models could not be read in time; heuristics stand in until they are there.");
                break;
            }
        }
        let set = state.set.clone().unwrap_or_else(ModelSet::heuristics);
        state.activated = true;
        // A session whose folder is not there keeps the hash that belongs to it.
        if state.hash.is_empty() || !state.missing {
            state.hash = set.hash().to_owned();
        }
        set
    }

    /// Whether this is the set in use.
    pub fn is_in_use(&self, set: &Arc<ModelSet>) -> bool {
        self.state.lock().set.as_ref().is_none_or(|used| Arc::ptr_eq(used, set))
    }

    /// Whether a request is open. Does not lock.
    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// What a session shall remember.
    pub fn memory(&self) -> ModelMemory {
        let state = self.state.lock();
        let folder = match &state.choice {
            Choice::Default => None,
            Choice::Folder(folder) => Some(folder.clone()),
        };
        ModelMemory { folder, hash: state.hash.clone() }
    }

    /// What the editor shows.
    pub fn view(&self) -> View {
        let state = self.state.lock();
        View {
            choice: state.choice.clone(),
            set: state.set.clone(),
            problem: state.problem.clone(),
            working: state.working || state.request.is_some(),
        }
    }

    /// Ends the thread. Main thread only; the last thing of an instance.
    pub fn finish(&self) {
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            thread.finish(LIMIT);
        }
    }
}

impl State {
    /// Takes a set in use, or keeps the one that is and says why.
    ///
    /// What a session remembers is always taken as it is found, so that it does not matter whether a host loads a session
    /// before or after it activates. A folder that the user tries is taken only if nothing is wrong with it, as long as
    /// something runs.
    fn deal_with(&mut self, request: &Request, outcome: Outcome, notices: &Notices) {
        let tried = !request.restored && matches!(request.choice, Choice::Folder(_)) && self.set.is_some();
        let mut problems = Vec::new();
        let (set, refused) = match outcome {
            Ok(set) => {
                let refused: Vec<String> =
                    set.refusals().map(|(kind, reason)| format!("{kind}: {reason}")).collect();
                (Some(set), refused)
            }
            Err(problem) => {
                let instead =
                    if tried { "The models before go on" } else { "Those that are built in stand in" };
                problems.push(format!("{problem}. {instead}."));
                (None, Vec::new())
            }
        };
        if !refused.is_empty() {
            let instead = if tried { "The models before go on" } else { "Heuristics stand in" };
            problems.push(format!("{instead}. {}", refused.join("\n")));
        }
        let keep = tried && !problems.is_empty();
        let missing = set.is_none();
        let set = set.unwrap_or_else(|| ModelSet::built_in(DEFAULT_WEIGHTS));
        let found = set.hash();
        if !keep && !request.remembered.is_empty() && request.remembered != found {
            problems.push(format!(
                "The session was saved with other models (set {}, now {found}): pictures and notes will differ.",
                request.remembered
            ));
        }
        self.problem = (!problems.is_empty()).then(|| problems.join(" "));
        if let Some(problem) = &self.problem {
            notices.post(problem.clone());
        }
        if keep {
            // The user's try is over.
            self.choice = self.used.clone();
            if let Some(set) = self.set.as_ref().filter(|_| self.activated) {
                self.hash = set.hash().to_owned();
            }
            return;
        }
        self.used = request.choice.clone();
        self.missing = missing;
        if self.activated && (!missing || request.remembered.is_empty()) {
            self.hash = found.to_owned();
        }
        // Networks that run already go on with what they have heard.
        let same = self.set.as_ref().is_some_and(|used| Arc::ptr_eq(used, &set));
        if !same && let Some(exchange) = &mut self.exchange {
            // What the audio thread has not fetched yet is overwritten, and dropped here with one of the next writes.
            exchange.incoming.write(Some(Networks::new(set.clone())));
        }
        self.set = Some(set);
    }
}

/// A set, or why the chosen one cannot be had.
type Outcome = Result<Arc<ModelSet>, String>;

/// Reads the chosen set.
fn read(choice: &Choice) -> Outcome {
    let folder = match choice {
        Choice::Folder(folder) => Some(folder.clone()),
        Choice::Default => std::env::var_os(VARIABLE)
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from)
            .or_else(|| user_folder().filter(|folder| folder.is_dir())),
    };
    match folder {
        Some(folder) => ModelSet::load(&folder, DEFAULT_WEIGHTS).map_err(|error| error.to_string()),
        None => Ok(ModelSet::built_in(DEFAULT_WEIGHTS)),
    }
}

/// `dendrite/models` where this system keeps the user's data, whether or not it exists.
pub fn user_folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = if cfg!(target_os = "windows") {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("dendrite").join("models"))
}

/// The name of a folder's last part, for the editor.
pub fn short_name(folder: &Path) -> String {
    folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
}

impl AudioEnd {
    /// Hands over what has arrived and takes back what has retired. Audio thread; does not lock, allocate or free.
    pub fn exchange(&mut self, engine: &mut Engine) {
        if self.leaving.is_none() {
            self.leaving = engine.take_retired();
        }
        if let Some(networks) = self.leaving.take()
            && let Err(rtrb::PushError::Full(networks)) = self.retired.push(networks)
        {
            self.leaving = Some(networks);
        }
        // What has arrived and was refused comes before what arrives after it.
        if self.arrived.is_none() && self.incoming.update() {
            self.arrived = self.incoming.output_buffer_mut().take();
        }
        if let Some(networks) = self.arrived.take()
            && let Err(networks) = engine.offer(networks)
        {
            self.arrived = Some(networks);
        }
    }

    /// Puts a set in at once. Main thread, while the engine does not process.
    pub fn install(&mut self, engine: &mut Engine, set: &Arc<ModelSet>) {
        // Whatever is on its way is this set or an older one.
        drop((self.arrived.take(), self.leaving.take(), engine.take_retired(), engine.withdraw()));
        if self.incoming.update() {
            drop(self.incoming.output_buffer_mut().take());
        }
        if !Arc::ptr_eq(engine.networks().set(), set) {
            drop(engine.install(Networks::new(set.clone())));
        }
    }
}
