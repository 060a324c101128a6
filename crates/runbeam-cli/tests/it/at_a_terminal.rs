//! What a person meets at a terminal: questions, the page of a login, tables, the doctor.

use std::time::{Duration, Instant};

use runbeam_emulator::JwtSpec;

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::runbeam::Shell;
use crate::terminal::Terminal;

const UPLOAD: &str = "Upload the gateway's configuration to Runbeam Cloud? [y/N]";

fn logged_in(cloud: &Cloud) -> Shell {
    Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt())
}

fn uploads(harmony: &Harmony) -> usize {
    let received = harmony.received();
    received
        .iter()
        .filter(|request| request.line == "POST /admin/update")
        .count()
}

#[test]
fn whoever_authorizes_is_asked_about_the_upload_and_gets_what_was_answered() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = logged_in(&cloud);
    harmony.add_to(&shell, "lab");
    for (keys, expected) in [
        ("y\n", 1),
        ("Yes\n", 1),
        ("n\n", 0),
        ("\n", 0),
        ("perhaps\n", 0),
        ("\u{4}", 0),
    ] {
        let mut terminal = Terminal::run(&shell, "harmony:authorize -l lab", 80);
        terminal.until(UPLOAD);
        for step in 1..=6 {
            assert!(
                terminal.text().contains(&format!("[{step}/6] ✓")),
                "{}",
                terminal.text()
            );
        }
        terminal.press(keys);
        assert_eq!(terminal.end(), 0);
        assert!(
            terminal.text().contains("is authorized until"),
            "{}",
            terminal.text()
        );
        assert_eq!(uploads(&harmony), expected, "{keys:?}: {}", terminal.text());
        assert!(
            terminal.overflowing().is_empty(),
            "{:?}",
            terminal.overflowing()
        );
    }
}

#[test]
fn whoever_wants_no_question_gets_none() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = logged_in(&cloud);
    harmony.add_to(&shell, "lab");
    for (flags, expected) in [
        ("-y", 0),
        ("--update", 1),
        ("--update -y", 1),
        ("--json", 0),
    ] {
        let mut terminal = Terminal::run(&shell, &format!("harmony:authorize -l lab {flags}"), 80);
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        assert!(
            !terminal.text().contains("[y/N]"),
            "{flags}: {}",
            terminal.text()
        );
        assert_eq!(uploads(&harmony), expected, "{flags}");
    }
}

#[test]
fn ctrl_c_at_a_question_ends_it_at_once() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = logged_in(&cloud);
    harmony.add_to(&shell, "lab");
    let mut terminal = Terminal::run(&shell, "harmony:authorize -l lab", 80);
    terminal.until(UPLOAD);
    let start = Instant::now();
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130, "{}", terminal.text());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert!(terminal.text().contains("interrupted"));
    assert_eq!(uploads(&harmony), 0);

    let shell = Shell::of(&cloud.url());
    let mut terminal = Terminal::run(&shell, "login --token-stdin", 80);
    std::thread::sleep(Duration::from_millis(300));
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130, "{}", terminal.text());
}

#[test]
fn a_login_that_is_missing_or_has_ended_is_made_on_the_way() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let none = Shell::of(&cloud.url());
    let ended = Shell::of(&cloud.url());
    keep_an_ended_login(&cloud, &ended);
    for (shell, reason) in [
        (&none, "you are not logged in"),
        (&ended, "your login has expired"),
    ] {
        harmony.add_to(shell, "lab");
        let mut terminal = Terminal::run(shell, "harmony:authorize -l lab", 100);
        terminal.until("Log in now? [y/N]");
        assert!(terminal.text().contains(reason), "{}", terminal.text());
        terminal.press("n\n");
        assert_eq!(terminal.end(), 4, "{}", terminal.text());
        assert!(harmony.received().is_empty());

        let mut terminal = Terminal::run(shell, "harmony:authorize -l lab", 100);
        terminal.until("Log in now? [y/N]");
        terminal.press("y\n");
        terminal.until("/cli/verify/");
        terminal.until("Waiting for the approval");
        let device_token = Cloud::device_token_in(&terminal.text());
        assert!(cloud.approve_login(&device_token, cloud.user()));
        terminal.until(UPLOAD);
        terminal.press("\n");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        assert!(
            terminal
                .text()
                .contains(&format!("Your login is good: {}", cloud.user().email()))
        );
        assert_eq!(harmony.received().len(), 1);
        shell.run("verify").ok();
    }
}

