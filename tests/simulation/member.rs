//! One trust domain or issuer of the fleet, and how the host is fed with it.

use super::fleet::{AGENT_HINT, START};
use super::publisher::{Document, Publisher, Spoiled, Style};
use super::random::Random;

const HOUR: i64 = 3600;

/// How a source is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a callback of its own.
    Callback,
    /// By a host that puts what it has.
    Push,
    /// By an agent that serves several trust domains.
    Agent,
    /// By an agent that says nothing for weeks, and gives no hint.
    Idle,
    /// By the bundle map of one feed.
    World,
    /// By a file that an operator keeps.
    File,
}

pub(crate) struct Member {
    pub(crate) publisher: Publisher,
    pub(crate) way: Way,
    pub(crate) feed: u64,
    pub(crate) is_down: bool,
    /// While it is down its callback panics.
    pub(crate) breaks: bool,
    pub(crate) spoiled: Option<Spoiled>,
    pub(crate) loses_access: bool,
    pub(crate) has_left: bool,
    pub(crate) is_distrusted: bool,
    /// Another feed has filled it.
    pub(crate) is_foreign: bool,
    /// The version that a host has put, where it puts.
    pub(crate) delivered: Option<u64>,
    pub(crate) failures: u32,
    /// How late within its time the next fetch is, in per cent.
    lateness: i64,
}

impl Member {
    pub(crate) fn name(&self) -> &str {
        &self.publisher.name
    }

    pub(crate) fn is_issuer(&self) -> bool {
        self.publisher.is_issuer()
    }

    /// What is published, by mistake or not.
    pub(crate) fn document(&self) -> Document {
        self.spoiled.map_or_else(|| self.clean_document(), |how| self.publisher.spoiled(how))
    }

    /// Whether what is published is not what a host has put last.
    pub(crate) fn has_news(&self) -> bool {
        self.spoiled.is_some() || self.delivered != Some(self.publisher.version)
    }

    pub(crate) fn clean_document(&self) -> Document {
        self.publisher.document()
    }

    pub(crate) fn forget_deliveries(&mut self) {
        self.delivered = None;
        self.is_foreign = false;
    }

    /// Seconds until it is fed again: before the soft age is over, and sooner after a failure.
    pub(crate) fn pause(&self) -> i64 {
        if self.failures > 0 {
            return (10 << self.failures.min(6)).min(300);
        }
        let soft = if self.is_issuer() {
            self.publisher.max_age.unwrap_or(HOUR)
        } else {
            self.publisher.hint.unwrap_or(300)
        };
        soft * self.lateness / 100
    }
}

/// Every member of the fleet.
pub(crate) fn fleet(random: &mut Random) -> Vec<Member> {
    let ways = [
        (Way::Callback, Style::SpiffeBundle, 135),
        (Way::Push, Style::SpiffeBundle, 40),
        (Way::World, Style::SpiffeBundle, 12),
        (Way::Agent, Style::WorkloadApi, 20),
        (Way::Idle, Style::WorkloadApi, 1),
        (Way::File, Style::StaticKeys, 10),
        (Way::Callback, Style::KeySet, 10),
        (Way::Push, Style::KeySet, 4),
    ];
    let all = ways.into_iter().flat_map(|(way, style, count)| std::iter::repeat_n((way, style), count));
    all.enumerate().map(|(at, (way, style))| member(at, way, style, random)).collect()
}

fn member(at: usize, way: Way, style: Style, random: &mut Random) -> Member {
    let name = match style {
        Style::KeySet => format!("https://issuer-{at}.example"),
        _ => format!("domain-{at}.example"),
    };
    let hint = match (way, style) {
        (Way::Callback | Way::Push, Style::SpiffeBundle) => Some(*random.pick(&[4, 6, 12, 24]) * HOUR),
        (Way::Agent, _) => Some(AGENT_HINT),
        _ => None,
    };
    let mut publisher = Publisher::new(name, style, hint, random, START);
    if style == Style::KeySet {
        publisher.max_age = *random.pick(&[None, Some(HOUR), Some(6 * HOUR), Some(24 * HOUR)]);
    }
    let feed = match way {
        Way::World => 1,
        Way::Agent => 2,
        _ => 1000 + u64::try_from(at).expect("small"),
    };
    Member {
        publisher,
        way,
        feed,
        is_down: false,
        breaks: false,
        spoiled: None,
        loses_access: false,
        has_left: false,
        is_distrusted: false,
        is_foreign: false,
        delivered: None,
        failures: 0,
        lateness: random.between(90, 99),
    }
}
