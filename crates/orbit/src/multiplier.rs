//! The map mu -> c(mu) of one hyperbolic component, where mu is the multiplier of its attracting cycle.
//!
//! On a component of period n the pair (z, c) solves {f_c^n(z) = z, (f_c^n)'(z) = mu}. Starting at the centre (z = 0,
//! mu = 0) the solution is followed by Newton's method along a ray and once round the circle |mu| = r < 1; the discrete
//! Fourier transform of c on that circle gives the Taylor coefficients of c(mu). c(mu) is analytic beyond the closed unit
//! disc, cusps included (there dc/dmu = 0), so that the series converges geometrically for |mu| <= 1.

use nalgebra::Complex;

/// Radius of the circle on which c(mu) is sampled: below 1, where the system is singular at the root of a satellite,
/// and near enough to 1 that dividing by r^k does not lift the rounding (0.96^-256 = 3e4 would touch the 12th digit of
/// coefficients that are themselves below 1e-16).
const SAMPLE_RADIUS: f64 = 0.96;

/// Points on that circle, a power of two.
const SAMPLES: usize = 512;

/// Most coefficients a series keeps.
const MAX_TERMS: usize = 256;

/// Steps along the ray from the centre to the circle.
const RAY_STEPS: usize = 24;

/// Newton iterations per step; three suffice, the rest is for the start.
const NEWTON_STEPS: usize = 8;

/// f_c^n(z) with the derivatives that Newton's method needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jet {
    /// f_c^n(z)
    pub value: Complex<f64>,
    /// Derivative by z: the multiplier, if z is periodic.
    pub dz: Complex<f64>,
    /// Derivative by c.
    pub dc: Complex<f64>,
    /// Second derivative by z.
    pub dzz: Complex<f64>,
    /// Mixed derivative.
    pub dzc: Complex<f64>,
}

impl Jet {
    /// The jet of the n-th iterate at z.
    pub(crate) fn at(z: Complex<f64>, c: Complex<f64>, period: u8) -> Self {
        let zero = Complex::new(0.0, 0.0);
        let mut jet = Self { value: z, dz: Complex::new(1.0, 0.0), dc: zero, dzz: zero, dzc: zero };
        for _ in 0..period {
            jet.dzc = (jet.dc * jet.dz + jet.value * jet.dzc) * 2.0;
            jet.dzz = (jet.dz * jet.dz + jet.value * jet.dzz) * 2.0;
            jet.dc = jet.value * jet.dc * 2.0 + 1.0;
            jet.dz = jet.value * jet.dz * 2.0;
            jet.value = jet.value * jet.value + c;
        }
        jet
    }

    /// (dz/dmu, dc/dmu) along the solution curve.
    pub(crate) fn tangent(&self) -> (Complex<f64>, Complex<f64>) {
        self.solve(Complex::new(0.0, 0.0), Complex::new(1.0, 0.0))
    }

    /// Solves the linearised system for the right-hand sides of its two equations.
    fn solve(&self, first: Complex<f64>, second: Complex<f64>) -> (Complex<f64>, Complex<f64>) {
        let a = self.dz - 1.0;
        let determinant = a * self.dzc - self.dc * self.dzz;
        ((first * self.dzc - self.dc * second) / determinant, (a * second - first * self.dzz) / determinant)
    }
}

/// A point (z, c) of the solution curve.
#[derive(Clone, Copy, Debug)]
struct CyclePoint {
    z: Complex<f64>,
    c: Complex<f64>,
    mu: Complex<f64>,
}

impl CyclePoint {
    /// Follows the curve to another multiplier nearby: a step along the tangent, then Newton's method.
    fn follow(&mut self, mu: Complex<f64>, period: u8) {
        let (dz, dc) = Jet::at(self.z, self.c, period).tangent();
        let by = mu - self.mu;
        self.z += dz * by;
        self.c += dc * by;
        self.mu = mu;
        for _ in 0..NEWTON_STEPS {
            let jet = Jet::at(self.z, self.c, period);
            let (dz, dc) = jet.solve(self.z - jet.value, mu - jet.dz);
            self.z += dz;
            self.c += dc;
            if dc.norm() < 1e-17 {
                break;
            }
        }
    }
}

/// |dc/dmu| at the centre of a component.
pub(crate) fn conformal_radius(centre: Complex<f64>, period: u8) -> f64 {
    Jet::at(Complex::new(0.0, 0.0), centre, period).tangent().1.norm()
}

/// Taylor coefficients of c(mu) at mu = 0, the centre first. Terms below the rounding of c are cut.
pub(crate) fn series(centre: Complex<f64>, period: u8) -> Vec<Complex<f64>> {
    // The two components whose map is known in closed form.
    let known = |terms: &[f64]| terms.iter().map(|re| Complex::new(*re, 0.0)).collect();
    match period {
        1 => return known(&[0.0, 0.5, -0.25]),
        2 => return known(&[-1.0, 0.25]),
        _ => {}
    }
    let zero = Complex::new(0.0, 0.0);
    let mut point = CyclePoint { z: zero, c: centre, mu: zero };
    // Away from mu = 1, where the root of the component is.
    let start = std::f64::consts::PI;
    for step in 1..=RAY_STEPS {
        let modulus = SAMPLE_RADIUS * step as f64 / RAY_STEPS as f64;
        point.follow(Complex::from_polar(modulus, start), period);
    }
    let mut samples = vec![zero; SAMPLES];
    for k in 0..SAMPLES {
        let index = (k + SAMPLES / 2) % SAMPLES;
        let angle = std::f64::consts::TAU * index as f64 / SAMPLES as f64;
        point.follow(Complex::from_polar(SAMPLE_RADIUS, angle), period);
        // Offsets from the centre: the centre's own digits would cost the small coefficients theirs.
        samples[index] = point.c - centre;
    }
    let roots: Vec<Complex<f64>> = (0..SAMPLES)
        .map(|k| Complex::from_polar(1.0, -std::f64::consts::TAU * k as f64 / SAMPLES as f64))
        .collect();
    let mut terms: Vec<Complex<f64>> = (0..MAX_TERMS)
        .map(|k| {
            let sum: Complex<f64> =
                samples.iter().enumerate().map(|(j, c)| c * roots[(j * k) % SAMPLES]).sum();
            sum / (SAMPLES as f64 * SAMPLE_RADIUS.powi(k as i32))
        })
        .collect();
    // Rounding of c leaves about eps |c| / sqrt(SAMPLES) in every bin, lifted by the division by r^k. From where three
    // terms in a row are no more than that, the rest is noise.
    let noise = |k: usize| 4e-17 * (0.1 + centre.norm()) / SAMPLE_RADIUS.powi(k as i32);
    let keep = (2..terms.len() - 2)
        .find(|k| (*k..*k + 3).all(|j| terms[j].norm() < noise(j)))
        .unwrap_or(terms.len());
    terms.truncate(keep);
    terms[0] = centre;
    terms
}

/// Horner's scheme.
#[inline]
pub(crate) fn evaluate(series: &[Complex<f64>], mu: Complex<f64>) -> Complex<f64> {
    let mut sum = Complex::new(0.0, 0.0);
    for term in series.iter().rev() {
        sum = sum * mu + term;
    }
    sum
}

/// The derivative of a series at mu.
pub(crate) fn evaluate_slope(series: &[Complex<f64>], mu: Complex<f64>) -> Complex<f64> {
    let mut sum = Complex::new(0.0, 0.0);
    for (k, term) in series.iter().enumerate().skip(1).rev() {
        sum = sum * mu + term * k as f64;
    }
    sum
}
