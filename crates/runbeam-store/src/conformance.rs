//! The rules that every store obeys, as a suite for whoever writes one.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), runbeam_store::conformance::Breach> {
//! runbeam_store::conformance::check(&runbeam_store::MemoryStore::new()).await
//! # }
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use runbeam_model::{Secret, SecretBytes};

use crate::secret_store::MAX_SECRET_LEN;
use crate::{EntryName, Error, ErrorKind, InstanceId, Precondition, Presence, SecretStore, Watch};

/// A rule that a store breaks.
#[derive(Debug)]
#[non_exhaustive]
pub struct Breach {
    /// The rule.
    pub rule: &'static str,
    /// What the store did instead.
    pub instead: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule \"{}\" is broken: {}", self.rule, self.instead)
    }
}

impl std::error::Error for Breach {}

/// Checks all rules on a store that holds nothing of the instances `conformance` and `conformance-2`, and leaves
/// nothing of them behind. It needs a Tokio runtime with a timer.
///
/// # Errors
///
/// The first rule that is broken.
pub async fn check<S: SecretStore>(store: &S) -> Result<(), Breach> {
    let suite =
        Suite::new(store).map_err(|error| breach("the names of the suite are names", &error))?;
    suite.absent().await?;
    suite.round_trip().await?;
    suite.replace().await?;
    suite.preconditions().await?;
    suite.one_winner().await?;
    suite.isolation().await?;
    suite.limits().await?;
    suite.values().await?;
    suite.list().await?;
    suite.watch().await?;
    suite.clear().await
}

/// In which a watch must have told of a change: many times what any store here needs.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

struct Suite<'a, S> {
    store: &'a S,
    instance: InstanceId,
    entry: EntryName,
    others: [(InstanceId, EntryName); 2],
}

impl<'a, S: SecretStore> Suite<'a, S> {
    fn new(store: &'a S) -> Result<Self, Error> {
        let (instance, other_instance) = ("conformance".parse()?, "conformance-2".parse()?);
        let (entry, other_entry) = ("auth".parse()?, "user_auth".parse()?);
        let others = [
            (InstanceId::clone(&instance), other_entry),
            (other_instance, EntryName::clone(&entry)),
        ];
        Ok(Self {
            store,
            instance,
            entry,
            others,
        })
    }

    async fn absent(&self) -> Result<(), Breach> {
        let rule = "an absent secret is None, and clearing it is no error";
        self.expect(rule, None).await?;
        let cleared = self.store.clear(&self.instance, &self.entry).await;
        let was_there = cleared.map_err(|error| breach(rule, &error))?;
        ensure(rule, !was_there, "clear says that there was one")?;
        self.expect_presence(rule, Presence::Absent).await
    }

    async fn round_trip(&self) -> Result<(), Breach> {
        let rule = "what was saved is loaded, byte for byte";
        for value in [
            &b"one"[..],
            b"{\n  \"machine_token\": \"mt_1\"\n}\n",
            "\u{1f511} \0 \r\n".as_bytes(),
            &[b'x'; 2000],
        ] {
            let revision = self.save(rule, value, Precondition::Any).await?;
            let stored = self
                .store
                .load(&self.instance, &self.entry)
                .await
                .map_err(|error| breach(rule, &error))?;
            let Some(stored) = stored else {
                return Err(Breach {
                    rule,
                    instead: "load says that there is none".to_owned(),
                });
            };
            ensure(
                rule,
                stored.value.expose() == value,
                "load gives other bytes",
            )?;
            ensure(
                rule,
                stored.revision == revision,
                "load gives another revision than save did",
            )?;
        }
        self.expect_presence(rule, Presence::Present).await
    }

    async fn replace(&self) -> Result<(), Breach> {
        let rule = "another value has another revision";
        let first = self.save(rule, b"first", Precondition::Any).await?;
        let second = self.save(rule, b"second", Precondition::Any).await?;
        ensure(rule, first != second, "both have the same one")?;
        self.expect(rule, Some(b"second")).await
    }

    async fn preconditions(&self) -> Result<(), Breach> {
        let rule = "a save happens only if its precondition holds";
        let first = self.save(rule, b"first", Precondition::Any).await?;
        self.expect_conflict(rule, Precondition::Absent).await?;
        let second = self
            .save(rule, b"second", Precondition::Unchanged(first))
            .await?;
        self.expect_conflict(rule, Precondition::Unchanged(first))
            .await?;
        self.expect(rule, Some(b"second")).await?;
        self.clear_entry(rule).await?;
        self.expect_conflict(rule, Precondition::Unchanged(second))
            .await?;
        self.expect(rule, None).await?;
        self.save(rule, b"third", Precondition::Absent).await?;
        self.expect(rule, Some(b"third")).await
    }

