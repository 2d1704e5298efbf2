//! The processors that run: starts more of them, lets some go, and tells the router which are ready.

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use process::{child::Spec, port::Port};
use stack::plan::ProcessorSpecs;
use tokio::time::Instant;

use crate::{
    events::Kind,
    member::{Member, State},
    requests::ProcessorView,
    sampler::Sample,
    sink_file::SinkFile,
    supervisor::{Change, Supervisor, Surroundings},
};

/// How long the router may need to take an address off its list. It looks at the file ten times a second, or once a second
/// while it has no record in flight.
const LEAVE: Duration = Duration::from_secs(2);

/// A router that read the file just before it was written shows that in its metrics within so long.
const SEEN: Duration = Duration::from_millis(200);

/// How long a processor that has gone is still listed.
const LISTED: Duration = Duration::from_secs(5);

/// A processor, from its start until it has gone.
#[derive(Debug)]
pub(crate) struct Processor {
    /// Counted from 1: the lowest number that was free.
    n: u16,
    pub(crate) member: Member,
    pub(crate) address: SocketAddr,
    url: String,
    supervisor: Supervisor,
    /// Since when the router may not know it any more.
    unlisted: Option<Instant>,
}

/// All processors, in the order of their starts.
#[derive(Debug)]
pub(crate) struct Processors {
    list: Vec<Processor>,
    /// Those that have gone a moment ago.
    gone: Vec<Member>,
    specs: ProcessorSpecs,
    /// By the numbers of the processors. One that comes again has the same address: the router keeps metrics for each.
    ports: BTreeMap<u16, Port>,
    file: SinkFile,
    around: Surroundings,
}

impl Processors {
    /// None yet. Writes the file.
    pub(crate) fn new(specs: ProcessorSpecs, mut file: SinkFile, around: Surroundings) -> Self {
        file.set(Vec::new());
        Self { list: Vec::new(), gone: Vec::new(), specs, ports: BTreeMap::new(), file, around }
    }

    pub(crate) fn ready(&self) -> u16 {
        count(self.list.iter().filter(|it| it.member.state == State::Ready))
    }

