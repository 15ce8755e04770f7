//! Logarithm and arctangent as short polynomials: exact enough for what is made of them, and in vector code.

/// log2 of a positive normal number; absolute error below 4e-6 between 1e-12 and 1e6 (rounding of the sum).
///
/// The mantissa m in [sqrt(1/2), sqrt(2)) by ln m = 2 artanh((m - 1)/(m + 1)), four terms of the series.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    // The bits of sqrt(1/2): subtracting them makes the exponent that of the nearest power of two.
    const SQRT_HALF_BITS: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let exponent = (bits - SQRT_HALF_BITS) >> 23;
    let mantissa = f32::from_bits((bits - (exponent << 23)) as u32);
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let series = t * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0))));
    exponent as f32 + 2.0 * std::f32::consts::LOG2_E * series
}

/// The angle of the point (x, y) in radians, absolute error below 2e-5; 0 for the origin.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.49, on the smaller of the two slopes.
#[inline(always)]
pub(crate) fn atan2(y: f32, x: f32) -> f32 {
    let (small, large) = (y.abs().min(x.abs()), y.abs().max(x.abs()));
    let slope = small / large.max(f32::MIN_POSITIVE);
    let square = slope * slope;
    let angle = slope
        * (0.999_866
            + square * (-0.330_299_5 + square * (0.180_141 + square * (-0.085_133 + square * 0.020_835_1))));
    let angle = if y.abs() > x.abs() { std::f32::consts::FRAC_PI_2 - angle } else { angle };
    let angle = if x < 0.0 { std::f32::consts::PI - angle } else { angle };
    angle.copysign(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log2_is_exact_to_its_bound() {
        for i in 0..200_000 {
            let x = 1e-12_f32 * 1.000_3_f32.powi(i);
            if x > 1e6 {
                break;
            }
            let exact = f64::from(x).log2();
            assert!((f64::from(log2(x)) - exact).abs() < 4e-6, "{x}: {} instead of {exact}", log2(x));
        }
        assert_eq!(log2(1.0), 0.0);
        assert_eq!(log2(1024.0), 10.0);
    }

    #[test]
    fn atan2_is_exact_to_its_bound() {
        for i in 0..3_600 {
            let angle = (f64::from(i) / 10.0 - 180.0).to_radians();
            let (y, x) = ((3.0 * angle.sin()) as f32, (3.0 * angle.cos()) as f32);
            let error = f64::from(atan2(y, x)) - f64::from(y).atan2(f64::from(x));
            assert!(error.abs() < 2e-5, "{angle}: {error}");
        }
        assert_eq!(atan2(0.0, 0.0), 0.0);
    }
}
