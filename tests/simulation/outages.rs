//! That no source is out for longer than its hard age explains.
//!
//! This is told from the deliveries alone, beside the verdicts of the oracle: a source that somebody fed may be out
//! from the hard age after its last delivery on, and not a second earlier; and it is back with the next delivery.

use std::collections::HashMap;

#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    /// When something was last delivered for a source.
    fed: HashMap<String, i64>,
    /// Since when a source has been seen to be out.
    out: HashMap<String, i64>,
}

impl Outages {
    pub(crate) fn delivered(&mut self, source: &str, at: i64) {
        self.fed.insert(source.to_owned(), at);
        self.out.remove(source);
    }

    /// The source was removed, withdrawn or lost: until the next delivery nothing is known of it.
    pub(crate) fn emptied(&mut self, source: &str) {
        self.fed.remove(source);
        self.out.remove(source);
    }

    /// The host begins anew with what it knew once. What was then in the future explains nothing.
    pub(crate) fn restore(&mut self, mut saved: Self, now: i64) {
        saved.fed.retain(|_, at| *at <= now);
        saved.out.clear();
        *self = saved;
    }

    /// The host's clock or policy was changed: when an outage began means nothing now.
    pub(crate) fn begin_anew(&mut self) {
        self.out.clear();
    }

    /// A verification says whether the source is out; what is wrong with that. `hard` is none for what does not age.
    pub(crate) fn seen(&mut self, source: &str, is_out: bool, hard: Option<i64>, now: i64) -> Option<String> {
        if !is_out {
            self.out.remove(source);
            return None;
        }
        let began = *self.out.entry(source.to_owned()).or_insert(now);
        let fed = self.fed.get(source)?;
        let Some(hard) = hard else { return Some("out although what feeds it does not age".to_owned()) };
        let explained = now - (fed + hard);
        (now - began > explained).then(|| {
            format!("out for {} s, of which its hard age of {hard} s explains {explained} s", now - began)
        })
    }
}
