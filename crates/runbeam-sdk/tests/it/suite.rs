//! Everything that a client can do, written once and run by the client that awaits and by the one that waits.

use jiff::SignedDuration;
use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus as Status, Emulator};
use runbeam_sdk::ErrorKind;
#[cfg(feature = "blocking")]
use runbeam_sdk::blocking;
use runbeam_sdk::model::{
    Authentication, AuthenticationDraft, Backend, BackendDraft, ChangeStatus, ConfigKind, Endpoint,
    EndpointDraft, Gateway, GatewayDraft, Mesh, MeshDraft, Middleware, MiddlewareDraft, Network,
    NetworkDraft, Peer, PeerDraft, Pipeline, PipelineDraft, Policy, PolicyDraft, Resource, Rule,
    RuleDraft, Service, ServiceDraft, StoreAction, StoreConfiguration, SystemClock, Target,
    TargetDraft, Transform, TransformDraft,
};
use serde_json::{Value, json};

const DESTINATION: &str = "https://lisbon.example.test/studies";

/// What a mesh needs that the API has no operation for.
fn seed(cloud: &Emulator) {
    let seed = json!({
        "ingresses": [{ "name": "studies-in", "urls": [DESTINATION] }],
        "egresses": [{ "name": "studies-out", "gateway": "edge-lisbon" }],
    });
    cloud.seed(seed.as_object().unwrap()).unwrap();
}

