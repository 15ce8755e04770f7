//! Nothing allocates once the extractor and the resampler are made.

use dendrite_features::{Extractor, FeatureWindow, HOP_LENGTH, Resampler};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn hops_do_not_allocate() {
    let mut extractor = Extractor::new();
    let mut window = FeatureWindow::default();
    let mut resamplers = [44_100, 48_000, 384_000].map(|rate| Resampler::new(rate).unwrap());
    let mut hop = [0.0; HOP_LENGTH];
    assert_no_alloc(|| {
        for n in 0..40_000 {
            let sample = (n as f32 * 0.1).sin();
            for resampler in &mut resamplers {
                resampler.push(&[sample]);
                if resampler.available() >= HOP_LENGTH {
                    resampler.take_hop(&mut hop);
                    extractor.push(&hop, |frame| window.push(&frame.base));
                }
            }
        }
        extractor.reset();
        resamplers.iter_mut().for_each(Resampler::reset);
    });
}
