//! The resampler: what comes out when, and how clean it is.

use dendrite_features::{HOP_LENGTH, HopClock, Resampler};

const RATES: [u32; 13] =
    [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 47_999, 48_000, 48_001, 88_200, 96_000, 192_000, 384_000];

/// All 48 kHz hops of a host signal, taken exactly at the clock's boundaries.
fn hops_at_boundaries(rate: u32, samples: usize, signal: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut resampler = Resampler::new(rate).unwrap();
    let clock = HopClock::new(rate, resampler.delay());
    let (mut frame, mut out) = (0, Vec::new());
    let mut hop = [0.0; HOP_LENGTH];
    for n in 0..samples {
        resampler.push(&[signal(n)]);
        if n as u64 + 1 == clock.boundary(frame) {
            assert!(resampler.take_hop(&mut hop), "rate {rate}: hop {frame} is late");
            out.extend_from_slice(&hop);
            frame += 1;
        }
    }
    out
}

#[test]
fn a_hop_is_there_at_every_boundary_of_the_clock() {
    for rate in RATES {
        hops_at_boundaries(rate, rate as usize * 3, |n| (n % 7) as f32 * 0.1);
    }
}

#[test]
fn the_stated_delay_is_not_padded() {
    // The delay costs latency: no more than one chunk (64 samples, more above 48 kHz) beyond what the first hop needs.
    for rate in RATES {
        let mut resampler = Resampler::new(rate).unwrap();
        let exact = (HOP_LENGTH as u64 * u64::from(rate)).div_ceil(48_000);
        let mut needed = 0;
        while resampler.available() < HOP_LENGTH {
            resampler.push(&[0.0]);
            needed += 1;
        }
        let slack = exact + resampler.delay() - needed;
        let down = (f64::from(rate) / 48_000.0).max(1.0);
        assert!(slack as f64 <= 72.0 * down, "rate {rate}: {slack} samples more than needed");
        assert!(resampler.delay() as f64 / f64::from(rate) < 0.02, "rate {rate}");
    }
}

#[test]
fn a_sine_stays_a_sine_at_its_time() {
    for rate in RATES {
        // A tone low enough for every rate; 0.3 s are left for the filter to settle.
        let hz = f64::from(rate.min(48_000)) * 0.2;
        let tone = |time: f64| (std::f64::consts::TAU * hz * time).sin();
        let out =
            hops_at_boundaries(rate, rate as usize, |n| (0.5 * tone(n as f64 / f64::from(rate))) as f32);
        // Compare with the ideal sine; the unknown is a shift of at most half a 48 kHz sample.
        let error = |shift: f64| {
            out[12_000..36_000]
                .iter()
                .enumerate()
                .map(|(i, &x)| (f64::from(x) - 0.5 * tone((i as f64 + 12_000.0 + shift) / 48_000.0)).powi(2))
                .sum::<f64>()
                / 24_000.0
        };
        let best = (-510..=510).map(|k| error(f64::from(k) / 1_000.0)).fold(f64::MAX, f64::min);
        // 0.125 is the power of the sine; the shift grid of 1/1000 sample alone leaves up to -65 dB.
        let noise_db = 10.0 * (best / 0.125).log10();
        assert!(noise_db < -60.0, "rate {rate}: error {noise_db:.1} dB");
    }
}

#[test]
fn what_lies_above_24_khz_does_not_fold_back() {
    for rate in [96_000, 192_000, 384_000] {
        let out = hops_at_boundaries(rate, rate as usize / 2, |n| {
            (std::f64::consts::TAU * 30_000.0 * n as f64 / f64::from(rate)).sin() as f32
        });
        let power = out[4_096..].iter().map(|&x| f64::from(x * x)).sum::<f64>() / (out.len() - 4_096) as f64;
        assert!(10.0 * (power / 0.5).log10() < -80.0, "rate {rate}");
    }
}

#[test]
fn other_rates_are_refused_with_the_range() {
    for rate in [0, 7_999, 384_001, u32::MAX] {
        let message = Resampler::new(rate).unwrap_err().to_string();
        assert!(
            message.contains(&rate.to_string()) && message.contains("8000") && message.contains("384000")
        );
    }
}

#[test]
fn reset_makes_it_new() {
    let mut resampler = Resampler::new(44_100).unwrap();
    let run = |resampler: &mut Resampler| {
        (0..5_000).for_each(|n| resampler.push(&[(n as f32 * 0.01).sin()]));
        let mut hop = [0.0; HOP_LENGTH];
        resampler.take_hop(&mut hop);
        hop
    };
    let first = run(&mut resampler);
    resampler.reset();
    assert_eq!(first, run(&mut resampler));
}
