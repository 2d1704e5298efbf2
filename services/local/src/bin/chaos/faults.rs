//! Breaks what the schedule says, when it says so, and heals it.

use std::time::Duration;

use local::stack::Stack;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::{
    journal::Journal,
    schedule::{Fault, Strike},
};

/// The begin or the end of a fault.
#[derive(Clone, Copy, Debug)]
enum Moment<'a> {
    Begin(&'a Strike),
    End(&'a Strike),
}

/// Lets every fault happen. When it is told to stop it only heals what is broken by then.
pub(crate) async fn strike(
    stack: &mut Stack,
    strikes: &[Strike],
    journal: &Journal,
    stop: &CancellationToken,
) {
    let mut broken: Vec<&Strike> = Vec::new();
    for (at, moment) in moments(strikes) {
        // What is done takes its time, so the next may be due already.
        stop.run_until_cancelled(sleep_until(journal.started() + at)).await;
        match moment {
            Moment::Begin(_) if stop.is_cancelled() => {}
            Moment::Begin(strike) => {
                journal.note(strike);
                begin(stack, strike).await;
                broken.push(strike);
            }
            Moment::End(strike) if broken.contains(&strike) => {
                end(stack, strike).await;
                broken.retain(|other| *other != strike);
            }
            Moment::End(_) => {}
        }
    }
}

/// Every moment in the order of time.
fn moments(strikes: &[Strike]) -> Vec<(Duration, Moment<'_>)> {
    let begins = strikes.iter().map(|strike| (strike.at, Moment::Begin(strike)));
    let ends = strikes.iter().map(|strike| (strike.end(), Moment::End(strike)));
    let mut moments: Vec<_> = begins.chain(ends).collect();
    moments.sort_by_key(|(at, _)| *at);
    moments
}

async fn begin(stack: &mut Stack, strike: &Strike) {
    let target = &strike.target;
    match strike.fault {
        Fault::Kill => stack.kill(target).await,
        Fault::Terminate => stack.ask_to_stop(target),
        Fault::Freeze => stack.stop(target),
    }
}

async fn end(stack: &mut Stack, strike: &Strike) {
    let target = &strike.target;
    match strike.fault {
        Fault::Kill => stack.start_again(target).await,
        Fault::Terminate => {
            let status = stack.wait_exit(target).await;
            assert!(status.success(), "{target} ended with {status} when it was asked to stop");
            stack.start_again(target).await;
        }
        Fault::Freeze => stack.cont(target),
    }
}

/// Lets everything run again, whatever was broken.
pub(crate) async fn heal_all(stack: &mut Stack) {
    for process in stack.names() {
        if stack.runs(&process) {
            stack.cont(&process);
        } else {
            stack.start_again(&process).await;
        }
    }
}
