//! Reading a data set: what all loaders are told, what they give, and how they go through their files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use dendrite_features::Frame;
use rayon::prelude::*;

use super::report::{Entry, NothingRead, Outcome, Reason, Report};
use super::split::{self, Shares};
use super::{Cache, ContentHash, Piece, Split, Truth};

/// Called with the number of files that are done and the number of all, from any thread.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// What every loader is told.
#[derive(Clone, Copy, Default)]
pub struct Loading<'a> {
    /// Where features are kept from one time to the next.
    pub cache: Option<&'a Cache>,
    /// Only the first so many files, in the order of their names or of the set's index.
    pub max_files: Option<usize>,
    /// Seed of the split, for sets that have none of their own.
    pub seed: u64,
    /// Shares of the split, for sets that have none of their own.
    pub shares: Shares,
    /// Told after each file.
    pub progress: Option<Progress<'a>>,
}

impl fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Loading")
            .field("cache", &self.cache)
            .field("max_files", &self.max_files)
            .field("seed", &self.seed)
            .field("shares", &self.shares)
            .finish_non_exhaustive()
    }
}

/// What every loader gives: at least one piece, and what became of each file.
#[derive(Debug)]
pub struct Loaded {
    /// The pieces, in the order of the files.
    pub pieces: Vec<Piece>,
    /// What became of each file. Print it: it names what was skipped, and why.
    pub report: Report,
}

/// A data set that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// A folder that cannot be listed.
    #[error("folder {} cannot be read: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder that is not laid out as the set is.
    #[error("{} does not look like {set}: expected {expected}; give the folder that holds it", folder.display())]
    Layout {
        /// The folder.
        folder: PathBuf,
        /// The set.
        set: &'static str,
        /// What was looked for.
        expected: &'static str,
    },
    /// The set's index is not understood.
    #[error("{}: {problem}", file.display())]
    Index {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// Not one piece is left.
    #[error(transparent)]
    Nothing(#[from] NothingRead),
}

/// A file as it was made into a piece.
pub(crate) struct Made {
    pub content: ContentHash,
    /// The part that the set itself says; `None` to draw one.
    pub split: Option<Split>,
    pub frames: Vec<Frame>,
    pub truth: Truth,
    /// Annotations that had to be left out.
    pub left_out: Vec<Reason>,
}

impl Loading<'_> {
    /// Makes a piece of each item, in parallel, and says in the report what became of them. One file per thread is in
    /// memory at a time; of its sound only the frames are kept.
    pub(crate) fn read_all<T: Sync>(
        &self,
        mut report: Report,
        items: &[T],
        path: impl Fn(&T) -> &Path + Sync,
        make: impl Fn(&T) -> Result<Made, Reason> + Sync,
    ) -> Result<Loaded, SetError> {
        let items = &items[..items.len().min(self.max_files.unwrap_or(usize::MAX))];
        let done = AtomicUsize::new(0);
        let read = |item: &T| {
            let made = make(item);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(progress) = self.progress {
                progress(done, items.len());
            }
            made
        };
        let made: Vec<Result<Made, Reason>> = items.par_iter().with_max_len(1).map(read).collect();

        let mut pieces = Vec::new();
        let mut draw = false;
        for (item, made) in items.iter().zip(made) {
            let path = path(item);
            match made {
                Ok(made) => {
                    draw |= made.split.is_none();
                    let outcome = Outcome::Read { frames: made.frames.len(), left_out: made.left_out };
                    report.entries.push(Entry { path: path.to_owned(), outcome });
                    pieces.push(Piece {
                        name: path.strip_prefix(&report.folder).unwrap_or(path).display().to_string(),
                        content: made.content,
                        split: made.split.unwrap_or(Split::Train),
                        frames: made.frames,
                        truth: made.truth,
                    });
                }
                Err(reason) => report.skip(path, reason),
            }
        }
        if draw {
            split::assign(&mut pieces, self.seed, self.shares);
        }
        report.require_any()?;
        Ok(Loaded { pieces, report })
    }
}
