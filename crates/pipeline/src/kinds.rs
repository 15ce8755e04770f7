//! The six models by name: their files, sizes and what they are for.

/// One of the six models. The order is that of the contract and of every list of six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelKind {
    /// Mood map from the mel spectrum; each hop.
    Emotion,
    /// Distribution of the melody's next pitch from the mood; each sixteenth.
    Melody,
    /// Chord from mood, chroma, mel and base features; each hop.
    Harmony,
    /// Dynamics from mood and loudness; each sixteenth.
    Dynamics,
    /// Timing and accents of a bar's steps from the mood; each sixteenth.
    Groove,
    /// Control signals of the orbit from ten frames of base features; each hop.
    Orbit,
}

impl ModelKind {
    /// All six, in order.
    pub const ALL: [ModelKind; 6] = [
        ModelKind::Emotion,
        ModelKind::Melody,
        ModelKind::Harmony,
        ModelKind::Dynamics,
        ModelKind::Groove,
        ModelKind::Orbit,
    ];

    /// The model's name: its file is this and `.json`, its sidecar this and `.meta.json`.
    pub const fn name(self) -> &'static str {
        match self {
            ModelKind::Emotion => "emotionrecognizer",
            ModelKind::Melody => "melodytransformer",
            ModelKind::Harmony => "harmonypredictor",
            ModelKind::Dynamics => "dynamicsengine",
            ModelKind::Groove => "groovepredictor",
            ModelKind::Orbit => "orbit_control",
        }
    }

    /// The word for it in commands and in the editor.
    pub const fn word(self) -> &'static str {
        match self {
            ModelKind::Emotion => "emotion",
            ModelKind::Melody => "melody",
            ModelKind::Harmony => "harmony",
            ModelKind::Dynamics => "dynamics",
            ModelKind::Groove => "groove",
            ModelKind::Orbit => "orbit",
        }
    }

    /// Place in [`ModelKind::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The kind whose file has this name, with or without `.json`, in any folder.
    pub fn of_file(path: &std::path::Path) -> Option<ModelKind> {
        let file = path.file_name()?.to_str()?;
        let name = file.strip_suffix(".json").unwrap_or(file);
        ModelKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Values that the default shape takes.
    pub const fn inputs(self) -> usize {
        match self {
            ModelKind::Emotion | ModelKind::Harmony => 128,
            ModelKind::Melody | ModelKind::Groove => 64,
            ModelKind::Dynamics => 32,
            ModelKind::Orbit => 60,
        }
    }

    /// Values that the default shape gives.
    pub const fn outputs(self) -> usize {
        match self {
            ModelKind::Emotion | ModelKind::Harmony => 64,
            ModelKind::Melody => 128,
            ModelKind::Dynamics => 16,
            ModelKind::Groove => 32,
            ModelKind::Orbit => 9,
        }
    }

    /// Trainable parameters of the default shape, as PyTorch counts them: an LSTM with two bias vectors, batch norm with
    /// gamma and beta.
    pub const fn parameters(self) -> usize {
        match self {
            ModelKind::Emotion => 497_664,
            ModelKind::Melody => 412_672,
            ModelKind::Harmony => 74_048,
            ModelKind::Dynamics => 13_456,
            ModelKind::Groove => 19_040,
            ModelKind::Orbit => 91_561,
        }
    }

    /// Whether it runs each hop; the others run each sixteenth note.
    pub const fn each_hop(self) -> bool {
        matches!(self, ModelKind::Emotion | ModelKind::Harmony | ModelKind::Orbit)
    }
}

impl std::fmt::Display for ModelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn files_lead_back_to_their_kinds() {
        for kind in ModelKind::ALL {
            let file = format!("some/folder/{}.json", kind.name());
            assert_eq!(ModelKind::of_file(Path::new(&file)), Some(kind));
            assert_eq!(ModelKind::ALL[kind.index()], kind);
        }
        assert_eq!(ModelKind::of_file(Path::new("other.json")), None);
        assert_eq!(ModelKind::of_file(Path::new("emotionrecognizer.meta.json")), None);
    }

    #[test]
    fn the_five_of_the_pipeline_have_the_contracts_count() {
        let five = ModelKind::ALL.into_iter().filter(|&kind| kind != ModelKind::Orbit);
        assert_eq!(five.map(ModelKind::parameters).sum::<usize>(), 1_016_880);
    }
}
