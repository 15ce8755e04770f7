//! Models that were trained or uploaded here: checked, described, chosen for a live stream, handed out.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path as InPath, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dendrite_engine::{DEFAULT_WEIGHTS, ModelSet, ModelStatus};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::{Sidecar, Training};
use dendrite_pipeline::spec::{self, OrbitShape};
use rtneural::Network;
use rtneural::onnx;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::failure::{Failure, aside};
use crate::folder::{Folder, names, new_id, now_s, read_json, shown_name, write_json};
use crate::state::App;

/// A model that can be chosen.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its name here; the models that are there anyway have their kind's.
    pub id: String,
    /// emotion, harmony, melody, dynamics, groove or orbit.
    pub kind: String,
    /// What its sender calls it, or the job that made it, for people.
    pub name: String,
    /// built-in, folder, trained, uploaded, heuristic or refused.
    pub source: String,
    /// rtneural or onnx: what was uploaded.
    pub format: String,
    /// Values in and out.
    pub inputs: usize,
    /// Values out.
    pub outputs: usize,
    /// Trainable parameters.
    pub parameters: usize,
    /// What it is, in one sentence.
    pub what: String,
    /// When it came here, seconds since 1970; 0 for those that are there anyway.
    pub time: u64,
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelList {
    /// First the six that are there anyway, in their order; then the others, newest first.
    pub models: Vec<Entry>,
}

impl Entry {
    /// The model's RTNeural JSON.
    pub fn model_file(&self, folder: &Folder) -> PathBuf {
        let name = kind_of(&self.kind).map_or("", ModelKind::name);
        folder.part("models").join(&self.id).join(format!("{name}.json"))
    }
}

fn kind_of(word: &str) -> Option<ModelKind> {
    ModelKind::ALL.into_iter().find(|kind| kind.word() == word)
}

/// The models of the data folder, newest first.
pub fn entries(folder: &Folder) -> Vec<Entry> {
    let place = folder.part("models");
    let read = |name: &String| read_json::<Entry>(&place.join(name).join("entry.json"));
    names(&place).iter().rev().filter_map(read).collect()
}

/// The newest model of a kind, or of any.
pub fn newest(folder: &Folder, kind: Option<ModelKind>) -> Option<Entry> {
    entries(folder).into_iter().find(|entry| kind.is_none_or(|kind| entry.kind == kind.word()))
}

/// Puts an emotion model at a place, for the models that hear with it: the newest that was trained or uploaded here, else
/// that of the named folder, else the one that is built in. Gives false if there is none of them.
///
/// # Errors
/// What the operating system says.
pub fn put_emotion_model(folder: &Folder, named: Option<&Path>, to: &Path) -> std::io::Result<bool> {
    let own = newest(folder, Some(ModelKind::Emotion)).map(|entry| entry.model_file(folder));
    let named = named.map(|named| named.join(format!("{}.json", ModelKind::Emotion.name())));
    match own.or(named.filter(|file| file.is_file())) {
        Some(file) => fs::copy(file, to).map(|_| true),
        None => match ModelSet::built_in_files(ModelKind::Emotion) {
            Some((bytes, _)) => fs::write(to, bytes).map(|()| true),
            None => Ok(false),
        },
    }
}

/// What comes with a model. What an orbit model's window holds cannot be seen from the model; where nothing is said, 60, 120
/// and 180 values are ten frames without, with first, and with first and second differences, and others frames without.
#[derive(Debug, Deserialize, IntoParams)]
pub struct UploadQuery {
    /// What the file is called, for people; nothing here is stored under it.
    #[serde(default)]
    name: String,
    /// Orbit: frames in the window.
    window_frames: Option<usize>,
    /// Orbit: whether first differences stand behind the six features of each frame.
    include_delta: Option<bool>,
    /// Orbit: whether second differences do.
    include_delta_delta: Option<bool>,
}

impl UploadQuery {
    /// The shape that an orbit model with so many values in and out has.
    fn shape(&self, network: &Network) -> OrbitShape {
        let ten = OrbitShape::default();
        let bands = network.outputs().saturating_sub(3);
        let said = OrbitShape {
            window_frames: self.window_frames.unwrap_or(ten.window_frames),
            include_delta: self.include_delta.unwrap_or(false),
            include_delta_delta: self.include_delta_delta.unwrap_or(false),
            bands,
        };
        if self.window_frames.is_some() || said.include_delta || said.include_delta_delta {
            return said;
        }
        let likely =
            [(false, false), (true, false), (true, true)].map(|(include_delta, include_delta_delta)| {
                OrbitShape { include_delta, include_delta_delta, ..said }
            });
        let fits = |shape: &OrbitShape| shape.inputs() == network.inputs();
        let per_frame = said.deltas().per_frame();
        let frames = OrbitShape { window_frames: (network.inputs() / per_frame).max(1), ..said };
        likely.into_iter().find(fits).unwrap_or(frames)
    }
}