macro_rules! suite {
    ($client:ty, $list_all:ident, $go:ident, $($async:ident)?) => {
        use super::*;

        pub(super) $($async)? fn verbs<R>(client: &$client, draft: R::Draft, changed: R::Draft)
        where
            R: Resource + PartialEq,
        {
            let resources = client.resources::<R>();
            let before = $go!(resources.list()).unwrap().total().unwrap();
            let created = $go!(resources.create(&draft)).unwrap();
            assert_eq!($go!(resources.get(created.id().clone())).unwrap(), created, "{}", R::KIND);
            let id: &str = created.id().as_ref();
            let id: R::Id = id.parse().unwrap();
            assert_eq!($go!(resources.get(id)).unwrap(), created);
            let updated = $go!(resources.update(created.id().clone(), &changed)).unwrap();
            assert_eq!((updated.id(), updated.name()), (created.id(), "changed"));

            let mut rows = resources.$list_all();
            let mut seen = Vec::new();
            while let Some(row) = $go!(rows.next()) {
                seen.push(row.unwrap());
            }
            assert_eq!(seen.len() as u64, before + 1, "{}", R::KIND);
            assert!(seen.contains(&updated));
            let page = $go!(resources.list_page(before as u32 + 1, 1)).unwrap();
            assert_eq!((page.data.len(), page.next_page()), (1, None));

            $go!(resources.delete(created.id().clone())).unwrap();
            let gone = $go!(resources.get(created.id().clone())).unwrap_err();
            assert_eq!((gone.kind(), gone.status()), (ErrorKind::NotFound, Some(404)));
            assert_eq!(seen.len() as u64 - 1, $go!(resources.list()).unwrap().total().unwrap());
        }

        pub(super) $($async)? fn every_kind(cloud: &Emulator) {
            let client = <$client>::new(cloud.url()).with_token(cloud.mint_sanctum_token());
            macro_rules! plain {
                ($kind:ident $draft:ident) => {
                    $go!(verbs::<$kind>(&client, $draft::new("made"), $draft::new("changed")));
                };
            }
            plain!(Gateway GatewayDraft);
            // Some kinds belong to the first gateway of the team where they name none.
            $go!(client.gateways().create(&GatewayDraft::new("first"))).unwrap();
            plain!(Service ServiceDraft);
            plain!(Endpoint EndpointDraft);
            plain!(Backend BackendDraft);
            plain!(Pipeline PipelineDraft);
            plain!(Middleware MiddlewareDraft);
            plain!(Transform TransformDraft);
            plain!(Policy PolicyDraft);
            plain!(Rule RuleDraft);
            plain!(Authentication AuthenticationDraft);
            plain!(Peer PeerDraft);
            plain!(Target TargetDraft);
            plain!(Mesh MeshDraft);
            let network = |name| NetworkDraft::new(name, false, "127.0.0.1", 8080);
            $go!(verbs::<Network>(&client, network("made"), network("changed")));
        }

        pub(super) $($async)? fn the_way_of_a_change(cloud: &Emulator) {
            let client = <$client>::new(cloud.url());
            let user = cloud.mint_sanctum_token();
            let authorized =
                $go!(client.authorize_gateway(&user, "edge-lisbon", None, None)).unwrap();
            let client = client.with_token(&authorized.machine_token);
            let gateway = &authorized.gateway.id;

            let stored = $go!(client.store_configuration(&StoreConfiguration::new(
                ConfigKind::Pipeline,
                "[pipelines.studies]\ndescription = \"Studies\"\n",
            )))
            .unwrap();
            assert_eq!(
                (stored.success, &stored.action, &stored.kind),
                (true, &StoreAction::Created, &ConfigKind::Pipeline)
            );
            assert!(stored.id.is_some());
            let own = stored.change.unwrap();

            let spec = || ChangeSpec::new(ChangeKind::Gateway, "[proxy]\n");
            let queued: Vec<String> =
                (0..2).map(|_| cloud.queue_change(gateway.as_str(), spec()).unwrap()).collect();
            let waiting = $go!(client.changes().list_for_gateway(gateway)).unwrap();
            assert_eq!(waiting.total(), Some(3));
            assert!(waiting.data.iter().all(|change| change.status == ChangeStatus::Pending));
            assert_eq!($go!(client.changes().list()).unwrap().data.len(), 3);
            assert_eq!($go!(client.changes().list_page(2, 2)).unwrap().data.len(), 1);
            let mut rows = client.changes().$list_all();
            let mut count = 0;
            while let Some(change) = $go!(rows.next()) {
                assert!(change.unwrap().toml_config.is_none());
                count += 1;
            }
            assert_eq!(count, 3);

            let change = $go!(client.changes().get(queued[0].as_str())).unwrap();
            assert_eq!(change.toml_config.as_deref(), Some("[proxy]\n"));
            let ids = queued.iter().map(String::as_str).chain([own.id.as_str(), "unknown"]);
            let answer = $go!(client.changes().acknowledge(ids.collect::<Vec<_>>())).unwrap();
            assert_eq!((answer.acknowledged.len(), answer.failed.len()), (3, 1));
            assert!($go!(client.changes().applied(queued[0].as_str())).unwrap().success);
            let details = Some(vec!["networks[0]: default is not defined".to_owned()]);
            let changes = client.changes();
            assert!($go!(changes.failed(queued[1].as_str(), "why", details)).unwrap().success);
            assert_eq!(cloud.change_status(&queued[0]), Some(Status::Applied));
            let failed = $go!(client.changes().get(&*queued[1])).unwrap();
            assert_eq!(
                (failed.status, failed.error_message.as_deref()),
                (ChangeStatus::Failed, Some("why"))
            );
            assert_eq!(failed.error_details[0], "networks[0]: default is not defined");
            let unknown = $go!(client.changes().applied("unknown")).unwrap_err();
            assert_eq!(unknown.kind(), ErrorKind::NotFound);
        }

        pub(super) $($async)? fn meshes_and_references(cloud: &Emulator) {
            let client = <$client>::new(cloud.url());
            let user = cloud.mint_sanctum_token();
            let machine = $go!(client.authorize_gateway(&user, "edge-lisbon", None, None)).unwrap();
            seed(cloud);
            let client = client.with_token(&user);
            let draft = MeshDraft::new("regional")
                .with_provider("runbeam")
                .with_ingress(["studies-in"])
                .with_egress(["studies-out"]);
            let mesh = $go!(client.meshes().create(&draft)).unwrap();
            let client = client.with_token(&machine.machine_token);
            let token = $go!(client.mesh_token(&mesh.id, DESTINATION)).unwrap();
            assert_eq!((token.token.expose().split('.').count(), token.mesh_id), (3, Some(mesh.id)));
            assert!(token.expires_at.is_some());
            let refused = $go!(client.mesh_token("unknown", DESTINATION)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotFound);

            let found = $go!(client.resolve("runbeam.name.studies-in")).unwrap();
            assert_eq!((found.data.name.as_str(), found.data.kind.as_str()), ("studies-in", "ingress"));
            assert_eq!((found.data.urls, found.meta.provider.as_str()), (vec![DESTINATION.to_owned()], "runbeam"));
            let nowhere = $go!(client.resolve("runbeam.id.unknown")).unwrap_err();
            assert_eq!(nowhere.kind(), ErrorKind::NotFound);
            let wrong = $go!(client.resolve("a.b")).unwrap_err();
            assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
        }

        pub(super) $($async)? fn a_whole_configuration(cloud: &Emulator) {
            let client = <$client>::new(cloud.url()).with_token(cloud.mint_sanctum_token());
            let gateway = $go!(client.gateways().create(&GatewayDraft::new("edge-porto"))).unwrap();
            let other = $go!(client.gateways().create(&GatewayDraft::new("edge-riga"))).unwrap();
            for number in 0..230 {
                let owner = if number % 10 == 0 { &other } else { &gateway };
                let draft = ServiceDraft::new(format!("s{number}")).with_gateway_id(owner.id.clone());
                $go!(client.services().create(&draft)).unwrap();
            }
            let endpoint = EndpointDraft::new("in").with_gateway_id(gateway.id.clone());
            $go!(client.endpoints().create(&endpoint)).unwrap();
            $go!(client.middlewares().create(&MiddlewareDraft::new("of-the-team"))).unwrap();
            let configuration = $go!(client.download_configuration(&gateway.id)).unwrap();
            assert_eq!(configuration.services.len(), 207);

            // The emulator composes the same by itself.
            let path = format!("gateways/{}/configuration", gateway.id);
            let whole: Value = $go!(client.request("GET", path).send()).unwrap().json().unwrap();
            let mut ours = serde_json::to_value(&configuration).unwrap();
            ours["runbeam"] = whole["runbeam"].clone();
            for list in ["services", "endpoints", "middlewares", "pipelines"] {
                let ids = |value: &Value| -> Vec<String> {
                    let rows = value[list].as_array().unwrap().iter();
                    let mut ids: Vec<_> = rows.map(|row| row["id"].to_string()).collect();
                    ids.sort_unstable();
                    ids
                };
                assert_eq!(ids(&ours), ids(&whole), "{list}");
            }
            let unknown = $go!(client.download_configuration("unknown")).unwrap_err();
            assert_eq!(unknown.kind(), ErrorKind::NotFound);
        }

        pub(super) $($async)? fn logins(cloud: &Emulator) {
            let client = <$client>::new(cloud.url());
            let mut login = $go!(client.start_login()).unwrap();
            let device_token = login.verification_url().rsplit('/').next().unwrap().to_owned();
            assert!(!format!("{login:?}").contains(&device_token));
            assert!(cloud.approve_login(&device_token, cloud.user()));
            let token = $go!(login.wait()).unwrap().to_user_token(&SystemClock);
            assert_eq!(token.user.as_ref().unwrap().email, cloud.user().email());
            assert!(!token.is_expired_at(runbeam_sdk::model::Clock::now(&SystemClock)));
            let client = client.with_token(&token.token);
            $go!(client.gateways().list()).unwrap();

            for end in ["denied", "expired"] {
                let mut login = $go!(client.start_login()).unwrap();
                let device_token = login.verification_url().rsplit('/').next().unwrap().to_owned();
                if end == "denied" {
                    assert!(cloud.deny_login(&device_token));
                } else {
                    cloud.advance(SignedDuration::from_mins(11));
                }
                let error = $go!(login.wait()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::SignIn);
                assert!(error.to_string().ends_with("; begin another one"), "{error}");
            }
        }

        pub(super) $($async)? fn anything_else(cloud: &Emulator) {
            let client = <$client>::new(cloud.url()).with_token(cloud.mint_jwt());
            let discovered = $go!(client.discover_base_url()).unwrap();
            $go!(discovered.gateways().list()).unwrap();

            let answer = $go!(client.request("POST", "/api/gateways").with_json(&json!({ "name": "raw" })).send()).unwrap();
            assert_eq!((answer.status(), answer.header("content-type")), (201, Some("application/json")));
            let created: Value = answer.json().unwrap();
            assert_eq!(created["data"]["name"], "raw");
            let page = $go!(client.request("GET", "gateways").with_query("per_page", "1").send()).unwrap();
            let page: Value = page.json().unwrap();
            assert_eq!(page["data"].as_array().unwrap().len(), 1);
            let wrong = $go!(client.request("GET", "gateways/../services").send()).unwrap_err();
            assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
            let refused = $go!(client.request("GET", "gateways/unknown").send()).unwrap_err();
            assert_eq!((refused.kind(), refused.status()), (ErrorKind::NotFound, Some(404)));
            assert_eq!($go!(client.revoke_gateway("unknown")).unwrap_err().kind(), ErrorKind::NotFound);
        }
    };
}

