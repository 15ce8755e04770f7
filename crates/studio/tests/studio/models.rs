//! Models: uploaded, refused, listed, handed out, listened with.

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use rtneural::{Network, onnx};

use crate::client::{Served, files, repository};
use crate::listening::{Stream, sound};

fn network(kind: ModelKind) -> Network {
    random_network(kind, OrbitShape::default(), 5).unwrap()
}

#[test]
fn each_of_the_six_is_recognised_in_both_formats_whatever_it_is_called() {
    let served = Served::with(|options| options.limits.model_bytes = 64 << 20);
    for kind in ModelKind::ALL {
        let network = network(kind);
        let json = served.post("/api/model/upload?name=something.txt", network.to_json().as_bytes());
        let binary = network.to_onnx(&onnx::Options::default()).unwrap();
        let binary = served.post("/api/model/upload?name=model.onnx", &binary);
        for (answer, format) in [(json, "rtneural"), (binary, "onnx")] {
            assert_eq!(answer.status, 200, "{kind} {format}: {}", answer.text());
            let entry = answer.json();
            assert_eq!((&entry["kind"], &entry["format"]), (&kind.word().into(), &format.into()));
            assert_eq!(entry["parameters"], kind.parameters(), "{kind} {format}");
            assert!(entry["what"].as_str().unwrap().contains("values in"), "{entry}");
        }
        // Both hold the same network.
        let latest = |format: &str| {
            served.get(&format!("/api/model/latest?format={format}&model={}", kind.word())).body
        };
        assert_eq!(Network::from_json(&latest("rtneural")).unwrap(), network);
        assert_eq!(Network::from_onnx(&latest("onnx")).unwrap().0, network);
        let metadata = served.get(&format!("/api/model/metadata?model={}", kind.word())).json();
        assert_eq!(metadata["name"], kind.name());
    }
    let list = served.get("/api/models").json();
    assert_eq!(list["models"].as_array().unwrap().len(), 6 + 12);
    assert_eq!(list["models"][0]["source"], "built-in");
}

#[test]
fn a_broken_model_is_told_what_is_wrong() {
    let served = Served::new();
    let refused = |name: &str, body: &[u8]| {
        let answer = served.post(&format!("/api/model/upload?name={name}"), body);
        assert_eq!(answer.status, 422, "{}", answer.text());
        answer.error()
    };
    let message = refused(
        "orbit_control.json",
        br#"{"in_shape": [2], "layers": [
        {"type": "dense", "shape": [2], "weights": [[[1, 2], [3]], [0, 0]]}]}"#,
    );
    assert_eq!(message, "layers[0] (dense): weights[0][1]: expected 2 numbers, found 1");
    let message = refused(
        "groovepredictor.json",
        br#"{"in_shape": [2], "layers": [
        {"type": "dense", "shape": [1], "weights": [[[1], [3]], [0]]}]}"#,
    );
    assert!(message.contains("it is not groovepredictor"), "{message}");
    let whole = network(ModelKind::Dynamics).to_onnx(&onnx::Options::default()).unwrap();
    refused("dynamicsengine.onnx", &whole[..whole.len() / 2]);
    assert_eq!(served.get("/api/models").json()["models"].as_array().unwrap().len(), 6);
}

#[test]
fn there_is_no_latest_before_the_first() {
    let served = Served::new();
    assert_eq!(served.get("/api/model/latest?format=onnx").status, 404);
    assert_eq!(served.get("/api/model/metadata").status, 404);
    let answer = served.get("/api/model/latest?format=pickle");
    assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some("format")));
}

#[test]
fn a_folder_of_models_stands_before_those_that_are_built_in() {
    let folder = tempfile::tempdir().unwrap();
    network(ModelKind::Dynamics).write(folder.path().join("dynamicsengine.json")).unwrap();
    std::fs::write(folder.path().join("groovepredictor.json"), "{}").unwrap();
    let served = Served::with(|options| options.models = Some(folder.path().to_owned()));
    let list = served.get("/api/models").json();
    let source = |kind: ModelKind| list["models"][kind.index()]["source"].as_str().unwrap();
    assert_eq!(source(ModelKind::Dynamics), "folder");
    assert_eq!(source(ModelKind::Groove), "refused");
    assert_eq!(source(ModelKind::Orbit), "built-in");
    assert!(repository("models").is_dir());
}

