//! The playing in the panel: mode, key, voices, modulation, and saving what was played.

use egui::{CollapsingHeader, RichText, Ui};
use nice_plug::prelude::*;

use super::gestures::Gestures;
use super::{focus, theme, widgets};
use crate::capture::BARS;
use crate::play::{MAX_SEED, ModulationParams, PlayParams, VoiceParams};
use crate::state::Session;

/// Draws the group and acts on its buttons.
pub fn show(ui: &mut Ui, gestures: Gestures, session: &Session) {
    let play: &PlayParams = &session.params.play;
    widgets::choice(ui, gestures, &play.mode, "When Dendrite plays along; its notes go to the MIDI output");
    widgets::choice(ui, gestures, &play.key, "The tonic of what is played: as heard, or yours");
    widgets::choice(ui, gestures, &play.scale, "The scale of the melody: as heard, or yours");
    widgets::choice(
        ui,
        gestures,
        &play.chords,
        "Follow the chords that are heard, stay on the last one, or play none",
    );
    widgets::number(ui, gestures, &play.seed, "Another seed is another idea on the same music");
    ui.horizontal(|ui| {
        if widgets::button(ui, "New idea", "Draws another seed") {
            let seed = another(play.seed.value(), ui.input(|input| input.time));
            gestures.change(&play.seed, play.seed.preview_normalized(seed));
        }
    });
    ui.add_space(3.0);
    widgets::switch(ui, gestures, &play.expression, "Sends CC 1, 11, 64 and 74 with the notes");
    let hints = [
        "One note at a time, on the scale",
        "Three or four notes, led with least movement",
        "Roots, fifths and octaves below",
        "Kick, snare and hi-hat (General MIDI)",
    ];
    for (params, hint) in play.voices().into_iter().zip(hints) {
        voice(ui, gestures, params, hint);
    }
    modulation(ui, gestures, &play.modulation);
    save(ui, session);
}

/// A voice: its switch, and the rest folded away.
fn voice(ui: &mut Ui, gestures: Gestures, params: &VoiceParams, hint: &str) {
    widgets::switch(ui, gestures, &params.on, hint);
    folded(ui, params.on.name(), |ui| {
        widgets::number(
            ui,
            gestures,
            &params.density,
            "How many notes; the middle is what the music asks for",
        );
        widgets::number(ui, gestures, &params.velocity, "How hard, compared with what the music asks for");
        widgets::number(ui, gestures, &params.humanise, "Random deviation of time and velocity");
        widgets::number(ui, gestures, &params.octave, "Octaves up or down");
        widgets::number(ui, gestures, &params.channel, "MIDI channel");
    });
}

fn modulation(ui: &mut Ui, gestures: Gestures, params: &ModulationParams) {
    widgets::switch(
        ui,
        gestures,
        &params.on,
        "Sends what is heard as controllers, for other plug-ins to move with",
    );
    folded(ui, params.on.name(), |ui| {
        widgets::number(ui, gestures, &params.channel, "MIDI channel of the controllers");
        for controller in &params.controllers {
            widgets::number(ui, gestures, &controller.number, "Controller number");
        }
    });
}

fn folded(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui)) {
    let title = RichText::new("more").size(11.5).color(theme::DIM);
    let shown = CollapsingHeader::new(title).id_salt(name).show_unindented(ui, contents);
    let header = shown.header_response.on_hover_text("What else there is to set of it");
    focus::ring(ui, &header, header.rect);
    ui.add_space(3.0);
}

/// Buttons for the last bars.
fn save(ui: &mut Ui, session: &Session) {
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Save last").size(12.5).color(theme::DIM))
            .on_hover_text("The last bars that Dendrite played, as a MIDI file");
        for bars in BARS {
            let hint = format!("Save the last {bars} bars as .mid");
            if widgets::button(ui, &bars.to_string(), &hint) {
                session.capture.save(bars, &session.notices);
            }
        }
        ui.label(RichText::new("bars").size(12.5).color(theme::DIM));
    });
    ui.add_space(3.0);
}

/// A seed that is another one; what time it is makes it unforeseen.
fn another(seed: i32, time_s: f64) -> i32 {
    let step = 1 + (time_s.to_bits() >> 7).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64;
    let span = i64::from(MAX_SEED) - 1;
    1 + ((i64::from(seed) - 1 + 1 + step.rem_euclid(span)).rem_euclid(span + 1)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_idea_is_another_seed_in_range() {
        for seed in [1, 2, 77, MAX_SEED] {
            for tick in 0..2_000 {
                let other = another(seed, f64::from(tick) * 0.37);
                assert!((1..=MAX_SEED).contains(&other) && other != seed, "{seed} {other}");
            }
        }
    }
}
