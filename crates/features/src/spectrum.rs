//! Sums over spectra in several lanes, which the compiler turns into vector code on every target.

/// Sum of `f(a[i], b[i])` over two slices of equal length, in `LANES` partial sums.
///
/// Eight lanes suit short runs; 32 keep four vector registers busy where one addition would wait for the last. The rounding
/// error grows with `len / LANES`; the order is fixed, so the result is the same on every call and every processor.
#[inline(always)]
pub(crate) fn sum_pairs<const LANES: usize>(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(&x, &y)| f(x, y)).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += f(x[lane], y[lane]);
        }
    }
    lanes.iter().sum::<f32>() + tail
}

/// First index at which the running sum of `values` reaches `share` of the whole; 0 for an all-zero slice.
///
/// The whole is passed in as the sum of 64-value blocks from [`block_sums`], so that only one block is walked.
#[inline(always)]
pub(crate) fn index_of_share(values: &[f32], blocks: &[f32], share: f64) -> usize {
    let target = share * blocks.iter().map(|&b| f64::from(b)).sum::<f64>();
    let mut sum = 0.0_f64;
    for (block, &block_sum) in blocks.iter().enumerate() {
        if sum + f64::from(block_sum) >= target {
            let start = block * BLOCK;
            for (offset, &value) in values[start..(start + BLOCK).min(values.len())].iter().enumerate() {
                sum += f64::from(value);
                if sum >= target {
                    return start + offset;
                }
            }
            // The block sum rounded up to the target and the walk did not: the crossing is at the block's end.
            return (start + BLOCK).min(values.len()) - 1;
        }
        sum += f64::from(block_sum);
    }
    values.len().saturating_sub(1)
}

/// Values per block of [`block_sums`].
pub(crate) const BLOCK: usize = 64;

/// Sums of consecutive blocks of [`BLOCK`] values; `blocks` holds one more for a partial last block.
#[inline(always)]
pub(crate) fn block_sums(values: &[f32], blocks: &mut [f32]) {
    for (sum, block) in blocks.iter_mut().zip(values.chunks(BLOCK)) {
        *sum = sum_pairs::<16>(block, block, |x, _| x);
    }
}

/// Sum of `index * value` over all values, from the sums of their blocks.
#[inline(always)]
pub(crate) fn first_moment(values: &[f32], blocks: &[f32]) -> f64 {
    const OFFSETS: [f32; BLOCK] = {
        let mut offsets = [0.0; BLOCK];
        let mut i = 0;
        while i < BLOCK {
            offsets[i] = i as f32;
            i += 1;
        }
        offsets
    };
    let mut moment = 0.0;
    for (block, (values, &sum)) in values.chunks(BLOCK).zip(blocks).enumerate() {
        let within = sum_pairs::<16>(&OFFSETS[..values.len()], values, |i, v| i * v);
        moment += f64::from(within) + (block * BLOCK) as f64 * f64::from(sum);
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_index_is_where_a_plain_walk_finds_it() {
        let mut seed = 1_u32;
        for length in [1_usize, 63, 64, 65, 2_049] {
            let values: Vec<f32> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 8) as f32 / (1 << 24) as f32
                })
                .collect();
            let mut blocks = vec![0.0; length.div_ceil(BLOCK)];
            block_sums(&values, &mut blocks);
            for share in [0.1, 0.5, 0.85] {
                let total: f64 = values.iter().map(|&v| f64::from(v)).sum();
                let mut sum = 0.0;
                let plain = values.iter().position(|&v| {
                    sum += f64::from(v);
                    sum >= share * total
                });
                let found = index_of_share(&values, &blocks, share);
                assert!(found.abs_diff(plain.unwrap()) <= 1, "{length} {share}: {found} {plain:?}");
            }
        }
        assert_eq!(index_of_share(&[0.0; 100], &[0.0; 2], 0.85), 0);
    }
}
