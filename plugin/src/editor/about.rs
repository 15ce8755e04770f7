//! The about box: what this is, and whose.

use egui::{Align, Align2, Color32, Context, Id, Key, Layout, RichText, Ui, vec2};

use super::{theme, widgets};

/// Headings and what is below them.
const SECTIONS: [(&str, &str); 4] = [
    ("Licence", "Dendrite is free software under the MIT licence. It comes with no warranty."),
    (
        "Fonts",
        "Ubuntu Light (Ubuntu Font Licence 1.0), Hack (MIT and Bitstream Vera licences), Noto Emoji (SIL Open Font \
         Licence 1.1), emoji-icon-font (MIT).",
    ),
    (
        "VST",
        "VST is a registered trademark of Steinberg Media Technologies GmbH. The interface to VST3 hosts is the crate vst3 \
         (MIT or Apache 2.0 licence), generated from the headers of the VST3 API.",
    ),
    ("Flashing pictures", "The picture answers to sound. Keep the flash limiter on when others watch."),
];

/// Draws the box in the middle of the window; `open` falls by its button, the Escape key or a click beside it.
pub fn show(context: &Context, open: &mut bool) {
    let window = context.content_rect();
    let area = egui::Area::new(Id::unique("about")).order(egui::Order::Foreground);
    let shown = area.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(context, |ui| {
        let frame = theme::glass().fill(Color32::from_rgb(13, 17, 28)).inner_margin(18);
        theme::on_glass(ui, frame, |ui| {
            ui.set_width((window.width() - 80.0).min(360.0));
            contents(ui, open);
        });
    });
    let escaped = context.input(|input| input.key_pressed(Key::Escape));
    if escaped || shown.response.clicked_elsewhere() {
        *open = false;
    }
}

fn contents(ui: &mut Ui, open: &mut bool) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Dendrite").size(19.0).strong());
        ui.label(RichText::new(env!("CARGO_PKG_VERSION")).size(13.0).color(theme::DIM));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::quiet_button(ui, "\u{D7}", "Close") {
                *open = false;
            }
        });
    });
    ui.add_space(2.0);
    ui.label(
        RichText::new("Hears a track with six small neural networks, draws a Julia set, and plays along.")
            .size(12.5)
            .color(theme::DIM),
    );
    for (heading, text) in SECTIONS {
        ui.add_space(8.0);
        ui.label(
            RichText::new(heading.to_uppercase()).size(10.5).color(theme::FAINT).extra_letter_spacing(1.5),
        );
        ui.label(RichText::new(text).size(12.5));
    }
}
