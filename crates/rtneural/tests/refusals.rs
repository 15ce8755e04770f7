//! What the readers refuse, and how they say it.

use std::fs;

use rtneural::{Limits, Network, Problem};

/// A model of two values with one layer.
fn one_layer(layer: &str) -> String {
    format!(r#"{{"in_shape": [null, 2], "layers": [{layer}]}}"#)
}

fn dense(weights: &str) -> String {
    one_layer(&format!(r#"{{"type": "dense", "activation": "", "shape": [null, 2], "weights": {weights}}}"#))
}

fn conv1d(extra: &str, weights: &str) -> String {
    one_layer(&format!(
        r#"{{"type": "conv1d", "activation": "", "shape": [2], {extra}, "weights": {weights}}}"#
    ))
}

fn lstm(extra: &str, weights: &str) -> String {
    one_layer(&format!(
        r#"{{"type": "lstm", "activation": "tanh", {extra} "shape": [1], "weights": {weights}}}"#
    ))
}

fn gru(extra: &str, weights: &str) -> String {
    one_layer(&format!(r#"{{"type": "gru", {extra} "shape": [1], "weights": {weights}}}"#))
}

fn norm(epsilon: &str, weights: &str) -> String {
    one_layer(&format!(
        r#"{{"type": "batchnorm", "shape": [2], "epsilon": {epsilon}, "weights": {weights}}}"#
    ))
}

fn conv2d(changes: &[(&str, &str)]) -> String {
    let mut keys = vec![
        ("shape", "[null, null, 1, 1]"),
        ("kernel_size_time", "1"),
        ("kernel_size_feature", "2"),
        ("dilation", "1"),
        ("strides", "1"),
        ("num_filters_in", "1"),
        ("num_features_in", "2"),
        ("num_filters_out", "1"),
        ("padding", "\"valid\""),
        ("weights", "[[[[[1]], [[2]]]], [0]]"),
    ];
    for (key, value) in changes {
        keys.iter_mut().find(|(name, _)| name == key).unwrap().1 = value;
    }
    let keys: Vec<_> = keys.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    one_layer(&format!(r#"{{"type": "conv2d", {}}}"#, keys.join(", ")))
}

const GOOD_DENSE: &str = "[[[1, 2], [3, 4]], [0, 0]]";
const GOOD_LSTM: &str = "[[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4]], [0, 0, 0, 0]]";
const GOOD_GRU: &str = "[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3]], [[0, 0, 0], [0, 0, 0]]]";
const GOOD_CONV: &str = "[[[[1, 2], [3, 4]]], [0, 0]]";
const GOOD_NORM: &str = "[[1, 1], [0, 0], [0, 0], [1, 1]]";

#[test]
fn what_the_table_changes_is_read_before_the_change() {
    for good in [
        dense(GOOD_DENSE),
        dense("[[[1, 2], [3, 4]]]"),
        conv1d(r#""kernel_size": [1], "dilation": [1]"#, GOOD_CONV),
        conv1d(
            r#""kernel_size": 1, "dilation": 1, "groups": 2, "strides": 7, "padding": "x""#,
            "[[[[1, 2]]], [0, 0]]",
        ),
        lstm("", GOOD_LSTM),
        lstm(
            r#""return_sequences": true, "go_backwards": false, "recurrent_activation": "sigmoid","#,
            GOOD_LSTM,
        ),
        gru("", GOOD_GRU),
        norm("1e-3", GOOD_NORM),
        norm("[1e-3]".trim_matches(['[', ']']), "[[0, 0], [1, 1]]"),
        conv2d(&[]),
        conv2d(&[("padding", "\"same\""), ("shape", "[null, null, 2, 1]")]),
    ] {
        Network::from_json(good.as_bytes()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
}

/// Text of a model, and what the message must say.
fn refused() -> Vec<(String, &'static [&'static str])> {
    let activation = |name: &str, shape: &str| {
        one_layer(&format!(
            r#"{{"type": "activation", "activation": "{name}", "shape": {shape}, "weights": []}}"#
        ))
    };
    let shape = |shape: &str| {
        one_layer(&format!(r#"{{"type": "dense", "shape": {shape}, "weights": {GOOD_DENSE}}}"#))
    };
    let in_shape = |shape: &str| {
        format!(
            r#"{{"in_shape": {shape}, "layers": [{{"type": "dense", "shape": [2], "weights": {GOOD_DENSE}}}]}}"#
        )
    };
    let conv = |extra: &str| conv1d(extra, GOOD_CONV);
    let prelu =
        |weights: &str| one_layer(&format!(r#"{{"type": "prelu", "shape": [2], "weights": {weights}}}"#));
    let good = dense(GOOD_DENSE);
    vec![
        // Types and activations.
        (
            one_layer(r#"{"type": "rnn", "shape": [2], "weights": []}"#),
            &["layers[0] (rnn)", "type", "dense, ", "\"rnn\""],
        ),
        (one_layer(r#"{"shape": [2], "weights": []}"#), &["layers[0]", "type", "no such field"]),
        (one_layer(r#"{"type": 7, "shape": [2], "weights": []}"#), &["type", "a string", "a number"]),
        (one_layer("7"), &["layers[0]", "an object", "a number"]),
        (
            good.replace(r#""activation": """#, r#""activation": "gelu""#),
            &["layers[0] (dense)", "activation", "\"gelu\"", "tanh, relu"],
        ),
        (good.replace(r#""activation": """#, r#""activation": 1"#), &["activation", "a string", "a number"]),
        (activation("swish", "[2]"), &["layers[0] (activation)", "\"swish\""]),
        (activation("", "[2]"), &["activation", "none"]),
        (activation("tanh", "[3]"), &["shape", "2, the size of the layer before", "found 3"]),
        (
            one_layer(r#"{"type": "activation", "activation": "tanh", "shape": [2], "weights": [[1]]}"#),
            &["weights", "0 arrays", "1 arrays"],
        ),
        (
            one_layer(r#"{"type": "activation", "activation": "tanh", "shape": [2]}"#),
            &["weights", "no such field"],
        ),
        // Dense.
        (dense("[[[1, 2]], [0, 0]]"), &["weights[0]", "expected 2 arrays", "found 1"]),
        (dense("[[[1, 2], [3, 4], [5, 6]], [0, 0]]"), &["weights[0]", "expected 2 arrays", "found 3"]),
        (dense("[[[1, 2], [3]], [0, 0]]"), &["weights[0][1]", "expected 2 numbers", "found 1"]),
        (dense("[[[1, 2], [3, 4, 5]], [0, 0]]"), &["weights[0][1]", "expected 2 numbers", "found 3"]),
        (dense("[[[1, 2], [3, 4]], [0]]"), &["weights[1]", "expected 2 numbers", "found 1"]),
        (dense("[[[1, 2], [3, 4]], [0, 0, 0]]"), &["weights[1]", "expected 2 numbers", "found 3"]),
        (dense("[[[1, 2], [3, 4]], [[0, 0]]]"), &["weights[1]", "a number", "an array"]),
        (dense("[]"), &["weights", "0 arrays"]),
        (dense("[[[1, 2], [3, 4]], [0, 0], [1]]"), &["weights", "1 or 2 arrays", "3 arrays"]),
        (dense("[[[true, 2], [3, 4]], [0, 0]]"), &["weights[0][0][0]", "a number", "a boolean"]),
        (dense("[[[null, 2], [3, 4]], [0, 0]]"), &["weights[0][0][0]", "a number", "null"]),
        (dense("[[[\"1\", 2], [3, 4]], [0, 0]]"), &["weights[0][0][0]", "a number", "a string"]),
        (dense("[[[1e39, 2], [3, 4]], [0, 0]]"), &["weights[0][0][0]", "fits f32", "1e39"]),
        (dense("[[[1, -1e400], [3, 4]], [0, 0]]"), &["weights[0][0][1]", "fits f32", "-1e400"]),
        (dense("[[[NaN, 2], [3, 4]], [0, 0]]"), &["finite number", "NaN", "line 1"]),
        (dense("[[[1, Infinity], [3, 4]], [0, 0]]"), &["finite number", "Infinity"]),
        (dense("[[[1, -Infinity], [3, 4]], [0, 0]]"), &["a digit", "'I'"]),
        (dense("{}"), &["weights", "[W, b] or [W]", "an object"]),
        (
            good.replace(r#", "weights": [[[1, 2], [3, 4]], [0, 0]]"#, ""),
            &["layers[0] (dense)", "weights", "no such field"],
        ),
        // Convolution over time.
        (conv(r#""kernel_size": 2, "dilation": 1"#), &["weights[0]", "expected 2 arrays", "found 1"]),
        (conv(r#""kernel_size": 0, "dilation": 1"#), &["kernel_size", "at least 1", "found 0"]),
        (conv(r#""kernel_size": [], "dilation": 1"#), &["kernel_size", "an empty array"]),
        (conv(r#""kernel_size": true, "dilation": 1"#), &["kernel_size", "a boolean"]),
        (conv(r#""kernel_size": [1, true], "dilation": 1"#), &["kernel_size[1]", "a boolean"]),
        (conv(r#""kernel_size": 1, "dilation": 0"#), &["dilation", "at least 1", "found 0"]),
        (conv(r#""kernel_size": 1, "dilation": 1.5"#), &["dilation", "an integer", "found 1.5"]),
        (conv(r#""kernel_size": 1"#), &["dilation", "no such field"]),
        (conv(r#""kernel_size": 1, "dilation": 1, "groups": 0"#), &["groups", "at least 1", "found 0"]),
        (
            conv(r#""kernel_size": 1, "dilation": 1, "groups": 3"#),
            &["groups", "a divisor of the 2 inputs", "found 3"],
        ),
        (
            conv(r#""kernel_size": 1, "dilation": 1, "groups": 2"#),
            &["weights[0][0]", "expected 1 arrays", "found 2"],
        ),
        (conv(r#""kernel_size": 1, "dilation": 18446744073709551616"#), &["dilation", "limit is 65536"]),
        (
            conv1d(r#""kernel_size": 1, "dilation": 1"#, "[[[[1, 2], [3, 4]]]]"),
            &["weights", "2 arrays", "1 arrays"],
        ),
        // Convolution over time and features.
        (conv2d(&[("num_features_in", "3")]), &["num_features_in", "= 2", "1 x 3"]),
        (conv2d(&[("shape", "[null, null, 2, 1]")]), &["shape", "1 features x 1 filters", "found 2"]),
        (
            conv2d(&[("kernel_size_feature", "3")]),
            &["kernel_size_feature", "at most num_features_in = 2", "found 3"],
        ),
        (conv2d(&[("strides", "0")]), &["strides", "at least 1"]),
        (conv2d(&[("dilation", "0")]), &["dilation", "at least 1"]),
        (conv2d(&[("kernel_size_time", "2")]), &["weights[0]", "expected 2 arrays", "found 1"]),
        (conv2d(&[("padding", "null")]), &["padding", "valid", "null"]),
        (
            conv2d(&[("weights", "[[[[[1]], [[2]]]], [0, 0]]")]),
            &["weights[1]", "expected 1 numbers", "found 2"],
        ),
        // Recurrent layers.
        (
            lstm("", "[[[1, 2, 3, 4]], [[1, 2, 3, 4]], [0, 0, 0, 0]]"),
            &["layers[0] (lstm)", "weights[0]", "expected 2 arrays", "found 1"],
        ),
        (
            lstm("", "[[[1, 2, 3, 4], [5, 6, 7]], [[1, 2, 3, 4]], [0, 0, 0, 0]]"),
            &["weights[0][1]", "expected 4 numbers", "found 3"],
        ),
        (
            lstm("", "[[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4]], [0, 0, 0]]"),
            &["weights[2]", "expected 4 numbers", "found 3"],
        ),
        (
            lstm("", "[[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4], [1, 2, 3, 4]], [0, 0, 0, 0]]"),
            &["weights[1]", "expected 1 arrays", "found 2"],
        ),
        (lstm("", "[[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4]]]"), &["weights", "3 arrays", "2 arrays"]),
        (
            lstm(r#""return_sequences": false,"#, GOOD_LSTM),
            &["return_sequences", "expected true", "found false"],
        ),
        (lstm(r#""go_backwards": true,"#, GOOD_LSTM), &["go_backwards", "expected false", "found true"]),
        (
            lstm(r#""recurrent_activation": "hard_sigmoid","#, GOOD_LSTM),
            &["recurrent_activation", "\"sigmoid\"", "\"hard_sigmoid\""],
        ),
        (lstm("", GOOD_LSTM).replace("tanh", "relu"), &["activation", "\"tanh\"", "\"relu\""]),
        (gru(r#""reset_after": false,"#, GOOD_GRU), &["reset_after", "expected true"]),
        (gru(r#""activation": "sigmoid","#, GOOD_GRU), &["activation", "\"tanh\""]),
        (
            gru("", "[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3]], [0, 0, 0]]"),
            &["layers[0] (gru)", "weights[2][0]", "an array of 3 numbers", "a number"],
        ),
        (
            gru("", "[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3]], [[0, 0, 0], [0, 0]]]"),
            &["weights[2][1]", "expected 3 numbers", "found 2"],
        ),
        // Rectifier and batch norm.
        (prelu("[[[0.1, 0.2, 0.3]]]"), &["layers[0] (prelu)", "weights[0][0]", "2 slopes or 1", "found 3"]),
        (prelu("[[[0.1, 0.2], [0.3, 0.4]]]"), &["weights[0]", "expected 1 arrays", "found 2"]),
        (prelu("[[[]]]"), &["weights[0][0]", "an empty array"]),
        (prelu("[]"), &["weights", "1 arrays", "0 arrays"]),
        (norm("1e-3", "[[1, 1], [0, 0], [1, 1]]"), &["layers[0] (batchnorm)", "4 or 2 arrays", "3 arrays"]),
        (
            norm("1e-3", "[[1, 1, 1], [0, 0], [0, 0], [1, 1]]"),
            &["weights[0]", "expected 2 numbers", "found 3"],
        ),
        (norm("1e-3", "[[1, 1], [0, 0], [0, 0], [1]]"), &["weights[3]", "expected 2 numbers", "found 1"]),
        (norm("1e-3", "[[1, 1], [0, 0], [0, 0], [1, -0.5]]"), &["weights[3][1]", "at least 0", "-0.5"]),
        (norm("1e-3", "[[0, 0], [1, -0.5]]"), &["weights[1][1]", "at least 0", "-0.5"]),
        (norm("0", "[[0, 0], [1, 0]]"), &["weights[1][1]", "divide", "0 + 0"]),
        (norm("-1", GOOD_NORM), &["epsilon", "at least 0", "-1"]),
        (norm("true", GOOD_NORM), &["epsilon", "a number", "a boolean"]),
        (
            one_layer(&format!(r#"{{"type": "batchnorm", "shape": [2], "weights": {GOOD_NORM}}}"#)),
            &["epsilon", "no such field"],
        ),
        (
            one_layer(&format!(
                r#"{{"type": "batchnorm2d", "shape": [2], "epsilon": 0.1, "num_filters_in": 2, "num_features_in": 2, "weights": {GOOD_NORM}}}"#
            )),
            &["num_filters_in", "2 = ", "2 x 2"],
        ),
        // Shapes.
        (shape("[]"), &["shape", "an empty array"]),
        (shape("[0]"), &["shape[0]", "at least 1", "found 0"]),
        (shape("[null, -2]"), &["shape[1]", "at least 1", "found -2"]),
        (shape("[2.5]"), &["shape[0]", "an integer", "found 2.5"]),
        (shape("2"), &["shape", "an array of sizes", "a number"]),
        (shape("[2, null]"), &["shape[1]", "null"]),
        (shape("[true]"), &["shape[0]", "a boolean"]),
        (shape("[1e300]"), &["shape[0]", "limit is 65536"]),
        (shape("[1, 1, 4294967296, 4294967296]"), &["shape[2]", "limit is 65536"]),
        (shape("[1, 1, 65536, 65536]"), &["shape", "4294967296 values", "limit is 65536"]),
        (shape("[3]"), &["weights[0][0]", "expected 3 numbers", "found 2"]),
        (in_shape("[]"), &["in_shape", "an empty array"]),
        (in_shape("[null, 0]"), &["in_shape[1]", "at least 1"]),
        (in_shape("[3]"), &["weights[0]", "expected 3 arrays", "found 2"]),
        (r#"{"layers": []}"#.to_owned(), &["in_shape", "no such field"]),
        // The file.
        (r#"{"in_shape": [2], "layers": []}"#.to_owned(), &["layers", "at least one layer"]),
        (r#"{"in_shape": [2]}"#.to_owned(), &["layers", "no such field"]),
        (r#"{"in_shape": [2], "layers": {}}"#.to_owned(), &["layers", "an array", "an object"]),
        ("[]".to_owned(), &["an object with in_shape and layers", "an array"]),
        (String::new(), &["line 1, column 1", "end of the file"]),
        ("  \n ".to_owned(), &["line 2, column 2", "end of the file"]),
        (good[..good.len() - 1].to_owned(), &["end of the file"]),
        (format!("{good} x"), &["end of the file after the model", "'x'"]),
        (format!("{good}{good}"), &["end of the file after the model", "'{'"]),
        (format!("\u{feff}{good}"), &["byte order mark"]),
        (good.replacen('{', r#"{"in_shape": [2], "#, 1), &["every key once", "\"in_shape\""]),
        (good.replace(r#""type": "#, r#""\u0074ype": "dense", "type": "#), &["every key once", "\"type\""]),
        (good.replacen('{', r#"{"notes": {"a": 1, "a": 2}, "#, 1), &["every key once", "\"a\""]),
        (good.replacen('{', r#"{"notes": 01, "#, 1), &["leading zeros"]),
        (good.replacen('{', r#"{"notes": "\x", "#, 1), &["after a backslash"]),
        (good.replacen('{', r#"{"notes": "\ud800", "#, 1), &["surrogate"]),
        (good.replacen('{', "{\"notes\": \"\n\", ", 1), &["control characters"]),
        (good.replacen('{', "{'notes': 1, ", 1), &["a key in quotation marks"]),
        (good.replace("[0, 0]", "[0, 0,]"), &["a value", "']'"]),
        (good.replace("[0, 0]", "[0 0]"), &["a comma"]),
        (format!("{{\"deep\": {}", "[".repeat(100_000)), &["at most 16 nested"]),
        (format!("{}{}", "{\"a\":".repeat(50_000), "}".repeat(50_000)), &["at most 16 nested"]),
    ]
}

#[test]
fn everything_in_the_table_is_refused_with_its_place_and_reason() {
    for (text, parts) in refused() {
        let start: String = text.chars().take(300).collect();
        let Err(error) = Network::from_json(text.as_bytes()) else { panic!("accepted: {start}") };
        let message = error.to_string();
        for part in parts {
            assert!(message.contains(part), "{start}\nsays {message:?}\nwithout {part:?}");
        }
    }
}

#[test]
fn every_beginning_of_a_file_is_refused() {
    let text = lstm("", GOOD_LSTM);
    for end in 0..text.len() {
        assert!(Network::from_json(&text.as_bytes()[..end]).is_err(), "accepted: {}", &text[..end]);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_position() {
    let mut bytes = dense(GOOD_DENSE).into_bytes();
    bytes[5] = 0xFF;
    let message = Network::from_json(&bytes).unwrap_err().to_string();
    assert!(message.contains("UTF-8") && message.contains("0xff at position 5"), "{message}");
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(Network::from_json(&utf16).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn limits_bound_files_layers_sizes_parameters_and_state() {
    let text = dense(GOOD_DENSE);
    let refuse = |limits: Limits, text: &str| {
        Network::from_json_with_limits(text.as_bytes(), &limits).unwrap_err().to_string()
    };
    let limits = Limits::default();
    assert!(refuse(Limits { file_bytes: 10, ..limits }, &text).contains("bytes, but the limit is 10"));
    assert!(refuse(Limits { layers: 0, ..limits }, &text).contains("1 layers, but the limit is 0"));
    assert!(refuse(Limits { layer_size: 1, ..limits }, &text).contains("limit is 1"));
    assert!(refuse(Limits { parameters: 3, ..limits }, &text).contains("4 parameters, but the limit is 3"));
    assert!(refuse(Limits { parameters: 5, ..limits }, &text).contains("6 parameters, but the limit is 5"));
    assert!(refuse(Limits { nesting: 2, ..limits }, &text).contains("at most 2 nested"));
    // Many small things: places and keys that would take more memory than text.
    let many = format!(r#"{{"in_shape": [2], "layers": [{}1]}}"#, "1,".repeat(1_000_000));
    assert!(refuse(limits, &many).contains("1000001 elements, but the limit is 256"));
    let keys: String = (0..5000).map(|key| format!("\"{key}\": 0, ")).collect();
    assert!(refuse(limits, &text.replacen('{', &format!("{{{keys}"), 1)).contains("at most 4096 keys"));
    // Sizes that only the state of the layer would fill.
    let long =
        conv1d(r#""kernel_size": 2, "dilation": 65536"#, "[[[[1, 2], [3, 4]], [[1, 2], [3, 4]]], [0, 0]]");
    Network::from_json(long.as_bytes()).unwrap();
    let message = refuse(Limits { state_values: 1000, ..limits }, &long);
    assert!(message.contains("values of state") && message.contains("limit is 1000"), "{message}");
}

#[test]
fn claims_without_weights_cost_nothing() {
    // 65,536 x 65,536 weights are claimed by a file of 100 bytes: refused before anything is allocated for them.
    let text = r#"{"in_shape": [65536], "layers": [{"type": "dense", "shape": [65536], "weights": [[]]}]}"#;
    let message = Network::from_json(text.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("4294967296 parameters"), "{message}");
}

#[test]
fn a_million_tiny_steps_are_refused() {
    // 65,536 features with a kernel of one weight: little text, much to do.
    let layer = r#"{"type": "conv2d", "shape": [1, 1, 65536, 1], "kernel_size_time": 1, "kernel_size_feature": 1,
        "dilation": 1, "strides": 1, "num_filters_in": 1, "num_features_in": 65536, "num_filters_out": 1,
        "padding": "valid", "weights": [[[[[1]]]], [0]]}"#;
    let text = format!(r#"{{"in_shape": [65536], "layers": [{layer}]}}"#);
    let message = Network::from_json(text.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("layers[0] (conv2d)") && message.contains("values of state"), "{message}");
}

#[test]
fn files_that_are_none_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |path: &std::path::Path| {
        let error = Network::read(path).unwrap_err();
        assert_eq!(error.file(), Some(path));
        assert!(error.to_string().contains(&*path.to_string_lossy()));
        error
    };
    let error = refuse(folder.path());
    assert!(matches!(error.problem(), Problem::NotAFile { found: "a directory" }), "{error}");
    let error = refuse(&folder.path().join("missing.json"));
    assert!(matches!(error.problem(), Problem::Io(_)), "{error}");
    let path = folder.path().join("broken.json");
    fs::write(&path, dense("[[[1, 2], [3]], [0, 0]]")).unwrap();
    let error = refuse(&path);
    assert_eq!(error.layer(), Some((0, "dense")));
    assert_eq!(error.field(), "weights[0][1]");
    fs::write(&path, "").unwrap();
    assert!(refuse(&path).to_string().contains("end of the file"));
    #[cfg(unix)]
    {
        let error = refuse(std::path::Path::new("/dev/null"));
        assert!(error.to_string().contains("a device, pipe or socket"), "{error}");
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = refuse(&socket);
        assert!(error.to_string().contains("a device, pipe or socket"), "{error}");
        // Root may read everything; others may not.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&path).is_err() {
            assert!(matches!(refuse(&path).problem(), Problem::Io(_)));
        }
    }
}

#[test]
fn what_is_wrong_inside_of_a_file_is_said_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    let good = dense(GOOD_DENSE).into_bytes();
    let beginning = good[..40].to_vec();
    let not_utf8 = [&good[..8], b"\xFF", &good[8..]].concat();
    for (bytes, part) in [
        (beginning, "end of the file"),
        (not_utf8, "UTF-8"),
        (vec![b'['; 1 << 20], "an object with in_shape and layers"),
        ([b"{\"deep\": ".to_vec(), vec![b'['; 1 << 20]].concat(), "at most 16 nested"),
        (vec![0; 1000], "'\\0'"),
    ] {
        fs::write(&path, bytes).unwrap();
        let message = Network::read(&path).unwrap_err().to_string();
        assert!(message.contains("model.json: ") && message.contains(part), "{message}");
    }
    fs::write(&path, &good).unwrap();
    let limits = Limits { file_bytes: good.len(), ..Limits::default() };
    Network::read_with_limits(&path, &limits).unwrap();
    let limits = Limits { file_bytes: good.len() - 1, ..limits };
    let message = Network::read_with_limits(&path, &limits).unwrap_err().to_string();
    assert!(message.contains("model.json: ") && message.contains("bytes, but the limit is"), "{message}");
    // The default limit is 128 MiB; a hole in a file takes no place on the disk.
    fs::File::create(&path).unwrap().set_len(129 << 20).unwrap();
    let message = Network::read(&path).unwrap_err().to_string();
    assert!(message.contains("135266304 bytes, but the limit is 134217728"), "{message}");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_refused() {
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    // Spaces behind a model change nothing, so that whatever is read in time is the model.
    let text = format!("{}{}", dense(GOOD_DENSE), " ".repeat(4 << 20));
    fs::write(&path, &text).unwrap();
    let expected = Network::from_json(text.as_bytes()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(&path).unwrap();
            // Never more than the reader's limit.
            for _ in 0..64 << 20 {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                file.write_all(b" ").unwrap();
            }
        });
        let begin = Instant::now();
        let refused = loop {
            match Network::read(&path) {
                Ok(network) => assert_eq!(network, expected),
                Err(error) => break matches!(error.problem(), Problem::ChangedWhileReading),
            }
            if begin.elapsed() > Duration::from_secs(30) {
                break false;
            }
        };
        stop.store(true, Ordering::Relaxed);
        assert!(refused, "never refused as changed");
    });
}

#[test]
fn layers_put_together_by_hand_are_checked_too() {
    use rtneural::{Dense, Layer};
    let dense = |inputs, outputs, kernel| {
        Layer::Dense(Dense { inputs, outputs, kernel, bias: None, activation: None, time_distributed: false })
    };
    assert!(Network::new(2, vec![dense(2, 3, vec![0.0; 6])]).is_ok());
    for (inputs, layers, part) in [
        (2, vec![], "at least one layer"),
        (2, vec![dense(2, 3, vec![0.0; 5])], "values of shape [2][3], found 5 values"),
        (2, vec![dense(2, 3, vec![f32::NAN; 6])], "finite"),
        (4, vec![dense(2, 3, vec![0.0; 6])], "4 inputs"),
        (
            2,
            vec![dense(2, 3, vec![0.0; 6]), dense(2, 1, vec![0.0; 2])],
            "layers[1] (dense): expected 3 inputs",
        ),
        (0, vec![dense(0, 3, vec![])], "at least 1"),
    ] {
        let message = Network::new(inputs, layers).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
