//! Compiles the contract with protox, so that the build needs no `protoc`.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

fn main() {
    let files = ["barrage/v1/processor.proto"];
    println!("cargo:rerun-if-changed={}", files[0]);
    let descriptors = protox::compile(files, ["."]).expect("the contract is valid");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let written = fs::write(folder.join("descriptors.bin"), descriptors.encode_to_vec());
    written.expect("the build folder can be written");
    let code = tonic_prost_build::configure().bytes(".barrage.v1.Record.data");
    code.compile_fds(descriptors).expect("the contract can be compiled");
}
