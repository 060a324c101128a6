//! What can be asked of the cloud besides the five verbs of each kind.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Changes {
    /// List the changes of your team, or those that wait for one gateway
    List {
        /// The id of the gateway
        #[arg(long)]
        gateway: Option<String>,
    },
    /// Show one change with its content
    Show {
        /// The id of the change
        id: String,
    },
    /// Say that the gateway has seen changes
    Acknowledge {
        /// The ids of the changes
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Say that the gateway runs by a change
    Applied {
        /// The id of the change
        id: String,
    },
    /// Say that the gateway could not apply a change, and why
    Failed {
        /// The id of the change
        id: String,
        /// Why, in one line
        #[arg(long, value_name = "TEXT")]
        error: String,
        /// A line of detail; once for each
        #[arg(long = "detail", value_name = "TEXT")]
        details: Vec<String>,
    },
}

/// What gateways have besides.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayVerb {
    /// End all machine tokens of a gateway at once
    Revoke {
        /// The code of the gateway
        code: String,
    },
    /// Download all that a gateway runs by: itself and the resources of every kind
    Download {
        /// Its id
        id: String,
        /// Write it to this file, which only you can read
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// What meshes have besides.
#[derive(Debug, Subcommand)]
pub(crate) enum MeshVerb {
    /// Get a token for a destination in a mesh, for five minutes. It takes the token of a gateway
    Token {
        /// The id of the mesh
        id: String,
        /// The URL that the gateway wants to call
        #[arg(long, value_name = "URL")]
        to: String,
        /// Print the token alone
        #[arg(long)]
        raw: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Whose configuration it is: gateway, pipeline, transform or mesh
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: String,
    /// The id of what to change; without it something new is made
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The TOML file; `-` for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Api {
    /// The method, such as GET
    pub(crate) method: String,
    /// The path below `/api`
    pub(crate) path: String,
    /// A parameter of the query; once for each
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) body: Fields,
}

/// The fields of a body.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// A field and its value, which is JSON or else a text: `--set port=8080`
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// Take fields from this JSON file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}
