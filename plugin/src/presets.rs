//! The user's presets: what is in their folder, and what is done to it. Files are read and written on a thread of their own, and
//! each dialog has another.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dendrite_presets::{Entry, Folder, FolderError, Overwrite, Preset};
use parking_lot::Mutex;

use crate::background::{Background, Round};
use crate::notice::Notices;
use crate::save::{self, Chosen, Kind};

/// How long the end of an instance waits for a file that is being written.
const LIMIT: Duration = Duration::from_secs(3);

/// What the dialogs are told.
const KIND: Kind =
    Kind { title: "Preset", name: "Dendrite preset", ending: "toml", folders: &["Documents", "Downloads"] };

/// Something to do to the folder.
#[derive(Clone, Debug)]
pub enum Job {
    /// Look what is there.
    List,
    /// Save a preset.
    Save(Preset, Overwrite),
    /// Give a preset another name.
    Rename(Entry, String),
    /// Delete a preset.
    Delete(Entry),
}

/// What has become of a job that the bar of presets has to know.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// This was saved.
    Saved(Preset),
    /// There is a preset of this one's name already; it may be replaced.
    Exists(Preset),
    /// What was called so has another name now.
    Renamed {
        /// The name that it had.
        from: String,
        /// The name that it has.
        to: String,
    },
    /// This was read from a file.
    Imported(Preset),
}

#[derive(Default)]
struct State {
    entries: Arc<[Entry]>,
    jobs: VecDeque<Job>,
    /// Whether the thread is at work, or about to be.
    working: bool,
    news: Vec<News>,
    /// Broken files that were told of: once is enough.
    told: HashSet<String>,
}

struct Shared {
    /// `None` where a user has no place for it.
    folder: Option<Folder>,
    state: Mutex<State>,
}

/// The folder of one instance. The audio thread knows nothing of it.
pub struct Shelf {
    shared: Arc<Shared>,
    thread: Mutex<Option<Background>>,
    /// The dialog that is open, or that was last.
    dialog: Mutex<Option<Background>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::at(Folder::user())
    }
}

impl Shelf {
    /// Presets in this folder.
    pub fn at(folder: Option<Folder>) -> Self {
        let shared = Arc::new(Shared { folder, state: Mutex::default() });
        Self { shared, thread: Mutex::default(), dialog: Mutex::default() }
    }

    /// What was in the folder when it was looked at last, by name.
    pub fn entries(&self) -> Arc<[Entry]> {
        self.shared.state.lock().entries.clone()
    }

    /// What has happened since this was asked last.
    pub fn news(&self) -> Vec<News> {
        std::mem::take(&mut self.shared.state.lock().news)
    }

    /// Has something done. Returns at once; problems are told as notices.
    pub fn request(&self, job: Job, notices: &Arc<Notices>) {
        let mut thread = self.thread.lock();
        {
            let mut state = self.shared.state.lock();
            state.jobs.push_back(job);
            if std::mem::replace(&mut state.working, true) {
                return;
            }
        }
        let (shared, told) = (self.shared.clone(), notices.clone());
        let started = Background::start("dendrite-presets", Duration::ZERO, move |_| {
            let job = {
                let mut state = shared.state.lock();
                let job = state.jobs.pop_front();
                state.working = job.is_some();
                job
            };
            match job {
                Some(job) => {
                    shared.work(job, &told);
                    Round::Continue
                }
                None => Round::Done,
            }
        });
        match started {
            Ok(background) => *thread = Some(background),
            Err(error) => {
                let mut state = self.shared.state.lock();
                state.working = false;
                state.jobs.clear();
                notices.post(format!(
                    "The presets cannot be read or written: no thread can be started: {error}."
                ));
            }
        }
    }

    /// Asks for a file, reads a preset from it and keeps it in the folder. Returns at once.
    pub fn import(&self, notices: &Arc<Notices>) {
        self.ask(notices, |shared, told| match save::choose_existing(KIND) {
            Chosen::File(path) => shared.import(&path, told),
            Chosen::Nothing => {}
            Chosen::NoDialog => told.post(match &shared.folder {
                Some(folder) => format!(
                    "No dialog can be shown on this system. Put the preset's file into {}; it is listed when the window opens.",
                    folder.path().display()
                ),
                None => "No dialog can be shown on this system.".to_owned(),
            }),
        });
    }

    /// Asks where to, and writes a preset there. Returns at once.
    pub fn export(&self, preset: Preset, notices: &Arc<Notices>) {
        self.ask(notices, move |_, told| {
            let safe = |letter: char| if letter.is_alphanumeric() || letter == ' ' { letter } else { '-' };
            let name: String = preset.name.chars().map(safe).collect();
            let (path, overwrite) = match save::choose(KIND, &format!("{name}.{}", KIND.ending)) {
                save::Place::Nowhere => return,
                // Whoever chose an existing file was asked by the dialog.
                save::Place::Chosen(path) => (path, Overwrite::Yes),
                save::Place::Default(path) => (path, Overwrite::No),
            };
            told.post(match Folder::export(&preset, &path, overwrite) {
                Ok(()) => format!("Saved as {}.", path.display()),
                Err(error) => format!("Not exported: {error}."),
            });
        });
    }

    fn ask(&self, notices: &Arc<Notices>, job: impl FnOnce(&Shared, &Arc<Notices>) + Send + 'static) {
        let mut dialog = self.dialog.lock();
        if dialog.as_ref().is_some_and(Background::is_running) {
            notices.post("A dialog for presets is open already.");
            return;
        }
        save::stay_loaded();
        let (shared, told, mut job) = (self.shared.clone(), notices.clone(), Some(job));
        let started = Background::start("dendrite-presets-dialog", Duration::ZERO, move |_| {
            if let Some(job) = job.take() {
                job(&shared, &told);
            }
            Round::Done
        });
        match started {
            Ok(background) => *dialog = Some(background),
            Err(error) => notices.post(format!("No dialog: no thread can be started: {error}.")),
        }
    }