    /// How many there are that were not told to go.
    pub(crate) fn staying(&self) -> u16 {
        count(self.list.iter().filter(|it| it.member.state != State::Draining))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Processor> {
        self.list.iter().find(|it| it.member.name == name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Processor> {
        self.list.iter()
    }

    /// All of them by their numbers, then those that have gone a moment ago.
    pub(crate) fn views(&self, sample: Option<&Sample>) -> Vec<ProcessorView> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by_key(|it| it.n);
        let there = sorted.into_iter().map(|it| {
            ProcessorView::new(&it.member, sample.map(|sample| sample.calls_to(&it.url)))
        });
        there.chain(self.gone.iter().map(|gone| ProcessorView::new(gone, Some(0.0)))).collect()
    }

    /// Starts as many as are missing, with these variables, or lets go as many as are too many.
    pub(crate) fn set_number(&mut self, wanted: u16, variables: &[(&str, String)]) {
        for _ in self.staying()..wanted {
            if let Err(error) = self.start_one(variables) {
                eprintln!("cannot start a message-processor: {error}");
                return;
            }
        }
        for _ in wanted..self.staying() {
            self.let_one_go();
        }
        self.write();
    }

    fn start_one(&mut self, variables: &[(&str, String)]) -> io::Result<()> {
        let n = lowest_free(self.list.iter().map(|it| it.n));
        let port = match self.ports.get(&n) {
            Some(port) => port.clone(),
            None => self.ports.entry(n).or_insert(Port::reserve(0)?).clone(),
        };
        let mut spec = self.specs.spec(n, port);
        spec.env.extend(variables.iter().map(|(name, value)| ((*name).into(), value.clone())));
        let processor = Processor::start(n, spec, &self.around)?;
        self.gone.retain(|gone| gone.name != processor.member.name);
        self.list.push(processor);
        Ok(())
    }

    /// As Kubernetes does: first one that is not ready, then the newest. So numbers stay low.
    fn let_one_go(&mut self) {
        let states: Vec<_> = self.list.iter().map(|it| it.member.state).collect();
        let Some(processor) = next_to_go(&states).map(|index| &mut self.list[index]) else {
            return;
        };
        processor.unlisted = Some(Instant::now());
        if processor.member.state != State::Ready {
            // The router knows nothing of it, or gets no answer.
            processor.supervisor.request_stop();
        }
        processor.member.set(State::Draining);
    }

    /// Stops those that the router does not call any more, and forgets those that have gone.
    pub(crate) fn tidy(&mut self, sample: Option<&Sample>) {
        for processor in self.list.iter().filter(|it| it.has_left(sample)) {
            processor.supervisor.request_stop();
        }
        self.gone.retain(|gone| gone.for_time() < LISTED);
        // Again, if they could not be written.
        self.write();
        self.around.stack_file.catch_up();
    }

    /// Takes in what the supervisor of one of them has told. Returns what others want to know of it.
    pub(crate) fn apply(&mut self, name: &str, change: &Change) -> Option<Kind> {
        let index = self.list.iter().position(|it| it.member.name == name)?;
        let processor = &mut self.list[index];
        if processor.member.state == State::Draining && matches!(change, Change::Died) {
            processor.supervisor.request_stop(); // It is not started again.
        }
        let event = processor.member.apply(change);
        if self.list[index].member.state == State::Gone {
            let processor = self.list.remove(index);
            self.around.stack_file.forget(&processor.member.name);
            self.gone.push(processor.member);
        }
        self.write();
        event
    }

    /// The router calls those that are ready. It also calls one that is frozen: nobody else would know of that.
    fn write(&mut self) {
        let is_listed = |it: &&Processor| it.member.is_called();
        let urls = self.list.iter().filter(is_listed).map(|it| it.url.clone()).collect();
        self.file.set(urls);
    }

    /// Stops all of them at once, and waits for their ends.
    pub(crate) async fn end(self) {
        for processor in &self.list {
            eprintln!("stopping {} …", processor.member.name);
            processor.supervisor.request_stop();
        }
        for processor in self.list {
            processor.supervisor.stop().await;
        }
    }
}

impl Processor {
    fn start(n: u16, spec: Spec, around: &Surroundings) -> io::Result<Self> {
        let address = spec.port.address();
        around.stack_file.add(&spec);
        let name = spec.name.clone();
        let supervisor =
            Supervisor::start(spec, around).inspect_err(|_| around.stack_file.forget(&name))?;
        let member = Member::new(&name, supervisor.handle().clone());
        Ok(Self {
            n,
            member,
            address,
            url: format!("http://{address}"),
            supervisor,
            unlisted: None,
        })
    }

    /// Whether it is to go, and the router does not call it any more, or does not say so in time.
    fn has_left(&self, sample: Option<&Sample>) -> bool {
        let Some(unlisted) = self.unlisted else { return false };
        let has_left = sample.is_some_and(|it| it.at > unlisted + SEEN && it.has_left(&self.url));
        has_left || unlisted.elapsed() > LEAVE
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u16 {
    u16::try_from(items.count()).unwrap_or(u16::MAX)
}

fn lowest_free(taken: impl Iterator<Item = u16> + Clone) -> u16 {
    let is_free = |n: &u16| !taken.clone().any(|taken| taken == *n);
    (1..).find(is_free).unwrap_or(u16::MAX)
}

/// The index of the processor that goes next, of those that were not told to go, in the order of their starts.
fn next_to_go(states: &[State]) -> Option<usize> {
    let newest = |is_one: fn(&State) -> bool| states.iter().rposition(is_one);
    newest(|state| !matches!(state, State::Ready | State::Draining | State::Gone))
        .or_else(|| newest(|state| *state == State::Ready))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_processor_takes_the_lowest_free_number() {
        assert_eq!(lowest_free([].into_iter()), 1);
        assert_eq!(lowest_free([1, 2, 4].into_iter()), 3);
        assert_eq!(lowest_free([3, 2].into_iter()), 1);
    }

    #[test]
    fn those_that_are_not_ready_go_first_and_then_the_newest() {
        use State::{Died, Draining, Frozen, Ready, Starting};
        assert_eq!(next_to_go(&[Ready, Ready, Ready]), Some(2));
        assert_eq!(next_to_go(&[Ready, Starting, Ready]), Some(1));
        assert_eq!(next_to_go(&[Died, Ready, Frozen, Ready]), Some(2));
        assert_eq!(next_to_go(&[Ready, Draining]), Some(0));
        assert_eq!(next_to_go(&[Draining]), None);
    }
}
