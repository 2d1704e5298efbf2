//! Compiles the contract with protox, so that no machine needs `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["barrage/v1/processor.proto"];
    println!("cargo:rerun-if-changed={}", files[0]);
    let descriptors = protox::compile(files, ["."])?;
    tonic_prost_build::configure().bytes(".barrage.v1.Record.data").compile_fds(descriptors)?;
    Ok(())
}
