//! Control signals and mood as MIDI controllers: on change, at a limited rate.

use crate::settings::{MODULATIONS, ModulationSettings};

/// Hops between two messages of one controller, at least: 23 messages a second.
const HOPS_APART: u8 = 2;
/// The place of the onset among the signals.
const ONSET: usize = 12;
/// The range of s that fills the controller: where it moves while it plays, not the format's whole 0.2 ... 3.
const S_RANGE: [f64; 2] = [0.5, 1.3];
/// The range of omega_scale, by its logarithm.
const OMEGA_RANGE: [f64; 2] = [0.1, 5.0];

/// The values of a hop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals {
    /// Modulus of the multiplier.
    pub s: f64,
    /// Size of the residual, 0..1.
    pub alpha: f64,
    /// Turns per N bars, 0.1 ... 5.
    pub omega: f64,
    /// Gates, 0..1.
    pub gates: [f64; 6],
    /// -1..1.
    pub valence: f32,
    /// -1..1.
    pub arousal: f32,
    /// 0..1.
    pub loudness: f32,
    /// 0..1.
    pub onset: f32,
}

impl Signals {
    /// Each as a controller value, in the order of [`MODULATIONS`].
    pub(crate) fn values(&self) -> [u8; MODULATIONS.len()] {
        let unit =
            |value: f64| if value.is_finite() { (127.0 * value).round().clamp(0.0, 127.0) as u8 } else { 0 };
        let within = |value: f64, [low, high]: [f64; 2]| unit((value - low) / (high - low));
        let both_ways = |value: f32| unit(0.5 + 0.5 * f64::from(value));
        let mut values = [0; MODULATIONS.len()];
        values[0] = within(self.s, S_RANGE);
        values[1] = unit(self.alpha);
        values[2] = within(self.omega.max(OMEGA_RANGE[0]).ln(), OMEGA_RANGE.map(f64::ln));
        for (value, gate) in values[3..9].iter_mut().zip(self.gates) {
            *value = unit(gate);
        }
        values[9] = both_ways(self.valence);
        values[10] = both_ways(self.arousal);
        values[11] = unit(f64::from(self.loudness));
        values[ONSET] = unit(f64::from(self.onset));
        values
    }
}

/// What was sent, and what is to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modulator {
    sent: [Option<u8>; MODULATIONS.len()],
    /// Hops until the next message of each is allowed.
    wait: [u8; MODULATIONS.len()],
    /// The largest onset since a message was last allowed: a hit between two messages must not be lost.
    peak: u8,
    wanted: Option<[u8; MODULATIONS.len()]>,
    settings: ModulationSettings,
}

impl Modulator {
    pub(crate) fn reset(&mut self) {
        *self = Self { settings: self.settings, ..Self::default() };
    }

    /// Everything is sent again: whoever records from here on has heard nothing yet.
    pub(crate) fn start(&mut self) {
        self.sent = [None; MODULATIONS.len()];
    }

    /// Hears a hop.
    pub(crate) fn hear(&mut self, signals: &Signals) {
        let mut values = signals.values();
        if self.wanted.is_some() {
            // Nobody asked for the hop before.
            self.peak = 0;
        }
        self.peak = self.peak.max(values[ONSET]);
        values[ONSET] = self.peak;
        self.wanted = Some(values);
        for wait in &mut self.wait {
            *wait = wait.saturating_sub(1);
        }
    }

    /// Sends what has changed since; called once for each span, and does something after each hop only.
    pub(crate) fn send(&mut self, settings: &ModulationSettings, mut send: impl FnMut(u8, u8, u8)) {
        if *settings != self.settings {
            // Whoever listens on other numbers has heard nothing yet.
            self.settings = *settings;
            self.start();
        }
        let Some(wanted) = self.wanted.take() else { return };
        // Whether it is sent or is what was sent before.
        if self.wait[ONSET] == 0 {
            self.peak = 0;
        }
        if !settings.on {
            return;
        }
        for (i, value) in wanted.into_iter().enumerate() {
            if self.wait[i] == 0 && self.sent[i] != Some(value) {
                send(settings.channel & 15, settings.controllers[i].min(119), value);
                self.sent[i] = Some(value);
                self.wait[i] = HOPS_APART;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_their_ranges() {
        let low = Signals { s: 0.2, omega: 0.1, valence: -1.0, arousal: -1.0, ..Signals::default() };
        assert_eq!(low.values(), [0; 13]);
        let high = Signals {
            s: 3.0,
            alpha: 1.0,
            omega: 5.0,
            gates: [1.0; 6],
            valence: 1.0,
            arousal: 1.0,
            loudness: 1.0,
            onset: 1.0,
        };
        assert_eq!(high.values(), [127; 13]);
        let odd = Signals { s: f64::NAN, omega: f64::NAN, onset: f32::NAN, ..low };
        assert_eq!(odd.values(), [0; 13]);
    }

    #[test]
    fn only_changes_are_sent_and_not_too_often() {
        let settings = ModulationSettings { on: true, ..Default::default() };
        let mut modulator = Modulator::default();
        let mut sent = Vec::new();
        for hop in 0..100 {
            let signals = Signals {
                alpha: f64::from(hop) / 100.0,
                onset: if hop == 51 { 1.0 } else { 0.0 },
                ..Signals::default()
            };
            modulator.hear(&signals);
            modulator.send(&settings, |_, controller, value| sent.push((hop, controller, value)));
            modulator.send(&settings, |_, _, _| panic!("once for a hop"));
        }
        let of = |controller: u8| sent.iter().filter(move |(_, c, _)| *c == controller);
        assert_eq!(of(102).count(), 1, "s does not change");
        let alphas: Vec<i32> = of(103).map(|(hop, _, _)| *hop).collect();
        assert!(alphas.windows(2).all(|pair| pair[1] - pair[0] >= 2) && alphas.len() == 50, "{alphas:?}");
        // The hit is sent although it lasted for one hop between two messages.
        assert!(of(114).any(|&(_, _, value)| value == 127));
        assert_eq!(of(114).next_back().map(|(_, _, value)| *value), Some(0));
    }

    #[test]
    fn onsets_fall_after_their_peak_whatever_came_before() {
        let on = ModulationSettings { on: true, ..Default::default() };
        let off = ModulationSettings::default();
        // Hits of every length, some of them while nobody listens or asks.
        for (length, deaf) in (1..12).flat_map(|length| (0..8).map(move |deaf| (length, deaf))) {
            for settings in [Some(off), None] {
                let mut modulator = Modulator::default();
                let mut last = None;
                for hop in 0..40 {
                    let onset = if (10..10 + length).contains(&hop) { 1.0 } else { 0.0 };
                    modulator.hear(&Signals { onset, ..Signals::default() });
                    if (10..10 + deaf).contains(&hop) {
                        settings.inspect(|settings| modulator.send(settings, |_, _, _| panic!("it is off")));
                        continue;
                    }
                    modulator.send(&on, |_, controller, value| {
                        if controller == 114 {
                            assert!(
                                value == 0 || hop <= 10 + length + i32::from(HOPS_APART),
                                "late at {hop}"
                            );
                            last = Some(value);
                        }
                    });
                }
                assert_eq!(last, Some(0), "a hit of {length} hops, {deaf} of them not listened to");
            }
        }
    }
}
