//! Who saves and loads.

use std::fs;
use std::hint::black_box;
use std::rc::Rc;

use age::x25519::Identity;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use runbeam_model::MachineToken;
use runbeam_store::{EntryName, Precondition, SecretStore};

use crate::fixture::{Fixture, automatic, instance, runtime, with_key};

/// Does the piece of work of this number.
pub(crate) type Work<'a> = Box<dyn FnMut(usize) + 'a>;

pub(crate) struct Contender<'a> {
    pub(crate) title: &'static str,
    pub(crate) name: &'static str,
    /// Makes ready for one batch: what it may remember is gone with the batch.
    pub(crate) start: Box<dyn Fn() -> Work<'a> + 'a>,
}

impl<'a> Contender<'a> {
    fn save(name: &'static str, start: impl Fn() -> Work<'a> + 'a) -> Self {
        Self {
            title: "durable save of a token that replaces one",
            name,
            start: Box::new(start),
        }
    }

    fn load(name: &'static str, start: impl Fn() -> Work<'a> + 'a) -> Self {
        Self {
            title: "load of a token that this store has not loaded before",
            name,
            start: Box::new(start),
        }
    }
}

pub(crate) fn save_bare(fixture: &Fixture) -> Contender<'_> {
    Contender::save("bare: age, write, fsync, rename, fsync", || {
        Box::new(|_| fixture.save_bare())
    })
}

fn save<'a>(store: impl SecretStore + 'a, fixture: &'a Fixture) -> Work<'a> {
    let runtime = runtime();
    let (instance, entry) = (instance(0), EntryName::machine_token());
    Box::new(move |_| {
        let saved = store.save(&instance, &entry, &fixture.value, Precondition::Any);
        black_box(runtime.block_on(saved).unwrap());
    })
}

pub(crate) fn save_with_key(fixture: &Fixture) -> Contender<'_> {
    Contender::save("ours, a key for all instances", || {
        save(with_key(fixture), fixture)
    })
}

pub(crate) fn save_with_own_key(fixture: &Fixture) -> Contender<'_> {
    Contender::save("ours, the key of the instance", || {
        save(automatic(fixture), fixture)
    })
}

pub(crate) fn save_by_the_earlier_sdk(fixture: &Fixture) -> Contender<'_> {
    Contender::save("the earlier SDK, which is not durable", || {
        let (runtime, token) = (runtime(), fixture.earlier_token());
        Box::new(move |_| {
            let saved = earlier_sdk::save_machine_token("gateway-0", &token);
            runtime.block_on(saved).unwrap();
        })
    })
}

pub(crate) fn load_bare(fixture: &Fixture) -> Contender<'_> {
    Contender::load("bare: read, age", || {
        Box::new(|number| {
            let path = fixture.with_key.join(instance(number).as_str());
            let sealed = fs::read(path.join("auth.json")).unwrap();
            black_box(age::decrypt(&fixture.identity, &sealed).unwrap());
        })
    })
}

pub(crate) fn load_bare_with_key_file(fixture: &Fixture) -> Contender<'_> {
    Contender::load("bare: read the key, too", || {
        Box::new(|number| {
            let path = fixture.with_own_key.join(instance(number).as_str());
            let key = STANDARD
                .decode(fs::read(path.join("encryption.key")).unwrap())
                .unwrap();
            let identity: Identity = std::str::from_utf8(&key).unwrap().parse().unwrap();
            let sealed = fs::read(path.join("auth.json")).unwrap();
            black_box(age::decrypt(&identity, &sealed).unwrap());
        })
    })
}

fn load<'a>(store: impl SecretStore + 'a) -> Work<'a> {
    let (runtime, entry) = (runtime(), EntryName::machine_token());
    Box::new(move |number| {
        let loaded = runtime.block_on(store.load(&instance(number), &entry));
        black_box(loaded.unwrap().unwrap());
    })
}

pub(crate) fn load_with_key(fixture: &Fixture) -> Contender<'_> {
    Contender::load("ours, a key for all instances", || load(with_key(fixture)))
}

pub(crate) fn load_with_own_key(fixture: &Fixture) -> Contender<'_> {
    Contender::load("ours, the key of the instance", || load(automatic(fixture)))
}

/// As the quick function does it: the store is opened for each call, and the token is parsed.
pub(crate) fn load_token(fixture: &Fixture) -> Contender<'_> {
    Contender::load("ours, opened for each token", move || {
        let (runtime, entry) = (runtime(), EntryName::machine_token());
        Box::new(move |number| {
            let (store, instance) = (automatic(fixture), instance(number));
            let loaded = runtime.block_on(store.load_value(&instance, &entry));
            let token: MachineToken = loaded.unwrap().unwrap();
            black_box(token);
        })
    })
}

pub(crate) fn load_by_the_earlier_sdk(_: &Fixture) -> Contender<'_> {
    Contender::load("the earlier SDK", || {
        let runtime = runtime();
        Box::new(move |number| {
            let instance = instance(number);
            let loaded = earlier_sdk::load_machine_token(instance.as_str());
            black_box(runtime.block_on(loaded).unwrap().unwrap());
        })
    })
}

pub(crate) fn load_again(fixture: &Fixture) -> Contender<'_> {
    let store = Rc::new(automatic(fixture));
    let start = move || {
        let (store, runtime) = (store.clone(), runtime());
        let (instance, entry) = (instance(0), EntryName::machine_token());
        let again = move |_: usize| {
            black_box(runtime.block_on(store.load(&instance, &entry)).unwrap());
        };
        again(0);
        Box::new(again) as Work<'_>
    };
    Contender {
        title: "load again of a token that has not changed",
        name: "ours, through an opened store",
        start: Box::new(start),
    }
}
