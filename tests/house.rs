//! Rules of the house that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push((path.clone(), fs::read_to_string(&path).expect("UTF-8")));
        }
    }
    files
}

fn in_ffi(path: &Path) -> bool {
    path.starts_with(root().join("src/ffi"))
}

/// The files that use what only some processors have.
fn is_a_kernel_file(path: &Path) -> bool {
    [
        "src/crypto/lanes/ifma.rs",
        "src/crypto/mulx.rs",
        "src/crypto/prefetch.rs",
        "src/crypto/rsa/tiles/rows.rs",
        "src/wire/avx2.rs",
    ]
    .iter()
    .any(|kernel| path == root().join(kernel))
}

#[test]
fn unsafe_and_exports_live_in_the_c_layer_only() {
    for (path, source) in rust_files(&root().join("src")) {
        let unsafe_code = ["unsafe {", "unsafe fn", "unsafe impl"];
        let exports = ["no_mangle", "extern \"C\""];
        let forbidden = match () {
            () if in_ffi(&path) => continue,
            () if is_a_kernel_file(&path) => exports.to_vec(),
            () => [&unsafe_code[..], &exports].concat(),
        };
        for word in forbidden {
            assert!(!source.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_unsafe_says_why() {
    for (path, source) in rust_files(&root().join("src")) {
        let lines: Vec<_> = source.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let block = line.contains("unsafe {") || line.trim_start().starts_with("unsafe impl");
            assert!(
                !block || lines[at.saturating_sub(4)..=at].iter().any(|l| l.contains("SAFETY:")),
                "{}:{}: no SAFETY comment",
                path.display(),
                at + 1
            );
        }
    }
}

/// An export is nothing but a signature around the one mechanism that catches panics.
#[test]
fn every_export_is_inside_the_boundary() {
    let mut exports = 0;
    for (path, source) in rust_files(&root().join("src/ffi")) {
        for (at, _) in source.match_indices("extern \"C\" fn ") {
            let function = &source[at..];
            let body = &function[function.find(" {\n").expect("a body") + 3..];
            let first = body.trim_start();
            assert!(
                first.starts_with("boundary(") || first.starts_with("status(err, ||"),
                "{}: {}",
                path.display(),
                &function[..60.min(function.len())]
            );
            assert!(
                source[..at]
                    .trim_end_matches("pub unsafe ")
                    .trim_end_matches("pub ")
                    .ends_with("#[unsafe(no_mangle)]\n")
            );
            exports += 1;
        }
        assert_eq!(source.matches("no_mangle)]").count(), source.matches("extern \"C\" fn ").count());
    }
    assert!(exports > 20);
}

/// Whether the whole file is compiled for tests only.
fn is_for_tests(path: &Path) -> bool {
    let is_test =
        |part: &std::ffi::OsStr| ["tests", "tests.rs", "agreement.rs"].iter().any(|name| part == *name);
    path.strip_prefix(root()).is_ok_and(|path| path.iter().any(is_test))
}

#[test]
fn nothing_on_the_path_prints_or_uses_a_dynamic_json_value() {
    for (path, source) in rust_files(&root().join("src")) {
        if path.starts_with(root().join("src/bin")) || is_for_tests(&path) {
            continue;
        }
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [
            "println!",
            "eprintln!",
            "dbg!",
            "serde_json",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread::spawn",
        ] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_core_links_no_network_and_no_mac() {
    let lock = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for name in ["tokio", "hyper", "reqwest", "ureq", "hmac ="] {
        assert!(!lock.contains(name), "{name}");
    }
}
