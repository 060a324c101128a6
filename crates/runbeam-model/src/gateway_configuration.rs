//! Everything that a gateway runs by.

use serde::{Deserialize, Serialize};

use crate::definition::record;
use crate::lenient::lenient;
use crate::{
    Authentication, Backend, Endpoint, Gateway, GatewayId, Middleware, Network, Peer, Pipeline,
    Policy, Rule, RunbeamId, Service, Target, Transform,
};

record! {
    /// How a gateway talks to the cloud. The API has no operation for it: it occurs in configurations.
    Runbeam(RunbeamId) tagged "runbeam" {
        /// The gateway.
        gateway_id: Option<GatewayId>,
        /// Whether it talks to the cloud.
        enabled: Option<bool>,
        /// Where the cloud is.
        cloud_api_base_url: Option<String>,
        /// How often it asks for changes, in seconds.
        poll_interval_secs: Option<u32>,
    }
}

/// Everything that a gateway runs by: itself, and all resources that are its own or its whole team's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GatewayConfiguration {
    /// The gateway itself.
    pub gateway: Gateway,
    /// Those outside who call it.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// The systems that it sends to.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What it offers.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Where requests come in.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Where requests go.
    #[serde(default)]
    pub backends: Vec<Backend>,
    /// The ways of requests.
    #[serde(default)]
    pub pipelines: Vec<Pipeline>,
    /// What is done to requests on their way.
    #[serde(default)]
    pub middlewares: Vec<Middleware>,
    /// Programs that change bodies.
    #[serde(default)]
    pub transforms: Vec<Transform>,
    /// Which requests pass.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// What policies are made of.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Where it listens.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// How it talks to the cloud, where a server says so: the lists do not.
    #[serde(default, deserialize_with = "lenient")]
    pub runbeam: Option<Runbeam>,
    /// How others prove who they are.
    #[serde(default)]
    pub authentications: Vec<Authentication>,
}

impl GatewayConfiguration {
    /// The configuration of `gateway`, with nothing in it yet.
    #[must_use]
    pub fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            peers: Vec::new(),
            targets: Vec::new(),
            services: Vec::new(),
            endpoints: Vec::new(),
            backends: Vec::new(),
            pipelines: Vec::new(),
            middlewares: Vec::new(),
            transforms: Vec::new(),
            policies: Vec::new(),
            rules: Vec::new(),
            networks: Vec::new(),
            runbeam: None,
            authentications: Vec::new(),
        }
    }
}
