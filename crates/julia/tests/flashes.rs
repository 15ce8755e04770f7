//! The flash limiter against an independent count of flashes, written from the text of WCAG 2.3.1.

use dendrite_julia::{
    Scene,
    cpu::{Antialias, Renderer},
    flash::FlashLimiter,
    metrics,
};

/// Pictures are judged at twice the limiter's own resolution, in pixels.
const GRID: (u32, u32) = (64, 36);

/// What a careless visualiser would do to sixteenth notes at 180 bpm, 12 clicks/s: light, glow and c kick at once.
fn clicks(time_s: f64) -> Scene {
    let since = (time_s * 12.0).fract() / 12.0;
    let kick = (-since / 0.02).exp();
    Scene {
        c: [-0.12 + 0.3 * kick, 0.65 - 0.2 * kick],
        light: 0.6 + 1.4 * kick as f32,
        glow: 0.3 + 0.7 * kick as f32,
        ..Scene::default()
    }
}

/// The same with saturated red light: the ember palette, saturated, turned on and off.
fn red_clicks(time_s: f64) -> Scene {
    let on = (time_s * 12.0).fract() < 0.5;
    let palette = dendrite_julia::PaletteBlend::single(1);
    Scene { palette, saturation: 2.0, light: if on { 1.6 } else { 0.25 }, ..Scene::default() }
}

/// The luminance and the red signal (R-G-B, 0 where no saturated red is seen) of each grid cell.
fn look(renderer: &mut Renderer, scene: &Scene) -> (Vec<f32>, Vec<f32>) {
    let mut picture = vec![0_u8; (GRID.0 * GRID.1 * 4) as usize];
    renderer.render(scene, GRID.0, GRID.1, Antialias::TwoByTwo, &mut picture).expect("the buffer fits");
    let red = picture.chunks_exact(4).map(|p| {
        let [r, g, b] = [p[0], p[1], p[2]].map(metrics::linear);
        if r > 0.0 && r / (r + g + b) >= 0.8 { (r - g - b).max(0.0) } else { 0.0 }
    });
    (metrics::luminances(&picture).collect(), red.collect())
}

/// Largest number of flashes within any one second of a sequence of cell values.
///
/// A cell's run from one extreme to the next is a transition once it spans `step`, its darker end below 0.8. The
/// picture makes one where a quarter of the cells make the same one in the same frame or the two before it. A flash is
/// a pair of opposing ones.
fn flashes(frames: &[Vec<f32>], rate: f64, step: f32) -> usize {
    let cells = frames[0].len();
    let mut extreme = frames[0].clone();
    let mut going = vec![0_i8; cells];
    let mut made = vec![(0_i8, usize::MAX); cells];
    let mut transitions: Vec<(usize, i8)> = Vec::new();
    for (k, frame) in frames.iter().enumerate().skip(1) {
        for (i, &value) in frame.iter().enumerate() {
            let change = value - extreme[i];
            let direction = if change > 0.0 { 1 } else { -1 };
            if direction == going[i] {
                extreme[i] = value;
            } else if change.abs() >= step && value.min(extreme[i]) < 0.8 {
                made[i] = (direction, k);
                going[i] = direction;
                extreme[i] = value;
            }
        }
        for direction in [1, -1] {
            let together =
                made.iter().filter(|&&(d, at)| d == direction && at != usize::MAX && k - at <= 2).count();
            let repeated = transitions.last().is_some_and(|&(_, last)| last == direction);
            if 4 * together >= cells && !repeated {
                transitions.push((k, direction));
            }
        }
    }
    let window = rate.floor() as usize;
    let within =
        |first: usize| transitions.iter().filter(|&&(k, _)| (first..=first + window).contains(&k)).count();
    transitions.iter().map(|&(k, _)| within(k) / 2).max().unwrap_or(0)
}

fn worst(scene: fn(f64) -> Scene, rate: f64, limited: bool) -> (usize, usize) {
    let mut limiter = FlashLimiter::new();
    let mut renderer = Renderer::new();
    let (mut luminance, mut red) = (Vec::new(), Vec::new());
    for k in 0..(4.0 * rate) as usize {
        let time_s = k as f64 / rate;
        let candidate = scene(time_s);
        let shown = if limited { limiter.limit(&candidate, time_s) } else { candidate };
        let (l, r) = look(&mut renderer, &shown);
        luminance.push(l);
        red.push(r);
    }
    // WCAG: 10 % of the maximum relative luminance; (R-G-B)·320 changing by more than 20.
    (flashes(&luminance, rate, 0.1), flashes(&red, rate, 20.0 / 320.0))
}

#[test]
fn clicks_at_180_bpm_stay_within_three_flashes() {
    for rate in [47.0, 60.0] {
        let (without, _) = worst(clicks, rate, false);
        let (general, red) = worst(clicks, rate, true);
        println!(
            "{rate} frames/s: {without} flashes/s without, {general} general and {red} red with the limiter"
        );
        assert!(without > 3, "the clicks must be dangerous without the limiter: {without}");
        assert!(general <= 3 && red <= 3, "{general} general, {red} red");
    }
}

#[test]
fn red_clicks_stay_within_three_flashes() {
    for rate in [47.0, 60.0] {
        let (_, without) = worst(red_clicks, rate, false);
        let (general, red) = worst(red_clicks, rate, true);
        println!(
            "{rate} frames/s: {without} red flashes/s without, {general} general and {red} red with the limiter"
        );
        assert!(without > 3, "the clicks must be dangerous without the limiter: {without}");
        assert!(general <= 3 && red <= 3, "{general} general, {red} red");
    }
}

#[test]
fn calm_motion_passes_unchanged() {
    let mut limiter = FlashLimiter::new();
    for k in 0..94 {
        let time_s = f64::from(k) / 47.0;
        let angle = 0.2 * std::f64::consts::TAU * time_s;
        let candidate = Scene { c: [-1.0 + 0.24 * angle.cos(), 0.24 * angle.sin()], ..Scene::default() };
        assert_eq!(limiter.limit(&candidate, time_s), candidate);
    }
}

#[test]
fn a_single_flash_and_bad_times_pass() {
    let mut limiter = FlashLimiter::new();
    let bright = Scene { light: 2.0, ..Scene::default() };
    for (time_s, scene) in
        [(0.0, Scene::default()), (0.1, bright), (f64::NAN, bright), (-5.0, Scene::default())]
    {
        assert_eq!(limiter.limit(&scene, time_s), scene);
    }
}
