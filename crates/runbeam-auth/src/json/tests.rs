//! What is an object here, by both ways to read one.

use serde_json::{Map, Value};

use super::*;

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    read(text).ok()
}

/// A deep nest, a lot of names, a name that stands twice among many.
fn texts() -> Vec<(Vec<u8>, bool)> {
    let deep = |depth| {
        [
            b"{\"a\":".to_vec(),
            vec![b'['; depth],
            vec![b']'; depth],
            b"}".to_vec(),
        ]
        .concat()
    };
    let many = |last: &str| {
        let names: Vec<_> = (0..2000).map(|n| format!("\"n{n}\":{n}")).collect();
        format!("{{{},\"{last}\":0}}", names.join(",")).into_bytes()
    };
    let mut texts: Vec<(Vec<u8>, bool)> = [
        ("{}", true),
        (" {\"a\":[1,{\"a\":null}],\"b\":-1.5e3} ", true),
        ("{\"a\":\"\\u00e9\\n\",\"\\u0062\":true}", true),
        ("", false),
        ("[]", false),
        ("null", false),
        ("\"a\"", false),
        ("{} {}", false),
        ("{}x", false),
        ("\u{feff}{}", false),
        ("{\"a\":1,\"a\":1}", false),
        ("{\"c\":1,\"c\":1}", false),
        ("{\"a\":1,\"\\u0061\":2}", false),
        ("{\"a\":{\"b\":1,\"b\":2}}", false),
        ("{\"c\":{\"b\":1,\"b\":2}}", false),
        ("{\"c\":[[{\"b\":1,\"b\":2}]]}", false),
        ("{\"c\":\"\\ud800\"}", false),
        ("{\"c\":\"\n\"}", false),
        ("{'a':1}", false),
        ("{\"c\":NaN}", false),
        ("{\"c\":1e999}", false),
        ("{\"c\":01}", false),
        ("{\"c\":1,}", false),
    ]
    .map(|(text, is_object)| (text.into(), is_object))
    .into();
    texts.push((b"{\"\xff\":1}".to_vec(), false));
    texts.push((deep(100), true));
    texts.push((deep(200), false));
    texts.push((many("n2000"), true));
    texts.push((many("n3"), false));
    texts.push((many("n1999"), false));
    texts
}

#[test]
fn one_object_and_nothing_else() {
    for (text, is_object) in texts() {
        let shown = String::from_utf8_lossy(&text[..text.len().min(80)]);
        assert_eq!(object(&text).is_some(), is_object, "{shown}");
        // It is the same for who asks for less.
        let part: Result<Part<'_>, _> = read(&text);
        assert_eq!(part.is_ok(), is_object, "{shown}");
    }
    assert_eq!(object(b"{\"b\":-1.5e3}").unwrap()["b"], -1500.0);
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    n: Option<Text<'a>>,
    o: Option<Box<Self>>,
}

#[test]
fn a_member_of_a_wrong_type_is_told_from_what_is_no_object() {
    let check = |text: &str, expected: Problem| {
        assert_eq!(
            read::<Part<'_>>(text.as_bytes()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    let member = |name: &str| Problem::Member(name.to_owned());
    check(r#"{"n":1}"#, member("n"));
    check(r#"{"n":null}"#, member("n"));
    check(r#"{"x":{"n":1},"n":[]}"#, member("n"));
    check(r#"{"o":{"n":1}}"#, member("o"));
    check(r#"{"o":{"o":{"n":{}}}}"#, member("o"));
    check(r#"{"o":{"x":{"n":1,"n":2}}}"#, Problem::Malformed);
    check(r#"{"n":"a","n":1}"#, Problem::Malformed);
    check(r#"{"n":}"#, Problem::Malformed);
    check(r#"["n"]"#, Problem::Type);
    check("[]", Problem::Type);
    check("\"n\"", Problem::Type);
    check(r#"{"o":["n"]}"#, member("o"));
}

#[test]
fn texts_are_copied_only_where_they_hold_an_escape() {
    let part: Part<'_> = read(br#"{"x":{"n":0},"n":"a","o":{"\u006e":"\"b"}}"#).unwrap();
    assert!(matches!(part.n.unwrap().0, Cow::Borrowed("a")));
    let inner = part.o.unwrap().n.unwrap();
    assert!(matches!(&inner.0, Cow::Owned(text) if text == "\"b"));
}

proptest::proptest! {
    #[test]
    fn whoever_reads_it_the_same_is_refused(
        text in r#"\{("[nox]":([0-9]|"[a\\]{0,2}"|\{("[no]":[0-9],?){0,3}\}|\[\]),?){0,4}\}"#
    ) {
        let is_object = object(text.as_bytes()).is_some();
        match read::<Part<'_>>(text.as_bytes()) {
            Ok(_) => proptest::prop_assert!(is_object, "{}", text),
            Err(Problem::Malformed) => proptest::prop_assert!(!is_object, "{}", text),
            // Reading ends at the first fault.
            Err(Problem::Member(_) | Problem::Type) => {}
        }
    }
}
