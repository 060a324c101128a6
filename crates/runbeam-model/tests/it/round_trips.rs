//! What is read from the contract's examples is written as it was.

use std::fmt::Debug;

use runbeam_model::{
    AcknowledgeResponse, Authentication, Backend, BaseUrlResponse, Change, ChangeStatusResponse,
    Endpoint, Gateway, GatewayConfiguration, Mesh, MeshEgress, MeshIngress, Middleware, Network,
    Page, Peer, Pipeline, Policy, ResolveResponse, Resource, Rule, Runbeam, Service, Target,
    Transform,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::examples::example;

/// An example without what says nothing: nulls, empty lists and objects, and the buttons of pages, which are not kept.
fn told(value: &Value) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    };
    match value {
        Value::Array(list) => Value::Array(list.iter().map(told).collect()),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(name, value)| (name, told(value)))
                .filter(|(_, value)| says(value))
                .map(|(name, value)| (name.clone(), value))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn without_buttons(mut value: Value) -> Value {
    if let Some(meta) = value.get_mut("meta").and_then(Value::as_object_mut) {
        meta.remove("links");
    }
    value
}

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str) {
    let Some(text) = example(&format!("cloud-{name}")) else {
        return;
    };
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_value(&read).unwrap();
    let expected = without_buttons(serde_json::from_str(&text).unwrap());
    assert_eq!(told(&written), told(&expected), "{name}");
    assert_eq!(
        serde_json::from_value::<T>(written).unwrap(),
        read,
        "{name}"
    );
}

/// The envelope around one resource.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct One<T> {
    data: T,
}

fn check_kind<R: Resource + PartialEq>() {
    check::<One<R>>(&format!("{}-show", R::KIND));
    check::<Page<R>>(&format!("{}-index", R::COLLECTION));
}

#[test]
fn every_kind_is_written_as_it_was_read() {
    check_kind::<Gateway>();
    check_kind::<Service>();
    check_kind::<Endpoint>();
    check_kind::<Backend>();
    check_kind::<Pipeline>();
    check_kind::<Middleware>();
    check_kind::<Transform>();
    check_kind::<Policy>();
    check_kind::<Rule>();
    check_kind::<Network>();
    check_kind::<Authentication>();
    check_kind::<Peer>();
    check_kind::<Target>();
    check_kind::<Mesh>();
}

#[test]
fn everything_else_is_written_as_it_was_read() {
    check::<One<Gateway>>("gateway-store-201");
    check::<Page<Gateway>>("gateways-index-two-pages");
    check::<Page<Gateway>>("gateways-index-empty");
    check::<GatewayConfiguration>("gateway-configuration");
    check::<Runbeam>("runbeam-type");
    check::<MeshIngress>("mesh-ingress-type");
    check::<MeshEgress>("mesh-egress-type");
    check::<BaseUrlResponse>("base-url");
    check::<Page<Change>>("changes-index");
    check::<One<Change>>("change-show-pending");
    check::<One<Change>>("change-show-applied");
    check::<One<Change>>("change-show-failed");
    check::<AcknowledgeResponse>("changes-acknowledge");
    check::<AcknowledgeResponse>("changes-acknowledge-partial");
    check::<ChangeStatusResponse>("change-applied");
    check::<ChangeStatusResponse>("change-failed");
    check::<ResolveResponse>("resolve-ingress");
}
