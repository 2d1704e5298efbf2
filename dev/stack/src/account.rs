//! The ledger of a stack's messages.

use client::{
    kafka::Record,
    ledger::{Ledger, Sources},
};

use crate::{
    Stack,
    plan::name::{BROKER, TABLE},
};

impl Stack {
    /// The account of one burst as it stands, where no filter is set.
    pub async fn ledger(&self, burst: &str) -> Ledger {
        self.ledger_filtered(burst, |_| false).await
    }

    /// The account of one burst, with what the router's filters do not let pass.
    pub async fn ledger_filtered(&self, burst: &str, filtered: impl Fn(&Record) -> bool) -> Ledger {
        Ledger::of(self.sources(), |id| id.burst == burst, filtered).await
    }

    /// The account of every burst, with what the router's filters do not let pass.
    pub async fn ledger_of_all(&self, filtered: impl Fn(&Record) -> bool) -> Ledger {
        Ledger::of(self.sources(), |_| true, filtered).await
    }

    /// Fails unless the burst's messages all ended as promised; there must be `accepted` of them.
    pub async fn assert_complete(&self, burst: &str, accepted: u64) {
        let ledger = self.ledger(burst).await;
        assert_eq!(ledger.faults(), Vec::<String>::new());
        assert_eq!(ledger.accepted() as u64, accepted);
        assert_eq!(ledger.stored() + ledger.dead(), ledger.accepted());
    }

    fn sources(&self) -> Sources {
        Sources { broker: self.address(BROKER), table: self.address(TABLE) }
    }
}