    async fn one_winner(&self) -> Result<(), Breach> {
        let rule = "of saves with the same precondition, one wins";
        for round in 0..5 {
            let before = self
                .save(rule, format!("round {round}").as_bytes(), Precondition::Any)
                .await?;
            let precondition = Precondition::Unchanged(before);
            let values = [
                SecretBytes::from(b"left".to_vec()),
                SecretBytes::from(b"right".to_vec()),
            ];
            let (left, right) = both(
                self.store
                    .save(&self.instance, &self.entry, &values[0], precondition),
                self.store
                    .save(&self.instance, &self.entry, &values[1], precondition),
            )
            .await;
            let (winner, loser) = match (left, right) {
                (Ok(_), Err(error)) => (b"left".as_slice(), error),
                (Err(error), Ok(_)) => (b"right".as_slice(), error),
                (Ok(_), Ok(_)) => {
                    return Err(Breach {
                        rule,
                        instead: "both won".to_owned(),
                    });
                }
                (Err(error), Err(_)) => return Err(breach(rule, &error)),
            };
            ensure(
                rule,
                loser.kind() == ErrorKind::Conflict,
                "the other one fails with another kind of error",
            )?;
            self.expect(rule, Some(winner)).await?;
        }
        Ok(())
    }

    async fn isolation(&self) -> Result<(), Breach> {
        let rule = "instances and entries are apart";
        self.save(rule, b"mine", Precondition::Any).await?;
        for (instance, entry) in &self.others {
            let other = self
                .store
                .load(instance, entry)
                .await
                .map_err(|error| breach(rule, &error))?;
            ensure(rule, other.is_none(), "another entry shows the secret")?;
            let value = SecretBytes::from(b"theirs".to_vec());
            let saved = self
                .store
                .save(instance, entry, &value, Precondition::Absent)
                .await;
            saved.map_err(|error| breach(rule, &error))?;
            self.expect(rule, Some(b"mine")).await?;
            let cleared = self
                .store
                .clear(instance, entry)
                .await
                .map_err(|error| breach(rule, &error))?;
            ensure(rule, cleared, "clear says that there was none")?;
            self.expect(rule, Some(b"mine")).await?;
        }
        Ok(())
    }

    async fn limits(&self) -> Result<(), Breach> {
        let rule = "a value that is too large is refused, and the former one stays";
        self.save(rule, b"former", Precondition::Any).await?;
        let value = SecretBytes::from(vec![b'x'; MAX_SECRET_LEN + 1]);
        match self
            .store
            .save(&self.instance, &self.entry, &value, Precondition::Any)
            .await
        {
            Err(error) if error.kind() == ErrorKind::TooLarge => {
                self.expect(rule, Some(b"former")).await
            }
            Err(error) => Err(breach(rule, &error)),
            Ok(_) => Err(Breach {
                rule,
                instead: "it was accepted".to_owned(),
            }),
        }
    }

    async fn values(&self) -> Result<(), Breach> {
        let rule = "a value comes back as the value";
        let secret = Secret::from("12|p0LmXw3rT8");
        let saved = self
            .store
            .save_value(&self.instance, &self.entry, &secret)
            .await;
        saved.map_err(|error| breach(rule, &error))?;
        let loaded = self
            .store
            .load_value::<Secret>(&self.instance, &self.entry)
            .await;
        let loaded = loaded.map_err(|error| breach(rule, &error))?;
        ensure(rule, loaded.as_ref() == Some(&secret), "it is another one")
    }

    async fn list(&self) -> Result<(), Breach> {
        let rule = "the entries of an instance that hold a secret are listed, and no others";
        self.save(rule, b"listed", Precondition::Any).await?;
        let mut expected = BTreeSet::from([self.entry.clone()]);
        self.expect_entries(rule, &expected).await?;
        for (instance, entry) in &self.others {
            let value = SecretBytes::from(b"other".to_vec());
            let saved = self.store.save(instance, entry, &value, Precondition::Any);
            saved.await.map_err(|error| breach(rule, &error))?;
            if *instance == self.instance {
                expected.insert(entry.clone());
            }
            self.expect_entries(rule, &expected).await?;
        }
        for (instance, entry) in &self.others {
            let cleared = self.store.clear(instance, entry).await;
            cleared.map_err(|error| breach(rule, &error))?;
        }
        self.expect_entries(rule, &BTreeSet::from([self.entry.clone()]))
            .await?;
        self.clear_entry(rule).await?;
        self.expect_entries(rule, &BTreeSet::new()).await
    }

    async fn watch(&self) -> Result<(), Breach> {
        let rule = "a watch gives the state that differs from the one it began with, and each last state after it";
        let first = self.save(rule, b"first", Precondition::Any).await?;
        let mut watch = self.store.watch(&self.instance, &self.entry, None);
        self.expect_change(rule, &mut watch, Some(b"first")).await?;
        let mut watch = self.store.watch(&self.instance, &self.entry, Some(first));
        let (seen, saved) = both(
            self.expect_change(rule, &mut watch, Some(b"second")),
            self.save(rule, b"second", Precondition::Any),
        )
        .await;
        saved?;
        seen?;
        for number in 0..5 {
            self.save(
                rule,
                format!("passed over {number}").as_bytes(),
                Precondition::Any,
            )
            .await?;
        }
        self.save(rule, b"last", Precondition::Any).await?;
        self.expect_change(rule, &mut watch, Some(b"last")).await?;
        let (seen, cleared) = both(
            self.expect_change(rule, &mut watch, None),
            self.clear_entry(rule),
        )
        .await;
        cleared?;
        seen?;
        let (seen, saved) = both(
            self.expect_change(rule, &mut watch, Some(b"again")),
            self.save(rule, b"again", Precondition::Any),
        )
        .await;
        saved?;
        seen
    }

