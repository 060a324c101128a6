//! A terminal without a screen, and what a person would see on it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::runbeam::Shell;

/// Longer than anything takes that is waited for here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command at a terminal of its own.
pub(crate) struct Terminal {
    keyboard: File,
    child: Child,
    output: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    parser: vt100::Parser,
}

impl Terminal {
    /// Types a command at a terminal of so many columns.
    pub(crate) fn run(shell: &Shell, line: &str, columns: u16) -> Self {
        const ROWS: u16 = 60;
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: ROWS,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();

        let typed = shell.command(line);
        // With it the keys that end a program do so.
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(typed.get_program())
            .args(typed.get_args())
            .current_dir(typed.get_current_dir().unwrap())
            .env_clear()
            .env("TERM", "xterm-256color")
            .envs(
                typed
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave);
        let child = command.spawn().unwrap();
        drop(command);

        let some = |number| std::num::NonZero::new(number).unwrap();
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It fails when nobody writes any more.
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keyboard,
            child,
            output,
            bytes: Vec::new(),
            parser: vt100::Parser::new(some(ROWS), some(columns), 0),
        }
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.text().contains(text) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                self.read(left),
                "no `{text}` on the screen:\n{}",
                self.text()
            );
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the exit code.
    pub(crate) fn end(&mut self) -> i32 {
        while self.read(PATIENCE) {}
        self.child.wait().unwrap().code().unwrap()
    }

    /// Takes what comes next, unless nothing does.
    fn read(&mut self, patience: Duration) -> bool {
        match self.output.recv_timeout(patience) {
            Ok(bytes) => {
                self.parser.process(&bytes);
                self.bytes.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Everything that was written, escape sequences included.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Whether it sets a colour or a weight anywhere.
    pub(crate) fn is_styled(&self) -> bool {
        let written = self.written();
        let mut sequences = written.split("\u{1b}[").skip(1);
        sequences.any(|sequence| {
            let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';');
            end.is_some_and(|end| sequence[end..].starts_with('m'))
        })
    }

    /// The lines that did not fit, and went on in the next one.
    pub(crate) fn overflowing(&self) -> Vec<String> {
        let screen = self.screen();
        let (rows, columns) = screen.size();
        let lines: Vec<_> = screen.rows(0, columns.get()).collect();
        (0..rows.get())
            .filter(|row| screen.row_wrapped(*row))
            .map(|row| lines[usize::from(row)].clone())
            .collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
