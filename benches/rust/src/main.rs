//! attestor and its Rust peers on the same tokens.
//!
//! usage: attestor-benches tokens FOLDER
//!        attestor-benches measure FOLDER RESULT [--quick]    each library on each token
//!        attestor-benches scale FOLDER RESULT [--quick]      sources, threads, memory, small differences

mod algorithm;
mod allocator;
mod hashing;
mod material;
mod ours;
mod overhead;
mod peers;
mod raw;
mod rounds;
mod sources;
mod states;
mod tables;
mod threads;
mod turns;

use algorithm::Algorithm;
use material::{Material, Result};
use rounds::Timing;
use serde_json::{Map, Value, json};
use states::State;
use std::env;
use std::fs;
use std::path::Path;

/// How much is done: enough for a figure, or enough for a good one.
struct Effort {
    rounds: usize,
    pairs: usize,
    throughput: usize,
    look_ups: usize,
    puts: usize,
}

const QUICK: Effort = Effort { rounds: 20, pairs: 4000, throughput: 100, look_ups: 40, puts: 200 };
const FULL: Effort = Effort { rounds: 150, pairs: 40_000, throughput: 1000, look_ups: 400, puts: 2000 };

/// What this program has to say.
#[derive(Default)]
struct Results {
    timings: Vec<Timing>,
    figures: Vec<(String, f64)>,
    absent: Vec<(String, String)>,
    kernels: Vec<(String, String)>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (task, folder, result, effort) = match arguments[..] {
        ["tokens", folder] => return material::make(Path::new(folder)),
        [task, folder, result] => (task, folder, result, &FULL),
        [task, folder, result, "--quick"] => (task, folder, result, &QUICK),
        _ => {
            return Err(
                "usage: attestor-benches tokens FOLDER | measure|scale FOLDER RESULT [--quick]".into()
            );
        }
    };
    let read = |algorithm| Material::read(Path::new(folder), algorithm);
    let materials = Algorithm::ALL.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    let results = match task {
        "measure" => measure(&materials, effort)?,
        "scale" => scale(&materials, effort)?,
        _ => return Err("measure or scale".into()),
    };
    fs::write(result, results.json())?;
    Ok(())
}

/// Each library on each token.
fn measure(materials: &[Material], effort: &Effort) -> Result<Results> {
    let mut results = Results::default();
    let mut cases = Vec::new();
    for material in materials {
        cases.extend(raw::cases(material, &mut results.absent)?);
        cases.extend(hashing::cases(material));
        cases.extend(peers::cases(material, &mut results.absent)?);
        cases.extend(ours::cases(material, &mut results.absent)?);
        results.kernels.extend(ours::kernels(material)?);
    }
    results.timings = rounds::measure(cases, effort.rounds)?;
    Ok(results)
}

/// What does not depend on the peers.
fn scale(materials: &[Material], effort: &Effort) -> Result<Results> {
    let mut results = Results::default();
    for material in materials {
        results.figures.extend(ours::allocations_of(material)?);
        results.figures.extend(tables::bytes(material)?);
    }
    let [es256, ..] = materials else { return Err("no material".into()) };
    results.figures.push(("overhead/ES256".into(), overhead::measure(es256, effort.pairs)?));
    for state in State::ALL.into_iter().filter(|state| state.obstacle().is_none()) {
        for (threads, rate) in threads::throughput(es256, state, effort.throughput)? {
            results.figures.push((format!("threads/{threads}/{}", state.name()), rate));
        }
    }
    results.figures.extend(tables::budget()?);
    results.figures.extend(sources::measure(es256, effort.look_ups, effort.pairs, effort.puts)?);
    Ok(results)
}

impl Results {
    /// The one format: nanoseconds a call, figures, and why something is absent.
    fn json(self) -> String {
        let timing = |t: Timing| (t.name, json!({"min": t.min, "median": t.median}));
        let figure = |(name, value): (String, f64)| (name, json!(value));
        let text = |(name, text): (String, String)| (name, json!(text));
        json!({
            "language": "rust",
            "ifma": states::has_ifma(),
            "timings": self.timings.into_iter().map(timing).collect::<Map<_, _>>(),
            "figures": self.figures.into_iter().map(figure).collect::<Map<_, _>>(),
            "absent": self.absent.into_iter().map(text).collect::<Map<String, Value>>(),
            "kernels": self.kernels.into_iter().map(text).collect::<Map<String, Value>>(),
        })
        .to_string()
    }
}
