//! What is to be seen at a time of a song: the song is heard as far ahead as the picture needs it.

use std::path::Path;
use std::sync::Arc;

use dendrite_julia::{Look, Scene, scene};
use dendrite_offline::{Automation, Error, Listener, Options, Track};

/// A song with everything that has been heard of it, about a megabyte per minute, so that going back costs nothing. A time of the
/// song shows the same whatever was seen before, and what `dendrite render` shows there.
#[derive(Debug)]
pub struct Show {
    listener: Listener,
    track: Track,
    ended: bool,
    look: Look,
    automation: Option<Arc<Automation>>,
}

impl Show {
    /// Opens a song.
    ///
    /// # Errors
    /// It cannot be heard.
    pub fn open(song: &Path, options: &Options, look: Look) -> Result<Self, Error> {
        let listener = Listener::open(song, options)?;
        Ok(Self {
            listener,
            track: Track::default(),
            ended: false,
            look,
            automation: options.automation.clone(),
        })
    }

    /// The scene at a time, as the music has it: neither limited nor fitted. `None` while nothing has been heard.
    ///
    /// # Errors
    /// The song cannot be decoded as far as that.
    pub fn scene(&mut self, time_s: f64) -> Result<Option<Scene>, Error> {
        while !self.ended && !self.track.covers(time_s) {
            let (listener, track) = (&mut self.listener, &mut self.track);
            self.ended = !listener.listen_hops(|hop| track.push(hop))?;
        }
        let look = self.automation.as_ref().map_or(self.look, |changes| changes.look(time_s, &self.look));
        Ok(self.track.at(time_s).map(|moment| scene(moment.c, &look, &moment.reaction)))
    }

    /// Whether the song has ended at a time.
    pub fn is_over(&self, time_s: f64) -> bool {
        self.ended && time_s >= self.listener.heard_s()
    }

    /// How long it is, as far as that is known.
    pub fn duration_s(&self) -> Option<f64> {
        if self.ended { Some(self.listener.heard_s()) } else { self.listener.stated_s() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_shows_the_same_whatever_was_seen_before() {
        let song = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo/dendrite_demo.ogg"));
        let open = || Show::open(song, &Options::default(), Look::default()).unwrap();
        let (mut straight, mut jumping) = (open(), open());
        let times_s = [0.0, 1.0, 2.5, 3.0, 4.75];
        let expected = times_s.map(|time_s| straight.scene(time_s).unwrap());
        for place in [3, 0, 4, 1, 2] {
            assert_eq!(jumping.scene(times_s[place]).unwrap(), expected[place]);
        }
        assert!(expected.windows(2).all(|pair| pair[0] != pair[1]) && expected[0].is_some());
        assert!(!straight.is_over(5.0) && straight.duration_s().is_some_and(|duration_s| duration_s > 60.0));
        straight.scene(1e6).unwrap();
        assert!(straight.is_over(1e6) && !straight.is_over(5.0));
    }
}
