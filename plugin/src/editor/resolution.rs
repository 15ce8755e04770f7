//! How finely the picture is drawn: as finely as the machine can in the time that a picture may take.
//!
//! ```text
//! costs of the last pictures ──/ their samples──> seconds per sample ──x samples of each step──> what each step would cost
//!         too much for the present step: down at once, as far as it takes
//!         little enough for a finer step: up, after a while in which it was so all the time
//! ```
//!
//! The time that a picture may take is a part of what there is between two pictures; how large a part follows from whether they
//! come in time: panel, overlays and the window system's copy take the rest, and how much that is nobody can be asked.
//!
//! Down is decided on the median of few pictures, up on the dear ones among many. The cost at which a step is left for a coarser
//! one is far above that at which it is entered from there, and a rise that had to be taken back makes the next one wait longer: so
//! what is shown settles, also on a machine that has other things to do now and then.

use std::collections::VecDeque;

use dendrite_julia::Quality;
use dendrite_julia::gl::Cost;

/// What a picture may cost at most: with the panel, the overlays and the window system's copy it is then ready for the next
/// refresh of a screen of 60 Hz on a graphics card, and for the second one where the processor draws.
const BUDGET_S: f64 = 0.013;

/// What a picture may cost at least, however late they come: less gains little beside all else.
const LEAST_S: f64 = 0.006;

/// From one budget to the next lower one: about a step of the quality.
const LESS: f64 = 0.8;

/// A picture that begins so long after the one before is late: it has missed the second refresh of a screen of 48 to 60 Hz. After a
/// longer time yet something else was the matter, like a window that nobody sees.
const LATE_S: [f64; 2] = [0.045, 0.3];

/// Pictures over which the share of late ones is taken, somewhat more than a second of them, and the shares from which on the budget is too
/// large and up to which a larger one can be tried: other programs make one late now and then on any machine.
const LATE_OVER: f64 = 40.0;
const LATE_SHARES: [f64; 2] = [0.15, 0.03];

/// Shares of the budget: what makes the picture coarser, what it then may take at most, and what a finer one may take.
const TOO_MUCH: f64 = 1.15;
const FALLS_TO: f64 = 0.85;
const RISES_TO: f64 = 0.7;

/// Costs by which a fall is decided, and after how many of them one may come early: the first pictures of a window contain the
/// driver's work on the shaders.
const FEW: usize = 5;

/// Beyond so many budgets two pictures are enough.
const FAR_TOO_MUCH: f64 = 3.0;

/// Costs by which a rise is decided, one of which in five may be dearer than what counts.
const MANY: usize = 60;
const DEAR: usize = MANY * 4 / 5;

/// How long a step is kept before a rise, at first and at most, in seconds.
const PATIENCE_S: [f64; 2] = [2.0, 64.0];

/// A rise that is taken back within this time was a mistake; one that lasts for so long was none.
const PROVEN_S: f64 = 20.0;

/// Chooses among the [`Quality::STEPS`].
#[derive(Debug)]
pub struct Resolution {
    /// Index of the present step.
    step: usize,
    /// Seconds per sample of the last pictures, oldest first.
    costs: VecDeque<f64>,
    patience: Patience,
    budget: Budget,
}

/// What a picture may cost.
#[derive(Debug)]
struct Budget {
    seconds: f64,
    /// The share of late pictures, each counting less with every one that follows.
    late: f64,
    patience: Patience,
}

impl Default for Budget {
    fn default() -> Self {
        Self { seconds: BUDGET_S, late: 0.0, patience: Patience::default() }
    }
}

/// When something may rise again: a rise that is taken back makes the next one wait longer.
#[derive(Debug)]
struct Patience {
    /// Since when it is as it is, as the caller counts seconds.
    since_s: f64,
    /// How long to wait before a rise.
    wait_s: f64,
    /// Whether the last change was a rise.
    risen: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self { since_s: 0.0, wait_s: PATIENCE_S[0], risen: false }
    }
}

impl Patience {
    /// Time passes: a rise that has lasted was none to be sorry for.
    fn passes(&mut self, now_s: f64) {
        if self.risen && now_s - self.since_s > PROVEN_S {
            self.risen = false;
            self.wait_s = PATIENCE_S[0];
        }
    }

    fn is_over(&self, now_s: f64) -> bool {
        now_s - self.since_s >= self.wait_s
    }

    fn rose(&mut self, now_s: f64) {
        self.since_s = now_s;
        self.risen = true;
    }

