//! Steps back and forth: what was changed, from what to what.

use std::collections::VecDeque;

/// Steps that are kept; the oldest go.
pub const LIMIT: usize = 256;

/// One parameter that a step has changed, with its values from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Place of the parameter in the register.
    pub place: usize,
    /// The value that it had.
    pub before: f32,
    /// The value that it was given.
    pub after: f32,
}

/// What is undone at once; `L` is a label of the whole that goes along.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<L> {
    /// What was changed, each parameter once.
    pub changes: Vec<Change>,
    /// The label before and after, where the step changed it.
    pub label: Option<(L, L)>,
}

/// The steps that can be undone, and those that were.
#[derive(Clone, Debug)]
pub struct Steps<L> {
    done: VecDeque<Step<L>>,
    undone: Vec<Step<L>>,
    /// Whether the last step may still grow: further nudges of the same parameter belong to it.
    growing: bool,
}

impl<L> Default for Steps<L> {
    fn default() -> Self {
        Self { done: VecDeque::new(), undone: Vec::new(), growing: false }
    }
}

impl<L: Clone> Steps<L> {
    /// Adds a step. What was undone before is forgotten: it would lead back to something else now.
    pub fn push(&mut self, step: Step<L>) {
        self.undone.clear();
        self.growing = false;
        if self.done.len() == LIMIT {
            self.done.pop_front();
        }
        self.done.push_back(step);
    }

    /// Adds a small change that makes one step with others of the same parameter just before and after it.
    pub fn nudge(&mut self, change: Change) {
        let last = self.done.back_mut().filter(|_| self.growing && self.undone.is_empty());
        match last.map(|step| step.changes.as_mut_slice()) {
            Some([grown]) if grown.place == change.place => grown.after = change.after,
            _ => {
                self.push(Step { changes: vec![change], label: None });
                self.growing = true;
            }
        }
    }

    /// Ends the step that nudges have made.
    pub fn settle(&mut self) {
        self.growing = false;
    }

    /// Takes a step back; what it holds as `before` is to be set.
    pub fn undo(&mut self) -> Option<Step<L>> {
        self.growing = false;
        let step = self.done.pop_back()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// Takes a step forth again; what it holds as `after` is to be set.
    pub fn redo(&mut self) -> Option<Step<L>> {
        self.growing = false;
        let step = self.undone.pop()?;
        self.done.push_back(step.clone());
        Some(step)
    }

    /// How many steps can be undone, and how many redone.
    pub fn len(&self) -> (usize, usize) {
        (self.done.len(), self.undone.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator of numbers, 0 .. `below`, that are the same in each run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as usize) % below
        }
    }

    const PARAMS: usize = 7;

    fn apply(values: &mut [f32; PARAMS], step: Option<Step<u32>>, forth: bool) -> bool {
        let Some(step) = step else { return false };
        for change in step.changes {
            values[change.place] = if forth { change.after } else { change.before };
        }
        true
    }

    #[test]
    fn undoing_all_gives_the_start_and_redoing_all_the_end() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let (mut steps, mut values) = (Steps::default(), [0.5; PARAMS]);
            // Never more than are kept: then the start could not be reached.
            for _ in 0..LIMIT {
                match dice.roll(6) {
                    0 => _ = apply(&mut values, steps.undo(), false),
                    1 => _ = apply(&mut values, steps.redo(), true),
                    2 => {
                        // Several at once, each once.
                        let first = dice.roll(PARAMS - 2);
                        let changes = (first..first + 2).map(|place| {
                            let after = dice.roll(1000) as f32;
                            let before = std::mem::replace(&mut values[place], after);
                            Change { place, before, after }
                        });
                        let changes = changes.collect();
                        steps.push(Step { changes, label: None });
                    }
                    kind => {
                        let (place, after) = (dice.roll(PARAMS), dice.roll(1000) as f32);
                        let before = std::mem::replace(&mut values[place], after);
                        let change = Change { place, before, after };
                        if kind == 3 {
                            steps.nudge(change);
                        } else {
                            steps.push(Step { changes: vec![change], label: None });
                        }
                    }
                }
            }
            while apply(&mut values, steps.redo(), true) {}
            let end = values;
            while apply(&mut values, steps.undo(), false) {}
            assert_eq!(values, [0.5; PARAMS], "seed {seed}");
            while apply(&mut values, steps.redo(), true) {}
            assert_eq!(values, end, "seed {seed}");
        }
    }

    #[test]
    fn nudges_of_one_parameter_are_one_step_until_something_else_happens() {
        let mut steps: Steps<u32> = Steps::default();
        let change = |place, before, after| Change { place, before, after };
        for n in 0..5 {
            steps.nudge(change(0, n as f32, n as f32 + 1.0));
        }
        assert_eq!(steps.len(), (1, 0));
        steps.settle();
        steps.nudge(change(0, 5.0, 6.0));
        steps.nudge(change(1, 0.0, 1.0));
        assert_eq!(steps.len(), (3, 0));
        assert_eq!(steps.undo().unwrap().changes, [change(1, 0.0, 1.0)]);
        assert_eq!(steps.undo().unwrap().changes, [change(0, 5.0, 6.0)]);
        assert_eq!(steps.undo().unwrap().changes, [change(0, 0.0, 5.0)]);
    }

    #[test]
    fn at_least_a_hundred_steps_are_kept_and_no_more_than_the_limit() {
        const { assert!(LIMIT >= 100) };
        let mut steps: Steps<u32> = Steps::default();
        for n in 0..2 * LIMIT {
            let changes = vec![Change { place: 0, before: n as f32, after: n as f32 + 1.0 }];
            steps.push(Step { changes, label: None });
        }
        assert_eq!(steps.len(), (LIMIT, 0));
    }
}