/// What is to be handed out.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LatestQuery {
    /// rtneural or onnx [rtneural].
    #[serde(default)]
    format: Option<String>,
    /// emotion, harmony, melody, dynamics, groove or orbit [whichever is newest].
    #[serde(default)]
    model: Option<String>,
}

impl LatestQuery {
    fn newest(&self, folder: &Folder) -> Result<(Entry, ModelKind), Failure> {
        let kind = match self.model.as_deref() {
            None => None,
            Some(word) => Some(kind_of(word).ok_or_else(|| {
                let words: Vec<&str> = ModelKind::ALL.iter().map(|kind| kind.word()).collect();
                Failure::field("model", format_args!("one of {}", words.join(", ")), shown_name(word))
            })?),
        };
        newest(folder, kind).and_then(|entry| kind_of(&entry.kind).map(|kind| (entry, kind))).ok_or_else(
            || Failure::new(StatusCode::NOT_FOUND, "no such model was trained or uploaded here yet"),
        )
    }
}

/// The newest model that was trained or uploaded here, as a file.
#[utoipa::path(get, path = "/api/model/latest", tag = "models", params(LatestQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Failure),
        (status = 422, body = Failure)))]
pub async fn latest(
    State(app): State<Arc<App>>,
    Query(query): Query<LatestQuery>,
) -> Result<Response, Failure> {
    aside(move || {
        let format = query.format.as_deref().unwrap_or("rtneural");
        let (ending, kind_of_content) = match format {
            "rtneural" => ("json", "application/json"),
            "onnx" => ("onnx", "application/octet-stream"),
            other => return Err(Failure::field("format", "rtneural or onnx", shown_name(other))),
        };
        let (entry, kind) = query.newest(&app.folder)?;
        let file = entry.model_file(&app.folder);
        let failed = |error: std::io::Error| Failure::io("reading", &file, &error);
        let bytes = match format {
            "rtneural" => fs::read(&file).map_err(failed)?,
            _ => match fs::read(file.with_extension("onnx")) {
                Ok(bytes) => bytes,
                Err(_) => to_onnx(&file)?,
            },
        };
        let name = format!("attachment; filename=\"{}.{ending}\"", kind.name());
        let headers =
            [(header::CONTENT_TYPE, kind_of_content.to_owned()), (header::CONTENT_DISPOSITION, name)];
        Ok((headers, bytes).into_response())
    })
    .await
}

/// An uploaded RTNeural file as ONNX, without an output map: what the layers say and no more.
fn to_onnx(file: &Path) -> Result<Vec<u8>, Failure> {
    let made = Network::read(file).and_then(|network| network.to_onnx(&onnx::Options::default()));
    made.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error))
}

/// The sidecar of the newest model: what its numbers mean, what it was trained on, how good it is.
#[utoipa::path(get, path = "/api/model/metadata", tag = "models", params(LatestQuery),
    responses((status = 200, body = Object), (status = 404, body = Failure)))]
pub async fn metadata(
    State(app): State<Arc<App>>,
    Query(query): Query<LatestQuery>,
) -> Result<Json<Sidecar>, Failure> {
    aside(move || {
        let (entry, kind) = query.newest(&app.folder)?;
        let sidecar = Sidecar::read_for(&entry.model_file(&app.folder))
            .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
        // Of an upload nothing is known but its shape.
        Ok(Json(sidecar.unwrap_or_else(|| Sidecar::default_for(kind))))
    })
    .await
}

/// The models that a live stream may choose from.
#[utoipa::path(get, path = "/api/models", tag = "models", responses((status = 200, body = ModelList)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<ModelList>, Failure> {
    aside(move || {
        let set = base(app.models.as_deref());
        let mut models: Vec<Entry> =
            ModelKind::ALL.into_iter().map(|kind| there_anyway(&set, kind)).collect();
        models.extend(entries(&app.folder));
        Ok(Json(ModelList { models }))
    })
    .await
}

/// The set of the folder that was named, or the one that is built in.
fn base(models: Option<&Path>) -> Arc<ModelSet> {
    let named = models.and_then(|folder| ModelSet::load(folder, DEFAULT_WEIGHTS).ok());
    named.unwrap_or_else(|| ModelSet::built_in(DEFAULT_WEIGHTS))
}

