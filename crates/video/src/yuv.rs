//! From sRGB-coded pixels to Y'CbCr 4:2:0 after BT.709, limited range, as video encoders want it.
//!
//! Y' = 16 + 219 (0.2126 R' + 0.7152 G' + 0.0722 B'); Cb and Cr = 128 + 224 (B' - Y')/1.8556 and 224 (R' - Y')/1.5748, each for
//! R', G', B' in 0 ..= 1 (ITU-R BT.709-6, items 3.2 - 3.4 and 4.6). Luma has 219 steps where the pixels have 255: it is dithered,
//! or gradients would show bands.

use crate::picture::BAYER;

/// A picture in planes: luma, then Cb, then Cr at half the size in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct I420 {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

/// Bits behind the point.
const BITS: u32 = 16;
/// The luma's and the chroma's factors for R, G, B in 0 ..= 255.
const Y: [i32; 3] = factors([0.2126, 0.7152, 0.0722], 219.0);
const CB: [i32; 3] = factors([-0.2126 / 1.8556, -0.7152 / 1.8556, 0.9278 / 1.8556], 224.0);
const CR: [i32; 3] = factors([0.7874 / 1.5748, -0.7152 / 1.5748, -0.0722 / 1.5748], 224.0);

const fn factors(shares: [f64; 3], range: f64) -> [i32; 3] {
    let one = range / 255.0 * (1 << BITS) as f64;
    [rounded(shares[0] * one), rounded(shares[1] * one), rounded(shares[2] * one)]
}

const fn rounded(value: f64) -> i32 {
    if value < 0.0 { (value - 0.5) as i32 } else { (value + 0.5) as i32 }
}

impl I420 {
    /// The picture of RGBA8 pixels; width and height are even.
    pub fn of(rgba: &[u8], [width, height]: [u32; 2]) -> Self {
        let (width, height) = (width as usize, height as usize);
        let mut data = vec![0; width * height * 3 / 2];
        let (luma, chroma) = data.split_at_mut(width * height);
        let (blue, red) = chroma.split_at_mut(width * height / 4);
        let stride = width * 4;
        for (pair, rows) in rgba.chunks_exact(stride * 2).enumerate() {
            let (upper, lower) = rows.split_at(stride);
            for (k, row) in [upper, lower].into_iter().enumerate() {
                let y = pair * 2 + k;
                // The thresholds of a row, in the format of the sums, with the offset of 16.
                let threshold: [i32; 8] =
                    BAYER[y & 7].map(|b| (16 << BITS) + (i32::from(b) * 2 + 1) * (1 << BITS) / 128);
                let out = &mut luma[y * width..(y + 1) * width];
                for (x, (out, pixel)) in out.iter_mut().zip(row.chunks_exact(4)).enumerate() {
                    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
                    *out = ((Y[0] * r + Y[1] * g + Y[2] * b + threshold[x & 7]) >> BITS) as u8;
                }
            }
            let half = width / 2;
            let columns = upper.chunks_exact(8).zip(lower.chunks_exact(8));
            let out = blue[pair * half..][..half].iter_mut().zip(&mut red[pair * half..][..half]);
            for ((blue, red), (above, below)) in out.zip(columns) {
                let sum = |k: usize| {
                    [above[k], above[k + 4], below[k], below[k + 4]].map(i32::from).iter().sum::<i32>()
                };
                let [r, g, b] = [sum(0), sum(1), sum(2)];
                // Four pixels: two bits more.
                let offset = (128 << (BITS + 2)) + (1 << (BITS + 1));
                *blue = ((CB[0] * r + CB[1] * g + CB[2] * b + offset) >> (BITS + 2)) as u8;
                *red = ((CR[0] * r + CR[1] * g + CR[2] * b + offset) >> (BITS + 2)) as u8;
            }
        }
        Self { width, height, data }
    }

    /// Luma, Cb and Cr.
    pub fn planes(&self) -> [&[u8]; 3] {
        let (luma, chroma) = self.data.split_at(self.width * self.height);
        let (blue, red) = chroma.split_at(self.width * self.height / 4);
        [luma, blue, red]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(rgb: [u8; 3]) -> I420 {
        let rgba: Vec<u8> = [rgb[0], rgb[1], rgb[2], 255].repeat(64);
        I420::of(&rgba, [8, 8])
    }

    #[test]
    fn known_colours_have_their_codes() {
        // BT.709 colour bars at 100 %, 8 bits (ITU-R BT.709 formulas; as in SMPTE RP 219 rounded).
        for (rgb, [y, cb, cr]) in [
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 255, 0], [173, 42, 26]),
            ([0, 0, 255], [32, 240, 118]),
            ([255, 255, 0], [219, 16, 138]),
        ] {
            let picture = flat(rgb);
            let [luma, blue, red] = picture.planes();
            let mean = luma.iter().map(|&v| f64::from(v)).sum::<f64>() / 64.0;
            assert!((mean - f64::from(y)).abs() <= 0.51, "{rgb:?}: {mean} {y}");
            assert!(blue.iter().all(|&v| v.abs_diff(cb) <= 1), "{rgb:?}: {blue:?} {cb}");
            assert!(red.iter().all(|&v| v.abs_diff(cr) <= 1), "{rgb:?}: {red:?} {cr}");
        }
    }

    #[test]
    fn dither_keeps_what_lies_between_the_steps() {
        for grey in 0..=255 {
            let picture = flat([grey; 3]);
            let mean = picture.planes()[0].iter().map(|&v| f64::from(v)).sum::<f64>() / 64.0;
            let exact = 16.0 + 219.0 * f64::from(grey) / 255.0;
            assert!((mean - exact).abs() < 0.02, "{grey}: {mean} {exact}");
        }
    }
}
