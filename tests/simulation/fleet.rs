//! A year of a fleet: what happens, and when. The clock jumps from one event to the next.

use super::host::{Host, Put, is_outage};
use super::material::Token;
use super::member::{Member, Way, fleet};
use super::oracle::{Denial, Field};
use super::policy::Plan;
use super::publisher::{Document, Mishap, OLD_US, Spoiled, US, bundle_map};
use super::random::Random;
use super::report::Report;
use super::wire::Answer;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) const START: i64 = 1_800_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const DAYS: i64 = 365;
const END: i64 = START + DAYS * DAY;

/// The feeds that speak for many sources.
const WORLD: u64 = 1;
const AGENT: u64 = 2;
/// How long the host of the bundle map says it may be kept, and how often the agent's stream is opened again: at
/// half the hint of its bundles.
const WORLD_MAX_AGE: i64 = 4 * HOUR;
pub(crate) const AGENT_HINT: i64 = 3 * HOUR;

/// What happens next. A number says to which member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    // The publishers and the network.
    Prepare(usize),
    Activate(usize),
    Revoke(usize),
    OutageBegins(usize),
    OutageEnds(usize),
    WorldFails,
    WorldRecovers,
    AgentKilled,
    AgentStarts,
    Spoil(usize),
    Leave(usize),
    Return(usize),
    // The host.
    Feed(usize),
    FeedWorld,
    FeedAgent,
    Force(usize),
    TakeOver(usize),
    LoseAccess(usize),
    /// A visit of many: there is always a next one.
    Round(usize),
    Visit(usize),
    /// At the last second before the hard age, and at it.
    VisitEdge(usize),
    Attack,
    Deny,
    Lift,
    SwapPolicy,
    RestorePolicy,
    SetClock,
    CorrectClock,
    Save,
    Restart,
    Sleep,
    WakeUp,
}

impl Task {
    /// What goes on while the host sleeps.
    fn is_elsewhere(self) -> bool {
        self <= Self::Return(usize::MAX)
    }
}

pub(crate) struct Fleet {
    host: Host,
    random: Random,
    members: Vec<Member>,
    queue: BinaryHeap<Reverse<(i64, u64, Task)>>,
    queued: u64,
    time: i64,
    /// What the host's clock is wrong by.
    offset: i64,
    asleep_until: Option<i64>,
    world_is_down: bool,
    agent_is_down: bool,
    denied: Vec<Denial>,
}

