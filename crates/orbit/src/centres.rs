//! Centres of hyperbolic components: the roots of f_c^n(0) = 0.
//!
//! As a polynomial in c, f_c^n(0) has degree 2^(n-1), simple roots (Gleason) and all of them in |c| <= 2. They are found
//! all at once by the Ehrlich-Aberth iteration, polished by Newton's method, and rid of those whose true period is a
//! proper divisor of n.

use nalgebra::Complex;

/// Iterations of the simultaneous root finding after which it stops. The degrees used here (up to 128) need about 60.
const MAX_ITERATIONS: usize = 400;

/// Two centres of the periods used here (up to 8) are never closer than about 1e-4.
const SAME_CENTRE: f64 = 1e-7;

/// f_c^n(0) and its derivative by c.
pub(crate) fn critical_orbit(c: Complex<f64>, period: u8) -> (Complex<f64>, Complex<f64>) {
    let mut z = c;
    let mut dz = Complex::new(1.0, 0.0);
    for _ in 1..period {
        dz = z * dz * 2.0 + 1.0;
        z = z * z + c;
    }
    (z, dz)
}

/// All centres of exact period `period`, in the order that [`crate::ComponentId`] documents.
pub(crate) fn centres(period: u8) -> Vec<Complex<f64>> {
    let mut roots = polynomial_roots(period);
    for divisor in (1..period).filter(|d| period.is_multiple_of(*d)) {
        roots.retain(|c| critical_orbit(*c, divisor).0.norm() > SAME_CENTRE);
    }
    // Conjugate centres share their real part up to rounding: compare it on a grid far coarser than rounding.
    let key = |c: &Complex<f64>| (-(c.re / SAME_CENTRE).round(), -c.im);
    roots.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    roots
}

/// All roots of f_c^n(0) in c, Ehrlich-Aberth.
fn polynomial_roots(period: u8) -> Vec<Complex<f64>> {
    let degree = 1usize << (period - 1);
    // A circle around the set, turned by an angle that puts no start point on the real axis (symmetry would keep
    // conjugate pairs of points there from separating).
    let mut roots: Vec<Complex<f64>> = (0..degree)
        .map(|k| {
            let angle = std::f64::consts::TAU * (k as f64 + 0.317) / degree as f64;
            Complex::new(-0.6, 0.0) + Complex::from_polar(1.5, angle)
        })
        .collect();
    for _ in 0..MAX_ITERATIONS {
        let mut largest = 0.0f64;
        for i in 0..degree {
            let (value, slope) = critical_orbit(roots[i], period);
            let newton = value / slope;
            let repulsion: Complex<f64> =
                (0..degree).filter(|j| *j != i).map(|j| (roots[i] - roots[j]).inv()).sum();
            let step = newton / (Complex::new(1.0, 0.0) - newton * repulsion);
            if step.re.is_finite() && step.im.is_finite() {
                roots[i] -= step;
                largest = largest.max(step.norm());
            }
        }
        if largest < 1e-14 {
            break;
        }
    }
    for root in &mut roots {
        for _ in 0..3 {
            let (value, slope) = critical_orbit(*root, period);
            *root -= value / slope;
        }
        // The polynomial is real: what is left of an imaginary part this small is rounding.
        if root.im.abs() < 1e-12 {
            root.im = 0.0;
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_centre_of_every_exact_period_is_found_once() {
        // Numbers of hyperbolic components by period: sum over d | n of moebius(n/d) 2^(d-1) (OEIS A000740).
        for (period, count) in [(1, 1), (2, 1), (3, 3), (4, 6), (5, 15), (6, 27), (7, 63), (8, 120)] {
            let found = centres(period);
            assert_eq!(found.len(), count, "period {period}");
            for (i, c) in found.iter().enumerate() {
                assert!(critical_orbit(*c, period).0.norm() <= 1e-12, "period {period}: {c}");
                for other in &found[i + 1..] {
                    assert!((c - other).norm() > 1e-5, "period {period}: {c} twice");
                }
            }
        }
    }
}
