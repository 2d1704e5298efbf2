//! Compiles the contract with protox, so that the build needs no `protoc`.

fn main() {
    let files = ["barrage/v1/processor.proto"];
    println!("cargo:rerun-if-changed={}", files[0]);
    let descriptors = protox::compile(files, ["."]).expect("the contract is valid");
    let code = tonic_prost_build::configure().bytes(".barrage.v1.Record.data");
    code.compile_fds(descriptors).expect("the contract can be compiled");
}
