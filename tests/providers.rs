//! The policies that the documentation shows are policies.

use attestor::{BundleStore, Verifier};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The fenced JSON blocks of a page that are whole policy documents.
fn policies(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("\"version\""))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a page")
}

fn build(page: &Path) -> usize {
    let text = read(page);
    let built = policies(&text).map(|policy| {
        let verifier = Verifier::new(Arc::new(BundleStore::new()), policy.as_bytes());
        if let Err(refused) = verifier {
            panic!("{}: {refused}", page.display());
        }
    });
    built.count()
}

#[test]
fn every_documented_policy_builds() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    assert!(build(&docs.join("policy.md")) > 0);
    let index = read(&docs.join("providers/README.md"));
    let mut pages = 0;
    for entry in fs::read_dir(docs.join("providers")).expect("a folder") {
        let page = entry.expect("an entry").path();
        let name = page.file_name().and_then(|name| name.to_str()).expect("a name");
        if name != "README.md" {
            assert!(build(&page) > 0, "{name}: no policy");
            assert!(index.contains(&format!("]({name})")), "{name}: not in the index");
            let profile = format!("\"profile\": \"{}\"", name.trim_end_matches(".md"));
            assert!(read(&page).contains(&profile), "{name}: another profile");
            pages += 1;
        }
    }
    assert_eq!(pages, 8);
}
