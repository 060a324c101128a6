//! Services, and the endpoints and backends that they are made of.

use crate::definition::{draft, kind, record};
use crate::{AnyJson, BackendId, ConnectionConfig, EndpointId, GatewayId, Known, ServiceId};

record! {
    /// A service: what a gateway offers, made of endpoints and backends.
    Service(ServiceId) tagged "service" {
        /// The gateway that offers it.
        gateway_id: Known<GatewayId>,
        /// What it is for.
        description: Option<String>,
        /// Its type, which the first version of the API has.
        service_type: Option<String>,
    }
}

draft! {
    /// What a service is created or updated from.
    ServiceDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that offers it.
        with_gateway_id(gateway_id: GatewayId),
        /// What it is for.
        with_description(description: text),
    }
}

kind!(Service(ServiceId, ServiceDraft): "service" in "services", of gateway_id);

record! {
    /// An endpoint: where requests come in.
    Endpoint(EndpointId) tagged "endpoint" {
        /// The gateway that has it.
        gateway_id: Option<GatewayId>,
        /// The service that it is a part of.
        service_id: Option<ServiceId>,
        /// The code of the peer that calls it.
        peer_ref: Option<String>,
        /// Where it is reached.
        connection: Option<ConnectionConfig>,
        /// The code of the authentication that it asks for.
        authentication: Option<String>,
        /// Its path.
        path: Option<String>,
        /// The HTTP methods that it takes.
        methods: Vec<String>,
        /// What it is for.
        description: Option<String>,
        /// Further options, as the server gives them.
        options: AnyJson,
    }
}

draft! {
    /// What an endpoint is created or updated from.
    EndpointDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that has it.
        with_gateway_id(gateway_id: GatewayId),
        /// The service that it is a part of.
        with_service_id(service_id: ServiceId),
        /// Its path.
        with_path(path: text),
        /// The HTTP methods that it takes.
        with_methods(methods: texts),
        /// What it is for.
        with_description(description: text),
        /// The code of the peer that calls it.
        with_peer_ref(peer_ref: text),
        /// Where it is reached.
        with_connection(connection: ConnectionConfig),
        /// The code of the authentication that it asks for.
        with_authentication(authentication: text),
        /// Further options.
        with_options(options: AnyJson),
    }
}

kind!(Endpoint(EndpointId, EndpointDraft): "endpoint" in "endpoints", of gateway_id);

record! {
    /// A backend: where requests go.
    Backend(BackendId) tagged "backend" {
        /// The gateway that has it.
        gateway_id: Option<GatewayId>,
        /// The service that it is a part of.
        service_id: Option<ServiceId>,
        /// The code of the target that it sends to.
        target_ref: Option<String>,
        /// Where it is reached.
        connection: Option<ConnectionConfig>,
        /// The code of the authentication that it uses.
        authentication: Option<String>,
        /// Its address as a whole.
        url: Option<String>,
        /// How long it may take, in seconds.
        timeout_seconds: Option<u32>,
        /// How often a request is tried again.
        max_retries: Option<u32>,
        /// Further options, as the server gives them.
        options: AnyJson,
    }
}

draft! {
    /// What a backend is created or updated from.
    BackendDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that has it.
        with_gateway_id(gateway_id: GatewayId),
        /// The service that it is a part of.
        with_service_id(service_id: ServiceId),
        /// Its address as a whole.
        with_url(url: text),
        /// How long it may take, in seconds.
        with_timeout_seconds(timeout_seconds: u32),
        /// How often a request is tried again.
        with_max_retries(max_retries: u32),
        /// The code of the target that it sends to.
        with_target_ref(target_ref: text),
        /// Where it is reached.
        with_connection(connection: ConnectionConfig),
        /// The code of the authentication that it uses.
        with_authentication(authentication: text),
        /// Further options.
        with_options(options: AnyJson),
    }
}

kind!(Backend(BackendId, BackendDraft): "backend" in "backends", of gateway_id);