#[test]
fn the_files_of_the_six_need_no_sidecar() {
    let served = Served::with(|options| options.limits.model_bytes = 64 << 20);
    for kind in ModelKind::ALL {
        let file = std::fs::read(repository(&format!("models/{}.json", kind.name()))).unwrap();
        let answer = served.post("/api/model/upload?name=bare.json", &file);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        let entry = answer.json();
        assert_eq!((&entry["kind"], &entry["parameters"]), (&kind.word().into(), &kind.parameters().into()));
    }
}

#[test]
fn an_orbit_model_of_another_window_is_taken_with_the_shape_that_it_has() {
    let served = Served::new();
    let of = |window_frames, include_delta, include_delta_delta, bands| OrbitShape {
        window_frames,
        include_delta,
        include_delta_delta,
        bands,
    };
    // What is told by the number of values alone, and what the sender has to say.
    for (shape, said) in [
        (of(10, true, false, 6), ""),
        (of(10, true, true, 6), ""),
        (of(25, false, false, 6), ""),
        (of(10, false, false, 4), ""),
        (of(10, false, true, 6), "&include_delta_delta=true"),
        (of(20, false, false, 6), "&window_frames=20"),
    ] {
        let network = random_network(ModelKind::Orbit, shape, 3).unwrap();
        let answer =
            served.post(&format!("/api/model/upload?name=a.json{said}"), network.to_json().as_bytes());
        assert_eq!(answer.status, 200, "{shape:?}: {}", answer.text());
        let metadata = served.get("/api/model/metadata?model=orbit").json();
        assert_eq!(metadata["orbit"], serde_json::to_value(shape).unwrap());
        // The engine hears with it.
        let entry = answer.json();
        let (mut stream, _) = Stream::open(
            served.address(),
            &format!(r#"{{"sample_rate": 48000, "models": [{}]}}"#, entry["id"]),
        );
        stream.sound(&sound(2 * 1024));
        assert_eq!(stream.text()["type"], "snapshot", "{shape:?}");
    }
    let network = random_network(ModelKind::Orbit, of(10, true, false, 6), 3).unwrap();
    let wrong = served.post("/api/model/upload?window_frames=11", network.to_json().as_bytes());
    assert_eq!(wrong.status, 422, "{}", wrong.text());
}

#[test]
fn an_uploaded_model_is_deleted_and_a_stream_that_hears_with_it_goes_on() {
    let served = Served::new();
    let json = network(ModelKind::Groove).to_json();
    let id = served.post("/api/model/upload", json.as_bytes()).json()["id"].as_str().unwrap().to_owned();
    let hello = format!(r#"{{"sample_rate": 48000, "models": ["{id}"]}}"#);
    let (mut stream, _) = Stream::open(served.address(), &hello);
    let path = format!("/api/model/{id}");
    let foreign = served.delete(&path, &[("Origin", "http://evil.example")]);
    assert_eq!(foreign.status, 403);
    assert_eq!(served.get("/api/models").json()["models"].as_array().unwrap().len(), 7);
    assert_eq!(served.delete(&path, &[]).status, 204);
    assert_eq!(served.delete(&path, &[]).status, 404);
    assert_eq!(served.get("/api/models").json()["models"].as_array().unwrap().len(), 6);
    assert_eq!(served.get("/api/model/latest").status, 404);
    assert!(files(&served.data().join("models")).is_empty() && files(&served.data().join("sets")).is_empty());
    stream.sound(&sound(2 * 1024));
    assert_eq!(stream.text()["type"], "snapshot");
    let (_, refused) = Stream::open(served.address(), &hello);
    assert_eq!(refused["type"], "error");
    // The six stay, and no name leads elsewhere.
    assert_eq!(served.delete("/api/model/orbit_control", &[]).status, 409);
    assert_eq!(served.delete("/api/model/..%2f..%2faudio", &[]).status, 404);
}
