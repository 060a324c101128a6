//! Pipelines, and the middlewares and transforms that requests pass in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::{draft, kind, record};
use crate::lenient::{all_lenient_object, lenient};
use crate::{AnyJson, GatewayId, Known, MiddlewareId, PipelineId, ServiceId, TransformId};

record! {
    /// A pipeline: the way of a request from endpoints through middleware to backends.
    Pipeline(PipelineId) tagged "pipeline" {
        /// What it is for.
        description: String,
        /// The gateway that runs it.
        gateway_id: Option<GatewayId>,
        /// The names of the networks that it listens on.
        networks: Vec<String>,
        /// Its endpoints by name.
        endpoints: BTreeMap<String, AnyJson>,
        /// Its backends by name.
        backends: BTreeMap<String, AnyJson>,
        /// Its middleware by name.
        middleware: BTreeMap<String, AnyJson>,
    }
}

draft! {
    /// What a pipeline is created or updated from.
    PipelineDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that runs it.
        with_gateway_id(gateway_id: GatewayId),
        /// The service that it is a part of.
        with_service_id(service_id: ServiceId),
        /// What it is for.
        with_description(description: text),
        /// The names of the networks that it listens on.
        with_networks(networks: texts),
        /// Its endpoints: a JSON object by name.
        with_endpoints(endpoints: AnyJson),
        /// Its backends: a JSON object by name.
        with_backends(backends: AnyJson),
        /// Its middleware: a JSON object by name.
        with_middleware(middleware: AnyJson),
    }
}

kind!(Pipeline(PipelineId, PipelineDraft): "pipeline" in "pipelines", of gateway_id);

record! {
    /// A middleware: what is done to requests on their way.
    Middleware(MiddlewareId) tagged "middleware" {
        /// What it does, such as `jwt_auth`.
        middleware_type: String,
        /// The code of the authentication that it asks for.
        authentication: Option<String>,
        /// Its options, as the server gives them.
        options: AnyJson,
    }
}

draft! {
    /// What a middleware is created or updated from.
    MiddlewareDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that has it.
        with_gateway_id(gateway_id: GatewayId),
        /// What it does, such as `jwt_auth`.
        with_middleware_type(middleware_type: text),
        /// The code of the authentication that it asks for.
        with_authentication(authentication: text),
        /// Its options.
        with_options(options: AnyJson),
    }
}

kind!(Middleware(MiddlewareId, MiddlewareDraft): "middleware" in "middlewares");

record! {
    /// A transform: a program that changes bodies.
    Transform(TransformId) tagged "transform" {
        /// The gateway that runs it.
        gateway_id: Known<GatewayId>,
        /// The program.
        options: Option<TransformOptions>,
    }
}

/// What a transform does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TransformOptions {
    /// Its program, a JSON text.
    #[serde(deserialize_with = "lenient")]
    pub instructions: Option<String>,
}

all_lenient_object!(TransformOptions);

draft! {
    /// What a transform is created or updated from.
    TransformDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that runs it.
        with_gateway_id(gateway_id: GatewayId),
        /// Its program, a JSON text.
        with_instructions(instructions: text),
    }
}

kind!(Transform(TransformId, TransformDraft): "transform" in "transforms", of gateway_id);
