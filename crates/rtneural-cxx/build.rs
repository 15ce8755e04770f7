//! Generates and compiles the C++ side of the bridge, and tells the tests where its headers are.

use cxx_build::CFG;

fn main() {
    // The headers are `rtneural_cxx/src/bridge.rs.h` and `rust/cxx.h`, in the folder named below and, for other build
    // systems, in the folder `cxxbridge` of the target folder.
    CFG.include_prefix = "rtneural_cxx";
    CFG.doxygen = true;
    cxx_build::bridge("src/bridge.rs").std("c++17").compile("rtneural_cxx_bridge");
    let out = std::env::var("OUT_DIR").expect("cargo sets it for build scripts");
    println!("cargo:rustc-env=RTNEURAL_CXX_GENERATED={out}/cxxbridge/include");
}
