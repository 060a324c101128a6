//! What a log shows of the keys: one warning for an outage, and not one for each token.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fixture::{NOW, clock, jwks, key, token};
use crate::raw_endpoint::{RawEndpoint, Reply, response};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Keeps `LEVEL message` of each event of the crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 += &format!(" {value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("runbeam_auth")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(event.metadata().level().to_string());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

// On one thread, so that the log of this thread sees what the fetches say.
#[tokio::test]
async fn an_outage_is_told_once_and_so_is_its_end() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    // What other tests found out about who listens is not true any more.
    tracing::callsite::rebuild_interest_cache();
    let tagged = response(200, &[("etag", "\"v1\"")], &jwks(&[key().jwk()]));
    let server = RawEndpoint::start(Reply::Whole(tagged)).await;
    let clock = clock();
    let verifier = server.verifier(&clock).with_key_ttl(HOUR).build().unwrap();
    let good = token(json!({"exp": NOW + 1_000_000}));
    verifier.verify(&good).await.unwrap();

    server.answer(Reply::Close);
    clock.advance(HOUR);
    for _ in 0..20 {
        // More than twice the cool-down, so that each token waits for a fetch of its own.
        clock.advance(Duration::from_secs(61));
        verifier.verify(&good).await.unwrap();
        verifier.verify(&good).await.unwrap();
    }
    server.answer(Reply::Whole(response(304, &[], "")));
    clock.advance(Duration::from_secs(61));
    verifier.verify(&good).await.unwrap();

    let mut events = log.0.lock().unwrap().clone();
    events.dedup();
    assert_eq!(
        events,
        [
            "DEBUG fetched a key set",
            "WARN cannot fetch a key set",
            "WARN using stale keys: no new key set can be had",
            "DEBUG still cannot fetch a key set",
            "DEBUG revalidated the key set",
            "INFO key sets can be had again",
        ]
    );
}
