//! A step allocates nothing.

use dendrite_orbit::fallback::{Fallback, Hearing};
use dendrite_orbit::{Clock, ComponentId, Controls, HOP_S, HopInput, Lock, Orbit, Settings};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn stepping_never_allocates() {
    let mut orbit = Orbit::new(HOP_S);
    let mut fallback = Fallback::new(HOP_S);
    let textures = [[0.2f32; 128], std::array::from_fn(|i| (i % 3) as f32 / 2.0)];
    let mut sections = 0;
    assert_no_alloc(|| {
        // Past every ring's length (60 s), with sections, impacts, locks, jumps, silence.
        for k in 0..6000u32 {
            let onset = if k % 20 == 0 { 0.7 } else { 0.03 };
            let hearing = Hearing { loudness: onset, onset, ..Hearing::default() };
            let controls = if k % 7 == 0 {
                Controls { s: f64::NAN, ..Controls::default() }
            } else {
                fallback.step(&hearing)
            };
            let lock = match k / 500 % 4 {
                3 => Lock::Component(ComponentId { period: 5, index: (k / 100 % 15) as u8 }),
                _ => Lock::Automatic,
            };
            let clock = match k / 300 % 2 {
                0 => Clock::Free { bars_per_second: 0.5 },
                _ => Clock::Transport {
                    position_bars: f64::from(k % 1000) * 0.01,
                    bars_per_second: 0.47,
                    jumped: k % 1000 == 0,
                },
            };
            let state = orbit.step(
                &HopInput {
                    controls,
                    onset,
                    loudness: 0.5,
                    texture: &textures[(k / 700 % 2) as usize],
                    silent: k % 900 < 20,
                    clock,
                },
                &Settings { lock, ..Settings::default() },
            );
            sections += u32::from(state.section_changed);
            if k == 3000 {
                orbit.reset_averages();
                fallback.reset();
            }
            if k == 4000 {
                orbit.restart();
            }
        }
    });
    assert!(sections > 2, "the test must have gone through section changes");
}