impl Fleet {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let members = fleet(&mut random);
        let host = Host::new(plan(&members));
        let mut fleet = Self {
            host,
            random,
            members,
            queue: BinaryHeap::new(),
            queued: 0,
            time: START,
            offset: 0,
            asleep_until: None,
            world_is_down: false,
            agent_is_down: false,
            denied: Vec::new(),
        };
        fleet.begin();
        fleet
    }

    /// Lives the year.
    pub(crate) fn live(mut self) -> (Report, Vec<String>) {
        while let Some(Reverse((time, _, task))) = self.queue.pop() {
            if time >= END || self.host.disagreements.len() >= 4 {
                break;
            }
            match self.asleep_until {
                Some(until) if !task.is_elsewhere() && task != Task::WakeUp => {
                    // What the host missed it does when it wakes up.
                    self.at(until.max(time) + 1, task);
                    continue;
                }
                _ => {}
            }
            self.time = self.time.max(time);
            self.host.report.steps += 1;
            self.step(task);
        }
        self.host.report.days = DAYS;
        (self.host.report, self.host.disagreements)
    }

    fn at(&mut self, time: i64, task: Task) {
        self.queued += 1;
        self.queue.push(Reverse((time, self.queued, task)));
    }

    fn within(&mut self, least: i64, most: i64, task: Task) {
        let time = self.time + self.random.between(least, most);
        self.at(time, task);
    }

    /// What the host's clock says.
    fn now(&self) -> i64 {
        self.time + self.offset
    }

    fn begin(&mut self) {
        self.publish_map();
        self.host.set_feed("", false, WORLD);
        for at in 0..self.members.len() {
            self.join(at);
            self.within(0, 30 * DAY, Task::Prepare(at));
            self.within(DAY, 120 * DAY, Task::OutageBegins(at));
            self.within(DAY, 90 * DAY, Task::Spoil(at));
            self.within(0, 2 * DAY, Task::Round(at));
        }
        let members = self.names(|_| true);
        self.host.refresh_all(&members, self.time);
        for task in [Task::FeedWorld, Task::FeedAgent, Task::Attack, Task::Deny, Task::SwapPolicy] {
            self.within(0, DAY, task);
        }
        for task in [Task::SetClock, Task::Save, Task::Sleep, Task::WorldFails, Task::AgentKilled] {
            self.within(DAY, 15 * DAY, task);
        }
        for _ in 0..120 {
            let at = self.random.below(self.members.len());
            self.within(DAY, DAYS * DAY, Task::Leave(at));
            let at = self.random.below(self.members.len());
            self.within(DAY, DAYS * DAY, Task::TakeOver(at));
            let at = self.random.below(self.members.len());
            self.within(DAY, DAYS * DAY, Task::LoseAccess(at));
        }
    }

    fn step(&mut self, task: Task) {
        match task {
            Task::Prepare(at) => self.prepare(at),
            Task::Activate(at) => self.activate(at),
            Task::Revoke(at) => self.revoke(at),
            Task::OutageBegins(at) => self.outage_begins(at),
            Task::OutageEnds(at) => self.outage_ends(at),
            Task::WorldFails | Task::WorldRecovers => self.world_outage(task == Task::WorldFails),
            Task::AgentKilled | Task::AgentStarts => self.agent_outage(task == Task::AgentKilled),
            Task::Spoil(at) => self.spoil(at),
            Task::Leave(at) => self.leave(at),
            Task::Return(at) => self.come_back(at),
            Task::Feed(at) => self.feed(at),
            Task::FeedWorld => self.feed_world(),
            Task::FeedAgent => self.feed_agent(),
            Task::Force(at) => self.force(at),
            Task::TakeOver(at) => self.take_over(at),
            Task::LoseAccess(at) => self.lose_access(at),
            Task::Round(at) => {
                self.visit(at);
                self.within(6 * HOUR, 8 * DAY, Task::Round(at));
            }
            Task::Visit(at) => self.visit(at),
            Task::VisitEdge(at) => self.visit_edge(at),
            Task::Attack => self.attack(),
            Task::Deny => self.deny(),
            Task::Lift => self.lift(),
            Task::SwapPolicy => self.swap_policy(),
            Task::RestorePolicy => self.host.set_policy(plan(&self.members)),
            Task::SetClock => self.set_clock(),
            Task::CorrectClock => {
                self.offset = 0;
                self.host.clock_was_set();
            }
            Task::Save => self.save(),
            Task::Restart => self.restart(),
            Task::Sleep => self.sleep(),
            Task::WakeUp => self.wake_up(),
        }
    }

    // ---- publishers -------------------------------------------------------------------------------------

    /// The names of some members.
    fn names(&self, is_one: impl Fn(&Member) -> bool) -> Vec<String> {
        self.members.iter().filter(|member| is_one(member)).map(|member| member.name().to_owned()).collect()
    }

    /// The sources that a member's feed speaks for.
    fn fed_with(&self, at: usize) -> Vec<String> {
        let member = &self.members[at];
        match member.way {
            Way::World | Way::Agent => self.names(|other| other.way == member.way),
            _ => vec![member.name().to_owned()],
        }
    }

    /// What a member's endpoint answers from now on.
    fn publish(&mut self, at: usize) {
        let member = &self.members[at];
        let answer = if member.is_down {
            if member.breaks { Answer::Panics } else { Answer::Down }
        } else if member.loses_access {
            Answer::Denied
        } else {
            Answer::Document(member.document())
        };
        match member.way {
            Way::Callback => self.host.wire.set(member.name(), answer),
            Way::World => self.publish_map(),
            Way::Push | Way::Agent | Way::Idle | Way::File => {}
        }
    }

    fn publish_map(&mut self) {
        let inside = self.members.iter().filter(|member| member.way == Way::World && !member.has_left);
        let documents: Vec<_> = inside.map(|member| (member.name(), member.document())).collect();
        let versions: Vec<_> = documents.iter().map(|(name, document)| (*name, document.version)).collect();
        let map = bundle_map(&documents, WORLD_MAX_AGE, version_of(&versions));
        self.host.wire.set("", if self.world_is_down { Answer::Down } else { Answer::Document(map) });
    }

    fn prepare(&mut self, at: usize) {
        let is_file = self.members[at].way == Way::File;
        let mishap = match self.random.below(20) {
            _ if is_file => None,
            0 => Some(Mishap::OldSequence),
            1 => Some(Mishap::SameKid),
            _ => None,
        };
        self.members[at].publisher.prepare(mishap);
        self.publish(at);
        if mishap.is_some() {
            self.within(20 * MINUTE, 4 * HOUR, Task::Force(at));
        }
        // Some rotate because they must: nobody has seen the new key when it begins to sign.
        let is_hasty = self.random.one_in(5);
        let wait = if is_hasty { 1 } else { self.random.between(6 * HOUR, 2 * DAY) };
        if is_file {
            self.within(0, wait, Task::Feed(at));
        }
        self.at(self.time + wait, Task::Activate(at));
        self.host.report.rotations += 1;
    }

    fn activate(&mut self, at: usize) {
        self.members[at].publisher.activate(&mut self.random, self.time);
        let wait = self.random.length(HOUR, 2 * DAY);
        self.at(self.time + wait, Task::Revoke(at));
        self.within(0, 10 * MINUTE, Task::Visit(at));
    }

    fn revoke(&mut self, at: usize) {
        self.members[at].publisher.revoke();
        self.publish(at);
        self.host.report.revocations += 1;
        if self.members[at].way == Way::File {
            self.within(0, DAY, Task::Feed(at));
        }
        self.within(0, HOUR, Task::Visit(at));
        self.within(12 * DAY, 38 * DAY, Task::Prepare(at));
    }

    fn outage_begins(&mut self, at: usize) {
        let length = self.random.length(MINUTE, 3 * DAY);
        let breaks = self.random.one_in(10);
        let member = &mut self.members[at];
        (member.is_down, member.breaks) = (true, breaks);
        self.publish(at);
        self.host.report.outages += 1;
        self.at(self.time + length, Task::OutageEnds(at));
        self.edge_visits(at, self.time + length);
        self.within(0, length, Task::Visit(at));
    }

    fn outage_ends(&mut self, at: usize) {
        self.members[at].is_down = false;
        self.publish(at);
        self.within(0, HOUR, Task::Visit(at));
        self.within(20 * DAY, 200 * DAY, Task::OutageBegins(at));
    }

    /// Visits at the very second at which the hard age of a source comes, if nothing feeds it until then.
    fn edge_visits(&mut self, at: usize, until: i64) {
        let Some((confirmed, Some(hard))) = self.host.oracle.ages(self.members[at].name()) else { return };
        let edge = confirmed + hard - self.offset;
        if edge > self.time + 1 && edge < until {
            self.at(edge - 1, Task::VisitEdge(at));
            self.at(edge, Task::VisitEdge(at));
        }
    }

    fn world_outage(&mut self, begins: bool) {
        self.world_is_down = begins;
        self.publish_map();
        self.group_outage(begins, Way::World, [Task::WorldFails, Task::WorldRecovers]);
    }

    fn agent_outage(&mut self, begins: bool) {
        self.agent_is_down = begins;
        self.group_outage(begins, Way::Agent, [Task::AgentKilled, Task::AgentStarts]);
    }

    fn group_outage(&mut self, begins: bool, way: Way, [again, over]: [Task; 2]) {
        if !begins {
            self.within(5 * DAY, 30 * DAY, again);
            return;
        }
        self.host.report.outages += 1;
        let length = self.random.length(MINUTE, 3 * DAY);
        self.at(self.time + length, over);
        let group: Vec<_> = (0..self.members.len()).filter(|at| self.members[*at].way == way).collect();
        for at in group {
            self.edge_visits(at, self.time + length);
        }
    }

    /// One fetch gets what nobody wanted to publish.
    fn spoil(&mut self, at: usize) {
        let how = *self.random.pick(&Spoiled::ALL);
        self.within(20 * DAY, 120 * DAY, Task::Spoil(at));
        let member = &mut self.members[at];
        if !matches!(member.way, Way::Callback | Way::Push | Way::World) || member.is_foreign {
            return;
        }
        if member.way == Way::World && how != Spoiled::Rekeyed {
            return; // what is wrong with one bundle of a map is wrong with the map
        }
        member.spoiled = Some(how);
        self.publish(at);
    }

    // ---- joining and leaving ----------------------------------------------------------------------------

    /// Connects the feed of a member.
    fn join(&mut self, at: usize) {
        self.publish(at);
        let member = &self.members[at];
        if member.way == Way::Callback {
            let (name, is_issuer, feed) = (member.name().to_owned(), member.is_issuer(), member.feed);
            self.host.set_feed(&name, is_issuer, feed);
        }
        if !matches!(member.way, Way::World | Way::Agent) {
            self.at(self.time, Task::Feed(at));
        }
    }

    /// A federation ends: the source goes at once, in the policy often too.
    fn leave(&mut self, at: usize) {
        if self.members[at].has_left || self.asleep_until.is_some() {
            return;
        }
        let member = &mut self.members[at];
        member.has_left = true;
        member.forget_deliveries();
        let (name, is_issuer) = (member.name().to_owned(), member.is_issuer());
        self.publish(at);
        let now = self.now();
        self.host.remove(&name, is_issuer, now);
        if self.random.one_in(2) {
            self.members[at].is_distrusted = true;
            self.host.set_policy(plan(&self.members));
        }
        self.visit(at);
        let length = self.random.length(HOUR, 10 * DAY);
        self.at(self.time + length, Task::Return(at));
    }

    fn come_back(&mut self, at: usize) {
        if self.asleep_until.is_some() {
            self.within(HOUR, DAY, Task::Return(at));
            return;
        }
        if std::mem::take(&mut self.members[at].is_distrusted) {
            self.host.set_policy(plan(&self.members));
        }
        self.visit(at);
        self.members[at].has_left = false;
        self.join(at);
    }

    // ---- feeding ----------------------------------------------------------------------------------------

    fn feed(&mut self, at: usize) {
        if self.members[at].has_left {
            return;
        }
        match self.members[at].way {
            Way::Callback => self.feed_by_callback(at),
            Way::Push | Way::Idle => {
                self.push(at);
                let pause = self.members[at].pause();
                self.at(self.time + pause, Task::Feed(at));
            }
            Way::File => {
                let (document, feed) = (self.members[at].document(), self.members[at].feed);
                self.put(at, &document, Put { feed, permanent: true, force: false });
            }
            Way::World | Way::Agent => {}
        }
    }

    fn feed_by_callback(&mut self, at: usize) {
        let now = self.now();
        let member = &self.members[at];
        let (name, is_issuer) = (member.name().to_owned(), member.is_issuer());
        let members = [name.clone()];
        let refreshed = self.host.refresh(&name, is_issuer, &members, now);
        let member = &mut self.members[at];
        member.is_foreign &= refreshed.is_err();
        member.failures = if refreshed.is_ok() { 0 } else { member.failures + 1 };
        // Somebody sees that the gate still holds, say after a restart from a snapshot that had not been forced.
        let is_held = refreshed.is_err_and(|reason| reason.starts_with("bundle_r"));
        let is_noticed = is_held && member.failures.is_multiple_of(20);
        // What was spoiled was so for once, and access comes back.
        let was_odd = member.spoiled.take().is_some() | std::mem::take(&mut member.loses_access);
        if was_odd {
            self.publish(at);
        }
        if is_noticed {
            self.within(0, HOUR, Task::Force(at));
        }
        let pause = self.members[at].pause();
        self.at(self.time + pause, Task::Feed(at));
    }

    fn put(&mut self, at: usize, document: &Document, how: Put) {
        let now = self.now();
        let taken = self.host.put(document, how, now);
        self.members[at].delivered = taken.is_ok().then_some(document.version);
    }

    /// The host has the document, or knows that nothing is new.
    fn push(&mut self, at: usize) {
        let member = &self.members[at];
        if member.is_down {
            return;
        }
        let (name, feed) = ([member.name().to_owned()], member.feed);
        let now = self.now();
        let is_put = member.has_news() || self.random.one_in(50);
        if is_put || self.host.touch(&name[0], &name, feed, now).is_err() {
            let document = self.members[at].document();
            self.put(at, &document, Put { feed, ..Put::default() });
        }
        let member = &mut self.members[at];
        member.spoiled = None;
        member.is_foreign &= member.delivered.is_none();
    }

    fn feed_world(&mut self) {
        let members = self.names(|member| member.way == Way::World);
        let now = self.now();
        let refreshed = self.host.refresh("", false, &members, now);
        let mut was_odd = false;
        for member in self.members.iter_mut().filter(|member| member.way == Way::World) {
            was_odd |= member.spoiled.take().is_some();
        }
        if was_odd {
            self.publish_map();
        }
        let pause = if refreshed.is_ok() { WORLD_MAX_AGE * 95 / 100 } else { 20 * MINUTE };
        self.at(self.time + pause, Task::FeedWorld);
    }

    /// An agent sends what has changed, and is asked again and again whether it is still there.
    fn feed_agent(&mut self) {
        self.at(self.time + AGENT_HINT / 2, Task::FeedAgent);
        if self.agent_is_down {
            return;
        }
        for at in 0..self.members.len() {
            let member = &self.members[at];
            if member.way != Way::Agent || member.has_left || !member.has_news() {
                continue;
            }
            let document = member.document();
            self.put(at, &document, Put { feed: AGENT, ..Put::default() });
        }
        let members = self.names(|member| member.way == Way::Agent);
        let now = self.now();
        let _ = self.host.touch("", &members, AGENT, now);
    }

    /// An operator overrides the gate.
    fn force(&mut self, at: usize) {
        let member = &self.members[at];
        if member.has_left {
            return;
        }
        let (document, feed) = (member.clean_document(), member.feed);
        self.put(at, &document, Put { feed, force: true, permanent: false });
        self.visit(at);
    }

    /// Another feed of the host fills the source, until its own speaks again.
    fn take_over(&mut self, at: usize) {
        let member = &mut self.members[at];
        if member.has_left || !matches!(member.way, Way::Callback | Way::Push) || member.spoiled.is_some() {
            return;
        }
        member.is_foreign = true;
        let document = member.clean_document();
        let feed = member.feed + 10_000;
        self.put(at, &document, Put { feed, force: true, permanent: false });
        self.members[at].delivered = None;
        self.visit(at);
    }

    /// The agent no longer lets the host use what it gave.
    fn lose_access(&mut self, at: usize) {
        let member = &mut self.members[at];
        if member.has_left {
            return;
        }
        if member.way == Way::Callback {
            member.loses_access = true;
            self.publish(at);
            return;
        }
        let feed = member.feed;
        let members = self.fed_with(at);
        let now = self.now();
        self.host.withdraw(feed, &members, now);
        if self.members[at].way == Way::World {
            self.host.wire.forget("");
        }
        for member in &mut self.members {
            if member.feed == feed {
                member.forget_deliveries();
            }
        }
        if self.members[at].way == Way::File {
            self.within(MINUTE, DAY, Task::Feed(at));
        }
        self.visit(at);
    }

    // ---- verifying --------------------------------------------------------------------------------------

    fn visit(&mut self, at: usize) {
        let tokens = self.presented(at);
        for token in &tokens {
            self.verify(at, token);
        }
        if self.random.one_in(2) {
            self.verify(at, &tokens[0]); // the same again
        }
    }

    /// What comes in at a visit: good tokens, and what is wrong in some way.
    fn presented(&mut self, at: usize) -> Vec<Token> {
        let publisher = &self.members[at].publisher;
        let mut tokens = vec![publisher.tokens[0].clone(), self.random.pick(&publisher.tokens).clone()];
        if !publisher.past.is_empty() && self.random.one_in(2) {
            tokens.push(self.random.pick(&publisher.past).clone());
            self.host.report.replays += 1;
        }
        if self.random.one_in(4) {
            tokens.push(self.random.pick(&publisher.tokens).forged());
            self.host.report.forged += 1;
        }
        if self.random.one_in(10) {
            // Signed, by the key of somebody else.
            let other = self.random.below(self.members.len());
            let number = self.members[other].publisher.tokens[0].signed_by;
            let token = publisher.tokens[0].clone();
            let same_type =
                |one: u32, other: u32| (one < super::material::ED25519) == (other < super::material::ED25519);
            if let (Some(number), Some(own)) = (number, token.signed_by)
                && same_type(number, own)
            {
                tokens.push(token.sign(number));
                self.host.report.forged += 1;
            }
        }
        if self.random.one_in(4) {
            let kid = format!("{:016x}", self.random.next());
            tokens.push(self.members[at].publisher.tokens[0].of_kid(kid));
            self.host.report.random_kids += 1;
        }
        tokens
    }

    /// Verifies; where the key is missing and a callback may have it, with a fetch.
    fn verify(&mut self, at: usize, token: &Token) {
        let now = self.now();
        let is_missing = self.host.oracle.judge(&token.question(), now) == Err("kid_not_found");
        let member = &self.members[at];
        let fed_as = match member.way {
            Way::Callback if !member.has_left => Some(member.name().to_owned()),
            Way::World if !member.has_left => Some(String::new()),
            _ => None,
        };
        match fed_as.filter(|fed_as| is_missing && self.host.would_fetch(&token.source, fed_as, now)) {
            Some(fed_as) => {
                let members = self.fed_with(at);
                self.host.verify_refreshing(token, &fed_as, &members, now);
            }
            None => {
                let _ = self.host.verify(token, now);
            }
        }
    }

    fn visit_edge(&mut self, at: usize) {
        let token = self.members[at].publisher.tokens[0].clone();
        let now = self.now();
        let verdict = self.host.verify(&token, now);
        let age = self.host.oracle.ages(token.source.as_str());
        let is_edge = age.is_some_and(|(confirmed, hard)| Some(now - confirmed) == hard);
        self.host.report.edges += u64::from(is_edge && is_outage(verdict));
    }

    /// A burst of tokens with kids that nobody has published.
    fn attack(&mut self) {
        let at = self.random.below(self.members.len());
        for _ in 0..self.random.below(150) {
            let kid = format!("{:016x}", self.random.next());
            let token = self.members[at].publisher.tokens[0].of_kid(kid);
            self.verify(at, &token);
            self.host.report.random_kids += 1;
        }
        let good = self.members[at].publisher.tokens[0].clone();
        self.verify(at, &good);
        self.within(MINUTE, 3 * DAY, Task::Attack);
    }

    // ---- the host's own doing ---------------------------------------------------------------------------

    fn deny(&mut self) {
        let at = self.random.below(self.members.len());
        let member = &self.members[at];
        let token = self.random.pick(&member.publisher.tokens);
        let (field, value) = match self.random.below(3) {
            0 => (Field::Subject, &token.subject),
            1 => (Field::TokenId, &token.jti),
            _ => (Field::KeyId, &token.kid),
        };
        // For every source only what belongs to one of them.
        let is_general = field != Field::KeyId && !member.is_issuer() && self.random.one_in(4);
        let length = self.random.length(MINUTE, 20 * DAY);
        let denial = Denial {
            source: (!is_general).then(|| member.name().to_owned()),
            is_issuer: member.is_issuer(),
            field,
            value: value.clone(),
            expires: (!self.random.one_in(5)).then(|| self.now() + length),
            lifted: false,
        };
        let token = token.clone();
        self.verify(at, &token);
        let now = self.now();
        self.host.deny(denial.clone(), now);
        self.verify(at, &token);
        let expires = denial.expires.map(|end| end - self.offset);
        self.denied.push(denial);
        if let Some(time) = expires {
            self.at(time - 1, Task::VisitEdge(at));
            self.at(time, Task::VisitEdge(at));
        }
        if self.random.one_in(3) {
            self.within(MINUTE, 5 * DAY, Task::Lift);
        }
        self.within(HOUR, 10 * HOUR, Task::Deny);
    }

    fn lift(&mut self) {
        if self.denied.is_empty() {
            return;
        }
        let at = self.random.below(self.denied.len());
        let denial = self.denied.swap_remove(at);
        let now = self.now();
        self.host.deny(Denial { lifted: true, ..denial }, now);
    }

    /// Another policy, for hours or days.
    fn swap_policy(&mut self) {
        let mut plan = plan(&self.members);
        plan.clock_skew = *self.random.pick(&[0, 30, 60, 300]);
        for (_, staleness) in &mut plan.groups {
            *staleness = *self.random.pick(&[None, Some(0), Some(600), Some(2 * HOUR)]);
        }
        match self.random.below(6) {
            0 => plan.audiences = vec![OLD_US.to_owned()],
            1 | 2 => plan.audiences = vec![US.to_owned(), OLD_US.to_owned()],
            _ => {}
        }
        let group = self.random.below(plan.groups.len());
        let surplus = self.random.below(5);
        let domains = &mut plan.groups[group].0;
        domains.truncate(domains.len() - surplus);
        self.host.set_policy(plan);
        for _ in 0..6 {
            let at = self.random.below(self.members.len());
            self.visit(at);
        }
        let length = self.random.length(HOUR, 2 * DAY);
        self.at(self.time + length, Task::RestorePolicy);
        self.within(3 * DAY, 6 * DAY, Task::SwapPolicy);
    }

    /// The host's clock jumps, and is put right later.
    fn set_clock(&mut self) {
        let size = self.random.length(1, 2 * DAY);
        self.offset = if self.random.one_in(2) { size } else { -size };
        self.host.clock_was_set();
        for _ in 0..10 {
            let at = self.random.below(self.members.len());
            self.visit(at);
        }
        self.within(MINUTE, DAY, Task::CorrectClock);
        self.within(2 * DAY, 8 * DAY, Task::SetClock);
    }

    /// A snapshot, and some time later the restart that it is for.
    fn save(&mut self) {
        let now = self.now();
        self.host.save(now);
        let length = self.random.length(1, 12 * HOUR);
        self.at(self.time + length, Task::Restart);
    }

    fn restart(&mut self) {
        let is_lost = self.random.one_in(4);
        let (damaged, now) = (self.random.below(1 << 20), self.now());
        self.host.restart(is_lost, damaged, now);
        for at in 0..self.members.len() {
            self.members[at].forget_deliveries();
            if self.random.one_in(8) {
                self.visit(at);
            }
            if self.members[at].way == Way::File {
                self.within(0, MINUTE, Task::Feed(at));
            }
        }
        let members = self.names(|_| true);
        self.host.refresh_all(&members, now);
        self.within(4 * DAY, 14 * DAY, Task::Save);
    }

    fn sleep(&mut self) {
        let until = self.time + self.random.between(26 * HOUR, 3 * DAY);
        self.asleep_until = Some(until);
        self.at(until, Task::WakeUp);
        self.within(25 * DAY, 45 * DAY, Task::Sleep);
    }

    fn wake_up(&mut self) {
        self.asleep_until = None;
        for _ in 0..20 {
            let at = self.random.below(self.members.len());
            let token = self.members[at].publisher.tokens[0].clone();
            let now = self.now();
            let _ = self.host.verify(&token, now);
        }
        let now = self.now();
        if self.host.is_all_overdue(now) {
            let members = self.names(|_| true);
            self.host.refresh_all(&members, now);
        }
    }
}

/// One number for all the versions in a map.
fn version_of(versions: &[(&str, u64)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    versions.hash(&mut hasher);
    hasher.finish()
}

/// The policy that the host means to have.
fn plan(members: &[Member]) -> Plan {
    let trusted = |member: &&Member| !member.is_distrusted;
    let group = |nth: usize| {
        let domains = members.iter().enumerate().filter(|(at, member)| at % 3 == nth && !member.is_issuer());
        let domains = domains.map(|(_, member)| member).filter(trusted);
        domains.map(|member| member.name().to_owned()).collect()
    };
    let issuers = members.iter().filter(|member| member.is_issuer()).filter(trusted);
    Plan {
        clock_skew: 60,
        audiences: vec![US.to_owned()],
        groups: vec![(group(0), None), (group(1), Some(0)), (group(2), Some(900))],
        issuers: issuers.map(|member| member.name().to_owned()).collect(),
    }
}
