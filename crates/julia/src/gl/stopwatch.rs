//! What a picture costs the graphics card, or the processor that stands in for one.

use std::collections::VecDeque;
use std::time::Instant;

use glow::HasContext;

/// What was measured of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Time from the beginning of the work to its end, in seconds.
    pub seconds: f64,
    /// Points of the plane that were iterated, see [`Quality::samples`](crate::Quality::samples).
    pub samples: u64,
}

/// Queries that may be under way: cards are a few pictures behind.
const MOST_UNDER_WAY: usize = 4;

/// Pictures between two measurements that make the caller wait, where waiting costs speed.
const SELDOM: u32 = 15;

/// Parts of the names of renderers that draw with the processor.
const SOFTWARE: [&str; 6] = ["llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic"];

/// Measures pictures in the way that the context allows.
#[derive(Debug)]
pub enum Stopwatch {
    /// By the card's own clock, without waiting; results come some pictures later.
    Queries {
        /// Asked and not answered yet, oldest first, with the samples of each.
        under_way: VecDeque<(glow::Query, u64)>,
        /// Answered, to be asked again.
        idle: Vec<glow::Query>,
    },
    /// By waiting for the end of the work.
    ///
    /// A renderer in software gets nothing done beside the caller that it would not get done while the caller waits, and the time
    /// that passes for the caller is what counts there.
    Waiting {
        /// Every so many pictures.
        every: u32,
        /// Pictures since the last one that was measured.
        since: u32,
    },
}

/// A measurement that has begun.
#[derive(Debug)]
pub enum Running {
    /// This picture is not measured.
    Not,
    /// By the card.
    Query(glow::Query),
    /// By the caller's clock.
    Since(Instant),
}

impl Stopwatch {
    /// The best way for a context, which must be current.
    pub fn new(gl: &glow::Context) -> Self {
        // SAFETY: the context is current, as the caller promises.
        let renderer = unsafe { gl.get_parameter_string(glow::RENDERER) }.to_lowercase();
        let version = gl.version();
        let has_queries = !version.is_embedded
            && ((version.major, version.minor) >= (3, 3)
                || gl.supported_extensions().contains("GL_ARB_timer_query"));
        if SOFTWARE.iter().any(|name| renderer.contains(name)) {
            Self::Waiting { every: 1, since: 0 }
        } else if has_queries {
            Self::Queries { under_way: VecDeque::new(), idle: Vec::new() }
        } else {
            Self::Waiting { every: SELDOM, since: 0 }
        }
    }

    /// Whether the processor draws.
    pub fn is_software(&self) -> bool {
        matches!(self, Self::Waiting { every: 1, .. })
    }

    /// Before the work. The context of `new` must be current here and in all that follows.
    pub fn begin(&mut self, gl: &glow::Context) -> Running {
        match self {
            Self::Queries { under_way, idle } => {
                if under_way.len() == MOST_UNDER_WAY {
                    return Running::Not;
                }
                // SAFETY: the context is current; no other query of this kind is running, for none outlives `end`.
                let query = idle.pop().map_or_else(|| unsafe { gl.create_query() }, Ok);
                let Ok(query) = query else { return Running::Not };
                // SAFETY: as above.
                unsafe { gl.begin_query(glow::TIME_ELAPSED, query) };
                Running::Query(query)
            }
            Self::Waiting { every, since } => {
                *since += 1;
                if since < every {
                    return Running::Not;
                }
                *since = 0;
                // What was asked for before is not part of it.
                // SAFETY: the context is current.
                unsafe { gl.finish() };
                Running::Since(Instant::now())
            }
        }
    }

    /// After the work of so many samples: what has been measured of this picture or of an earlier one.
    pub fn end(&mut self, gl: &glow::Context, running: Running, samples: u64) -> Option<Cost> {
        match running {
            Running::Since(started) => {
                // SAFETY: the context is current.
                unsafe { gl.finish() };
                return Some(Cost { seconds: started.elapsed().as_secs_f64(), samples });
            }
            Running::Query(query) => {
                // SAFETY: the context is current and this query the one that runs.
                unsafe { gl.end_query(glow::TIME_ELAPSED) };
                if let Self::Queries { under_way, .. } = self {
                    under_way.push_back((query, samples));
                }
            }
            Running::Not => {}
        }
        self.answered(gl)
    }

    /// The oldest answer, if it is there.
    fn answered(&mut self, gl: &glow::Context) -> Option<Cost> {
        let Self::Queries { under_way, idle } = self else { return None };
        let (query, samples) = *under_way.front()?;
        // SAFETY: the context is current, and the query has ended.
        let nanoseconds = unsafe {
            if gl.get_query_parameter_u32(query, glow::QUERY_RESULT_AVAILABLE) == 0 {
                return None;
            }
            gl.get_query_parameter_u64(query, glow::QUERY_RESULT)
        };
        under_way.pop_front();
        idle.push(query);
        // Drivers answer 0 where the clock was disturbed.
        (nanoseconds > 0).then_some(Cost { seconds: nanoseconds as f64 * 1e-9, samples })
    }

    /// Deletes the objects.
    pub fn destroy(self, gl: &glow::Context) {
        if let Self::Queries { under_way, idle } = self {
            for query in under_way.into_iter().map(|(query, _)| query).chain(idle) {
                // SAFETY: the context is current and owns the query.
                unsafe { gl.delete_query(query) };
            }
        }
    }
}