    /// Waits until files that are being written are whole. Main thread only.
    pub fn finish(&self) {
        if let Some(thread) = self.thread.lock().take() {
            thread.finish(LIMIT);
        }
    }
}

impl Shared {
    fn work(&self, job: Job, notices: &Notices) {
        let Some(folder) = &self.folder else {
            if !matches!(job, Job::List) {
                notices.post(
                    "This system has no place for a user's presets: neither HOME nor XDG_DATA_HOME is set.",
                );
            }
            return;
        };
        let news = match job {
            Job::List => None,
            Job::Save(preset, overwrite) => match folder.save(&preset, overwrite) {
                Ok(entry) => Some(News::Saved(entry.preset)),
                Err(FolderError::Exists { .. }) => Some(News::Exists(preset)),
                Err(error) => {
                    notices
                        .post(format!("The preset \u{201C}{}\u{201D} is not saved: {error}.", preset.name));
                    None
                }
            },
            Job::Rename(entry, name) => match folder.rename(&entry, &name) {
                Ok(renamed) => Some(News::Renamed { from: entry.preset.name, to: renamed.preset.name }),
                Err(error) => {
                    notices.post(format!("Not renamed: {error}."));
                    None
                }
            },
            Job::Delete(entry) => {
                if let Err(error) = folder.delete(&entry) {
                    notices.post(format!("Not deleted: {error}."));
                }
                None
            }
        };
        self.list(folder, notices);
        self.state.lock().news.extend(news);
    }

    fn list(&self, folder: &Folder, notices: &Notices) {
        let (entries, problems) = folder.list();
        let mut state = self.state.lock();
        state.entries = entries.into();
        for problem in problems {
            let text = format!("This preset cannot be used: {}.", problem.error);
            if state.told.insert(text.clone()) {
                notices.post(text);
            }
        }
    }

    fn import(&self, path: &Path, notices: &Notices) {
        match Folder::import(path) {
            Ok(preset) => {
                self.work(Job::Save(preset.clone(), Overwrite::No), notices);
                self.state.lock().news.push(News::Imported(preset));
            }
            Err(error) => notices.post(format!("Not imported: {error}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn preset(name: &str) -> Preset {
        Preset { name: name.to_owned(), ..Preset::default() }
    }

    /// Waits until everything is done.
    fn done(shelf: &Shelf) -> Vec<News> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while shelf.shared.state.lock().working {
            assert!(Instant::now() < deadline, "the thread ends");
            std::thread::sleep(Duration::from_millis(1));
        }
        shelf.news()
    }

    #[test]
    fn jobs_are_done_in_order_and_told() {
        let home = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(Some(Folder::at(home.path().join("presets"))));
        let notices = Arc::new(Notices::default());
        for job in [
            Job::List,
            Job::Save(preset("One"), Overwrite::No),
            Job::Save(preset("Two"), Overwrite::No),
            Job::Save(preset("one"), Overwrite::No),
        ] {
            shelf.request(job, &notices);
        }
        let news = done(&shelf);
        assert_eq!(
            news,
            [News::Saved(preset("One")), News::Saved(preset("Two")), News::Exists(preset("one"))]
        );
        let names = |shelf: &Shelf| -> Vec<String> {
            shelf.entries().iter().map(|entry| entry.preset.name.clone()).collect()
        };
        assert_eq!(names(&shelf), ["One", "Two"]);

        shelf.request(Job::Rename(shelf.entries()[0].clone(), "Three".to_owned()), &notices);
        let renamed = News::Renamed { from: "One".to_owned(), to: "Three".to_owned() };
        assert_eq!(done(&shelf), [renamed]);
        shelf.request(Job::Delete(shelf.entries()[1].clone()), &notices);
        done(&shelf);
        assert_eq!(names(&shelf), ["Three"]);
        assert_eq!(notices.shown(), [""; 0]);
    }

    #[test]
    fn problems_are_told_in_full_and_broken_files_once() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("broken.toml"), "name = 7").unwrap();
        let shelf = Shelf::at(Some(Folder::at(home.path())));
        let notices = Arc::new(Notices::default());
        shelf.request(Job::List, &notices);
        done(&shelf);
        let [told] = notices.shown().try_into().unwrap();
        let told: String = told;
        assert!(told.contains("broken.toml") && told.contains("line 1"), "{told}");
        notices.dismiss(&told);
        shelf.request(Job::List, &notices);
        shelf.request(Job::Save(preset(""), Overwrite::No), &notices);
        done(&shelf);
        let [told] = notices.shown().try_into().unwrap();
        let told: String = told;
        assert!(told.contains("is not saved"), "{told}");
        shelf.finish();
    }

    #[test]
    fn a_file_is_read_and_kept_in_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("from a friend.toml");
        std::fs::write(&file, preset("Gift").to_toml()).unwrap();
        let shelf = Shelf::at(Some(Folder::at(home.path().join("presets"))));
        let notices = Notices::default();
        shelf.shared.import(&file, &notices);
        assert_eq!(shelf.news(), [News::Saved(preset("Gift")), News::Imported(preset("Gift"))]);
        assert_eq!(shelf.entries().len(), 1);
        shelf.shared.import(&home.path().join("nowhere.toml"), &notices);
        assert!(notices.shown()[0].contains("nowhere.toml"), "{:?}", notices.shown());
    }
}
