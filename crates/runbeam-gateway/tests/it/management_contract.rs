//! Every operation of the description with every status that it lists, each answer held against its schema.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use runbeam_emulator::{Fault, FaultRule, Operation};
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::http::RetryPolicy;
use serde_json::{Value, json};

use crate::managed::{Answered, Managed, code};
use crate::shared_files;
use crate::test_store::TestStore;
use crate::times::Times;

struct Contract {
    document: Value,
    seen: BTreeSet<(String, u16)>,
}

impl Contract {
    fn read() -> Option<Self> {
        let yaml = shared_files::read("contract/harmony-management.openapi.yaml")?;
        Some(Self {
            document: serde_saphyr::from_str(&yaml).unwrap(),
            seen: BTreeSet::new(),
        })
    }

    fn operations(&self) -> impl Iterator<Item = &Value> {
        let paths = self.document["paths"].as_object().unwrap().values();
        paths.flat_map(|methods| methods.as_object().unwrap().values())
    }

    /// All pairs of an operation and a status.
    fn listed(&self) -> BTreeSet<(String, u16)> {
        let mut listed = BTreeSet::new();
        for operation in self.operations() {
            for status in operation["responses"].as_object().unwrap().keys() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                listed.insert((id, status.parse().unwrap()));
            }
        }
        listed
    }

    #[track_caller]
    fn check(&mut self, id: &str, status: u16, answer: &Answered) {
        assert_eq!(answer.status, status, "{id}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/json");
        let operation = self.operations().find(|one| one["operationId"] == id);
        let mut response = &operation.unwrap()["responses"][status.to_string()];
        if let Some(place) = response["$ref"].as_str() {
            response = self.document.pointer(&place[1..]).unwrap();
        }
        let schema = json!({
            "components": self.document["components"],
            "allOf": [response["content"]["application/json"]["schema"]],
        });
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&schema).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|error| error.to_string())
            .collect();
        assert!(wrong.is_empty(), "{id} {status}: {wrong:?} {}", answer.body);
        self.seen.insert((id.to_owned(), status));
    }
}

#[tokio::test]
async fn every_operation_has_every_status() {
    let Some(mut contract) = Contract::read() else {
        return;
    };
    // In the validator a schema that is not there would accept anything.
    let nothing = Answered {
        status: 200,
        headers: [(
            http::header::CONTENT_TYPE,
            "application/json".parse().unwrap(),
        )]
        .into_iter()
        .collect(),
        body: json!({}),
    };
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        contract.check("info", 200, &nothing);
    }));
    assert!(refused.is_err());

    let store = TestStore::default();
    let gateway = Managed::start_with(store.clone(), |builder| builder).await;
    let cloud = &gateway.times.cloud;
    let pages = [
        ("info", "GET /admin/info"),
        ("pipelines", "GET /admin/pipelines"),
        ("routes", "GET /admin/routes"),
        ("configStatus", "GET /api/config/status"),
        ("configStatusPrefixed", "GET /admin/config/status"),
    ];
    let reloads = [
        ("reload", "POST /api/reload"),
        ("reloadPrefixed", "POST /admin/reload"),
    ];
    for (id, line) in pages.into_iter().chain(reloads) {
        contract.check(id, 200, &gateway.ask(line, &[], "").await);
        gateway.edge.is_hidden.store(true, Ordering::SeqCst);
        contract.check(id, 404, &gateway.ask(line, &[], "").await);
        gateway.edge.is_hidden.store(false, Ordering::SeqCst);
    }

    let user_token = cloud.mint_jwt();
    let authorized = gateway.authorize(&user_token, &code()).await;
    contract.check("authorize", 201, &authorized);
    contract.check(
        "authorize",
        400,
        &gateway.authorize(&user_token, &json!({})).await,
    );
    contract.check(
        "authorize",
        401,
        &gateway.authorize("12|unknown", &code()).await,
    );
    let team = cloud.add_team("Other");
    let foreigner = cloud.add_user(&team, "Rui", "rui@example.test");
    let foreign = runbeam_emulator::SanctumSpec::new().with_user(&foreigner);
    let foreign = cloud.mint_sanctum_token_with(foreign);
    contract.check(
        "authorize",
        403,
        &gateway.authorize(&foreign, &code()).await,
    );

    let form = gateway.token_form().await;
    let token = async |form: &Value| {
        gateway
            .ask("POST /admin/token", &[], &form.to_string())
            .await
    };
    contract.check("token", 200, &token(&form).await);
    contract.check("token", 400, &token(&json!({})).await);

    let update = async || gateway.ask("POST /admin/update", &[], "").await;
    contract.check("update", 200, &update().await);
    let broken = cloud.inject(FaultRule::new(Fault::status(500)).on(Operation::StoreConfig));
    contract.check("update", 500, &update().await);
    cloud.end_fault(broken);
    gateway.edge.is_unwell.store(true, Ordering::SeqCst);
    contract.check("update", 400, &update().await);
    for (id, line) in reloads {
        contract.check(id, 400, &gateway.ask(line, &[], "").await);
    }
    gateway.edge.panics.store(true, Ordering::SeqCst);
    for (id, line) in reloads {
        contract.check(id, 500, &gateway.ask(line, &[], "").await);
    }
    gateway.edge.panics.store(false, Ordering::SeqCst);
    gateway.edge.is_unwell.store(false, Ordering::SeqCst);

    gateway.edge.is_off.store(true, Ordering::SeqCst);
    contract.check("update", 403, &update().await);
    contract.check("token", 403, &token(&form).await);
    contract.check(
        "authorize",
        403,
        &gateway.authorize(&user_token, &code()).await,
    );
    gateway.edge.is_off.store(false, Ordering::SeqCst);

    store.set_failing(true);
    contract.check("token", 500, &token(&form).await);
    contract.check(
        "authorize",
        500,
        &gateway.authorize(&user_token, &code()).await,
    );
    store.set_failing(false);

    gateway.times.advance(crate::times::DAY * 31);
    contract.check("update", 401, &update().await);

    // Nobody listens there.
    let times = Times::start().await;
    let nowhere = RunbeamClient::builder("http://127.0.0.1:9").with_retries(RetryPolicy::never());
    let nowhere = nowhere.build().unwrap();
    let store = TestStore::default();
    crate::times::save(&store, &times.authorize().await).await;
    let alone = Managed::start_by(times, nowhere, store, |builder| builder).await;
    let answer = alone.ask("POST /admin/update", &[], "").await;
    contract.check("update", 503, &answer);

    assert_eq!(contract.seen, contract.listed());
}
