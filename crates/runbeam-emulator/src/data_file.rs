//! The data file: rows in one SQLite database, written before a change is answered.

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::records::{Place, Records};

/// What SQLite keeps in the header of a file to tell whose it is: "RBEM".
const APPLICATION_ID: i32 = 0x5242_454d;

/// The version of the layout below.
const LAYOUT: i32 = 1;

/// One data file, open for this process alone.
#[derive(Debug)]
pub(crate) struct DataFile {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl DataFile {
    /// Opens or creates a file. Nobody else may read it, because it holds the keys that sign.
    pub(crate) fn open(path: &Path) -> Result<Self, io::Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?;
        let connection = Connection::open(path).map_err(io::Error::other)?;
        Self::prepare(&connection).map_err(|error| match error {
            Refusal::Foreign => io::Error::other("it is no data file of an emulator"),
            Refusal::Newer => io::Error::other("a newer emulator wrote it"),
            Refusal::Database(error) if is_busy(&error) => {
                io::Error::other("another emulator has it open")
            }
            Refusal::Database(error) => io::Error::other(error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            connection: Mutex::new(connection),
        })
    }

    fn prepare(connection: &Connection) -> Result<(), Refusal> {
        let number =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        // The lock is taken with the first write and kept until the process ends, however it ends.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 && number("application_id")? != APPLICATION_ID {
            return Err(Refusal::Foreign);
        }
        if number("user_version")? > LAYOUT {
            return Err(Refusal::Newer);
        }
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // In this mode a commit survives the end of the process, and a power cut loses the last ones without damage.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {LAYOUT};
             CREATE TABLE IF NOT EXISTS entry (
                 section TEXT NOT NULL,
                 id TEXT NOT NULL,
                 body TEXT NOT NULL,
                 PRIMARY KEY (section, id)
             );
             COMMIT;"
        ))?;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All entries of a section, in the order in which they were first written.
    pub(crate) fn read(&self, section: &str) -> Result<Vec<Value>, io::Error> {
        let connection = self.lock();
        let read = || -> Result<Vec<String>, rusqlite::Error> {
            let mut query = connection
                .prepare_cached("SELECT body FROM entry WHERE section = ?1 ORDER BY rowid")?;
            let rows = query.query_map([section], |row| row.get(0))?;
            rows.collect()
        };
        let bodies = read().map_err(io::Error::other)?;
        bodies
            .iter()
            .map(|body| serde_json::from_str(body).map_err(io::Error::other))
            .collect()
    }

    /// Writes the rows at these places as they are now, all of them or none.
    pub(crate) fn write(
        &self,
        records: &Records,
        places: &BTreeSet<Place>,
    ) -> Result<(), rusqlite::Error> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for (section, id) in places {
            put(&transaction, section.name(), id, records.row(*section, id))?;
        }
        transaction.commit()
    }

    /// Writes an entry that is no row of a section, or removes it.
    pub(crate) fn put(
        &self,
        section: &str,
        id: &str,
        body: Option<Value>,
    ) -> Result<(), rusqlite::Error> {
        put(&self.lock(), section, id, body)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) -> Result<(), rusqlite::Error> {
        self.lock().execute("DELETE FROM entry", []).map(drop)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(
    connection: &Connection,
    section: &str,
    id: &str,
    body: Option<Value>,
) -> Result<(), rusqlite::Error> {
    match body {
        Some(body) => connection
            .prepare_cached(
                "INSERT INTO entry (section, id, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (section, id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![section, id, body.to_string()]),
        None => connection
            .prepare_cached("DELETE FROM entry WHERE section = ?1 AND id = ?2")?
            .execute(params![section, id]),
    }
    .map(drop)
}

/// Why a file cannot be used.
enum Refusal {
    Foreign,
    Newer,
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}
