//! The primitives that shared state is built of, in one place so that a model checker can put its own there.

pub(crate) use core::hint::spin_loop;
pub(crate) use parking_lot::{Mutex, RwLock};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::thread::yield_now;