    fn fell(&mut self, now_s: f64) {
        if self.risen {
            self.wait_s = (2.0 * self.wait_s).min(PATIENCE_S[1]);
        }
        self.since_s = now_s;
        self.risen = false;
    }
}

impl Budget {
    /// Takes in how long after the one before it a picture began.
    fn passed(&mut self, interval_s: f64, now_s: f64) {
        if interval_s.is_nan() || interval_s > LATE_S[1] {
            return;
        }
        let late = if interval_s > LATE_S[0] { 1.0 } else { 0.0 };
        self.late += (late - self.late) / LATE_OVER;
        self.patience.passes(now_s);
        if self.late > LATE_SHARES[0] && self.seconds > LEAST_S {
            self.patience.fell(now_s);
            self.change(LESS);
        } else if self.late < LATE_SHARES[1] && self.seconds < BUDGET_S && self.patience.is_over(now_s) {
            self.patience.rose(now_s);
            self.change(1.0 / LESS);
        }
    }

    fn change(&mut self, factor: f64) {
        self.seconds = (self.seconds * factor).clamp(LEAST_S, BUDGET_S);
        // Those to come are judged anew, as neither good nor bad.
        self.late = LATE_SHARES[1];
    }
}

impl Default for Resolution {
    fn default() -> Self {
        Self {
            step: 1,
            costs: VecDeque::with_capacity(MANY),
            patience: Patience::default(),
            budget: Budget::default(),
        }
    }
}

impl Resolution {
    /// The present choice. A new window begins with every pixel.
    pub fn quality(&self) -> Quality {
        Quality::STEPS[self.step]
    }

    /// Takes in that a picture begins `interval_s` after the one before, at the time `now_s`.
    pub fn begun(&mut self, interval_s: f64, now_s: f64) {
        self.budget.passed(interval_s, now_s);
    }

    /// Takes in what a picture has cost, for the next ones of `full` pixels at the time `now_s`.
    pub fn measured(&mut self, cost: Cost, full: [u32; 2], now_s: f64) {
        let budget_s = self.budget.seconds;
        if cost.samples == 0 || !cost.seconds.is_finite() || full.contains(&0) {
            return;
        }
        if self.costs.len() == MANY {
            self.costs.pop_front();
        }
        self.costs.push_back(cost.seconds / cost.samples as f64);
        let of_step = |step: usize, per_sample: f64| Quality::STEPS[step].samples(full) as f64 * per_sample;
        self.patience.passes(now_s);

        let usual = self.median(FEW);
        let least = self.lowest(2);
        let slow = usual.is_some_and(|usual| of_step(self.step, usual) > budget_s * TOO_MUCH);
        let crawls = least.is_some_and(|least| of_step(self.step, least) > budget_s * FAR_TOO_MUCH);
        if let (true, Some(per_sample)) = (slow || crawls, if slow { usual } else { least }) {
            let fits = |step: &usize| of_step(*step, per_sample) <= budget_s * FALLS_TO;
            let last = Quality::STEPS.len() - 1;
            let step = (self.step + 1..last).find(fits).unwrap_or(last);
            if step != self.step {
                self.patience.fell(now_s);
                self.change(step);
            }
            return;
        }

        if self.patience.is_over(now_s)
            && let Some(dear) = self.dear()
            && let Some(step) = (0..self.step).find(|step| of_step(*step, dear) <= budget_s * RISES_TO)
        {
            self.patience.rose(now_s);
            self.change(step);
        }
    }

    fn change(&mut self, step: usize) {
        self.step = step;
        // The pictures to come are judged anew; results of earlier ones that are still to come count per sample and do no harm.
        self.costs.clear();
    }

    /// The median of the last `count`, if there are so many.
    fn median(&self, count: usize) -> Option<f64> {
        let mut last = self.last(count)?;
        last.sort_by(f64::total_cmp);
        Some(last[count / 2])
    }

    /// The lowest of the last `count`, if there are so many.
    fn lowest(&self, count: usize) -> Option<f64> {
        self.last(count)?.into_iter().min_by(f64::total_cmp)
    }

    /// What the dearest pictures cost, but for a few.
    fn dear(&self) -> Option<f64> {
        let mut last = self.last(MANY)?;
        last.sort_by(f64::total_cmp);
        Some(last[DEAR])
    }

