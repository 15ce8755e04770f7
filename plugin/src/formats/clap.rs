//! The CLAP entry point: the framework's plug-in, with our own check before its state is loaded.
//!
//! It does what `nice_export_clap!` does, and replaces two functions of the plug-in: `get_extension`, to put our `load` before
//! the framework's, and `process`, to tell where a block begins.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null;
use std::sync::{Arc, OnceLock};

use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use clap_sys::stream::clap_istream;
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use super::{chunk, parts};
use crate::Dendrite;

/// The entry point that hosts look for.
#[unsafe(no_mangle)]
#[used]
#[allow(non_upper_case_globals)]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

type GetExtension = unsafe extern "C" fn(*const clap_plugin, *const c_char) -> *const c_void;
type Process = unsafe extern "C" fn(*const clap_plugin, *const clap_process) -> clap_process_status;

/// The framework's functions that ours stand before; the same for all instances.
static FRAMEWORK_EXTENSIONS: OnceLock<GetExtension> = OnceLock::new();
static FRAMEWORK_PROCESS: OnceLock<Process> = OnceLock::new();

/// The framework's saving and loading.
static FRAMEWORK_STATE: OnceLock<clap_plugin_state> = OnceLock::new();

/// The framework's saving and our loading.
static STATE: OnceLock<clap_plugin_state> = OnceLock::new();

fn descriptor() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<Dendrite>)
}

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    setup_logger::<Dendrite>();
    true
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: hosts pass a C string or null.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        (&raw const FACTORY).cast()
    } else {
        null()
    }
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { descriptor().clap_plugin_descriptor() } else { null() }
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: hosts pass a C string or null.
    if host.is_null() || id.is_null() || unsafe { CStr::from_ptr(id) } != descriptor().clap_id() {
        return null();
    }
    // SAFETY: the host lives as long as its plug-ins. The framework takes this count back in the plug-in's `destroy`.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<Dendrite>::new(host) });
    // SAFETY: the wrapper lives until `destroy`, and before it is handed to the host nobody else reads its functions.
    unsafe {
        let plugin = (*wrapper).clap_plugin.as_ptr();
        if let Some(framework) = (*plugin).get_extension {
            FRAMEWORK_EXTENSIONS.get_or_init(|| framework);
            (*plugin).get_extension = Some(get_extension);
        }
        if let Some(framework) = (*plugin).process {
            FRAMEWORK_PROCESS.get_or_init(|| framework);
            (*plugin).process = Some(process);
        }
        plugin
    }
}

/// Processes one block. Does not allocate.
unsafe extern "C" fn process(plugin: *const clap_plugin, block: *const clap_process) -> clap_process_status {
    let Some(framework) = FRAMEWORK_PROCESS.get() else { return CLAP_PROCESS_ERROR };
    // SAFETY: the arguments are passed on as they came.
    parts::block(|| unsafe { framework(plugin, block) })
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    let Some(framework) = FRAMEWORK_EXTENSIONS.get() else { return null() };
    // SAFETY: the arguments are passed on as they came.
    let extension = unsafe { framework(plugin, id) };
    // SAFETY: hosts pass a C string or null.
    if extension.is_null() || id.is_null() || unsafe { CStr::from_ptr(id) } != CLAP_EXT_STATE {
        return extension;
    }
    // SAFETY: this is what the extension of that name points to, and it holds function pointers only.
    let framework = FRAMEWORK_STATE.get_or_init(|| unsafe { *extension.cast::<clap_plugin_state>() });
    let ours = STATE.get_or_init(|| clap_plugin_state { save: framework.save, load: Some(load) });
    std::ptr::from_ref(ours).cast()
}

/// Loads a state; one that cannot be read is replaced by defaults and a message, and refused.
unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    let Some(framework) = FRAMEWORK_STATE.get().and_then(|state| state.load) else { return false };
    if plugin.is_null() || stream.is_null() {
        return false;
    }
    // SAFETY: the host's stream lives through this call.
    let read = unsafe { read_to_end(stream) };
    let checked = read.and_then(|bytes| {
        let json = unframed(&bytes)?;
        chunk::check(json)?;
        Ok(framed(json))
    });
    let (bytes, readable) = match checked {
        Ok(bytes) => (bytes, true),
        Err(reason) => (framed(&chunk::replacement(&reason)), false),
    };
    let mut rest = bytes.as_slice();
    let memory = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read_memory) };
    // SAFETY: the plug-in is the framework's own, and the stream lives through the call.
    let loaded = unsafe { framework(plugin, &memory) };
    loaded && readable
}

/// The JSON in the framework's frame: its length as eight bytes, little-endian, then itself.
fn unframed(bytes: &[u8]) -> Result<&[u8], String> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("it is too short")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    rest.get(..length).ok_or_else(|| format!("it should have {length} bytes and has {}", rest.len()))
}

fn framed(json: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json].concat()
}

/// # Safety
/// `stream` must point to a host's stream.
unsafe fn read_to_end(stream: *const clap_istream) -> Result<Vec<u8>, String> {
    // SAFETY: as the caller promises.
    let Some(read) = (unsafe { (*stream).read }) else { return Err("the host gives no bytes".to_owned()) };
    let mut bytes = Vec::new();
    let mut piece = [0u8; 4096];
    while bytes.len() <= chunk::MAX_BYTES {
        // SAFETY: the piece is as long as is said.
        let count = unsafe { read(stream, piece.as_mut_ptr().cast(), piece.len() as u64) };
        match usize::try_from(count) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(piece.get(..count).ok_or("the host counts wrongly")?),
            Err(_) => return Err("the host could not read it".to_owned()),
        }
    }
    Err("it is too large".to_owned())
}

/// Reads from the `&[u8]` that is the stream's context.
unsafe extern "C" fn read_memory(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: `load` puts a pointer to its slice there, which lives through the call that this is part of.
    let rest = unsafe { &mut *(*stream).ctx.cast::<&[u8]>() };
    let count = rest.len().min(usize::try_from(size).unwrap_or(usize::MAX));
    let (now, later) = rest.split_at(count);
    // SAFETY: the caller's buffer holds `size` bytes.
    unsafe { std::ptr::copy_nonoverlapping(now.as_ptr(), buffer.cast(), count) };
    *rest = later;
    count as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_off_as_they_were_put_on() {
        assert_eq!(unframed(&framed(b"{}")), Ok(&b"{}"[..]));
        assert!(unframed(b"1234567").is_err());
        assert!(unframed(&[255; 20]).is_err());
    }
}
