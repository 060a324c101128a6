//! What a test does to a running emulator: time, keys, logins, changes, faults, and everything that it remembers.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::Emulator;
use crate::{
    accounts::User,
    admin::control,
    changes::{ChangeSpec, ChangeStatus},
    clock::Clock,
    error::Error,
    faults::FaultRule,
    issuer::SigningKey,
    limits::RateLimits,
    logins::Decision,
    operation::Operation,
    request_log::LoggedRequest,
};

impl Emulator {
    /// The clock, to move and to freeze.
    ///
    /// With a data file, use [`Emulator::advance`] where the next start is to find the clock where it was left.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.cloud.clock.clone()
    }

    /// Moves the clock; a negative duration moves it back.
    pub fn advance(&self, by: SignedDuration) {
        self.cloud.clock.advance(by);
        control::keep_clock(&self.cloud);
    }

    /// Signs with a new key from now on. The former ones stay published, so that their tokens stay good.
    ///
    /// A new key takes some tens of milliseconds of all cores: inside an async task, wrap it in `spawn_blocking`, or
    /// hand a key over with [`Emulator::rotate_key_to`].
    pub fn rotate_key(&self) -> SigningKey {
        let key = SigningKey::generate();
        self.rotate_key_to(key.clone());
        key
    }

    /// Signs with this key from now on.
    pub fn rotate_key_to(&self, key: SigningKey) {
        control::rotate_to(&self.cloud, key);
    }

    /// Publishes a key no more, and takes its tokens no more. Whether that was done: the key that is left as the last
    /// one stays, and a key that is not known cannot go.
    pub fn withdraw_key(&self, key_id: &str) -> bool {
        control::withdraw(&self.cloud, key_id).is_ok()
    }

    /// Publishes an elliptic-curve key beside the others, or stops to.
    ///
    /// A key set may hold keys that are not for the reader to use; clients must pass over them.
    pub fn publish_elliptic_curve_neighbour(&self, is_wanted: bool) {
        self.cloud.keyring.set_neighbour(is_wanted);
    }

    /// Ends a Sanctum token at once; its id is the number before the bar. Whether there was one.
    pub fn revoke_sanctum_token(&self, id: u64) -> bool {
        self.cloud.alter(|records| records.revoke_sanctum(id))
    }

    /// Approves a device login as a user. Whether it was open and not expired.
    pub fn approve_login(&self, device_token: &str, user: &User) -> bool {
        let decision = Decision::Approved(user.id().to_owned());
        let now = self.cloud.now();
        let mut records = self.cloud.read();
        records.logins.decide(device_token, decision, now)
    }

    /// Denies a device login. Whether it was open and not expired.
    pub fn deny_login(&self, device_token: &str) -> bool {
        let now = self.cloud.now();
        let mut records = self.cloud.read();
        records.logins.decide(device_token, Decision::Denied, now)
    }

    /// Queues a change for the gateway with this id, and gives the id of the change; `None` without such a gateway.
    #[must_use = "without a gateway nothing is queued"]
    pub fn queue_change(&self, gateway_id: &str, spec: ChangeSpec) -> Option<String> {
        let now = self.cloud.now();
        self.cloud
            .alter(|records| records.queue(spec, gateway_id, now))
            .map(|change| change.id)
    }

    /// How far a change has come.
    #[must_use]
    pub fn change_status(&self, id: &str) -> Option<ChangeStatus> {
        self.cloud
            .read()
            .changes()
            .find(id)
            .map(|change| change.status)
    }

    /// Puts a fault in force and gives the number under which it can be ended.
    ///
    /// # Panics
    ///
    /// When no answer can be made of the fault: a status outside 200 to 599, pieces of no bytes, a content type that
    /// no header may hold, or a probability outside 0 to 1.
    pub fn inject(&self, rule: FaultRule) -> u64 {
        let objection = rule.objection();
        assert!(objection.is_none(), "{}", objection.unwrap_or_default());
        self.cloud.faults.add(rule)
    }

    /// Ends a fault. Whether it was in force.
    pub fn end_fault(&self, number: u64) -> bool {
        self.cloud.faults.remove(number)
    }

    /// Ends all faults.
    pub fn end_all_faults(&self) {
        self.cloud.faults.clear();
    }

    /// Limits how often clients may call, and forgets what was counted.
    pub fn set_rate_limits(&self, limits: RateLimits) {
        self.cloud.limiter.set(limits);
    }

    /// The last requests, 1,000 at most, oldest first, without credentials.
    #[must_use]
    pub fn logged_requests(&self) -> Vec<LoggedRequest> {
        self.cloud.log.after(0)
    }

    /// Waits for a request that is wanted, among the remembered ones and those to come.
    ///
    /// It waits as long as it takes: put a deadline around it.
    pub async fn wait_for_request(
        &self,
        is_wanted: impl Fn(&LoggedRequest) -> bool + Send,
    ) -> LoggedRequest {
        self.cloud.log.wait_for(is_wanted).await
    }

    /// Waits until so many requests for an operation have been answered; see [`Emulator::wait_for_request`].
    pub async fn wait_for_requests(&self, operation: Operation, count: usize) {
        if count == 0 {
            return;
        }
        // What arrived is counted before it is answered and logged: the log decides, so that the answer is sent.
        loop {
            let logged = self.logged_requests();
            let of_operation = |one: &&LoggedRequest| one.operation == Some(operation.id());
            if logged.iter().filter(of_operation).count() >= count {
                return;
            }
            let last = logged.last().map_or(0, |one| one.number);
            self.wait_for_request(|one| one.number > last).await;
        }
    }

    /// Everything that is remembered, for another emulator to be seeded with: no tokens but their SHA-256 digests, and
    /// no keys.
    #[must_use]
    pub fn dump(&self) -> Map<String, Value> {
        control::dump(&self.cloud)
    }

    /// Adds what a document in the form of a dump holds. Most fields may be left out; see the documentation of the
    /// crate.
    ///
    /// # Errors
    ///
    /// A row is wrong. The rows before it have been added.
    pub fn seed(&self, document: &Map<String, Value>) -> Result<(), Error> {
        control::seed(&self.cloud, document).map_err(Error::seed)
    }

    /// Goes back to the state of the start without seeds: no records but the default user, no tokens, no faults and
    /// limits, real time, an empty log. The keys stay.
    pub fn reset(&self) {
        control::reset(&self.cloud);
    }
}