    fn last(&self, count: usize) -> Option<Vec<f64>> {
        let from = self.costs.len().checked_sub(count)?;
        Some(self.costs.range(from..).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [u32; 2] = [1100, 700];

    /// Seconds per sample at which a picture of every pixel costs `budgets`.
    fn machine(budgets: f64) -> f64 {
        budgets * BUDGET_S / Quality::FULL.samples(SIZE) as f64
    }

    /// Noise with no pattern that matters, -1..1.
    fn noise(n: u64) -> f64 {
        let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 31;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((x >> 11) as f64 / (1u64 << 52) as f64) - 1.0
    }

    /// Draws for a while at what each picture's samples cost: the steps in force after each picture.
    fn draw(
        resolution: &mut Resolution,
        from_s: f64,
        seconds: f64,
        per_sample: impl Fn(u64) -> f64,
    ) -> Vec<usize> {
        draw_beside(0.004, resolution, from_s, seconds, per_sample)
    }

    /// The same where panel, overlays and the copy take `rest_s` of each picture's time.
    fn draw_beside(
        rest_s: f64,
        resolution: &mut Resolution,
        from_s: f64,
        seconds: f64,
        per_sample: impl Fn(u64) -> f64,
    ) -> Vec<usize> {
        let mut steps = Vec::new();
        let (mut now_s, mut n) = (from_s, 0);
        while now_s < from_s + seconds {
            let samples = resolution.quality().samples(SIZE);
            let cost = Cost { seconds: samples as f64 * per_sample(n), samples };
            // Something else takes a part of each picture's time, and the screen waits for its next refresh.
            let interval_s = ((cost.seconds + rest_s) * 60.0).ceil() / 60.0;
            now_s += interval_s;
            resolution.begun(interval_s, now_s);
            resolution.measured(cost, SIZE, now_s);
            steps.push(resolution.step);
            n += 1;
        }
        steps
    }

    fn changes(steps: &[usize]) -> usize {
        steps.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn on_any_machine_it_settles_where_the_budget_is_used_and_kept() {
        for budgets in [0.01, 0.1, 0.3, 0.9, 1.0, 1.2, 2.0, 3.0, 5.0, 8.0, 12.0, 40.0] {
            let mut resolution = Resolution::default();
            let per_sample = machine(budgets);
            let steps = draw(&mut resolution, 0.0, 60.0, |_| per_sample);
            let cost = |step: usize| Quality::STEPS[step].samples(SIZE) as f64 * per_sample / BUDGET_S;
            let settled = steps[steps.len() / 2];
            assert!(steps[steps.len() / 2..].iter().all(|step| *step == settled), "{budgets}: {steps:?}");
            assert!(changes(&steps) <= 2, "{budgets}: {steps:?}");
            assert!(settled == 10 || cost(settled) <= TOO_MUCH, "{budgets}: {settled}");
            // The next finer one would be too much, or so near to it that it is not tried.
            assert!(settled == 0 || cost(settled - 1) > RISES_TO, "{budgets}: {settled}");
        }
    }

    #[test]
    fn a_slow_machine_is_known_within_half_a_second() {
        let mut resolution = Resolution::default();
        let steps = draw(&mut resolution, 0.0, 0.5, |_| machine(4.0));
        assert!(
            Quality::STEPS[*steps.last().unwrap()].samples(SIZE) as f64 * machine(4.0) <= BUDGET_S,
            "{steps:?}"
        );
    }

    #[test]
    fn the_first_pictures_may_be_dear() {
        let mut resolution = Resolution::default();
        let steps = draw(&mut resolution, 0.0, 1.0, |n| machine(if n == 0 { 30.0 } else { 0.5 }));
        assert_eq!(changes(&steps), 0, "{steps:?}");
        assert_eq!(steps[0], 1);
    }

    #[test]
    fn noise_does_not_make_it_restless() {
        for budgets in [0.2, 0.5, 1.0, 2.0, 4.0] {
            let mut resolution = Resolution::default();
            // Up to twice as slow from picture to picture, and every now and then a long one.
            let steps = draw(&mut resolution, 0.0, 300.0, |n| {
                machine(budgets) * (1.3 + 0.6 * noise(n)) * if n % 97 == 0 { 6.0 } else { 1.0 }
            });
            let late = &steps[steps.len() / 2..];
            assert!(changes(late) <= 4, "{budgets}: {} changes, {late:?}", changes(late));
        }
    }

    #[test]
    fn a_load_that_comes_and_goes_is_answered_less_and_less() {
        let mut resolution = Resolution::default();
        // Three seconds of another program, three without, for ten minutes: waiting grows until the calm is never long enough.
        let mut steps = Vec::new();
        for minute in 0..100 {
            let from_s = f64::from(minute) * 6.0;
            steps.extend(draw(&mut resolution, from_s, 3.0, |_| machine(0.6)));
            steps.extend(draw(&mut resolution, from_s + 3.0, 3.0, |_| machine(3.0)));
        }
        let half = steps.len() / 2;
        assert!(changes(&steps[half..]) <= 12, "{} changes", changes(&steps[half..]));
    }

    #[test]
    fn when_the_load_is_gone_the_picture_is_fine_again() {
        let mut resolution = Resolution::default();
        draw(&mut resolution, 0.0, 5.0, |_| machine(6.0));
        assert!(resolution.step > 3);
        draw(&mut resolution, 5.0, 8.0, |_| machine(0.1));
        assert_eq!(resolution.quality(), Quality::BEST);
    }

    #[test]
    fn a_larger_window_is_answered_by_what_its_pixels_cost() {
        let mut resolution = Resolution::default();
        draw(&mut resolution, 0.0, 5.0, |_| machine(0.9));
        assert_eq!(resolution.quality(), Quality::FULL);
        // Four times the pixels.
        let large = [2200, 1400];
        for n in 0..FEW {
            let samples = resolution.quality().samples(large);
            let cost = Cost { seconds: samples as f64 * machine(0.9), samples };
            resolution.measured(cost, large, 5.0 + n as f64 / 30.0);
        }
        let cost = resolution.quality().samples(large) as f64 * machine(0.9);
        assert!(cost <= BUDGET_S, "{:?}", resolution.quality());
    }

    #[test]
    fn pictures_that_come_late_become_coarser_until_they_come_in_time() {
        // All else takes 18 to 25 ms: with a set of 13 ms the second refresh, after 33 ms, is missed.
        for rest_s in [0.018, 0.022, 0.025] {
            for budgets in [2.0, 4.0, 5.0] {
                let mut resolution = Resolution::default();
                let cost_s = |step: usize| Quality::STEPS[step].samples(SIZE) as f64 * machine(budgets);
                let steps = draw_beside(rest_s, &mut resolution, 0.0, 300.0, |_| machine(budgets));
                let late = |steps: &[usize]| {
                    let late = steps.iter().filter(|step| cost_s(**step) + rest_s > 2.0 / 60.0).count();
                    late as f64 / steps.len() as f64
                };
                let second_half = &steps[steps.len() / 2..];
                assert!(late(second_half) < 0.05, "{rest_s}, {budgets}: {}", late(second_half));
                // And not coarser than that asks for: a step more, and most would be late or over the whole budget.
                let usual = second_half[second_half.len() / 2];
                let finer_s = cost_s(usual - 1);
                assert!(
                    finer_s + rest_s > 0.8 / 30.0 || finer_s > BUDGET_S * RISES_TO,
                    "{rest_s}, {budgets}: {usual}"
                );
            }
        }
    }

    #[test]
    fn what_is_late_at_any_resolution_does_not_make_it_restless() {
        let mut resolution = Resolution::default();
        let steps = draw_beside(0.045, &mut resolution, 0.0, 300.0, |_| machine(3.0));
        assert!(changes(&steps[steps.len() / 10..]) == 0, "{steps:?}");
    }

    #[test]
    fn a_pause_is_not_late() {
        let mut resolution = Resolution::default();
        for n in 0..1000 {
            let cost = Cost { seconds: 0.010, samples: Quality::FULL.samples(SIZE) };
            resolution.begun(2.0, f64::from(n));
            resolution.measured(cost, SIZE, f64::from(n));
        }
        assert_eq!(resolution.quality(), Quality::FULL);
    }

    #[test]
    fn what_cannot_be_a_cost_is_overlooked() {
        let mut resolution = Resolution::default();
        for cost in [
            Cost { seconds: 1.0, samples: 0 },
            Cost { seconds: f64::NAN, samples: 10 },
            Cost { seconds: f64::INFINITY, samples: 10 },
        ] {
            for n in 0..10 {
                resolution.begun(f64::NAN, f64::from(n));
                resolution.measured(cost, SIZE, f64::from(n));
            }
        }
        resolution.measured(Cost { seconds: 1.0, samples: 100 }, [0, 700], 0.0);
        assert_eq!(resolution.step, 1);
    }
}