fn there_anyway(set: &ModelSet, kind: ModelKind) -> Entry {
    let (source, what) = match set.status(kind) {
        ModelStatus::Heuristic => ("heuristic", "a named heuristic: there is no model".to_owned()),
        ModelStatus::Refused => {
            let reason = set.refusal(kind).unwrap_or("it was refused");
            ("refused", format!("a heuristic stands in: {reason}"))
        }
        ModelStatus::Trained => {
            let about = set.sidecar(kind).and_then(|sidecar| sidecar.training.as_ref());
            let about = about.map_or("", |training| training.description.as_str());
            (if set.is_built_in(kind) { "built-in" } else { "folder" }, about.to_owned())
        }
    };
    Entry {
        id: kind.name().to_owned(),
        kind: kind.word().to_owned(),
        name: kind.name().to_owned(),
        source: source.to_owned(),
        format: "rtneural".to_owned(),
        inputs: set.model(kind).map_or(kind.inputs(), rtneural::Model::inputs),
        outputs: set.model(kind).map_or(kind.outputs(), rtneural::Model::outputs),
        parameters: if set.model(kind).is_some() { kind.parameters() } else { 0 },
        what,
        time: 0,
    }
}

/// Takes a model: RTNeural JSON or ONNX as written by `dendrite train`, as the request's body; no sidecar is needed. Checked
/// before it is stored.
#[utoipa::path(post, path = "/api/model/upload", tag = "models", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Entry), (status = 413, body = Failure), (status = 415, body = Failure),
        (status = 422, description = "It is none of the six models; says why", body = Failure)))]
pub async fn upload(
    State(app): State<Arc<App>>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Entry>, Failure> {
    let folder = app.folder.clone();
    let there = aside(move || Ok(entries(&folder).len())).await?;
    if there >= app.limits.files {
        return Err(Failure::new(StatusCode::INSUFFICIENT_STORAGE, "there are too many models here already"));
    }
    let incoming = app.folder.receive(&headers, body, app.limits.model_bytes).await?;
    aside(move || {
        let bytes = fs::read(incoming.path());
        let bytes = bytes.map_err(|error| Failure::io("reading", incoming.path(), &error))?;
        let name = shown_name(&query.name);
        let (network, format) = read(&bytes)?;
        let (kind, parameters, shape) = identify(&network, &query)?;
        let id = new_id();
        let place = app.folder.part("models").join(&id);
        let stored = store(&place, kind, &network, (format == "onnx").then_some(bytes.as_slice()));
        stored.map_err(|error| Failure::io("storing", &place, &error))?;
        let mut entry = describe(id, kind, name, "uploaded", format, &network, parameters);
        if let Some(shape) = shape {
            // The engine learns from it what the window holds.
            declared(shape)
                .write(Sidecar::path_for(&entry.model_file(&app.folder)))
                .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
            entry.what += &format!("; {}", window(shape));
        }
        write_json(&place.join("entry.json"), &entry)
            .map_err(|error| Failure::io("storing", &place, &error))?;
        Ok(Json(entry))
    })
    .await
}

/// Reads a file as what its first bytes say it is.
fn read(bytes: &[u8]) -> Result<(Network, &'static str), Failure> {
    let refused = |error: rtneural::Error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, error);
    // An ONNX file begins with the field `ir_version`.
    match bytes.trim_ascii_start().first() {
        Some(b'{') => Ok((Network::from_json(bytes).map_err(refused)?, "rtneural")),
        Some(0x08) => Ok((Network::from_onnx(bytes).map_err(refused)?.0, "onnx")),
        _ => Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the first bytes are neither of an RTNeural JSON file nor of an ONNX file",
        )),
    }
}

/// What is known of an orbit model that came without a sidecar.
fn declared(shape: OrbitShape) -> Sidecar {
    let mut sidecar = Sidecar::for_shape(ModelKind::Orbit, shape);
    // They are for the record and an orbit model's sidecar has to have them: the file takes raw features.
    sidecar.input_mean = Some(vec![0.0; sidecar.inputs]);
    sidecar.input_deviation = Some(vec![1.0; sidecar.inputs]);
    sidecar.training = Some(Training {
        description: "Uploaded without a sidecar: what it was trained on is not known, and 0 and 1 stand for the means and \
                      deviations of its inputs."
            .to_owned(),
        ..Training::default()
    });
    sidecar
}

