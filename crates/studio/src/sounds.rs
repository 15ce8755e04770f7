//! Sounds that were uploaded: checked by decoding them, kept under names of our own, to be trained on.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path as InPath, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use utoipa::{IntoParams, ToSchema};

use crate::failure::{Failure, aside};
use crate::folder::{self, Folder, names, new_id, now_s, read_json, write_json};
use crate::state::App;

/// A sound in the data folder.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Sound {
    /// Its name here.
    pub id: String,
    /// What its sender calls it, for people.
    pub name: String,
    /// wav, flac, ogg or mp3.
    pub format: String,
    /// Size of the file.
    pub bytes: u64,
    /// Duration.
    pub seconds: f64,
    /// Sample rate in Hz.
    pub rate: u32,
    /// Channels.
    pub channels: usize,
    /// When it was uploaded, seconds since 1970.
    pub time: u64,
}

/// All sounds.
#[derive(Debug, Serialize, ToSchema)]
pub struct SoundList {
    /// Oldest first.
    pub sounds: Vec<Sound>,
}

/// What comes with an upload.
#[derive(Debug, Deserialize, IntoParams)]
pub struct NameQuery {
    /// What the file is called, for people; nothing here is stored under it.
    #[serde(default)]
    pub name: String,
}

/// Stores a sound: WAV, FLAC, Ogg Vorbis or MP3 as the request's body.
#[utoipa::path(post, path = "/api/audio/upload", tag = "audio", params(NameQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Sound), (status = 413, body = Failure), (status = 415, body = Failure),
        (status = 422, description = "It does not decode", body = Failure)))]
pub async fn upload(
    State(app): State<Arc<App>>,
    Query(query): Query<NameQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Sound>, Failure> {
    let limits = app.limits;
    let folder = app.folder.clone();
    let there = aside(move || Ok(list_of(&folder))).await?;
    let bytes: u64 = there.iter().map(|sound| sound.bytes).sum();
    if there.len() >= limits.files || bytes >= limits.all_audio_bytes {
        return Err(Failure::new(StatusCode::INSUFFICIENT_STORAGE, "there are too many sounds here already"));
    }
    let incoming = app.folder.receive(&headers, body, limits.audio_bytes).await?;
    let sound = aside(move || {
        let format = format_of(incoming.path())?;
        let (seconds, rate, channels) = decode(incoming.path(), format, limits.audio_s)?;
        let bytes = incoming.path().metadata().map_or(0, |metadata| metadata.len());
        let sound = Sound {
            id: new_id(),
            name: folder::shown_name(&query.name),
            format: format.to_owned(),
            bytes,
            seconds,
            rate,
            channels,
            time: now_s(),
        };
        let place = app.folder.part("audio").join(format!("{}.{format}", sound.id));
        incoming.keep(&place).map_err(|error| Failure::io("storing", &place, &error))?;
        let entry = place.with_extension("json");
        write_json(&entry, &sound).map_err(|error| Failure::io("storing", &entry, &error))?;
        Ok(sound)
    })
    .await?;
    Ok(Json(sound))
}

/// The sounds that were uploaded.
#[utoipa::path(get, path = "/api/audio", tag = "audio", responses((status = 200, body = SoundList)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<SoundList>, Failure> {
    aside(move || Ok(Json(SoundList { sounds: list_of(&app.folder) }))).await
}

/// Deletes a sound that was uploaded.
#[utoipa::path(delete, path = "/api/audio/{id}", tag = "audio", params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), (status = 404, body = Failure),
        (status = 409, description = "A training learns from the uploads", body = Failure)))]
pub async fn remove(State(app): State<Arc<App>>, InPath(id): InPath<String>) -> Result<StatusCode, Failure> {
    aside(move || {
        // What is deleted is named by the list, never by the client.
        let sound = list_of(&app.folder).into_iter().find(|sound| sound.id == id);
        let sound = sound.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no such sound"))?;
        if app.trainer.learns_from_uploads() {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "a training learns from the uploaded sounds; stop it first",
            ));
        }
        let file = app.folder.part("audio").join(format!("{}.{}", sound.id, sound.format));
        // The list's file goes first, so that no sound is listed that is not there.
        for file in [file.with_extension("json"), file] {
            fs::remove_file(&file).map_err(|error| Failure::io("deleting", &file, &error))?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// The sounds in a data folder, oldest first.
pub fn list_of(folder: &Folder) -> Vec<Sound> {
    let place = folder.part("audio");
    let entries = names(&place);
    entries
        .iter()
        .filter(|name| name.ends_with(".json"))
        .filter_map(|name| read_json(&place.join(name)))
        .collect()
}

/// What a file's first bytes say it is.
fn format_of(path: &Path) -> Result<&'static str, Failure> {
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(12).read_to_end(&mut first));
    read.map_err(|error| Failure::io("reading", path, &error))?;
    match first.as_slice() {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => Ok("wav"),
        [b'f', b'L', b'a', b'C', ..] => Ok("flac"),
        [b'O', b'g', b'g', b'S', ..] => Ok("ogg"),
        // A tag, or eleven set bits and a layer that is not the reserved one.
        [b'I', b'D', b'3', ..] => Ok("mp3"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Ok("mp3"),
        _ => Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the first bytes are of no WAV, FLAC, Ogg Vorbis or MP3 file",
        )),
    }
}

/// Decodes the whole file without keeping it: seconds, rate and channels.
fn decode(path: &Path, format: &str, most_s: f64) -> Result<(f64, u32, usize), Failure> {
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format_args!("the sound does not decode: {reason}"))
    };
    let file = File::open(path).map_err(|error| Failure::io("reading", path, &error))?;
    let source = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(format);
    let mut reader = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| refused(&error))?;
    let track = reader.default_track(TrackType::Audio).ok_or_else(|| refused(&"it has no audio track"))?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or_else(|| refused(&"it has no audio track"))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| refused(&error))?;
    let track_id = track.id;
    let (mut frames, mut kind) = (0_u64, None);
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Players play what is there of a file that breaks off, and so does training.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(refused(&error)),
        };
        if packet.track_id != track_id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(refused(&error)),
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if *kind.get_or_insert((rate, channels)) != (rate, channels) {
            return Err(refused(&"sample rate or channel count change within it"));
        }
        frames += decoded.frames() as u64;
        if frames as f64 > most_s * f64::from(rate) {
            return Err(refused(&format_args!("it is longer than {most_s} s")));
        }
    }
    match kind {
        Some((rate, channels)) if frames > 0 && rate > 0 => {
            Ok((frames as f64 / f64::from(rate), rate, channels))
        }
        _ => Err(refused(&"it holds no samples")),
    }
}
