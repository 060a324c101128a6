//! Changes arrive in their order, are applied once each, and reported.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus, Fault, FaultRule, Operation};
use runbeam_gateway::ErrorKind;
use runbeam_gateway::identity::{MachineIdentity, Standing};
use runbeam_gateway::sync::{ChangeFeed, ChangeFeedBuilder, Rejection, Update};
use runbeam_sdk::model::{ConfigKind, StoreConfiguration};
use runbeam_sdk::store::SecretStore;

use crate::test_store::TestStore;
use crate::times::{Times, instance, save};

/// A gateway with a token, and what it was given to apply.
pub(crate) struct Gateway {
    pub(crate) times: Times,
    pub(crate) store: TestStore,
    pub(crate) identity: MachineIdentity,
    pub(crate) id: String,
    pub(crate) given: Given,
}

/// What a gateway was given, in short.
#[derive(Clone, Default)]
pub(crate) struct Given(Arc<Mutex<Vec<String>>>);

impl Given {
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Takes over all but what says `reject`, `panic` or `hang`.
    pub(crate) async fn apply(self, update: Update) -> Result<(), Rejection> {
        let given = match &update {
            Update::LastGood(last_good) => format!("version {}", last_good.version),
            Update::Whole(_) => "whole".to_owned(),
            Update::Change { change, .. } => change.toml_config.as_ref().unwrap().to_string(),
            _ => panic!("it knows no other"),
        };
        self.0.lock().unwrap().push(given.clone());
        match given.as_str() {
            "reject" => Err(Rejection::new("no such backend").with_details(["line 3", "line 4"])),
            "panic" => panic!("the gateway has a fault"),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        let times = Times::start().await;
        let store = TestStore::default();
        let token = times.authorize().await;
        save(&store, &token).await;
        let identity = times.identity(store.clone()).start().await.unwrap();
        Self {
            times,
            store,
            identity,
            id: token.gateway_id.to_string(),
            given: Given::default(),
        }
    }

    /// A feed by hand.
    pub(crate) fn feed<S: SecretStore + 'static>(&self, store: S) -> ChangeFeedBuilder<S> {
        let client = self.times.client();
        ChangeFeed::builder(client, self.identity.clone(), store, instance())
            .with_poll_interval(Duration::ZERO)
            .with_clock(self.times.clock.clone())
            .with_seed(7)
    }

    pub(crate) async fn started(&self) -> ChangeFeed {
        let given = self.given.clone();
        let apply = move |update| given.clone().apply(update);
        self.feed(self.store.clone()).start(apply).await.unwrap()
    }

    pub(crate) fn queue(&self, toml: &str) -> String {
        self.queue_for("p", toml)
    }

    pub(crate) fn queue_for(&self, pipeline: &str, toml: &str) -> String {
        self.times.advance(Duration::from_secs(1));
        let spec = ChangeSpec::new(ChangeKind::Pipeline, toml).with_resource(pipeline, pipeline);
        self.times.cloud.queue_change(&self.id, spec).unwrap()
    }

    pub(crate) fn status(&self, change: &str) -> ChangeStatus {
        self.times.cloud.change_status(change).unwrap()
    }
}

#[tokio::test]
async fn changes_are_acknowledged_at_once_applied_in_order_and_reported() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    // More than a page has, and more than are taken in at once.
    let texts: Vec<String> = (0..60).map(|number| format!("n = {number}")).collect();
    let changes: Vec<String> = texts.iter().map(|text| gateway.queue(text)).collect();
    let status = feed.poll_now().await.unwrap();
    assert_eq!(gateway.given.taken()[..1], ["whole"]);
    assert_eq!((status.applied, status.failed), (60, 0));
    assert_eq!((status.waiting, status.unreported), (0, 0));
    for change in &changes {
        assert_eq!(gateway.status(change), ChangeStatus::Applied);
    }
    assert_eq!(
        gateway.times.cloud.requests(Operation::ChangesAcknowledge),
        3
    );
    assert_eq!(gateway.times.cloud.requests(Operation::ChangeApplied), 60);
    let last_good = feed.last_good().unwrap();
    assert_eq!((last_good.version, last_good.changes.len()), (61, 1));
    assert!(last_good.configuration.is_some());

    // Nothing new.
    let saves = gateway.store.saves();
    feed.poll_now().await.unwrap();
    assert_eq!(
        (gateway.given.taken().len(), gateway.store.saves()),
        (0, saves)
    );
}

#[tokio::test]
async fn the_order_is_that_of_their_making() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    gateway.given.taken();
    let texts: Vec<String> = (0..150).map(|number| format!("n = {number}")).collect();
    for text in &texts {
        gateway.queue(text);
    }
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.given.taken(), texts);
}

