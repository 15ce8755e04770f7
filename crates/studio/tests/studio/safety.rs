//! What must not work: other sites, other machines, paths out of the data folder, more than the limits.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use dendrite_studio::{Options, StartError, Studio};
use tungstenite::client::IntoClientRequest;

use crate::client::{Served, files, request, wav};
use crate::listening::{Stream, sound as clicks};

#[test]
fn other_machines_may_ask_only_where_somebody_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        host: Ipv4Addr::UNSPECIFIED.into(),
        port: 0,
        data_dir: folder.path().to_owned(),
        ..Options::default()
    };
    let refused = Studio::start(options).unwrap_err();
    assert!(matches!(refused, StartError::Remote(_)));
    assert!(refused.to_string().contains("--allow-remote"));
}

#[test]
fn a_remote_studio_answers_to_its_token_alone() {
    let served = Served::with(|options| {
        options.host = Ipv4Addr::UNSPECIFIED.into();
        options.allow_remote = true;
    });
    let url = served.studio.as_ref().unwrap().url();
    let token = url.split("?token=").nth(1).unwrap().to_owned();
    let address = (Ipv4Addr::LOCALHOST, served.address().port()).into();
    let get = |path: &str, headers: &[(&str, &str)]| request(address, "GET", path, headers, b"");
    for path in
        ["/", "/web/main.js", "/demo.ogg", "/api/health", "/api/live", "/api/openapi.json", "/nowhere"]
    {
        assert_eq!(get(path, &[]).status, 401, "{path}");
        assert_eq!(get(&format!("{path}?token=00000000000000000000000000000000"), &[]).status, 401, "{path}");
    }
    // The page's address gives the token for a cookie and loses it.
    let page = get(&format!("/?token={token}"), &[]);
    assert_eq!((page.status, page.header("location")), (303, Some("/")));
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(get("/", &[("Cookie", cookie)]).status, 200);
    assert_eq!(get("/api/health", &[("Authorization", &format!("Bearer {token}"))]).status, 200);
    // A page of another site has the cookie's host, not its origin.
    let foreign = [("Cookie", cookie), ("Origin", "http://evil.example")];
    assert_eq!(request(address, "POST", "/api/train/stop", &foreign, b"").status, 403);
}

#[test]
fn a_foreign_name_for_this_machine_is_not_answered() {
    let served = Served::new();
    for path in ["/", "/api/train/status", "/api/live"] {
        let answer = request(served.address(), "GET", path, &[("Host", "rebound.example:8000")], b"");
        assert_eq!(answer.status, 421, "{path}");
    }
}

#[test]
fn other_sites_are_refused_and_no_cors_header_invites_them() {
    let served = Served::new();
    let own = format!("http://{}", served.address());
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        for (method, path) in [
            ("GET", "/api/train/status"),
            ("POST", "/api/train/start"),
            ("POST", "/api/model/upload"),
            ("OPTIONS", "/api/train/start"),
        ] {
            let answer = request(served.address(), method, path, &[("Origin", origin)], b"");
            assert_eq!(answer.status, 403, "{method} {path} {origin}");
            assert!(!answer.head.contains("access-control-allow"), "{}", answer.head);
        }
    }
    let answer = request(served.address(), "GET", "/api/train/status", &[("Origin", &own)], b"");
    assert_eq!(answer.status, 200);
    assert!(!answer.head.contains("access-control-allow"), "{}", answer.head);
    let answer = request(served.address(), "GET", "/api/audio", &[("Sec-Fetch-Site", "cross-site")], b"");
    assert_eq!(answer.status, 403);
}

#[test]
fn a_live_stream_of_another_site_is_refused() {
    let served = Served::new();
    let mut wish = format!("ws://{}/api/live", served.address()).into_client_request().unwrap();
    wish.headers_mut().insert("Origin", "http://evil.example".parse().unwrap());
    match tungstenite::connect(wish) {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 403),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_path_leads_out() {
    let served = Served::new();
    for path in [
        "/web/../Cargo.toml",
        "/web/..%2fCargo.toml",
        "/web/%2e%2e/%2e%2e/etc/passwd",
        "/web//etc/passwd",
        "/web/..\\..\\secret",
        "/../../etc/passwd",
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}");
    }
    // Names of uploads are words, not paths.
    let outside = served.folder.path().join("evil.wav");
    for name in ["../../evil.wav", "..%2F..%2Fevil.wav", "%2Ftmp%2Fevil.wav", "..%5C..%5Cevil.wav", "%00.wav"]
    {
        let answer = served.post(&format!("/api/audio/upload?name={name}"), &wav());
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let shown = answer.json()["name"].as_str().unwrap().to_owned();
        assert!(!shown.contains(['/', '\\', '\0']), "{shown}");
    }
    assert!(!outside.exists());
    let inside = served.data().to_owned();
    let everything = files(served.folder.path());
    assert!(everything.iter().all(|file| file.starts_with(&inside)), "{everything:?}");
    let stored = everything.iter().filter(|file| file.extension().is_some_and(|ending| ending == "wav"));
    for file in stored {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        assert!(stem.len() == 14 && stem.bytes().all(|byte| byte.is_ascii_hexdigit()), "{stem}");
    }
}

