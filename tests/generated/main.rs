//! Everything that is generated from the Rust source is checked in, and this test says whether it is current.
//!
//! `make generate` rewrites the files.

mod header;
mod reasons;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a checked-in file with what it should be, or rewrites it under `ATTESTOR_GENERATE=1`.
fn check(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("ATTESTOR_GENERATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).expect("the folder");
        std::fs::write(&file, expected).expect("writable");
        return;
    }
    let actual = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(actual == expected, "{path} is not current: run `make generate`");
}

#[test]
fn header_is_current() {
    let header = header::generate(&root());
    check("include/attestor.h", &header);
    check("bindings/go/include/attestor.h", &header);
    check("bindings/python/src/libattestor/_cdef.py", &header::python_cdef(&header));
}

#[test]
fn export_list_is_current() {
    check("include/attestor.symbols", &header::symbols(&root()));
}

#[test]
fn reasons_are_current() {
    check("bindings/go/reasons.go", &reasons::go());
    check("bindings/python/src/libattestor/_reasons.py", &reasons::python());
    check("docs/reasons.md", &reasons::markdown());
}