    async fn clear(&self) -> Result<(), Breach> {
        let rule = "what was cleared is gone, and can be saved again";
        self.clear_entry(rule).await?;
        self.expect(rule, None).await?;
        let again = self
            .store
            .clear(&self.instance, &self.entry)
            .await
            .map_err(|error| breach(rule, &error))?;
        ensure(rule, !again, "clearing twice says that there was one")?;
        self.save(rule, b"again", Precondition::Absent).await?;
        self.expect(rule, Some(b"again")).await?;
        self.clear_entry(rule).await
    }

    async fn save(
        &self,
        rule: &'static str,
        value: &[u8],
        precondition: Precondition,
    ) -> Result<crate::Revision, Breach> {
        let value = SecretBytes::from(value.to_vec());
        let saved = self
            .store
            .save(&self.instance, &self.entry, &value, precondition)
            .await;
        saved.map_err(|error| breach(rule, &error))
    }

    async fn clear_entry(&self, rule: &'static str) -> Result<(), Breach> {
        let cleared = self
            .store
            .clear(&self.instance, &self.entry)
            .await
            .map_err(|error| breach(rule, &error))?;
        ensure(rule, cleared, "clear says that there was none")
    }

    async fn expect(&self, rule: &'static str, value: Option<&[u8]>) -> Result<(), Breach> {
        let stored = self
            .store
            .load(&self.instance, &self.entry)
            .await
            .map_err(|error| breach(rule, &error))?;
        let same = stored.as_ref().map(|stored| stored.value.expose()) == value;
        ensure(
            rule,
            same,
            if stored.is_some() {
                "another secret is there"
            } else {
                "there is none"
            },
        )
    }

    async fn expect_conflict(
        &self,
        rule: &'static str,
        precondition: Precondition,
    ) -> Result<(), Breach> {
        let value = SecretBytes::from(b"never".to_vec());
        match self
            .store
            .save(&self.instance, &self.entry, &value, precondition)
            .await
        {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            Err(error) => Err(breach(rule, &error)),
            Ok(_) => Err(Breach {
                rule,
                instead: format!("{precondition:?} was taken to hold"),
            }),
        }
    }

    async fn expect_entries(
        &self,
        rule: &'static str,
        entries: &BTreeSet<EntryName>,
    ) -> Result<(), Breach> {
        let listed = self.store.list(&self.instance).await;
        let listed = listed.map_err(|error| breach(rule, &error))?;
        if listed == *entries {
            return Ok(());
        }
        Err(Breach {
            rule,
            instead: format!("{listed:?} are listed instead of {entries:?}"),
        })
    }

    async fn expect_change(
        &self,
        rule: &'static str,
        watch: &mut Watch<'_, S>,
        value: Option<&[u8]>,
    ) -> Result<(), Breach> {
        let Ok(seen) = tokio::time::timeout(LONGEST_WAIT, watch.next()).await else {
            return Err(Breach {
                rule,
                instead: "the watch goes on to wait".to_owned(),
            });
        };
        let seen = seen.map_err(|error| breach(rule, &error))?;
        let same = seen.as_ref().map(|stored| stored.value.expose()) == value;
        ensure(rule, same, "the watch gives another state")
    }

    async fn expect_presence(&self, rule: &'static str, presence: Presence) -> Result<(), Breach> {
        let described = self.store.describe(&self.instance, &self.entry).await;
        let description = described.map_err(|error| breach(rule, &error))?;
        ensure(
            rule,
            description.presence == presence,
            "describe says otherwise",
        )
    }
}

fn ensure(rule: &'static str, holds: bool, instead: &str) -> Result<(), Breach> {
    if holds {
        Ok(())
    } else {
        Err(Breach {
            rule,
            instead: instead.to_owned(),
        })
    }
}

fn breach(rule: &'static str, error: &Error) -> Breach {
    Breach {
        rule,
        instead: error.to_string(),
    }
}

/// Runs both futures at once.
async fn both<A: Future, B: Future>(left: A, right: B) -> (A::Output, B::Output) {
    use std::pin::pin;
    use std::task::Poll;
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut left_output, mut right_output) = (None, None);
    std::future::poll_fn(move |context| {
        if left_output.is_none()
            && let Poll::Ready(output) = left.as_mut().poll(context)
        {
            left_output = Some(output);
        }
        if right_output.is_none()
            && let Poll::Ready(output) = right.as_mut().poll(context)
        {
            right_output = Some(output);
        }
        match (left_output.take(), right_output.take()) {
            (Some(left), Some(right)) => Poll::Ready((left, right)),
            (left, right) => {
                (left_output, right_output) = (left, right);
                Poll::Pending
            }
        }
    })
    .await
}
