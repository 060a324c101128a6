//! Whose turn it is to renew, among all identities of one instance: an entry that is written by compare-and-swap.

use std::time::Duration;

use runbeam_sdk::model::{Clock, SecretBytes, Timestamp};
use runbeam_sdk::store::{
    EntryName, Error, ErrorKind, InstanceId, Precondition, Revision, SecretStore,
};
use serde::{Deserialize, Serialize};

/// Longer than a renewal takes with all its deadlines.
const LENGTH: Duration = Duration::from_secs(60);

/// What the entry says.
#[derive(Serialize, Deserialize)]
struct Turn {
    holder: String,
    until: Timestamp,
}

/// The outcome of asking for the turn.
#[derive(Debug)]
pub(super) enum Lease {
    /// It is ours, until it is given back or a minute has passed.
    Ours(Revision),
    /// It is another's. It may be asked for again at this time.
    Theirs(Timestamp),
}

/// Asks for the turn of an instance in the name of `holder`.
pub(super) async fn take(
    store: &impl SecretStore,
    instance: &InstanceId,
    holder: &str,
    clock: &dyn Clock,
) -> Result<Lease, Error> {
    let now = clock.now();
    let stored = store.load(instance, &entry()?).await?;
    let precondition = match &stored {
        None => Precondition::Absent,
        Some(stored) => {
            // What cannot be read says nothing, and is written over.
            let turn: Option<Turn> = stored.value.parse_json().ok();
            // One that is further ahead than any turn is long was taken before the clock was set back.
            let is_others = |turn: &Turn| {
                turn.holder != holder
                    && turn.until > now
                    && turn.until <= now.saturating_add(LENGTH)
            };
            if let Some(turn) = turn.filter(is_others) {
                return Ok(Lease::Theirs(turn.until));
            }
            Precondition::Unchanged(stored.revision)
        }
    };
    match write(
        store,
        instance,
        holder,
        now.saturating_add(LENGTH),
        precondition,
    )
    .await
    {
        Ok(revision) => Ok(Lease::Ours(revision)),
        // Another one was faster.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            Ok(Lease::Theirs(now.saturating_add(LENGTH / 20)))
        }
        Err(error) => Err(error),
    }
}

/// Ends our turn before its time. If that fails, time ends it.
pub(super) async fn give_back(
    store: &impl SecretStore,
    instance: &InstanceId,
    holder: &str,
    clock: &dyn Clock,
    taken: Revision,
) {
    let precondition = Precondition::Unchanged(taken);
    let given_back = write(store, instance, holder, clock.now(), precondition).await;
    if let Err(error) = given_back {
        tracing::debug!(%instance, %error, "the turn to renew ends by its time alone");
    }
}

async fn write(
    store: &impl SecretStore,
    instance: &InstanceId,
    holder: &str,
    until: Timestamp,
    precondition: Precondition,
) -> Result<Revision, Error> {
    let turn = Turn {
        holder: holder.to_owned(),
        until,
    };
    // Two texts always have a JSON form.
    let json = SecretBytes::from_json(&turn).unwrap_or_default();
    store.save(instance, &entry()?, &json, precondition).await
}

fn entry() -> Result<EntryName, Error> {
    "auth_renewal".parse()
}

#[cfg(test)]
mod tests {
    use runbeam_sdk::model::ManualClock;
    use runbeam_sdk::store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn one_has_the_turn_until_it_is_given_back_or_over() {
        let (store, instance) = (MemoryStore::new(), "edge".parse().unwrap());
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let take = async |holder| take(&store, &instance, holder, &clock).await.unwrap();

        let Lease::Ours(revision) = take("a").await else {
            panic!("nobody had it");
        };
        let Lease::Theirs(until) = take("b").await else {
            panic!("it is taken");
        };
        assert_eq!(until, clock.now().saturating_add(LENGTH));
        give_back(&store, &instance, "a", &clock, revision).await;
        assert!(matches!(take("b").await, Lease::Ours(_)));
        assert!(matches!(take("a").await, Lease::Theirs(_)));
        // Its holder is gone.
        clock.advance(LENGTH);
        assert!(matches!(take("a").await, Lease::Ours(_)));
        // The clock is set back by a day.
        clock.set(clock.now().saturating_sub(LENGTH * 24 * 60));
        assert!(matches!(take("b").await, Lease::Ours(_)));
    }

    #[tokio::test]
    async fn of_many_that_ask_at_once_one_gets_it() {
        let (store, instance) = (MemoryStore::new(), "edge".parse().unwrap());
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut ours = 0;
        for holder in 0..8 {
            let holder = holder.to_string();
            let lease = take(&store, &instance, &holder, &clock).await.unwrap();
            ours += usize::from(matches!(lease, Lease::Ours(_)));
        }
        assert_eq!(ours, 1);
    }
}
