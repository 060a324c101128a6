//! Networks that a gateway listens on, authentications that it asks for, and the peers and targets around it.

use crate::definition::{draft, kind, record};
use crate::open_enum::open_enum;
use crate::{
    AnyJson, AuthenticationId, ConnectionConfig, GatewayId, NetworkId, PeerId, TargetId, TcpConfig,
};

record! {
    /// A network that a gateway listens on.
    Network(NetworkId) tagged "network" {
        /// The gateway that listens on it.
        gateway_id: Option<GatewayId>,
        /// Whether it is a WireGuard network.
        enable_wireguard: bool,
        /// The interface of the machine.
        interface: Option<String>,
        /// Where it listens, as the server names it; see [`Network::listener`].
        http: Option<TcpConfig>,
        /// Where it listens, as later servers name it; see [`Network::listener`].
        #[serde(skip_serializing_if = "Option::is_none")]
        tcp_config: Option<TcpConfig>,
    }
}

impl Network {
    /// Where it listens, by either name.
    #[must_use]
    pub fn listener(&self) -> Option<&TcpConfig> {
        self.http.as_ref().or(self.tcp_config.as_ref())
    }
}

draft! {
    /// What a network is created or updated from.
    NetworkDraft {
        enable_wireguard: bool,
        bind_address: text,
        bind_port: u16,
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that listens on it.
        with_gateway_id(gateway_id: GatewayId),
        /// The interface of the machine.
        with_interface(interface: text),
    }
}

kind!(Network(NetworkId, NetworkDraft): "network" in "networks", of gateway_id);

open_enum! {
    /// How somebody proves who they are.
    AuthenticationMethod {
        /// With a JWT.
        Jwt = "jwt",
        /// With a name and a password.
        Basic = "basic",
        /// With a bearer token.
        Bearer = "bearer",
        /// With an API key.
        ApiKey = "api_key" | "api-key",
        /// With a certificate.
        MutualTls = "mutual_tls" | "mutual-tls",
        /// In a way of one's own.
        Custom = "custom",
        /// Not at all.
        None = "none",
    }
}

record! {
    /// An authentication: a named way to prove who one is.
    Authentication(AuthenticationId) tagged "authentication" {
        /// The gateway that asks for it.
        gateway_id: Option<GatewayId>,
        /// How. Empty where the server leaves it out.
        method: AuthenticationMethod,
        /// Its options, as the server gives them.
        options: AnyJson,
    }
}

draft! {
    /// What an authentication is created or updated from.
    AuthenticationDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that asks for it.
        with_gateway_id(gateway_id: GatewayId),
        /// How.
        with_method(method: AuthenticationMethod),
        /// Its options.
        with_options(options: AnyJson),
    }
}

kind!(Authentication(AuthenticationId, AuthenticationDraft): "authentication" in "authentications", of gateway_id);

/// Peers and targets differ in their direction alone.
macro_rules! neighbour {
    ($name:ident $id:ident $draft:ident $tag:literal $collection:literal $what:literal) => {
        record! {
            #[doc = $what]
            $name($id) tagged $tag {
                /// The gateway that knows it.
                gateway_id: Option<GatewayId>,
                /// Where it is reached.
                connection: Option<ConnectionConfig>,
                /// Its protocol, such as `https`.
                protocol: Option<String>,
                /// What it is for.
                description: Option<String>,
                /// Whether it is used.
                enabled: Option<bool>,
                /// The code of the authentication that is used with it.
                authentication: Option<String>,
                /// Words to find it by.
                tags: Vec<String>,
                /// How long it may take, in seconds.
                timeout_secs: Option<u32>,
                /// How often a request is tried again.
                max_retries: Option<u32>,
            }
        }

        draft! {
            #[doc = concat!("What a ", $tag, " is created or updated from.")]
            $draft {
                ;
                /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
                with_code(code: text),
                /// The gateway that knows it.
                with_gateway_id(gateway_id: GatewayId),
                /// Where it is reached.
                with_connection(connection: ConnectionConfig),
                /// Its protocol, such as `https`.
                with_protocol(protocol: text),
                /// What it is for.
                with_description(description: text),
                /// Whether it is used.
                with_enabled(enabled: bool),
                /// The code of the authentication that is used with it.
                with_authentication(authentication: text),
                /// Words to find it by.
                with_tags(tags: texts),
                /// How long it may take, in seconds.
                with_timeout_secs(timeout_secs: u32),
                /// How often a request is tried again.
                with_max_retries(max_retries: u32),
            }
        }

        kind!($name($id, $draft): $tag in $collection, of gateway_id);
    };
}

neighbour!(Peer PeerId PeerDraft "peer" "peers" "A peer: somebody outside who calls the gateway.");
neighbour!(Target TargetId TargetDraft "target" "targets" "A target: a system that the gateway sends to.");
