//! What a browser asks for first, and the description of all routes.

use crate::client::Served;

#[test]
fn the_page_its_files_the_song_and_the_shader_are_there() {
    let served = Served::new();
    let page = served.get("/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(served.get("/web/main.js").header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(served.get("/demo.ogg").body.starts_with(b"OggS"));
    let shader = served.get("/api/shader/julia.frag").text();
    // The plug-in's own text, behind WebGL's version line and the constants.
    assert!(shader.starts_with("#version 300 es"));
    assert!(shader.ends_with(include_str!("../../../../assets/shaders/julia.frag")));
    assert!(served.get("/api/shader/julia.frag?language=gl150").text().starts_with("#version 150 core"));
    assert_eq!(served.get("/nowhere").status, 404);
}

#[test]
fn every_route_is_described() {
    let served = Served::new();
    let description = served.get("/api/openapi.json").json();
    for (path, method) in [
        ("/api/train/status", "get"),
        ("/api/train/start", "post"),
        ("/api/train/stop", "post"),
        ("/api/train/events", "get"),
        ("/api/model/latest", "get"),
        ("/api/model/metadata", "get"),
        ("/api/model/upload", "post"),
        ("/api/models", "get"),
        ("/api/audio/upload", "post"),
        ("/api/audio", "get"),
        ("/api/shader/julia.frag", "get"),
        ("/api/health", "get"),
        ("/api/live", "get"),
    ] {
        assert!(description["paths"][path][method].is_object(), "{method} {path}");
    }
    let fields = &description["components"]["schemas"]["Status"]["properties"];
    for name in ["status", "progress", "current_epoch", "total_epochs", "loss_history", "error"] {
        assert!(fields[name].is_object(), "{name}: {fields}");
    }
}