/// What an orbit model's window is taken to hold.
fn window(shape: OrbitShape) -> String {
    let differences = match (shape.include_delta, shape.include_delta_delta) {
        (false, false) => "without differences",
        (true, false) => "with first differences",
        (false, true) => "with second differences",
        (true, true) => "with first and second differences",
    };
    format!("its window is {} frames {differences}", shape.window_frames)
}

/// Which of the six a network is, with its trainable parameters and, for an orbit model of another shape, that shape.
fn identify(
    network: &Network,
    query: &UploadQuery,
) -> Result<(ModelKind, usize, Option<OrbitShape>), Failure> {
    let mut closest: Option<(bool, usize, String)> = None;
    let name = shown_name(&query.name);
    let stem = name.split('.').next().unwrap_or_default();
    for kind in ModelKind::ALL {
        let findings = match spec::check(kind, network, None) {
            Ok(checked) => return Ok((kind, checked.trainable, None)),
            Err(findings) => findings,
        };
        let first = findings.first().map(ToString::to_string).unwrap_or_default();
        // The model that its name speaks of, else the one with the fewest differences.
        let rank = (stem != kind.name(), findings.len());
        if closest.as_ref().is_none_or(|(other, count, _)| rank < (*other, *count)) {
            let more = match findings.len() {
                0 | 1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            closest = Some((rank.0, rank.1, format!("it is not {}: {first}{more}", kind.name())));
        }
    }
    let shape = query.shape(network);
    if shape.is_possible()
        && let Ok(checked) = spec::check(ModelKind::Orbit, network, Some(&declared(shape)))
    {
        return Ok((ModelKind::Orbit, checked.trainable, Some(shape)));
    }
    let reason = closest.map(|(_, _, reason)| reason).unwrap_or_default();
    Err(Failure::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format_args!("a well-formed file, but none of the six models; {reason}"),
    ))
}

fn store(place: &Path, kind: ModelKind, network: &Network, onnx: Option<&[u8]>) -> std::io::Result<()> {
    fs::create_dir_all(place)?;
    let file = place.join(format!("{}.json", kind.name()));
    fs::write(&file, network.to_json())?;
    match onnx {
        Some(bytes) => fs::write(file.with_extension("onnx"), bytes),
        None => Ok(()),
    }
}

fn describe(
    id: String,
    kind: ModelKind,
    name: String,
    source: &str,
    format: &str,
    network: &Network,
    parameters: usize,
) -> Entry {
    let layers: Vec<String> =
        network.layers().iter().map(|layer| format!("{} {}", layer.kind(), layer.outputs())).collect();
    let (inputs, outputs) = (network.inputs(), network.outputs());
    let what = format!("the {kind} model, {inputs} values in, {outputs} out: {}", layers.join(", "));
    Entry {
        id,
        kind: kind.word().to_owned(),
        name,
        source: source.to_owned(),
        format: format.to_owned(),
        inputs,
        outputs,
        parameters,
        what,
        time: now_s(),
    }
}

/// Deletes a model that was trained or uploaded here. A live stream that hears with it goes on with it.
#[utoipa::path(delete, path = "/api/model/{id}", tag = "models", params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), (status = 404, body = Failure),
        (status = 409, description = "It is one of the six that are there anyway", body = Failure)))]
