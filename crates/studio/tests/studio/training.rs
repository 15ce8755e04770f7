//! Jobs: asked for, watched, stopped, resumed, failed. The trainer is a stand-in; the page's test uses the real one.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};

use crate::client::{Served, repository, wav};

fn served() -> Served {
    // SAFETY: all tests of this process set it to the same value.
    #[allow(unsafe_code, reason = "the stand-in inherits it")]
    unsafe {
        std::env::set_var("STAND_IN_MODELS", repository("models"));
    }
    Served::with_trainer()
}

#[test]
fn nothing_was_asked_for_yet() {
    let served = served();
    // The text that the project's first description of this route has.
    assert_eq!(
        served.get("/api/train/status").text(),
        r#"{"status":"idle","progress":0.0,"current_epoch":0,"total_epochs":0,"loss_history":[],"error":null}"#
    );
    assert_eq!(served.post("/api/train/stop", b"").status, 409);
    assert_eq!(served.post("/api/train/start", br#"{"resume": true}"#).status, 409);
}

#[test]
fn a_job_runs_to_its_end_and_a_second_one_must_wait() {
    let served = served();
    let started = served.post("/api/train/start", br#"{"model": "orbit", "epochs": 3, "max_files": 1}"#);
    assert_eq!(
        (started.status, started.json()["status"].as_str()),
        (200, Some("training")),
        "{}",
        started.text()
    );
    let second = served.post("/api/train/start", b"{}");
    assert_eq!(second.status, 409, "{}", second.text());
    let asked = Instant::now();
    served.status();
    assert!(asked.elapsed() < Duration::from_millis(500));
    served.wait_until(|status| status["current_epoch"] == 1 && status["progress"].as_f64().unwrap() > 0.3);
    let status = served.wait_for(&["completed", "error"]);
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(status["loss_history"], serde_json::json!([1.5, 2.5, 3.5]));
    assert_eq!((&status["total_epochs"], &status["progress"]), (&3.into(), &1.0.into()));

    // Its model is there to be listened with and to be taken away.
    let models = served.get("/api/models").json();
    assert_eq!(models["models"][6]["source"], "trained", "{models}");
    let expected = std::fs::read(repository("models/orbit_control.json")).unwrap();
    assert_eq!(served.get("/api/model/latest").body, expected);
    assert_eq!(served.get("/api/train/history").json()["jobs"][0]["state"], "completed");
}

#[test]
fn what_is_wrong_is_named() {
    let served = served();
    for (body, field) in [(r#"{"epochs": 0}"#, "epochs"), (r#"{"model": "x"}"#, "model"), ("{", "body")] {
        let answer = served.post("/api/train/start", body.as_bytes());
        assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some(field)));
    }
    let answer = served.post("/api/train/start", br#"{"data": "uploads"}"#);
    assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some("data")));
    assert_eq!(served.status()["status"], "idle");
}

#[test]
fn the_others_hear_with_the_newest_emotion_model_or_with_the_one_that_is_built_in() {
    let served = served();
    let heard_with = |served: &Served| {
        let started = served.post("/api/train/start", br#"{"model": "harmony", "epochs": 1}"#);
        assert_eq!(started.status, 200, "{}", started.text());
        let status = served.wait_for(&["completed", "error"]);
        assert_eq!(status["status"], "completed", "{status}");
        let job = served.get("/api/train/history").json()["jobs"][0]["id"].as_str().unwrap().to_owned();
        std::fs::read(served.data().join("jobs").join(job).join("models/emotionrecognizer.json")).unwrap()
    };
    assert_eq!(heard_with(&served), std::fs::read(repository("models/emotionrecognizer.json")).unwrap());
    let other = random_network(ModelKind::Emotion, OrbitShape::default(), 9).unwrap().to_json();
    let uploaded = served.post("/api/model/upload", other.as_bytes());
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    assert_eq!(heard_with(&served), other.as_bytes());
    let made = served.get("/api/model/latest?model=harmony").body;
    assert_eq!(made, std::fs::read(repository("models/harmonypredictor.json")).unwrap());
}

#[test]
fn a_stopped_job_goes_on_after_a_restart_where_it_was() {
    let mut served = served();
    served.post("/api/train/start", br#"{"epochs": 40}"#);
    served.wait_until(|status| status["current_epoch"].as_u64() >= Some(2));
    let stopped = served.post("/api/train/stop", b"").json();
    assert_eq!(stopped["status"], "stopped");
    let before = stopped["current_epoch"].as_u64().unwrap();

    served.restart();
    let status = served.status();
    assert_eq!((&status["status"], status["current_epoch"].as_u64()), (&"stopped".into(), Some(before)));
    let epochs = before + 2;
    let resumed =
        served.post("/api/train/start", format!(r#"{{"resume": true, "epochs": {epochs}}}"#).as_bytes());
    assert_eq!(resumed.status, 200, "{}", resumed.text());
    let status = served.wait_for(&["completed", "error"]);
    assert_eq!(
        (&status["status"], status["current_epoch"].as_u64()),
        (&"completed".into(), Some(epochs)),
        "{status}"
    );
}

#[test]
fn shutting_down_stops_the_job_and_keeps_what_it_did() {
    let mut served = served();
    served.post("/api/train/start", br#"{"epochs": 40}"#);
    served.wait_until(|status| status["current_epoch"].as_u64() >= Some(1));
    served.restart();
    let status = served.status();
    assert_eq!(status["status"], "stopped", "{status}");
    assert!(status["current_epoch"].as_u64() >= Some(1), "{status}");
}

#[test]
fn a_failure_and_a_crash_are_statuses() {
    let served = served();
    served.post("/api/train/start", br#"{"seed": 13}"#);
    let status = served.wait_for(&["error"]);
    assert_eq!(status["error"], "the loss of epoch 1 is NaN");
    served.post("/api/train/start", br#"{"seed": 11}"#);
    let status = served.wait_until(|status| status["error"].as_str().is_some_and(|e| e.contains("crashed")));
    assert_eq!(status["status"], "error");
    assert_eq!(served.get("/api/health").status, 200);
}

#[test]
fn without_the_program_a_start_says_how_to_get_it() {
    let served = Served::new();
    let answer = served.post("/api/train/start", b"{}");
    assert_eq!(answer.status, 503);
    assert!(answer.error().contains("cargo build"), "{}", answer.text());
    assert_eq!(served.get("/api/health").json()["can_train"], false);
}

#[test]
fn events_tell_of_every_change() {
    let served = served();
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET /api/train/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok());
    assert_eq!(lines.next().unwrap()["status"], "idle");
    served.post("/api/train/start", br#"{"epochs": 2}"#);
    let last = lines.find(|status| status["status"] != "training").unwrap();
    assert_eq!((&last["status"], &last["current_epoch"]), (&"completed".into(), &2.into()));
}

#[test]
fn sounds_that_are_learnt_from_stay_meanwhile() {
    let served = served();
    let id = served.post("/api/audio/upload", &wav()).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/audio/{id}");
    served.post("/api/train/start", br#"{"data": "uploads", "epochs": 40}"#);
    assert_eq!(served.delete(&path, &[]).status, 409);
    served.post("/api/train/stop", b"");
    assert_eq!(served.delete(&path, &[]).status, 204);
}
