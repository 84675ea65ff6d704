//! Feeds, ages, the rotation gate and wanted marks, by the public API and a virtual clock.

mod callbacks;
mod drops;
mod gate;
mod pace;
mod puts;
mod refreshing;
mod storm;
mod world;

#[path = "../material/mod.rs"]
mod material;
