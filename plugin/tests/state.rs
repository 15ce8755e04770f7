//! States as hosts save and load them, through the CLAP entry point and the framework's own reading and writing.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::null;

use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::stream::{clap_istream, clap_ostream};
use clap_sys::version::CLAP_VERSION;
use serde_json::{Value, json};

/// A host that knows nothing.
struct Host(Box<clap_host>);

unsafe extern "C" fn no_extension(_host: *const clap_host, _id: *const c_char) -> *const c_void {
    null()
}

unsafe extern "C" fn no_request(_host: *const clap_host) {}

impl Host {
    fn new() -> Self {
        Self(Box::new(clap_host {
            clap_version: CLAP_VERSION,
            host_data: std::ptr::null_mut(),
            name: c"test".as_ptr(),
            vendor: c"".as_ptr(),
            url: c"".as_ptr(),
            version: c"1".as_ptr(),
            get_extension: Some(no_extension),
            request_restart: Some(no_request),
            request_process: Some(no_request),
            request_callback: Some(no_request),
        }))
    }
}

/// An instance made through the entry point.
struct Instance {
    plugin: *const clap_plugin,
    state: *const clap_plugin_state,
    _host: Host,
}

impl Instance {
    fn new() -> Self {
        let host = Host::new();
        // SAFETY: the calls are those of the CLAP specification, in its order, on one thread.
        unsafe {
            let factory =
                dendrite::formats::clap_entry.get_factory.expect("given")(CLAP_PLUGIN_FACTORY_ID.as_ptr());
            let factory = &*factory.cast::<clap_plugin_factory>();
            let id: &CStr = c"audio.dendrite.dendrite";
            let plugin = factory.create_plugin.expect("given")(factory, &*host.0, id.as_ptr());
            assert!(!plugin.is_null());
            assert!((*plugin).init.expect("given")(plugin));
            let state = (*plugin).get_extension.expect("given")(plugin, CLAP_EXT_STATE.as_ptr()).cast();
            Self { plugin, state, _host: host }
        }
    }

    /// The state as the host gets it, without the frame.
    fn save(&self) -> Value {
        let mut bytes: Vec<u8> = Vec::new();
        unsafe extern "C" fn write(stream: *const clap_ostream, from: *const c_void, size: u64) -> i64 {
            // SAFETY: the context is the vector below.
            unsafe {
                let bytes = &mut *(*stream).ctx.cast::<Vec<u8>>();
                bytes.extend_from_slice(std::slice::from_raw_parts(from.cast(), size as usize));
            }
            size as i64
        }
        let stream = clap_ostream { ctx: (&raw mut bytes).cast(), write: Some(write) };
        // SAFETY: plug-in and stream live.
        assert!(unsafe { (*self.state).save.expect("given")(self.plugin, &stream) });
        serde_json::from_slice(&bytes[8..]).expect("the framework writes JSON")
    }

    fn load_bytes(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
            // SAFETY: the context is the slice below.
            unsafe {
                let rest = &mut *(*stream).ctx.cast::<&[u8]>();
                // Hosts may give less than is asked for.
                let count = rest.len().min(size as usize).min(100);
                std::ptr::copy_nonoverlapping(rest.as_ptr(), to.cast(), count);
                *rest = &rest[count..];
                count as i64
            }
        }
        let stream = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read) };
        // SAFETY: plug-in and stream live.
        unsafe { (*self.state).load.expect("given")(self.plugin, &stream) }
    }

    fn load(&self, state: &Value) -> bool {
        let json = serde_json::to_vec(state).expect("values can be written");
        self.load_bytes(&[&(json.len() as u64).to_le_bytes()[..], &json].concat())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: it was made and is not used any more.
        unsafe { (*self.plugin).destroy.expect("given")(self.plugin) };
    }
}

#[test]
fn what_is_saved_is_loaded() {
    let first = Instance::new();
    let mut state = first.save();
    state["params"]["glow"] = json!({ "f32": 12.5 });
    state["params"]["component_lock"] = json!({ "i32": 7 });
    state["params"]["palette"] = json!({ "string": "lichen" });
    state["params"]["flash_limit"] = json!({ "bool": false });
    state["fields"]["editor"] = json!("{\"width\":1200.0,\"height\":700.0,\"panel_open\":false}");
    assert!(first.load(&state));
    let second = Instance::new();
    assert!(second.load(&first.save()));
    // The editor's memory is completed with what this session did not know yet.
    let mut saved = second.save();
    let editor: Value =
        serde_json::from_str(saved["fields"]["editor"].as_str().expect("a text")).expect("JSON");
    for (name, value) in [("width", json!(1200.0)), ("height", json!(700.0)), ("panel_open", json!(false))] {
        assert_eq!(editor[name], value, "{name}");
    }
    saved["fields"]["editor"] = state["fields"]["editor"].clone();
    assert_eq!(saved, state);
}

