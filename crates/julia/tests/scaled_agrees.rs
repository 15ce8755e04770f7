//! A picture with fewer pixels, scaled up, is the same picture: at every quality, in place and colour.

mod offscreen;

use dendrite_julia::gl::ScaledPainter;
use dendrite_julia::{Quality, Scene};
use glow::HasContext;
use offscreen::{Offscreen, difference};

/// Sides that no fraction divides.
const SIZE: [u32; 2] = [413, 291];

/// A rabbit with its filled interior, a dendrite of lines alone, and a turned, magnified piece.
fn scenes() -> [Scene; 3] {
    [
        Scene::default(),
        Scene { c: [0.0, 1.0], ..Scene::default() },
        Scene { c: [-0.39, -0.59], centre: [0.2, 0.1], zoom: 2.5, rotation: 0.7, ..Scene::default() },
    ]
}

/// Mean difference between a picture and another that is moved by whole pixels, in 1/255, over what both have.
fn moved_difference(a: &[u8], b: &[u8], [dx, dy]: [i32; 2]) -> f64 {
    let [width, height] = SIZE.map(|side| side as i32);
    let at = |bytes: &[u8], x: i32, y: i32, channel: i32| {
        i32::from(bytes[(4 * (y * width + x) + channel) as usize])
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 2..height - 2 {
        for x in 2..width - 2 {
            for channel in 0..3 {
                sum += f64::from((at(a, x, y, channel) - at(b, x + dx, y + dy, channel)).abs());
                count += 1.0;
            }
        }
    }
    sum / count
}

#[test]
fn at_every_quality_it_is_the_same_picture() {
    let offscreen = Offscreen::new();
    let gl = &offscreen.gl;
    let mut painter = ScaledPainter::new(gl).expect("the shader compiles");
    assert!(painter.scales());
    for scene in scenes() {
        let mut paint = |quality| {
            offscreen.paint(SIZE, |gl, origin| {
                painter.paint(gl, &scene, origin, SIZE, quality);
            })
        };
        let finest = paint(Quality::BEST);
        // What the samples alone change: most where the set is all detail.
        let grain = difference(&finest, &paint(Quality::FULL));
        let mut before = finest.clone();
        for quality in Quality::STEPS {
            let picture = paint(quality);
            let (from_finest, from_before) = (difference(&finest, &picture), difference(&before, &picture));
            println!(
                "c = {:?}, {quality:?}: {from_finest:.2}, from the step before {from_before:.2}",
                scene.c
            );
            let most = 1.5 + 1.5 * grain;
            assert!(from_finest < most && from_before < most, "{quality:?}: {from_finest}, {from_before}");
            // It lies where the finest one lies: moved by a pixel in any direction it fits less.
            for by in [[1, 0], [-1, 0], [0, 1], [0, -1]] {
                let there = moved_difference(&finest, &picture, by);
                let here = moved_difference(&finest, &picture, [0, 0]);
                assert!(here < there, "{quality:?} fits better at {by:?}: {here} here, {there} there");
            }
            before = picture;
        }
    }
    keeps_what_is_asked_for_again(&offscreen, &mut painter);
    puts_back_what_it_changes(gl, &mut painter);
    painter.destroy(gl);
    // SAFETY: the context is current.
    assert_eq!(unsafe { gl.get_error() }, glow::NO_ERROR);
}

/// A picture that does not change is drawn twice at most, and is the same when it comes from the texture.
fn keeps_what_is_asked_for_again(offscreen: &Offscreen, painter: &mut ScaledPainter) {
    let scene = Scene { c: [-0.8, 0.156], ..Scene::default() };
    for quality in [Quality::BEST, Quality::FULL, Quality::STEPS[6]] {
        let mut costs = Vec::new();
        let pictures: Vec<Vec<u8>> = (0..4)
            .map(|_| {
                offscreen
                    .paint(SIZE, |gl, origin| costs.push(painter.paint(gl, &scene, origin, SIZE, quality)))
            })
            .collect();
        assert!(pictures.windows(2).all(|pair| difference(&pair[0], &pair[1]) < 0.01), "{quality:?}");
        // This renderer draws with the processor, so that each drawing is measured.
        let drawn = costs.iter().flatten().count();
        assert!((1..=2).contains(&drawn) && costs[2..] == [None, None], "{quality:?}: {costs:?}");
        assert!(
            costs.iter().flatten().all(|cost| cost.samples == quality.samples(SIZE) && cost.seconds > 0.0)
        );
    }
}

/// Framebuffer and scissors are the caller's.
fn puts_back_what_it_changes(gl: &glow::Context, painter: &mut ScaledPainter) {
    // SAFETY: the context is current.
    unsafe {
        let framebuffer = gl.create_framebuffer().expect("no framebuffer");
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
        gl.enable(glow::SCISSOR_TEST);
        gl.scissor(1, 2, 3, 4);
        painter.paint(gl, &Scene::default(), [0, 0], [64, 64], Quality::STEPS[9]);
        assert_eq!(gl.get_parameter_framebuffer(glow::DRAW_FRAMEBUFFER_BINDING), Some(framebuffer));
        assert!(gl.is_enabled(glow::SCISSOR_TEST));
        let mut scissors = [0; 4];
        gl.get_parameter_i32_slice(glow::SCISSOR_BOX, &mut scissors);
        assert_eq!(scissors, [1, 2, 3, 4]);
        gl.disable(glow::SCISSOR_TEST);
        gl.bind_framebuffer(glow::FRAMEBUFFER, None);
        gl.delete_framebuffer(framebuffer);
        // Without attachments nothing could be drawn there; that is no error of the painter's.
        gl.get_error();
    }
}
