//! Model checks of what the threads of attestor share: loom runs a few threads in every order that a memory model
//! allows, up to a number of preemptions.
//!
//! The sources are the product's own, on primitives of loom. They are compiled without their unit tests, so the models
//! are functions here and tests in `tests/`.

#[path = "../../src/trust/demand.rs"]
#[allow(dead_code)]
mod demand;
pub mod feeding;
#[path = "../../src/trust/published.rs"]
#[allow(dead_code)]
mod published;
pub mod publishing;
mod sync;

/// Runs `model` in every order with at most so many preemptions.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(model);
}
