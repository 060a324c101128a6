//! The kinds of resources: one definition each, from which their operations, rules and answers follow.

mod definition;

pub(crate) use definition::{Field, Rule, Shown};

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Gateway,
    Service,
    Endpoint,
    Backend,
    Pipeline,
    Middleware,
    Transform,
    Policy,
    Network,
    Authentication,
    Peer,
    Target,
    Rule,
    Mesh,
    /// Where a mesh comes in. No operation of the cloud manages it; seeds and gateways bring it.
    Ingress,
    /// Where a mesh goes out. As with [`Kind::Ingress`], no operation manages it.
    Egress,
}

/// What there is to say about a kind.
pub(crate) struct Definition {
    /// The value of `type` in an answer, and the model in words.
    pub(crate) tag: &'static str,
    /// The last part of the address of its list, and its name in seeds and dumps.
    pub(crate) plural: &'static str,
    /// The model in messages.
    pub(crate) model: &'static str,
    pub(crate) fields: &'static [Field],
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
}

/// What surrounds the fields of a kind in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// `type`, `code`, `team_id` and the times.
    Full,
    /// `id` and `name` alone; `type` is a field of its own.
    Bare,
}

/// How a kind belongs to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// It is one.
    Itself,
    /// Every record names a gateway; without a word from the client it is the team's first.
    Needed,
    /// A record may name a gateway.
    Optional,
    /// A record may name a gateway, and answers do not show it.
    Hidden,
}

impl Kind {
    pub(crate) const ALL: [Self; 16] = [
        Self::Gateway,
        Self::Service,
        Self::Endpoint,
        Self::Backend,
        Self::Pipeline,
        Self::Middleware,
        Self::Transform,
        Self::Policy,
        Self::Network,
        Self::Authentication,
        Self::Peer,
        Self::Target,
        Self::Rule,
        Self::Mesh,
        Self::Ingress,
        Self::Egress,
    ];

    pub(crate) const fn definition(self) -> &'static Definition {
        definition::of(self)
    }

    pub(crate) const fn fields(self) -> &'static [Field] {
        self.definition().fields
    }

    /// The place of a field in the values of a record.
    pub(crate) fn place(self, name: &str) -> Option<usize> {
        self.fields().iter().position(|field| field.name == name)
    }
}
