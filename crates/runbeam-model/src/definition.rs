//! What a kind of resource is written with: its answer, its draft and its operations, each from one listing.

/// The answer: the fields that (nearly) every kind has, and the listed ones between them.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident($id:ty) tagged $tag:literal {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type", rename = $tag)]
        #[non_exhaustive]
        pub struct $name {
            /// Its id.
            pub id: $id,
            /// Its short name, unique in the team. Empty where the server leaves it out.
            #[serde(default, deserialize_with = "crate::lenient::lenient")]
            pub code: String,
            /// Its name.
            #[serde(default, deserialize_with = "crate::lenient::lenient")]
            pub name: String,
            /// The team that owns it.
            #[serde(default, deserialize_with = "crate::lenient::lenient")]
            pub team_id: Option<crate::TeamId>,
            $(
                $(#[$field_doc])*
                #[serde(default, deserialize_with = "crate::lenient::lenient")]
                pub $field: $type,
            )*
            /// When it was created.
            #[serde(default, deserialize_with = "crate::lenient::lenient")]
            pub created_at: Option<crate::Timestamp>,
            /// When it was last changed.
            #[serde(default, deserialize_with = "crate::lenient::lenient")]
            pub updated_at: Option<crate::Timestamp>,
        }

        crate::lenient::lenient_object!($name);
    };
}
pub(crate) use record;

/// The draft: what must be said in `new`, and a `with_…` for everything else.
macro_rules! draft {
    (
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$required_doc:meta])* $required:ident: $required_shape:tt,)*
            ;
            $($(#[$field_doc:meta])* $setter:ident($field:ident: $shape:tt),)*
        }
    ) => {
        $(#[$doc])*
        ///
        /// Fields that are not set are not sent, so that an update leaves them as they are.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        pub struct $name {
            name: String,
            $($required: draft!(@type $required_shape),)*
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                $field: Option<draft!(@type $shape)>,
            )*
        }

        impl $name {
            /// One of this name, at most 255 characters.
            #[must_use]
            pub fn new(name: impl Into<String>, $($required: draft!(@given $required_shape)),*) -> Self {
                Self {
                    name: name.into(),
                    $($required: $required.into(),)*
                    $($field: None,)*
                }
            }

            $(draft! { @setter $(#[$field_doc])* $setter $field $shape })*
        }
    };
    (@type text) => { String };
    (@type texts) => { Vec<String> };
    (@type $type:ty) => { $type };
    // A bare number would not say which type it converts from.
    (@given bool) => { bool };
    (@given u16) => { u16 };
    (@given u32) => { u32 };
    (@given $shape:tt) => { impl Into<draft!(@type $shape)> };
    (@setter $(#[$doc:meta])* $setter:ident $field:ident texts) => {
        $(#[$doc])*
        #[must_use]
        pub fn $setter(mut self, $field: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.$field = Some($field.into_iter().map(Into::into).collect());
            self
        }
    };
    (@setter $(#[$doc:meta])* $setter:ident $field:ident $shape:tt) => {
        $(#[$doc])*
        #[must_use]
        pub fn $setter(mut self, $field: draft!(@given $shape)) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
}
pub(crate) use draft;

/// The operations: what makes an answer and a draft a kind that can be called.
macro_rules! kind {
    ($name:ident($id:ident, $draft:ident): $kind:literal in $collection:literal $(, of $gateway_id:ident)?) => {
        impl crate::Resource for $name {
            type Id = crate::$id;
            type Draft = $draft;
            const KIND: &'static str = $kind;
            const COLLECTION: &'static str = $collection;
            const OPERATIONS: [&'static str; 5] = [
                concat!($collection, "Index"),
                concat!($collection, "Show"),
                concat!($collection, "Store"),
                concat!($collection, "Update"),
                concat!($collection, "Destroy"),
            ];

            fn id(&self) -> &crate::$id {
                &self.id
            }

            fn name(&self) -> &str {
                &self.name
            }

            $(fn gateway_id(&self) -> Option<&crate::GatewayId> {
                let id: &dyn crate::resource::StatedGateway = &self.$gateway_id;
                id.stated()
            })?
        }
    };
}
pub(crate) use kind;