#[tokio::test]
async fn what_the_gateway_rejects_is_reported_and_never_given_again() {
    let gateway = Gateway::start().await;
    let deadline = Duration::from_millis(200);
    let given = gateway.given.clone();
    let feed = gateway
        .feed(gateway.store.clone())
        .with_apply_deadline(deadline);
    let feed = feed
        .start(move |update| given.clone().apply(update))
        .await
        .unwrap();
    let good = gateway.queue("good");
    let bad: Vec<String> = ["reject", "panic", "hang"]
        .map(|text| gateway.queue(text))
        .into();
    let status = feed.poll_now().await.unwrap();
    assert_eq!((status.applied, status.failed), (1, 3));
    assert_eq!(
        gateway.given.taken(),
        ["whole", "good", "reject", "panic", "hang"]
    );
    assert_eq!(gateway.status(&good), ChangeStatus::Applied);
    for change in &bad {
        assert_eq!(gateway.status(change), ChangeStatus::Failed);
    }
    let ids: Vec<String> = status
        .quarantined
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, bad);
    let logged = gateway.times.cloud.logged_requests();
    let of_failures = logged
        .iter()
        .filter(|one| one.operation == Some("changeFailed"));
    let bodies: Vec<String> = of_failures.map(|one| format!("{:?}", one.body)).collect();
    assert!(
        bodies[0].contains("no such backend") && bodies[0].contains("line 4"),
        "{bodies:?}"
    );
    assert!(bodies[1].contains("the gateway has a fault"), "{bodies:?}");
    assert!(bodies[2].contains("longer than"), "{bodies:?}");

    let last_good = feed.last_good().unwrap();
    let texts: Vec<&str> = last_good
        .changes
        .iter()
        .map(|one| one.toml_config.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(texts, ["good"]);
    drop(feed);
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.given.taken(), ["version 2"]);
    assert_eq!(feed.status().quarantined.len(), 3);
}

#[tokio::test]
async fn a_report_is_delivered_whatever_happens_to_it() {
    let gateway = Gateway::start().await;
    let cloud = &gateway.times.cloud;
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    let change = gateway.queue("n = 1");
    let outage = cloud.inject(FaultRule::new(Fault::status(503)).on(Operation::ChangeApplied));
    let error = feed.poll_now().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!((feed.status().unreported, feed.status().failures), (1, 1));
    assert_eq!(gateway.status(&change), ChangeStatus::Acknowledged);
    assert_eq!(gateway.given.taken(), ["whole", "n = 1"]);

    // The process ends; the next one still knows.
    drop(feed);
    let feed = gateway.started().await;
    assert_eq!(feed.status().unreported, 1);
    cloud.end_fault(outage);
    cloud.inject(
        FaultRule::new(Fault::ResetAfter)
            .on(Operation::ChangeApplied)
            .times(1),
    );
    assert!(feed.poll_now().await.is_err());
    let status = feed.poll_now().await.unwrap();
    assert_eq!((status.unreported, status.failures), (0, 0));
    assert_eq!(gateway.status(&change), ChangeStatus::Applied);
    assert_eq!(gateway.given.taken(), ["version 2"]);
}

#[tokio::test]
async fn a_round_that_brings_a_change_to_an_outcome_is_not_one_more_failure() {
    let gateway = Gateway::start().await;
    let cloud = &gateway.times.cloud;
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    gateway.queue("n = 1");
    let fault = |operation| cloud.inject(FaultRule::new(Fault::status(503)).on(operation));
    let outage = fault(Operation::ChangeApplied);
    for failures in [1, 2, 3] {
        feed.poll_now().await.unwrap_err();
        assert_eq!(feed.status().failures, failures);
    }
    cloud.end_fault(outage);
    fault(Operation::ChangeFailed);
    gateway.queue("reject");
    feed.poll_now().await.unwrap_err();
    assert_eq!((feed.status().unreported, feed.status().failures), (1, 1));
    feed.poll_now().await.unwrap_err();
    assert_eq!(feed.status().failures, 2);
}

#[tokio::test]
async fn a_store_that_is_full_loses_nothing() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    let change = gateway.queue("n = 1");
    gateway.store.set_failing(true);
    let error = feed.poll_now().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    // What cannot be written is not acknowledged.
    assert_eq!(gateway.status(&change), ChangeStatus::Pending);
    gateway.store.set_failing(false);
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.status(&change), ChangeStatus::Applied);
    assert_eq!(gateway.given.taken(), ["whole", "n = 1"]);
}