#[test]
fn what_a_newer_version_wrote_survives() {
    let instance = Instance::new();
    let mut state = instance.save();
    state["fields"]["state_version"] = json!("7");
    state["fields"]["a_new_field"] = json!("{\"deep\":[1,2,3]}");
    state["params"]["a_new_parameter"] = json!({ "f32": 0.75 });
    state["params"]["zoom"] = json!({ "f32": 2.0 });
    assert!(instance.load(&state));
    let saved = instance.save();
    assert_eq!(saved["params"]["zoom"], json!({ "f32": 2.0 }));
    assert_eq!(saved["fields"]["a_new_field"], state["fields"]["a_new_field"]);
    assert_eq!(saved["fields"]["kept_from_version"], json!("7"));
    let kept: BTreeMap<String, Value> =
        serde_json::from_str(saved["fields"]["kept_params"].as_str().expect("a string")).expect("JSON");
    assert_eq!(kept["a_new_parameter"], json!({ "f32": 0.75 }));
    // Once more around, nothing is lost and nothing is doubled.
    assert!(instance.load(&saved));
    assert_eq!(instance.save(), saved);
}

#[test]
fn a_kept_parameter_that_has_become_known_is_used() {
    let instance = Instance::new();
    let mut state = instance.save();
    state["params"].as_object_mut().expect("a map").remove("glow");
    state["fields"]["kept_params"] = json!("{\"glow\":{\"f32\":5.0},\"other\":{\"i32\":1}}");
    assert!(instance.load(&state));
    let saved = instance.save();
    assert_eq!(saved["params"]["glow"], json!({ "f32": 5.0 }));
    assert_eq!(saved["fields"]["kept_params"], json!("{\"other\":{\"i32\":1}}"));
}

#[test]
fn values_without_sense_become_defaults_and_values_out_of_range_the_nearest() {
    let instance = Instance::new();
    let defaults = instance.save();
    let mut state = defaults.clone();
    state["params"]["glow"] = json!({ "f32": 1e30 });
    state["params"]["zoom"] = json!({ "bool": true });
    state["params"]["component_lock"] = json!({ "i32": 4000 });
    state["params"]["palette"] = json!({ "string": "no such palette" });
    state["params"]["bars_per_turn"] = json!({ "i32": -1 });
    state["fields"]["editor"] = json!("{\"width\":-3.0,\"height\":1e30}");
    assert!(instance.load(&state));
    let saved = instance.save();
    assert_eq!(saved["params"]["glow"], json!({ "f32": 100.0 }));
    for id in ["zoom", "component_lock", "palette", "bars_per_turn"] {
        assert_eq!(saved["params"][id], defaults["params"][id], "{id}");
    }
    let editor: Value =
        serde_json::from_str(saved["fields"]["editor"].as_str().expect("a string")).expect("JSON");
    assert_eq!(editor["width"], json!(560.0));
    assert_eq!(editor["height"], json!(4320.0));
}

#[test]
fn parameters_that_are_missing_become_defaults() {
    let instance = Instance::new();
    let defaults = instance.save();
    let mut state = defaults.clone();
    state["params"]["glow"] = json!({ "f32": 1.0 });
    assert!(instance.load(&state));
    assert!(instance.load(&json!({ "version": "", "params": {}, "fields": {} })));
    assert_eq!(instance.save()["params"], defaults["params"]);
}

#[test]
fn corrupt_states_give_defaults_and_are_refused() {
    let instance = Instance::new();
    let defaults = instance.save();
    let mut changed = defaults.clone();
    changed["params"]["glow"] = json!({ "f32": 1.0 });
    let good = serde_json::to_vec(&changed).expect("values can be written");
    let framed = |json: &[u8]| [&(json.len() as u64).to_le_bytes()[..], json].concat();
    let corrupt: [Vec<u8>; 7] = [
        vec![],
        vec![1, 2, 3],
        vec![255; 300],
        framed(b"{\"version\":"),
        framed(&good[..good.len() / 2]),
        framed(&[0xff, 0xfe, 0, 0, 0x80]),
        [&u64::MAX.to_le_bytes()[..], &good].concat(),
    ];
    for bytes in corrupt {
        assert!(instance.load(&changed));
        assert_eq!(instance.save()["params"]["glow"], json!({ "f32": 1.0 }));
        assert!(!instance.load_bytes(&bytes), "{bytes:?}");
        assert_eq!(instance.save()["params"], defaults["params"]);
    }
}

#[test]
fn corrupt_fields_do_not_keep_the_parameters_from_being_loaded() {
    let instance = Instance::new();
    let mut state = instance.save();
    state["params"]["glow"] = json!({ "f32": 1.0 });
    state["fields"]["state_version"] = json!("not a number");
    state["fields"]["editor"] = json!("{{{");
    state["fields"]["kept_params"] = json!("[1");
    assert!(instance.load(&state));
    assert_eq!(instance.save()["params"]["glow"], json!({ "f32": 1.0 }));
}

#[test]
fn two_hundred_instances_come_and_go() {
    for round in 0..200 {
        let instance = Instance::new();
        let mut state = instance.save();
        state["params"]["rotation"] = json!({ "f32": round as f32 / 2.0 });
        assert!(instance.load(&state));
    }
}
