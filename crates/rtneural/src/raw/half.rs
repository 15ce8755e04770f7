//! IEEE 754 binary16, both ways.

/// The f16 nearest to a value (ties to even), as bits; `None` if its magnitude is beyond f16 (65,504) or it is NaN.
pub(crate) fn f16_bits(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let magnitude = f32::from_bits(bits & 0x7FFF_FFFF);
    // 65,520 lies half way to what would be the next number and would round to it.
    if magnitude.is_nan() || magnitude >= 65_520.0 {
        return None;
    }
    let rounded = if magnitude < 6.103_515_6e-5 {
        // Below 2^-14 f16 is a fixed-point number of 2^-24; adding 0.5 makes f32 round to the same grid.
        ((magnitude + 0.5).to_bits() - 0.5_f32.to_bits()) as u16
    } else {
        let bits = magnitude.to_bits();
        let even = (bits >> 13) & 1;
        // The exponent's bias changes from 127 to 15; a carry out of the mantissa is right as it is.
        ((bits - (112 << 23) + 0xFFF + even) >> 13) as u16
    };
    Some(sign | rounded)
}

/// The value of an f16 that is finite.
#[inline(always)]
pub(super) fn f16_value(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let shifted = u32::from(bits & 0x7FFF) << 13;
    // The exponent's bias changes from 15 to 127. Subnormal numbers have no leading one: with one and without it again
    // they become normal f32 numbers, and no step on the way is subnormal, so that flags for denormals do not matter.
    let magnitude = if bits & 0x7C00 == 0 {
        f32::from_bits(shifted + (113 << 23)) - f32::from_bits(113 << 23)
    } else {
        f32::from_bits(shifted + (112 << 23))
    };
    f32::from_bits(sign | magnitude.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_f16_survives_both_ways() {
        for bits in (0..=u16::MAX).filter(|bits| bits & 0x7C00 != 0x7C00) {
            assert_eq!(f16_bits(f16_value(bits)), Some(bits), "{bits:#06x}");
        }
    }

    #[test]
    fn rounds_to_the_nearest_and_ties_to_even() {
        let next = |bits: u16| f64::from(f16_value(bits + 1));
        for bits in (0..0x7BFF).step_by(7) {
            let (low, high) = (f64::from(f16_value(bits)), next(bits));
            let middle = ((low + high) / 2.0) as f32;
            assert_eq!(f16_bits(middle), Some(bits + (bits & 1)));
            assert_eq!(f16_bits(f32::from_bits(middle.to_bits() - 1)), Some(bits));
            assert_eq!(f16_bits(f32::from_bits(middle.to_bits() + 1)), Some(bits + 1));
        }
    }

    #[test]
    fn refuses_what_f16_cannot_hold() {
        assert_eq!(f16_bits(65_519.0), Some(0x7BFF));
        assert_eq!(f16_bits(65_520.0), None);
        assert_eq!(f16_bits(f32::NAN), None);
        assert_eq!(f16_bits(-1e9), None);
    }
}