#[tokio::test]
async fn by_hand_nothing_is_asked_and_by_itself_it_is() {
    let gateway = Gateway::start().await;
    let by_hand = gateway.started().await;
    let change = gateway.queue("n = 1");
    let store = TestStore::default();
    let given = Given::default();
    let feed = gateway
        .feed(store)
        .with_poll_interval(Duration::from_millis(20));
    let feed = feed
        .start(move |update| given.clone().apply(update))
        .await
        .unwrap();
    let mut status = feed.watch();
    status.wait_for(|status| status.applied == 1).await.unwrap();
    status.wait_for(|status| status.rounds > 3).await.unwrap();
    assert_eq!(gateway.status(&change), ChangeStatus::Applied);
    assert_eq!(by_hand.status().rounds, 0);
}

#[tokio::test]
async fn a_token_that_was_replaced_is_replaced_in_the_middle_of_a_round() {
    let gateway = Gateway::start().await;
    gateway.store.silence();
    let identity = gateway
        .times
        .identity(gateway.store.clone())
        .start()
        .await
        .unwrap();
    let gateway = Gateway {
        identity,
        ..gateway
    };
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    gateway.times.revoke().await;
    let change = gateway.queue("n = 1");
    let error = feed.poll_now().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(error.to_string().contains("harmony:authorize"), "{error}");
    assert_eq!(gateway.identity.state().standing, Standing::Revoked);

    save(&gateway.store, &gateway.times.authorize().await).await;
    // It was refused before and is not asked again with the same token: the store's word comes first.
    let identity = gateway
        .times
        .identity(gateway.store.clone())
        .start()
        .await
        .unwrap();
    let gateway = Gateway {
        identity,
        ..gateway
    };
    drop(feed);
    let feed = gateway.started().await;
    gateway.times.revoke().await;
    save(&gateway.store, &gateway.times.authorize().await).await;
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.status(&change), ChangeStatus::Applied);
    assert_eq!(gateway.identity.state().standing, Standing::Good);
}

#[tokio::test]
async fn a_401_that_was_a_mistake_heals() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    let mistake = gateway
        .times
        .cloud
        .inject(FaultRule::new(Fault::status(401)));
    assert!(feed.poll_now().await.is_err());
    assert_eq!(gateway.identity.state().standing, Standing::Revoked);
    gateway.times.cloud.end_fault(mistake);
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.identity.state().standing, Standing::Good);
}

#[tokio::test]
async fn of_two_feeds_of_one_instance_one_notices() {
    let gateway = Gateway::start().await;
    let (one, other) = (gateway.started().await, gateway.started().await);
    one.poll_now().await.unwrap();
    let error = other.poll_now().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(
        error.to_string().contains("one feed an instance"),
        "{error}"
    );
    // It goes on from what the other one wrote.
    other.poll_now().await.unwrap();
    assert_eq!(other.last_good().unwrap().version, 1);
}

#[tokio::test]
async fn the_local_configuration_is_uploaded() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    let local = [
        StoreConfiguration::new(ConfigKind::Gateway, "[proxy]\nlog_level = \"debug\"\n"),
        StoreConfiguration::new(
            ConfigKind::Pipeline,
            "[pipelines.studies]\ndescription = \"all studies\"\n",
        ),
    ];
    let answers = feed.upload(local).await.unwrap();
    let actions: Vec<String> = answers
        .iter()
        .map(|answer| answer.action.to_string())
        .collect();
    assert_eq!(actions, ["updated", "created"]);
    let wrong = StoreConfiguration::new(ConfigKind::Pipeline, "this is no TOML");
    let error = feed.upload([wrong]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    // The change that tells the gateway the id of what it uploaded.
    let status = feed.poll_now().await.unwrap();
    assert_eq!(status.applied, 1);
}

#[tokio::test]
async fn its_task_ends_with_the_last_handle_also_in_the_middle_of_a_change() {
    let gateway = Gateway::start().await;
    let store = TestStore::default();
    let (entered, is_entered) = tokio::sync::oneshot::channel();
    let entered = Mutex::new(Some(entered));
    let feed = gateway.feed(store.clone());
    let feed = feed.start(move |_| {
        if let Some(entered) = entered.lock().unwrap().take() {
            entered.send(()).unwrap();
        }
        std::future::pending()
    });
    let feed = feed.await.unwrap();
    assert_eq!(store.holders(), 2);
    tokio::select! {
        _ = feed.poll_now() => panic!("it hangs"),
        entered = is_entered => entered.unwrap(),
    }
    drop(feed);
    while store.holders() > 1 {
        tokio::task::yield_now().await;
    }
}
