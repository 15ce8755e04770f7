//! What is said of a song as a whole: collected hop by hop, summed up at the end.

use std::collections::BTreeMap;

use dendrite_engine::{ModelSet, ModelStatus, Snapshot};
use dendrite_features::{Base, FRAME_RATE, N_CHROMA, N_MEL};
use dendrite_julia::Reaction;
use dendrite_orbit::HOP_S;
use dendrite_pipeline::ModelKind;
use serde::Serialize;

use crate::curve::{Curve, Samples};
use crate::key::{Key, key_of};
use crate::loudness::{Loudness, Meter};
use crate::spans::{ChordSpan, Chords, Section, Sections};
use crate::tempo::{Tempo, Tempos};
use crate::{Error, Hop, Listener};

/// Hops in a point of the mood curve, about half a second; more in long songs.
const MOOD_HOPS: u32 = 24;
/// Points of the mood curve at most.
const MOOD_POINTS: usize = 2_000;
/// Columns of the mel strip at most.
const MEL_COLUMNS: usize = 1_600;
/// Moments kept of the path of c at most.
const MOMENTS: usize = 6_000;

/// Names of the base features, in the order of [`Base`].
const FEATURES: [&str; 6] = ["centroid", "flux", "rms", "zcr", "onset", "rolloff"];

/// A song in numbers, ready to be written as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The file's name without its folder.
    pub file: String,
    /// Duration in seconds.
    pub duration_s: f64,
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
    /// Number of channels.
    pub channels: usize,
    /// Whether the file ended before its time.
    pub broke_off: bool,
    /// Tempo heard.
    pub tempo: Tempo,
    /// Key of the whole song; none where nothing has pitch.
    pub key: Option<Key>,
    /// Loudness after EBU R 128.
    pub loudness: Loudness,
    /// Mean mood of what is not silent.
    pub mood: Mood,
    /// Hits per second.
    pub onsets_per_s: f64,
    /// Mean and deviation of the base features where it is not silent.
    pub features: BTreeMap<&'static str, Feature>,
    /// Sections in order.
    pub sections: Vec<Section>,
    /// Chords in order, "-" where there is none.
    pub chords: Vec<ChordSpan>,
    /// Mood over time.
    pub mood_curve: Vec<MoodPoint>,
    /// What each of the six models' results came from: "trained", "heuristic" or "refused".
    pub models: BTreeMap<&'static str, &'static str>,
    /// Hash of the model set.
    pub model_set: String,
}

/// Mood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mood {
    /// Valence, -1 ..= 1.
    pub valence: f64,
    /// Arousal, -1 ..= 1.
    pub arousal: f64,
}

/// Mood around a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MoodPoint {
    /// The middle of what it is the mean of, in seconds.
    pub time_s: f64,
    /// Valence, -1 ..= 1.
    pub valence: f32,
    /// Arousal, -1 ..= 1.
    pub arousal: f32,
}

/// A feature over a song.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Feature {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

/// One moment of the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub time_s: f64,
    pub c: [f64; 2],
    pub reaction: Reaction,
}

/// Sums of a feature.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    first: f64,
    second: f64,
}

/// Collects what is to be said of one song.
pub struct Analysis {
    models: std::sync::Arc<ModelSet>,
    tempos: Tempos,
    meter: Meter,
    chroma: [f64; N_CHROMA],
    chords: Chords,
    sections: Sections,
    mood: Curve<2>,
    mel: Curve<N_MEL>,
    level: Curve<1>,
    moments: Samples<Moment>,
    features: [Sums; 6],
    moods: [f64; 2],
    heard_hops: u64,
    onsets: u64,
    duration_s: f64,
    rate: u32,
    channels: usize,
    broke_off: bool,
}

impl std::fmt::Debug for Analysis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analysis").field("duration_s", &self.duration_s).finish_non_exhaustive()
    }
}

impl Analysis {
    /// Hears a song to its end. `each` is given every hop within the song, for whoever writes tables, and the seconds heard so
    /// far; it may stop the analysis by returning false.
    ///
    /// # Errors
    /// The file cannot be decoded to its end.
    pub fn of(
        mut listener: Listener,
        models: std::sync::Arc<ModelSet>,
        mut each: impl FnMut(&Hop, f64) -> bool,
    ) -> Result<Self, Error> {
        let (rate, delay) = (listener.rate(), listener.picture_delay_samples());
        let mut analysis = Self {
            models,
            tempos: Tempos::new(),
            meter: Meter::new(listener.channels(), rate),
            chroma: [0.0; N_CHROMA],
            chords: Chords::default(),
            sections: Sections::new(),
            mood: Curve::new(MOOD_HOPS, MOOD_POINTS),
            mel: Curve::new(1, MEL_COLUMNS),
            level: Curve::new(1, MEL_COLUMNS),
            moments: Samples::new(MOMENTS),
            features: Default::default(),
            moods: [0.0; 2],
            heard_hops: 0,
            onsets: 0,
            duration_s: 0.0,
            rate,
            channels: listener.channels(),
            broke_off: false,
        };
        let mut go_on = true;
        // States of the tail belong to sound only as far as the song is long, which is known at its end: they wait for that.
        let mut waiting: Vec<Snapshot> = Vec::new();
        while go_on {
            let more = listener.listen(|snapshot| waiting.push(*snapshot))?;
            analysis.meter.add(listener.block());
            let heard_s = listener.heard_s();
            for snapshot in waiting.drain(..) {
                let hop = Hop::of(&snapshot, rate, delay);
                if hop.time_s < heard_s && go_on {
                    analysis.hear(&snapshot, &hop);
                    go_on = each(&hop, heard_s);
                }
            }
            if !more {
                break;
            }
        }
        analysis.mood.finish();
        analysis.mel.finish();
        analysis.level.finish();
        analysis.duration_s = listener.heard_s();
        analysis.broke_off = listener.broke_off();
        Ok(analysis)
    }

