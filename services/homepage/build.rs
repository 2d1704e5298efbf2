//! Builds anew when a file of the page comes or goes: what is embedded is found by looking into the folders.

fn main() {
    println!("cargo:rerun-if-changed=../../web/static");
    println!("cargo:rerun-if-changed=../../web/vendor");
}
