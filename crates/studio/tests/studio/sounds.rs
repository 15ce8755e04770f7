//! Sounds: uploaded, checked, listed.

use crate::client::{Served, files, repository, wav};

#[test]
fn a_sound_is_decoded_kept_and_listed() {
    let served = Served::with(|options| options.limits.audio_bytes = 16 << 20);
    let answer = served.post("/api/audio/upload?name=tone.wav", &wav());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sound = answer.json();
    assert_eq!(
        (&sound["name"], &sound["rate"], &sound["seconds"]),
        (&"tone.wav".into(), &8000.into(), &1.0.into())
    );
    let song = std::fs::read(repository("assets/demo/dendrite_demo.ogg")).unwrap();
    let answer = served.post("/api/audio/upload?name=not%20what%20it%20says.mp3", &song);
    assert_eq!((answer.status, answer.json()["format"].as_str()), (200, Some("ogg")));
    let list = served.get("/api/audio").json();
    assert_eq!(list["sounds"].as_array().unwrap().len(), 2);
    assert_eq!(list["sounds"][0], sound);
    let kept = served.data().join("audio").join(format!("{}.wav", sound["id"].as_str().unwrap()));
    assert_eq!(std::fs::read(kept).unwrap(), wav());
}

#[test]
fn a_sound_that_is_too_long_is_refused() {
    let served = Served::with(|options| options.limits.audio_s = 0.5);
    let answer = served.post("/api/audio/upload", &wav());
    assert_eq!(answer.status, 422);
    assert!(answer.error().contains("longer than 0.5 s"), "{}", answer.text());
    assert!(files(&served.data().join("audio")).is_empty());
}

#[test]
fn there_are_only_so_many_sounds() {
    let served = Served::with(|options| options.limits.files = 2);
    let statuses: Vec<u16> = (0..3).map(|_| served.post("/api/audio/upload", &wav()).status).collect();
    assert_eq!(statuses, [200, 200, 507]);
    let served = Served::with(|options| options.limits.all_audio_bytes = 20_000);
    let statuses: Vec<u16> = (0..3).map(|_| served.post("/api/audio/upload", &wav()).status).collect();
    // 16,044 bytes each: the second passes the mark, the third is refused.
    assert_eq!(statuses, [200, 200, 507]);
}

#[test]
fn a_sound_is_deleted_by_its_page_and_by_no_other() {
    let served = Served::new();
    let id = served.post("/api/audio/upload", &wav()).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/audio/{id}");
    assert_eq!(served.delete(&path, &[("Origin", "http://evil.example")]).status, 403);
    assert_eq!(served.delete(&path, &[("Sec-Fetch-Site", "cross-site")]).status, 403);
    assert_eq!(served.delete("/api/audio/..%2f..%2flock", &[]).status, 404);
    assert_eq!(files(&served.data().join("audio")).len(), 2);
    let own = format!("http://{}", served.address());
    assert_eq!(served.delete(&path, &[("Origin", &own)]).status, 204);
    assert_eq!(served.delete(&path, &[]).status, 404);
    assert!(files(&served.data().join("audio")).is_empty());
}
