//! A place in something that threads share. The reference to that outlasts the verdict it was taken for: the next verdict
//! by the same takes none, and so writes to nothing that threads share.

use std::sync::Arc;

pub(crate) struct Held<T> {
    whole: Option<Arc<T>>,
    place: Option<usize>,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self { whole: None, place: None }
    }
}

impl<T> Held<T> {
    /// Lets go of everything else than `whole`, in which there is no place yet.
    pub(crate) fn hold(&mut self, whole: &Arc<T>) {
        self.place = None;
        if !self.whole.as_ref().is_some_and(|held| Arc::ptr_eq(held, whole)) {
            self.whole = Some(Arc::clone(whole));
        }
    }

    /// Names the place in what is held.
    pub(crate) fn set(&mut self, place: usize) {
        self.place = Some(place);
    }

    /// Forgets the place.
    pub(crate) fn unset(&mut self) {
        self.place = None;
    }

    /// What is held and the place in it; `None` if there is no place.
    pub(crate) fn get(&self) -> Option<(&Arc<T>, usize)> {
        Some((self.whole.as_ref()?, self.place?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reference_serves_many_verdicts() {
        let (one, other) = (Arc::new(1), Arc::new(2));
        let mut held = Held::default();
        held.set(1);
        assert!(held.get().is_none());
        for place in [3, 4] {
            held.hold(&one);
            assert!(held.get().is_none());
            held.set(place);
            assert_eq!(held.get(), Some((&one, place)));
            assert_eq!(Arc::strong_count(&one), 2);
        }
        held.unset();
        assert_eq!((held.get(), Arc::strong_count(&one)), (None, 2));
        held.hold(&other);
        assert_eq!([Arc::strong_count(&one), Arc::strong_count(&other)], [1, 2]);
    }
}
