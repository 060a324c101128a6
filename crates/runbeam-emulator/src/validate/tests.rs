//! Each rule, broken and kept.

use std::fmt::Debug;

use axum::{body::to_bytes, response::IntoResponse};
use serde_json::json;

use super::*;

/// Reads the field `a_field` and compares either the value or all texts about it.
#[track_caller]
fn check<T: PartialEq + Debug>(
    sent: Value,
    read: impl Fn(&mut Fields<'_>) -> Option<T>,
    expected: Result<Option<T>, &[&str]>,
) {
    let sent = sent.as_object().unwrap().clone();
    let mut fields = Fields::of(&sent);
    let value = read(&mut fields);
    match (fields.finish(), expected) {
        (Ok(()), Ok(expected)) => assert_eq!(value, expected),
        (Err(problem), Err(expected)) => {
            assert_eq!(value, None);
            assert_eq!(texts(problem), expected);
        }
        (outcome, _) => panic!("{value:?} and {outcome:?}"),
    }
}

fn texts(problem: Problem) -> Vec<String> {
    let body = problem.into_response().into_body();
    let bytes = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(to_bytes(body, 10_000))
        .unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let errors = body["errors"].as_object().unwrap();
    errors
        .values()
        .flat_map(|texts| texts.as_array().unwrap())
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_required_text_must_be_there() {
    let read = |fields: &mut Fields<'_>| fields.required_text("a_field", Letters::Any);
    let missing: &[&str] = &["The a field field is required."];
    check(json!({}), read, Err(missing));
    check(json!({ "a_field": null }), read, Err(missing));
    check(json!({ "a_field": " " }), read, Err(missing));
    check(
        json!({ "a_field": 1 }),
        read,
        Err(&["The a field field must be a string."]),
    );
    check(json!({ "a_field": "x" }), read, Ok(Some("x".into())));
}

#[test]
fn a_text_has_at_most_255_characters_of_the_right_kind() {
    let read = |fields: &mut Fields<'_>| fields.text("a_field", Letters::Slug);
    let too_long = "The a field field must not be greater than 255 characters.";
    let wrong = "The a field field format is invalid.";
    check(json!({}), read, Ok(None));
    check(
        json!({ "a_field": "a-b_9" }),
        read,
        Ok(Some("a-b_9".into())),
    );
    check(
        json!({ "a_field": "x".repeat(255) }),
        read,
        Ok(Some("x".repeat(255))),
    );
    check(
        json!({ "a_field": "x".repeat(256) }),
        read,
        Err(&[too_long]),
    );
    check(
        json!({ "a_field": "X".repeat(256) }),
        read,
        Err(&[too_long, wrong]),
    );
    check(json!({ "a_field": "a b" }), read, Err(&[wrong]));
    check(json!({ "a_field": "" }), read, Err(&[wrong]));
    check(
        json!({ "a_field": null }),
        read,
        Err(&["The a field field must be a string."]),
    );

    let any = |fields: &mut Fields<'_>| fields.nullable_text("a_field");
    check(
        json!({ "a_field": "é".repeat(255) }),
        any,
        Ok(Some(Some("é".repeat(255)))),
    );
    check(json!({ "a_field": null }), any, Ok(Some(None)));
    check(json!({ "a_field": "é".repeat(256) }), any, Err(&[too_long]));
}

#[test]
fn a_boolean_is_true_or_false() {
    let read = |fields: &mut Fields<'_>| fields.boolean("a_field");
    let wrong: &[&str] = &["The a field field must be true or false."];
    check(json!({}), read, Ok(None));
    check(json!({ "a_field": false }), read, Ok(Some(false)));
    check(json!({ "a_field": 1 }), read, Err(wrong));
    check(json!({ "a_field": null }), read, Err(wrong));
}

#[test]
fn an_integer_is_whole_and_in_range() {
    let read = |fields: &mut Fields<'_>| fields.nullable_integer("a_field", 1..=168);
    check(json!({ "a_field": null }), read, Ok(Some(None)));
    check(json!({ "a_field": 1 }), read, Ok(Some(Some(1))));
    check(json!({ "a_field": 168.0 }), read, Ok(Some(Some(168))));
    check(
        json!({ "a_field": 0 }),
        read,
        Err(&["The a field field must be at least 1."]),
    );
    check(
        json!({ "a_field": 169 }),
        read,
        Err(&["The a field field must not be greater than 168."]),
    );
    let wrong: &[&str] = &["The a field field must be an integer."];
    check(json!({ "a_field": 1.5 }), read, Err(wrong));
    check(json!({ "a_field": "24" }), read, Err(wrong));
    check(json!({ "a_field": true }), read, Err(wrong));
}

#[test]
fn an_id_is_text_or_number() {
    let read = |fields: &mut Fields<'_>| fields.nullable_id("a_field");
    check(json!({ "a_field": null }), read, Ok(Some(None)));
    check(json!({ "a_field": 17 }), read, Ok(Some(Some("17".into()))));
    check(
        json!({ "a_field": "01kc" }),
        read,
        Ok(Some(Some("01kc".into()))),
    );
    check(
        json!({ "a_field": [] }),
        read,
        Err(&["The a field field must be a string."]),
    );
}

#[test]
fn lists_and_structures() {
    let texts = |fields: &mut Fields<'_>| fields.nullable_texts("a_field");
    let no_array: &[&str] = &["The a field field must be an array."];
    check(json!({ "a_field": null }), texts, Ok(Some(None)));
    check(
        json!({ "a_field": ["x", "y"] }),
        texts,
        Ok(Some(Some(vec!["x".into(), "y".into()]))),
    );
    check(json!({ "a_field": "x" }), texts, Err(no_array));
    let wrong = [
        "The a field.1 field must be a string.",
        "The a field.2 field must be a string.",
    ];
    check(json!({ "a_field": ["x", 1, null] }), texts, Err(&wrong));

    let structure = |fields: &mut Fields<'_>| fields.nullable_structure("a_field");
    check(json!({ "a_field": null }), structure, Ok(Some(None)));
    check(
        json!({ "a_field": [] }),
        structure,
        Ok(Some(Some(json!([])))),
    );
    check(
        json!({ "a_field": { "x": 1 } }),
        structure,
        Ok(Some(Some(json!({ "x": 1 })))),
    );
    check(json!({ "a_field": 1 }), structure, Err(no_array));
}
