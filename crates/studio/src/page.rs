//! The page: a few files that are part of the program.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

/// Names, types and contents.
const FILES: [(&str, &str, &[u8]); 16] = [
    file("index.html", HTML, include_bytes!("../../../assets/web/index.html")),
    file("style.css", CSS, include_bytes!("../../../assets/web/style.css")),
    file("icon.svg", "image/svg+xml", include_bytes!("../../../assets/web/icon.svg")),
    file("main.js", SCRIPT, include_bytes!("../../../assets/web/main.js")),
    file("ask.js", SCRIPT, include_bytes!("../../../assets/web/ask.js")),
    file("hearing.js", SCRIPT, include_bytes!("../../../assets/web/hearing.js")),
    file("kept.js", SCRIPT, include_bytes!("../../../assets/web/kept.js")),
    file("live.js", SCRIPT, include_bytes!("../../../assets/web/live.js")),
    file("looks.js", SCRIPT, include_bytes!("../../../assets/web/looks.js")),
    file("mandelbrot.js", SCRIPT, include_bytes!("../../../assets/web/mandelbrot.js")),
    file("models.js", SCRIPT, include_bytes!("../../../assets/web/models.js")),
    file("mood.js", SCRIPT, include_bytes!("../../../assets/web/mood.js")),
    file("picture.js", SCRIPT, include_bytes!("../../../assets/web/picture.js")),
    file("sound.js", SCRIPT, include_bytes!("../../../assets/web/sound.js")),
    file("tap.js", SCRIPT, include_bytes!("../../../assets/web/tap.js")),
    file("training.js", SCRIPT, include_bytes!("../../../assets/web/training.js")),
];

/// The demo song, composed for Dendrite; see `assets/LICENSES.md`.
const SONG: &[u8] = include_bytes!("../../../assets/demo/dendrite_demo.ogg");

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const fn file(
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
) -> (&'static str, &'static str, &'static [u8]) {
    (name, kind, bytes)
}

/// `/`
pub async fn index() -> Response {
    serve("index.html")
}

/// `/web/{name}`
pub async fn asset(Path(name): Path<String>) -> Response {
    serve(&name)
}

/// `/demo.ogg`
pub async fn song() -> Response {
    ([(header::CONTENT_TYPE, "audio/ogg")], SONG).into_response()
}

fn serve(name: &str) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        // A newer program has a newer page.
        Some(&(_, kind, bytes)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response()
        }
        None => Failure::new(StatusCode::NOT_FOUND, "there is no such page").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/web");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let mut served: Vec<&str> = FILES.iter().map(|(name, _, _)| *name).collect();
        served.sort_unstable();
        assert_eq!(there, served);
    }
}
