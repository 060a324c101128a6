//! A server of keys without a network, which notices when it is asked too much.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use runbeam_model::{Clock, Origin, Timestamp};
use serde_json::json;
use shuttle::rand::Rng;
use tokio::sync::watch;

use crate::JwkSet;
use crate::jwks_cache::kept_set::KeptSet;
use crate::jwks_cache::key_endpoint::{Answer, Fetched};
use crate::jwks_cache::key_server::KeyServer;

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// With the set whose one key is of this id.
    Good(&'static str),
    /// With an error.
    Failing,
    /// With the set of this key or with an error, by chance.
    Chancy(&'static str),
    /// Never.
    Silent,
}

/// The server, as its clients and the test share it.
#[derive(Clone)]
pub(super) struct ScriptedServer {
    shared: Arc<Shared>,
}

struct Shared {
    origin: Origin,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    in_flight: AtomicUsize,
    /// Closed when a question that was not answered is taken back.
    taken_back: Mutex<Option<watch::Sender<()>>>,
}

impl ScriptedServer {
    pub(super) fn new(mood: Mood) -> Self {
        Self {
            shared: Arc::new(Shared {
                origin: Origin::of("https://keys.example.com").unwrap(),
                mood: Mutex::new(mood),
                asked: AtomicUsize::new(0),
                in_flight: AtomicUsize::new(0),
                taken_back: Mutex::new(None),
            }),
        }
    }

    pub(super) fn change(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// What closes when the next question is taken back, or was answered.
    pub(super) fn end_of_next_question(&self) -> watch::Receiver<()> {
        let (sender, receiver) = watch::channel(());
        *self.shared.taken_back.lock().unwrap() = Some(sender);
        receiver
    }

    fn mood(&self) -> Mood {
        *self.shared.mood.lock().unwrap()
    }
}

impl KeyServer for ScriptedServer {
    fn server(&self) -> &Origin {
        &self.shared.origin
    }

    async fn ask(&self, _: Option<Arc<KeptSet>>, _: bool) -> Result<Answer, String> {
        let _question = Question::begin(&self.shared);
        for _ in 0..shuttle::rand::thread_rng().gen_range(0..3) {
            shuttle::future::yield_now().await;
        }
        let key_id = match self.mood() {
            Mood::Good(key_id) => Some(key_id),
            Mood::Chancy(key_id) => shuttle::rand::thread_rng().gen_bool(0.5).then_some(key_id),
            Mood::Failing => None,
            Mood::Silent => std::future::pending().await,
        };
        key_id
            .map(|key_id| Answer::Fetched(fetched(key_id)))
            .ok_or_else(|| "no answer".to_owned())
    }
}

struct Question<'a> {
    shared: &'a Shared,
    _end: Option<watch::Sender<()>>,
}

impl<'a> Question<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.asked.fetch_add(1, Ordering::SeqCst);
        let others = shared.in_flight.fetch_add(1, Ordering::SeqCst);
        assert_eq!(others, 0, "two fetches are in flight");
        let _end = shared.taken_back.lock().unwrap().take();
        Self { shared, _end }
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An answer whose set has one key of this id. The key is sound by its form, and nobody checks a signature here.
pub(super) fn fetched(key_id: &'static str) -> Fetched {
    static SETS: Mutex<BTreeMap<&str, JwkSet>> = Mutex::new(BTreeMap::new());
    let mut sets = SETS.lock().unwrap();
    let keys = sets.entry(key_id).or_insert_with(|| {
        let modulus = URL_SAFE_NO_PAD.encode([0xc3; 256]);
        let key = json!({"kty": "RSA", "kid": key_id, "n": modulus, "e": "AQAB"});
        let keys = JwkSet::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
        assert_eq!(keys.len(), 1);
        keys
    });
    Fetched {
        url: "https://keys.example.com/keys".into(),
        keys: keys.clone(),
        document: Bytes::new(),
        etag: None,
        life: None,
    }
}

/// A clock whose reading is a point at which other tasks may go on, and move it.
#[derive(Debug, Default)]
pub(super) struct SharedClock {
    seconds: AtomicU64,
}

impl SharedClock {
    pub(super) fn advance(&self, seconds: u64) {
        shuttle::thread::yield_now();
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        shuttle::thread::yield_now();
        Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }
}
