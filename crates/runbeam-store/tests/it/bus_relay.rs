//! A relay between a program and the bus. It counts what the program sends, and stops it at one of these messages.
//!
//! So a fault is put before and after every step that the program lets the keyring take.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::variable;
use crate::secret_program::Ended;

/// What happens at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The program is killed, and the message does not arrive.
    KillBefore,
    /// The message arrives, and the program is killed before it hears of that.
    KillAfter,
    /// The connection breaks. Another one may be opened.
    Break,
    /// The bus is gone from then on.
    Gone,
}

impl Cut {
    pub(crate) const ALL: [Self; 4] = [Self::KillBefore, Self::KillAfter, Self::Break, Self::Gone];
}

/// A bus that one run of a program sees.
struct Relay {
    /// The number of the message to stop at, from 1 on.
    cut: Option<(usize, Cut)>,
    messages: AtomicUsize,
    program: OnceLock<Pid>,
    is_over: AtomicBool,
}

/// Runs `command`, which sees the bus of this process through a relay at `socket`. Returns how it ended and how many messages it
/// sent.
pub(crate) fn run(
    command: &mut Command,
    socket: &Path,
    cut: Option<(usize, Cut)>,
) -> (Ended, usize) {
    let relay = Arc::new(Relay {
        cut,
        messages: AtomicUsize::new(0),
        program: OnceLock::new(),
        is_over: AtomicBool::new(false),
    });
    let listener = UnixListener::bind(socket).unwrap();
    let accepting = relay.clone();
    let acceptor = std::thread::spawn(move || {
        for program in listener.incoming() {
            if accepting.is_over.load(Ordering::Acquire) {
                return;
            }
            let (relay, program) = (accepting.clone(), program.unwrap());
            std::thread::spawn(move || relay.serve(program));
        }
    });
    let child = command
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", socket.display()),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    relay.program.set(Pid::from_child(&child)).unwrap();
    let ended = child.wait_with_output().unwrap().into();
    relay.is_over.store(true, Ordering::Release);
    drop(UnixStream::connect(socket));
    acceptor.join().unwrap();
    std::fs::remove_file(socket).unwrap();
    (ended, relay.messages.load(Ordering::Relaxed))
}

impl Relay {
    fn serve(&self, mut program: UnixStream) {
        let mut bus = connect_to_the_bus();
        let (mut answers, mut to_program) =
            (bus.try_clone().unwrap(), program.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut answers, &mut to_program);
            let _ = to_program.shutdown(Shutdown::Both);
        });
        // The program waits for most answers, so that one message is read at a time.
        let mut message = vec![0; 64 * 1024];
        while let Ok(len @ 1..) = program.read(&mut message) {
            if !self.pass_on(&message[..len], &mut bus) {
                break;
            }
        }
        let _ = bus.shutdown(Shutdown::Both);
        let _ = program.shutdown(Shutdown::Both);
    }

    /// Passes a message on, and says whether the connection goes on.
    fn pass_on(&self, message: &[u8], bus: &mut UnixStream) -> bool {
        let number = 1 + self.messages.fetch_add(1, Ordering::Relaxed);
        match self.cut {
            Some((at, Cut::KillBefore)) if number == at => self.kill(),
            Some((at, Cut::KillAfter)) if number == at => {
                let _ = bus.write_all(message);
                self.kill();
            }
            Some((at, Cut::Break)) if number == at => return false,
            Some((at, Cut::Gone)) if number >= at => return false,
            _ => return bus.write_all(message).is_ok(),
        }
        false
    }

    fn kill(&self) {
        // It is not waited for before it has closed this connection, so that the id is its own.
        let _ = kill_process(*self.program.wait(), Signal::KILL);
    }
}

fn connect_to_the_bus() -> UnixStream {
    // `unix:path=/tmp/dbus-x,guid=…` or `unix:abstract=/tmp/dbus-x,guid=…`
    let address = variable("DBUS_SESSION_BUS_ADDRESS").unwrap();
    let part = |key: &str| {
        let rest = address.strip_prefix("unix:")?.strip_prefix(key)?;
        rest.split(',').next()
    };
    match (part("path="), part("abstract=")) {
        (Some(path), _) => UnixStream::connect(path).unwrap(),
        (_, Some(name)) => {
            let address = SocketAddr::from_abstract_name(name).unwrap();
            UnixStream::connect_addr(&address).unwrap()
        }
        _ => panic!("an address of another kind: {address}"),
    }
}
