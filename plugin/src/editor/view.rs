//! Where the user has moved the picture to: dragging, the wheel around the pointer, and back.
//!
//! The picture shows the z-plane turned by the rotation of the look. The pan is a point of the plane *as it is seen*, so that
//! a drag means the same at any rotation. Distances on the screen are in logical pixels, `unit` is the length of one of them
//! in the z-plane.

use dendrite_julia::Scene;
use dendrite_julia::formula::VIEW_HEIGHT;
use egui::Vec2;

use crate::state::ViewMemory;

/// Length in the z-plane of one logical pixel, in a window of this height.
pub fn unit(zoom: f64, height: f32) -> f64 {
    VIEW_HEIGHT / (zoom * f64::from(height.max(1.0)))
}

/// The view after the picture was dragged by `delta`.
pub fn dragged(view: ViewMemory, delta: Vec2, unit: f64) -> ViewMemory {
    let [x, y] = view.pan;
    let (dx, dy) = (f64::from(delta.x) * unit, f64::from(delta.y) * unit);
    ViewMemory { pan: [x - dx as f32, y + dy as f32], ..view }
}

/// The view after zooming by `factor` around the point that is `from_middle` (y down) away from the middle of the picture,
/// which stays where it is.
pub fn zoomed(view: ViewMemory, factor: f32, from_middle: Vec2, unit: f64) -> ViewMemory {
    let [low, high] = ViewMemory::ZOOM;
    let zoom = (view.zoom * factor).clamp(low, high);
    // What the point is away from the middle in the plane, before and after.
    let shrinks_by = unit * (1.0 - f64::from(view.zoom / zoom));
    let [x, y] = view.pan;
    let (dx, dy) = (f64::from(from_middle.x) * shrinks_by, f64::from(-from_middle.y) * shrinks_by);
    ViewMemory { pan: [x + dx as f32, y + dy as f32], zoom }
}

/// The scene in this view, in a window of which the middle of the picture is `right_of_middle` logical pixels right of the
/// window's.
pub fn place(view: &ViewMemory, scene: &Scene, right_of_middle: f32, height: f32) -> Scene {
    let zoomed = Scene { zoom: scene.zoom * f64::from(view.zoom), ..*scene }.sanitized();
    let [x, y] = view.pan.map(f64::from);
    let x = x - f64::from(right_of_middle) * unit(zoomed.zoom, height);
    // The picture shows z - centre turned counter-clockwise; the centre is the seen point turned back.
    let (sin, cos) = scene.rotation.sin_cos();
    Scene { centre: [x * cos + y * sin, y * cos - x * sin], ..zoomed }
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    const HEIGHT: f32 = 600.0;

    /// Where a point of the z-plane is seen, in logical pixels right of and below the window's middle.
    fn seen(scene: &Scene, [re, im]: [f64; 2]) -> Vec2 {
        let (sin, cos) = scene.rotation.sin_cos();
        let (x, y) = (re - scene.centre[0], im - scene.centre[1]);
        let pixels = 1.0 / unit(scene.zoom, HEIGHT);
        vec2(((x * cos - y * sin) * pixels) as f32, (-(x * sin + y * cos) * pixels) as f32)
    }

    fn scenes() -> impl Iterator<Item = Scene> {
        [(0.0, 1.0), (1.0, 3.0), (-2.5, 0.5)].into_iter().map(|(rotation, zoom)| Scene {
            rotation,
            zoom,
            ..Scene::default()
        })
    }

    #[test]
    fn the_set_is_in_the_middle_of_what_is_not_covered() {
        for scene in scenes() {
            let at = seen(&place(&ViewMemory::default(), &scene, 140.0, HEIGHT), [0.0, 0.0]);
            assert!((at - vec2(140.0, 0.0)).length() < 1e-3, "{at:?}");
        }
    }

    #[test]
    fn what_is_dragged_follows_the_pointer() {
        let view = ViewMemory { pan: [0.3, -0.2], zoom: 2.0 };
        for scene in scenes() {
            let before = place(&view, &scene, 20.0, HEIGHT);
            let after = dragged(view, vec2(33.0, -12.0), unit(before.zoom, HEIGHT));
            let moved = seen(&place(&after, &scene, 20.0, HEIGHT), [0.1, 0.4]) - seen(&before, [0.1, 0.4]);
            // f32 in the memory: a ten-thousandth of a pixel or so.
            assert!((moved - vec2(33.0, -12.0)).length() < 1e-2, "{moved:?}");
        }
    }

    #[test]
    fn the_point_under_the_pointer_stays_when_zooming() {
        for factor in [0.5, 1.1, 40.0, 1e9] {
            let view = ViewMemory { pan: [0.3, -0.2], zoom: 2.0 };
            for scene in scenes() {
                let before = place(&view, &scene, 20.0, HEIGHT);
                let pointer = vec2(-77.0, 41.0);
                let from_middle = pointer - vec2(20.0, 0.0);
                let view = zoomed(view, factor, from_middle, unit(before.zoom, HEIGHT));
                let after = place(&view, &scene, 20.0, HEIGHT);
                if (after.zoom - scene.zoom * f64::from(view.zoom)).abs() > 1e-6 {
                    // Beyond what a scene may have, the picture's zoom ends before the view's.
                    continue;
                }
                // The point that was under the pointer.
                let u = unit(before.zoom, HEIGHT);
                let (x, y) = (f64::from(pointer.x) * u, f64::from(-pointer.y) * u);
                let (sin, cos) = scene.rotation.sin_cos();
                let z = [before.centre[0] + x * cos + y * sin, before.centre[1] + y * cos - x * sin];
                let moved = seen(&after, z) - pointer;
                // The pan is an f32: 3e-8 of a plane in which a pixel is as small as 5e-6.
                assert!(moved.length() < 0.1, "{factor}: {moved:?}");
            }
        }
    }
}