pub async fn remove(State(app): State<Arc<App>>, InPath(id): InPath<String>) -> Result<StatusCode, Failure> {
    aside(move || {
        if kind_of_name(&id).is_some() {
            return Err(Failure::new(StatusCode::CONFLICT, "the models that are there anyway stay"));
        }
        // What is deleted is named by the list, never by the client.
        let entry = entries(&app.folder).into_iter().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no such model"))?;
        let place = app.folder.part("models").join(&entry.id);
        let failed = |error: std::io::Error| Failure::io("deleting", &place, &error);
        // The list's file goes first, so that no model is listed that is not whole.
        fs::remove_file(place.join("entry.json")).map_err(failed)?;
        fs::remove_dir_all(&place).map_err(failed)?;
        // Sets that were put together with it are links to its files.
        let sets = app.folder.part("sets");
        for set in names(&sets).into_iter().filter(|set| set.split('-').any(|id| id == entry.id)) {
            fs::remove_dir_all(sets.join(set)).map_err(failed)?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Takes a finished model of a job in, with its sidecar, card and ONNX file.
///
/// # Errors
/// Files that are not there or cannot be copied, and a model that is refused.
pub fn add_trained(folder: &Folder, job: &Path, kind: ModelKind, job_id: &str) -> Result<(), Failure> {
    let id = new_id();
    let place = folder.part("models").join(&id);
    let from = job.join("models").join(format!("{}.json", kind.name()));
    let copied = || -> std::io::Result<()> {
        fs::create_dir_all(&place)?;
        let name = kind.name();
        fs::copy(&from, place.join(format!("{name}.json")))?;
        for (source, target) in [
            (job.join("models").join(format!("{name}.meta.json")), format!("{name}.meta.json")),
            (job.join("models").join(format!("{name}.md")), format!("{name}.md")),
            (job.join("onnx").join(format!("{name}.onnx")), format!("{name}.onnx")),
        ] {
            if source.is_file() {
                fs::copy(source, place.join(target))?;
            }
        }
        Ok(())
    };
    copied().map_err(|error| Failure::io("taking in", &from, &error))?;
    let network = Network::read(&from);
    let network = network.map_err(|error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    let name = format!("job {job_id}");
    let entry = describe(id, kind, name, "trained", "rtneural", &network, kind.parameters());
    let file = place.join("entry.json");
    write_json(&file, &entry).map_err(|error| Failure::io("taking in", &file, &error))
}

/// The set that a live stream asks for: the models that are there anyway, with those of `ids` in the place of theirs.
/// Reads files.
///
/// # Errors
/// 422 for an id that is not in the list, for two models of one kind, and for a model that the engine refuses.
pub fn choose(app: &App, ids: &[String]) -> Result<Arc<ModelSet>, Failure> {
    let known = entries(&app.folder);
    let mut chosen: Vec<&Entry> = Vec::new();
    for id in ids.iter().filter(|id| kind_of_name(id).is_none()) {
        let entry = known.iter().find(|entry| entry.id == **id);
        let entry =
            entry.ok_or_else(|| Failure::field("models", "ids of the list of models", shown_name(id)))?;
        if chosen.iter().any(|other| other.kind == entry.kind) {
            return Err(Failure::field(
                "models",
                "one model of each kind",
                format_args!("two of {}", entry.kind),
            ));
        }
        chosen.push(entry);
    }
    if chosen.is_empty() {
        return Ok(base(app.models.as_deref()));
    }
    chosen.sort_by(|one, other| one.kind.cmp(&other.kind));
    let name: Vec<&str> = chosen.iter().map(|entry| entry.id.as_str()).collect();
    let place = app.folder.part("sets").join(name.join("-"));
    let failed = |error: std::io::Error| Failure::io("putting together", &place, &error);
    put_together(app, &chosen, &place).map_err(failed)?;
    let set = ModelSet::load(&place, DEFAULT_WEIGHTS)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    let refused = chosen.iter().filter_map(|entry| set.refusal(kind_of(&entry.kind)?)).next();
    match refused {
        Some(reason) => Err(Failure::field("models", "models that the engine runs", reason)),
        None => Ok(set),
    }
}

fn kind_of_name(name: &str) -> Option<ModelKind> {
    ModelKind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// Links the named folder's models and the chosen ones into one folder, once.
fn put_together(app: &App, chosen: &[&Entry], place: &Path) -> std::io::Result<()> {
    if place.is_dir() {
        return Ok(());
    }
    let part = app.folder.part("sets").join(format!("{}.part", new_id()));
    fs::create_dir_all(&part)?;
    let copy = |from: &Path| -> std::io::Result<()> {
        for file in [from.to_owned(), Sidecar::path_for(from)] {
            if file.is_file() {
                let place = part.join(file.file_name().unwrap_or_default());
                // Copied where the folders lie on different disks.
                fs::hard_link(&file, &place).or_else(|_| fs::copy(&file, &place).map(|_| ()))?;
            }
        }
        Ok(())
    };
    for kind in ModelKind::ALL {
        if let Some(folder) = &app.models {
            copy(&folder.join(format!("{}.json", kind.name())))?;
        }
    }
    for entry in chosen {
        let file = entry.model_file(&app.folder);
        // The model that was there makes place, and its sidecar, which does not speak of this one.
        for old in [file.clone(), Sidecar::path_for(&file)] {
            let old = part.join(old.file_name().unwrap_or_default());
            if old.is_file() {
                fs::remove_file(old)?;
            }
        }
        copy(&file)?;
    }
    // Another stream may have been quicker.
    fs::rename(&part, place).or_else(|error| {
        fs::remove_dir_all(&part)?;
        if place.is_dir() { Ok(()) } else { Err(error) }
    })
}
