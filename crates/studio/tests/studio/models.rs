//! Models: uploaded, refused, listed, handed out, listened with.

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use rtneural::{Network, onnx};

use crate::client::{Served, repository};

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