macro_rules! awaits {
    ($call:expr) => {
        $call.await
    };
}

#[cfg(feature = "blocking")]
macro_rules! waits {
    ($call:expr) => {
        $call
    };
}

mod asynchronous {
    suite!(runbeam_sdk::RunbeamClient, stream, awaits, async);
}

#[cfg(feature = "blocking")]
mod waiting {
    suite!(blocking::RunbeamClient, iter, waits,);
}

macro_rules! both {
    ($($name:ident)*) => {
        mod awaited {
            $(#[tokio::test]
            async fn $name() {
                let cloud = runbeam_emulator::Emulator::start().await.unwrap();
                super::asynchronous::$name(&cloud).await;
            })*
        }

        #[cfg(feature = "blocking")]
        mod waited {
            $(#[test]
            fn $name() {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                let cloud = runtime.block_on(runbeam_emulator::Emulator::start()).unwrap();
                super::waiting::$name(&cloud);
            })*
        }
    };
}

both!(every_kind the_way_of_a_change meshes_and_references a_whole_configuration logins anything_else);

#[cfg(feature = "blocking")]
#[tokio::test]
async fn the_client_that_waits_works_inside_async_code() {
    let cloud = Emulator::builder().start().await.unwrap();
    let client = blocking::RunbeamClient::new(cloud.url()).with_token(cloud.mint_sanctum_token());
    let listed = tokio::task::spawn_blocking(move || client.gateways().list());
    assert!(listed.await.unwrap().is_ok());
    let client = blocking::RunbeamClient::new("http://127.0.0.1:1").with_token("1|t");
    let error = client.gateways().list().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
}