    fn hear(&mut self, snapshot: &Snapshot, hop: &Hop) {
        self.chords.add(hop.time_s, hop.chord);
        self.sections.add(hop);
        self.mood.add(&[hop.valence, hop.arousal]);
        self.mel.add(&snapshot.frame.mel);
        self.level.add(&[hop.loudness()]);
        self.onsets += u64::from(hop.onset_detected);
        self.moments.add(Moment {
            time_s: hop.time_s,
            c: hop.c,
            reaction: Reaction {
                loudness: hop.loudness(),
                onset: hop.impact,
                valence: hop.valence,
                arousal: hop.arousal,
            },
        });
        if hop.silent {
            return;
        }
        self.heard_hops += 1;
        self.tempos.add(hop.heard_tempo_bpm, hop.tempo_confidence);
        let loudness = f64::from(snapshot.frame.get(Base::Rms));
        for (sum, &power) in self.chroma.iter_mut().zip(&snapshot.frame.chroma) {
            *sum += loudness * f64::from(power);
        }
        for (sums, &value) in self.features.iter_mut().zip(&hop.base) {
            sums.first += f64::from(value);
            sums.second += f64::from(value).powi(2);
        }
        self.moods[0] += f64::from(hop.valence);
        self.moods[1] += f64::from(hop.arousal);
    }

    /// Sums up.
    pub fn summary(&self, file: &str) -> Summary {
        let heard = self.heard_hops.max(1) as f64;
        let feature = |sums: &Sums| {
            let mean = sums.first / heard;
            Feature { mean, deviation: (sums.second / heard - mean * mean).max(0.0).sqrt() }
        };
        let column_s = f64::from(self.mood.hops_per_column()) * HOP_S;
        let status = |kind: ModelKind| match self.models.status(kind) {
            ModelStatus::Trained => "trained",
            ModelStatus::Heuristic => "heuristic",
            ModelStatus::Refused => "refused",
        };
        Summary {
            file: file.to_owned(),
            duration_s: self.duration_s,
            sample_rate_hz: self.rate,
            channels: self.channels,
            broke_off: self.broke_off,
            tempo: self.tempos.tempo(),
            key: key_of(&self.chroma),
            loudness: self.meter.loudness(),
            mood: Mood { valence: self.moods[0] / heard, arousal: self.moods[1] / heard },
            onsets_per_s: self.onsets as f64 / self.duration_s.max(1.0 / FRAME_RATE),
            features: FEATURES
                .into_iter()
                .zip(&self.features)
                .map(|(name, sums)| (name, feature(sums)))
                .collect(),
            sections: self.sections.sections(self.duration_s),
            chords: self.chords.spans(self.duration_s),
            mood_curve: self
                .mood
                .columns()
                .iter()
                .enumerate()
                .map(|(column, &[valence, arousal])| {
                    let middle_s = (column as f64 + 0.5) * column_s;
                    MoodPoint { time_s: middle_s.min(self.duration_s), valence, arousal }
                })
                .collect(),
            models: ModelKind::ALL.into_iter().map(|kind| (kind.name(), status(kind))).collect(),
            model_set: self.models.hash().to_owned(),
        }
    }

    /// One page about the song as SVG, with its pictures inside; `title` stands at its top.
    ///
    /// # Errors
    /// A picture cannot be encoded; that does not happen with memory to spare.
    pub fn report(&self, summary: &Summary, title: &str) -> Result<String, png::EncodingError> {
        let columns = Columns {
            mel: self.mel.columns(),
            mel_hops: self.mel.hops_per_column(),
            level: self.level.columns(),
            moments: self.moments.values(),
        };
        crate::report::svg(summary, title, &columns)
    }
}

/// What the report draws beside the summary.
pub(crate) struct Columns<'a> {
    pub mel: &'a [[f32; N_MEL]],
    pub mel_hops: u32,
    pub level: &'a [[f32; 1]],
    pub moments: &'a [Moment],
}
