//! The presets that come with Dendrite, for a page to choose from.

use axum::Json;
use dendrite_engine::Settings;
use dendrite_julia::Look;
use serde::Serialize;
use utoipa::ToSchema;

/// A preset, as a list shows it. A live stream that wishes it by its name moves and looks like it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresetEntry {
    /// What it is called.
    name: &'static str,
    /// One line for whoever chooses.
    about: &'static str,
    /// How the picture looks with it; `look` of a live stream takes the same fields, but for the rotation.
    look: PresetLook,
}

/// A preset's part of what a live stream can wish for singly.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresetLook {
    palette: usize,
    palette_follows_mood: bool,
    zoom: f64,
    glow: f32,
    detail: f32,
    reaction: f32,
}

/// All presets.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresetList {
    /// The defaults, then from calm to wild.
    presets: Vec<PresetEntry>,
}

/// The presets that come with Dendrite.
#[utoipa::path(get, path = "/api/presets", tag = "live", responses((status = 200, body = PresetList)))]
pub async fn list() -> Json<PresetList> {
    let entry = |preset: &'static dendrite_presets::Preset| {
        let mut look = Look::default();
        preset.apply(&mut Settings::default(), &mut look);
        let Look { palette, palette_follows_mood, zoom, glow, detail, reaction, .. } = look;
        let look = PresetLook { palette, palette_follows_mood, zoom, glow, detail, reaction };
        PresetEntry { name: &preset.name, about: &preset.about, look }
    };
    Json(PresetList { presets: dendrite_presets::factory().iter().map(entry).collect() })
}
