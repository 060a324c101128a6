//! What the contenders keep: one token, in as many instances as a batch of loads has.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::x25519::Identity;
use runbeam_model::{MachineToken, SecretBytes};
use runbeam_store::{AgeFileStore, EntryName, InstanceId, Precondition, SecretStore, Store};
use tokio::runtime::Runtime;

/// Each is loaded once in a batch, so that nothing is remembered of it.
pub(crate) const INSTANCES: usize = 32;

pub(crate) const KEY: &str =
    "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

const TOKEN: &str = r#"{
  "machine_token": "mt_fe7f7ccc3fc17be1d0804567821a101836b66dd8eb03ed76",
  "expires_at": "2036-02-11T08:15:30.000000Z",
  "gateway_id": "01kctftk2mdjffee5fqs6capf6",
  "gateway_code": "edge-lisbon",
  "abilities": ["harmony:send", "harmony:receive", "harmony:config"],
  "issued_at": "2026-01-12T08:15:31.204518Z"
}"#;

pub(crate) struct Fixture {
    /// Below it, files that one key seals.
    pub(crate) with_key: PathBuf,
    /// Below it, files that a key of each instance seals.
    pub(crate) with_own_key: PathBuf,
    /// A directory for the bare contenders.
    pub(crate) bare: PathBuf,
    pub(crate) identity: Identity,
    pub(crate) token: MachineToken,
    pub(crate) value: SecretBytes,
}

impl Fixture {
    pub(crate) fn new(scratch: &Path) -> Self {
        let token: MachineToken = TOKEN.parse().unwrap();
        let fixture = Self {
            with_key: scratch.join("with-key"),
            with_own_key: scratch.join("with-own-key"),
            bare: scratch.join("bare"),
            identity: KEY.parse().unwrap(),
            value: token.to_json(),
            token,
        };
        fs::create_dir(&fixture.bare).unwrap();
        fs::create_dir(scratch.join("home")).unwrap();
        fixture.fill();
        fixture
    }

    fn fill(&self) {
        let runtime = runtime();
        let (common, own) = (with_key(self), automatic(self));
        let entry = EntryName::machine_token();
        for instance in (0..INSTANCES).map(instance) {
            for saved in [
                runtime.block_on(common.save(&instance, &entry, &self.value, Precondition::Any)),
                runtime.block_on(own.save(&instance, &entry, &self.value, Precondition::Any)),
            ] {
                saved.unwrap();
            }
            let earlier = self.earlier_token();
            let saved = earlier_sdk::save_machine_token(instance.as_str(), &earlier);
            runtime.block_on(saved).unwrap();
        }
    }

    pub(crate) fn earlier_token(&self) -> earlier_sdk::MachineToken {
        earlier_sdk::MachineToken::new(
            self.token.machine_token.expose().to_owned(),
            self.token.expires_at.to_string(),
            self.token.gateway_id.to_string(),
            self.token.abilities.clone(),
        )
    }

    /// What our store does at least: seal, write, make durable, rename, make the name durable.
    pub(crate) fn save_bare(&self) {
        let sealed = age::encrypt(&self.identity.to_public(), self.value.expose()).unwrap();
        let (temporary, name) = (self.bare.join("temporary"), self.bare.join("auth.json"));
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .unwrap();
        file.write_all(&sealed).unwrap();
        file.sync_all().unwrap();
        fs::rename(temporary, name).unwrap();
        File::open(&self.bare).unwrap().sync_all().unwrap();
    }
}

/// A store with one key for all instances.
pub(crate) fn with_key(fixture: &Fixture) -> AgeFileStore {
    AgeFileStore::new(&fixture.with_key)
        .unwrap()
        .with_encryption_key(&KEY.into())
        .unwrap()
}

/// A store with a key of each instance, as it is used where there is no keyring.
pub(crate) fn automatic(fixture: &Fixture) -> Store {
    Store::builder()
        .with_root(&fixture.with_own_key)
        .without_keyring()
        .build()
        .unwrap()
}

pub(crate) fn instance(number: usize) -> InstanceId {
    format!("gateway-{number}").parse().unwrap()
}

/// On the thread that asks; what blocks has a thread of its own, which is there before the time is taken.
pub(crate) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::task::spawn_blocking(|| ()).await })
        .unwrap();
    runtime
}
