//! Builds again when a file of the page comes or goes: the folders say which files are embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../web/static");
    println!("cargo:rerun-if-changed=../../web/vendor");
}