/// Puts a login there that was good two hours ago.
fn keep_an_ended_login(cloud: &Cloud, shell: &Shell) {
    use runbeam_sdk::model::{Clock, SystemClock, UserToken};
    use runbeam_sdk::store::{EntryName, SecretStore, Store};

    let jwt = cloud.mint_jwt_with(JwtSpec::new().with_age(Duration::from_secs(7_200)));
    let ended = SystemClock.now().saturating_sub(Duration::from_secs(3_600));
    let token = UserToken::new(jwt, Some(ended.as_unix_seconds()), None);
    let store = Store::builder()
        .with_root(shell.home())
        .without_keyring()
        .build()
        .unwrap();
    let instance = "runbeam-cli".parse().unwrap();
    let entry = EntryName::user_token();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(store.save_value(&instance, &entry, &token))
        .unwrap();
}

#[test]
fn a_login_shows_a_code_that_a_phone_can_read() {
    let cloud = Cloud::start();
    for no_color in [false, true] {
        let shell = Shell::of(&cloud.url());
        let shell = if no_color {
            shell.with("NO_COLOR", "1")
        } else {
            shell
        };
        let mut terminal = Terminal::run(&shell, "login", 80);
        terminal.until("Waiting for the approval");
        let device_token = Cloud::device_token_in(&terminal.text());
        let url = format!("{}/cli/verify/{device_token}", cloud.url());
        assert!(terminal.text().contains(&url), "{}", terminal.text());
        assert_eq!(qr_code_on(&terminal), url);
        assert!(
            terminal.overflowing().is_empty(),
            "{:?}",
            terminal.overflowing()
        );
        assert_eq!(terminal.is_styled(), !no_color, "{:?}", terminal.written());
        assert!(cloud.approve_login(&device_token, cloud.user()));
        assert_eq!(terminal.end(), 0);
        assert!(
            terminal.text().contains("You are logged in"),
            "{}",
            terminal.text()
        );
        assert!(
            !terminal.text().contains("Waiting"),
            "what is over is gone: {}",
            terminal.text()
        );
    }
    // Where it does not fit, or is not wanted, the address alone is shown.
    for (columns, line) in [(36, "login"), (80, "login --no-qr")] {
        let mut terminal = Terminal::run(&Shell::of(&cloud.url()), line, columns);
        terminal.until("Waiting for the approval");
        assert!(!terminal.text().contains('█'), "{}", terminal.text());
    }
}

/// Looks at the screen as a camera does, and reads the code on it.
fn qr_code_on(terminal: &Terminal) -> String {
    const SCALE: usize = 4;
    let screen = terminal.screen();
    let (_, columns) = screen.size();
    let mut modules: Vec<Vec<bool>> = Vec::new();
    for line in screen
        .rows(0, columns.get())
        .filter(|line| line.contains('█'))
    {
        // It stands two columns from the edge.
        let cells: Vec<char> = line.chars().skip(2).collect();
        for half in ['▀', '▄'] {
            modules.push(
                cells
                    .iter()
                    .map(|cell| *cell == '█' || *cell == half)
                    .collect(),
            );
        }
    }
    let width = modules.iter().map(Vec::len).max().unwrap();
    let is_light = |x: usize, y: usize| modules[y].get(x).copied().unwrap_or(false);
    let mut seen = rqrr::PreparedImage::prepare_from_greyscale(
        width * SCALE,
        modules.len() * SCALE,
        |x, y| {
            if is_light(x / SCALE, y / SCALE) {
                255
            } else {
                0
            }
        },
    );
    let grids = seen.detect_grids();
    assert_eq!(grids.len(), 1, "{}", terminal.text());
    grids[0].decode().unwrap().1
}

#[test]
fn tables_and_the_doctor_fit_the_terminal() {
    let cloud = Cloud::start();
    let shell = logged_in(&cloud);
    shell
        .run("harmony:add -p 1 -l a-gateway-with-a-long-label")
        .ok();
    shell
        .run("harmony:add -p 2 -l lab -x some/prefix/that/somebody/chose/once")
        .ok();
    for number in 0..3 {
        shell.json(&format!(
            "gateways create --name edge-with-a-long-name-of-its-own-{number}"
        ));
    }
    let tables = [
        "harmony:list",
        "gateways list",
        "config:get",
        "doctor",
        "list",
    ];
    // A path is one word, which is not broken.
    let all = [&tables[..], &["whoami", "token show"]].concat();
    for (columns, lines) in [(60, &tables[..]), (80, &all), (120, &all)] {
        for line in lines {
            let mut terminal = Terminal::run(&shell, line, columns);
            terminal.end();
            let overflowing = terminal.overflowing();
            assert!(
                overflowing.is_empty(),
                "{line} at {columns}: {overflowing:?}"
            );
            assert!(terminal.is_styled(), "{line}");
        }
    }
    let plain = logged_in(&cloud).with("NO_COLOR", "1");
    for line in ["config:get", "doctor", "whoami", "nothing"] {
        let mut terminal = Terminal::run(&plain, line, 80);
        terminal.end();
        assert!(!terminal.is_styled(), "{line}: {:?}", terminal.written());
    }
}
