//! Any answer to a list, read as a page of every kind.

use std::fmt::Debug;

use runbeam_model::{
    Authentication, Backend, Change, Endpoint, Gateway, ListChanges, ListResources, Mesh,
    Middleware, Network, Operation, Page, Peer, Pipeline, Policy, Resource, Rule, Service, Target,
    Transform,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::shows;

/// A page is read where a naive reading finds rows with ids, as many as there are; it is written as something that reads
/// the same; an error shows nothing of the answer.
pub fn page(data: &[u8]) {
    kind::<Gateway>(data);
    kind::<Service>(data);
    kind::<Endpoint>(data);
    kind::<Backend>(data);
    kind::<Pipeline>(data);
    kind::<Middleware>(data);
    kind::<Transform>(data);
    kind::<Policy>(data);
    kind::<Rule>(data);
    kind::<Network>(data);
    kind::<Authentication>(data);
    kind::<Peer>(data);
    kind::<Target>(data);
    kind::<Mesh>(data);
    check::<Change>(data, ListChanges::new().read(data));
}

/// The one in `the answer to ... cannot be read`.
fn operation(error: &str) -> &str {
    error.split('`').nth(1).unwrap()
}

fn kind<R: Resource + PartialEq>(data: &[u8]) {
    check::<R>(data, ListResources::<R>::new().read(data));
}

fn check<T>(data: &[u8], read: Result<Page<T>, runbeam_model::ReadError>)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let naive = serde_json::from_slice::<Value>(data).ok();
    let rows = naive.as_ref().and_then(|value| value["data"].as_array());
    match read {
        Ok(page) => {
            // The naive reading takes the last of two names, and ours refuses them.
            assert_eq!(rows.unwrap().len(), page.data.len());
            let written = serde_json::to_vec(&page).unwrap();
            let again: Page<T> = serde_json::from_slice(&written).unwrap();
            assert_eq!(again, page);
            if let Some(next) = page.next_page() {
                let current = page.meta.as_ref().map_or(0, |meta| meta.current_page);
                assert!(page.meta.is_none() || next == current + 1);
            }
        }
        Err(error) => {
            let text = String::from_utf8_lossy(data);
            // The operation is named by us, in a word that an answer may hold as well.
            let shown = format!("{error} {error:?}").replace(operation(&error.to_string()), "");
            for value in text
                .split(['"', '{', '}', ',', ':'])
                .filter(|part| part.len() >= 12)
            {
                let is_of_name = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
                let is_ours = value.chars().all(is_of_name);
                assert!(
                    is_ours || !shows(&shown, value),
                    "an error shows what stands there: {shown}"
                );
            }
        }
    }
}