#[test]
fn what_is_too_large_is_refused_whether_it_says_so_or_not() {
    let served = Served::new();
    // 1 MiB is the limit of this studio's sounds.
    let large = vec![0_u8; (1 << 20) + 1];
    let answer = served.post("/api/audio/upload", &large);
    assert_eq!(answer.status, 413);
    // In chunks, without a length.
    let mut chunked = Vec::new();
    for part in large.chunks(100_000) {
        chunked.extend(format!("{:x}\r\n", part.len()).bytes());
        chunked.extend(part);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let chunks = [("Transfer-Encoding", "chunked")];
    let answer = request(served.address(), "POST", "/api/audio/upload", &chunks, &chunked);
    assert_eq!(answer.status, 413);
    // What was half received is gone.
    assert!(files(&served.data().join("incoming")).is_empty());
    // A body where JSON is expected is bounded as well.
    assert_eq!(served.post("/api/train/start", &vec![b' '; 4 << 20]).status, 413);
}

#[test]
fn what_it_is_is_seen_from_the_first_bytes() {
    let served = Served::new();
    for body in [&b"<html>"[..], b"MZ\x90\x00", b"#!/bin/sh\n", b"\x7fELF"] {
        assert_eq!(served.post("/api/audio/upload?name=song.wav", body).status, 415);
        assert_eq!(served.post("/api/model/upload?name=orbit_control.json", body).status, 415);
    }
    // The right first bytes and nothing behind them.
    assert_eq!(served.post("/api/audio/upload", b"fLaC\0\0\0\0\0\0").status, 422);
    assert_eq!(served.post("/api/audio/upload", b"RIFF\x10\0\0\0WAVEjunk").status, 422);
    assert_eq!(served.post("/api/audio/upload", b"").status, 400);
    assert!(files(&served.data().join("audio")).is_empty());
    assert!(files(&served.data().join("incoming")).is_empty());
}

#[test]
fn messages_of_a_live_stream_are_bounded() {
    let served = Served::new();
    let (mut socket, _) = tungstenite::connect(format!("ws://{}/api/live", served.address())).unwrap();
    socket.send(r#"{"sample_rate": 48000}"#.into()).unwrap();
    socket.read().unwrap();
    // The limit is 128 KiB.
    let sent = socket.send(vec![0_u8; (128 << 10) + 4].into());
    let ended = sent.is_err() || (0..50).any(|_| socket.read().is_err());
    assert!(ended, "the stream goes on");
    assert_eq!(served.get("/api/health").status, 200);
}

#[test]
fn there_are_only_so_many_live_streams() {
    let served = Served::with(|options| options.limits.streams = 2);
    let open = || tungstenite::connect(format!("ws://{}/api/live", served.address()));
    let first = open().unwrap();
    let _second = open().unwrap();
    assert!(matches!(open(), Err(tungstenite::Error::Http(answer)) if answer.status() == 503));
    // A stream that is closed makes place.
    drop(first);
    let again = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        open().is_ok()
    });
    assert!(again);
}

#[test]
fn every_answer_carries_its_safety_headers() {
    let served = Served::new();
    for path in ["/", "/api/health", "/nowhere"] {
        let answer = served.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[test]
fn who_keeps_the_studio_waiting_is_not_waited_for() {
    let served = Served::with(|options| options.limits.patience = Duration::from_millis(400));
    let host = "Host: localhost\r\n";
    let upload = format!("POST /api/audio/upload HTTP/1.1\r\n{host}Content-Length: 1000\r\n\r\nRIFF");
    let start = format!("POST /api/train/start HTTP/1.1\r\n{host}Content-Length: 1000\r\n\r\n{{");
    let half = "GET /api/health HTTP/1.1\r\nHost: loc".to_owned();
    for (said, answered) in [(upload, "408"), (start, "400"), (half, ""), (String::new(), "")] {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let began = Instant::now();
        stream.write_all(said.as_bytes()).unwrap();
        let mut answer = String::new();
        // Nothing more is sent; that reading ends says that the studio has closed.
        stream.read_to_string(&mut answer).unwrap();
        let waited = began.elapsed();
        assert!((0.3..6.0).contains(&waited.as_secs_f64()), "{said:?}: {waited:?}");
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status == answered || status == "408" && answered.is_empty(), "{said:?}: {answer}");
    }
    assert!(files(&served.data().join("incoming")).is_empty());
    // Heads that come a byte at a time have the same time in all.
    let mut stream = TcpStream::connect(served.address()).unwrap();
    let closed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"G").is_err()
    });
    assert!(closed, "a head may take for ever");
    // An upload that is slow and comes is taken: 16 KB in pieces, longer in all than the pause may be.
    let sound = wav();
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    let head = format!(
        "POST /api/audio/upload HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {}\r\n\r\n",
        sound.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    for part in sound.chunks(sound.len().div_ceil(12)) {
        stream.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Streams live longer than that.
    let (mut live, _) = Stream::open(served.address(), r#"{"sample_rate": 48000}"#);
    std::thread::sleep(Duration::from_millis(900));
    live.sound(&clicks(2 * 1024));
    assert_eq!(live.text()["type"], "snapshot");
}
