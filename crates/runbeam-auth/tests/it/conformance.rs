//! The conformance command answers line by line, whatever the lines are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::fixture::{ISSUER, NOW, claims, header, jwks, key, other_key, token, with};
use crate::vectors;

/// The built example, in a folder beside that of the tests. Cargo builds it before it runs all tests, but not before
/// it runs some of them: what is left over then would speak for code that is no more.
fn built() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().unwrap().parent().unwrap();
    let name = format!("conformance{}", std::env::consts::EXE_SUFFIX);
    let path = target.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo build --examples` makes it",
        path.display()
    );
    let parts = std::fs::read_to_string(path.with_extension("d")).unwrap();
    let (_, sources) = parts.split_once(": ").unwrap();
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    for source in sources.split_whitespace() {
        assert!(
            changed(source.as_ref()) <= changed(&path),
            "{} is older than {source}: `cargo build --examples` makes it",
            path.display()
        );
    }
    path
}

fn run(arguments: &[&str]) -> Output {
    Command::new(built()).args(arguments).output().unwrap()
}

/// The answers to these lines.
fn ask(lines: &[u8]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions.jsonl");
    #[allow(clippy::disallowed_methods, reason = "nothing is lost if it breaks")]
    std::fs::write(&file, lines).unwrap();
    answers(&run(&[file.to_str().unwrap()]))
}

fn answers(output: &Output) -> Vec<Value> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn question(changes: Value) -> Value {
    let options = json!({"issuer": ISSUER, "audience": null, "leeway": 0, "now": NOW});
    let question = json!({"name": "q", "jwks": jwks(&[key().jwk()]), "token": token(json!({})), "options": options});
    with(question, changes)
}

/// What is answered to one question: nothing where the token is accepted, else the error.
fn check(changes: Value, expected: Option<&str>) {
    let question = question(changes);
    let answers = ask(question.to_string().as_bytes());
    let [answer] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(answer["name"], "q");
    let error = answer["error"].as_str();
    match expected {
        None => assert_eq!((&answer["result"], error), (&json!("accept"), None)),
        Some(expected) => {
            assert_eq!(answer["result"], "reject");
            assert!(error.unwrap().contains(expected), "{answer}");
        }
    }
}

#[test]
fn it_answers_the_wycheproof_rows_as_it_must() {
    let Some(rows) = vectors::rows::<Value>("derived/wycheproof_jws_rs256only.jsonl") else {
        return;
    };
    let file = vectors::path("derived/wycheproof_jws_rs256only.jsonl");
    let answers = answers(&run(&[file.to_str().unwrap()]));
    let as_expected = rows.iter().zip(&answers).filter(|(row, answer)| {
        assert_eq!(row["name"], answer["name"]);
        assert_eq!(answer["result"] == "accept", answer["error"].is_null());
        row["expect"] == answer["result"]
    });
    assert_eq!(
        (rows.len(), answers.len(), as_expected.count()),
        (476, 476, 476)
    );
}

#[test]
fn it_verifies_tokens_by_their_options() {
    let options = question(json!({}))["options"].clone();
    let options = |changes| with(options.clone(), changes);
    check(json!({}), None);
    check(json!({"level": "jwt"}), None);
    check(json!({"level": "jws", "options": null}), None);
    check(
        json!({"options": options(json!({"now": NOW + 3600}))}),
        Some("it has expired"),
    );
    check(
        json!({"options": options(json!({"now": NOW + 3600, "leeway": 0.5}))}),
        None,
    );
    check(
        json!({"options": options(json!({"now": NOW - 1}))}),
        Some("it is not valid yet"),
    );
    check(
        json!({"options": options(json!({"issuer": "https://auth.example.co"}))}),
        Some("its issuer is not trusted"),
    );
    check(
        json!({"options": options(json!({"audience": "api"}))}),
        Some("it is for another audience"),
    );
    check(
        json!({"options": options(json!({"leeway": -1}))}),
        Some("`options.leeway` is not a number of seconds"),
    );
    check(
        json!({"jwks": jwks(&[other_key().jwk()])}),
        Some("its key is not among the issuer's"),
    );
    check(json!({"jwks": "{}"}), Some("it has no list of keys"));
    check(json!({"jwks": key().jwk().to_string()}), None);
    for nothing in [
        json!({"options": null}),
        json!({"options": options(json!({"issuer": null}))}),
    ] {
        check(nothing, Some("no issuer is configured"));
    }
    check(json!({"level": "jwe"}), Some("the line cannot be read"));
    check(json!({"token": 1}), Some("the line cannot be read"));
}

#[test]
fn a_line_that_cannot_be_read_has_its_answer_in_its_place() {
    let good = question(json!({})).to_string();
    let bad: [&[u8]; 9] = [
        b"",
        b"\r",
        b"nothing",
        b"[]",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"half\",\"jwks\":\"{}\"}",
        b"{\"name\":1,\"jwks\":\"{}\",\"token\":\"\"}",
        b"{\"name\":\"lone\",\"jwks\":\"{}\",\"token\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
    ];
    let endless = vec![b'x'; (32 << 20) + 1];
    let mut lines: Vec<&[u8]> = vec![&endless];
    for bad in bad {
        lines.extend([good.as_bytes(), bad]);
    }
    lines.push(good.as_bytes());
    let answers = ask(&lines.join(&b'\n'));
    assert_eq!(answers.len(), lines.len());
    for (index, answer) in answers.iter().enumerate() {
        if index % 2 == 1 {
            assert_eq!(answer["result"], "accept", "{index}");
            continue;
        }
        let error = answer["error"].as_str().unwrap();
        assert!(error.starts_with("the line cannot be read: "), "{answer}");
        assert_eq!(answer["result"], "reject");
    }
    assert_eq!(answers[12]["name"], "half");
    assert!(ask(b"").is_empty());
    assert_eq!(ask(format!("{good}\n").as_bytes()).len(), 1);
}

#[test]
fn an_answer_holds_no_text_of_the_token() {
    let secret = "c2VjcmV0LWluLXRva2Vu";
    let mut lines = String::new();
    for changes in [
        json!({ "token": secret }),
        json!({ "token": [secret] }),
        json!({ "level": secret }),
        json!({"token": token(json!({"sub": [secret], secret: secret}))}),
        json!({"token": key().sign_raw(&with(header(), json!({"kid": secret})).to_string(), &claims().to_string())}),
    ] {
        lines += &format!("{}\n", question(changes));
    }
    let answers = ask(lines.as_bytes());
    assert_eq!(answers.len(), 5);
    for answer in answers {
        assert_eq!(answer["result"], "reject");
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
}

#[test]
fn how_it_ends_says_what_went_wrong() {
    for (arguments, status, message) in [
        (&[][..], 2, "usage: conformance FILE"),
        (&["a", "b"], 2, "usage: conformance FILE"),
        (&["no/such/file"], 1, "no/such/file"),
        (&["."], 1, "directory"),
    ] {
        let output = run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{errors}");
        assert!(errors.contains(message), "{errors}");
        assert!(output.stdout.is_empty());
    }
}
