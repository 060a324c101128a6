//! A small world: `core` below `net` and `app`, where `app` reaches `net` behind its feature `online`.

use super::*;

const ROWS: &[Row] = &[
    Row {
        name: "core",
        arrows: &[],
        tests_with: &[],
    },
    Row {
        name: "net",
        arrows: &[Arrow::Always("core")],
        tests_with: &["twin"],
    },
    Row {
        name: "app",
        arrows: &[
            Arrow::Always("core"),
            Arrow::Behind {
                feature: "online",
                to: "net",
            },
        ],
        tests_with: &["twin"],
    },
    Row {
        name: "twin",
        arrows: &[],
        tests_with: &[],
    },
];

const CONFINED: &[Confined] = &[Confined {
    crates: &["socket"],
    to: &["net"],
    tests_of: &["shell"],
    because: "one opens them",
}];

fn member(name: &str, dependencies: &[&str]) -> Member {
    let dependencies = dependencies
        .iter()
        .map(|text| Dependency {
            name: text.trim_end_matches(['?', '!']).to_owned(),
            optional: text.ends_with('?'),
            dev: text.ends_with('!'),
        })
        .collect();
    Member {
        name: name.to_owned(),
        dependencies,
        features: BTreeMap::new(),
    }
}

impl Member {
    fn feature(mut self, name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.features.insert(name.to_owned(), values);
        self
    }
}

/// Puts a member into the world and looks at the arrows. `name?` is optional, `name!` a dev-dependency.
#[track_caller]
fn check(member: Member, expected: &[&str]) {
    let mut world: Vec<Member> = ["core", "net", "app", "twin"]
        .map(|name| self::member(name, &[]))
        .into();
    world.retain(|other| other.name != member.name);
    world.push(member);
    assert_eq!(off_the_map(&world, ROWS), expected);
}

#[test]
fn an_arrow_on_the_map_is_allowed() {
    check(member("net", &["core", "serde"]), &[]);
}

#[test]
fn an_arrow_that_is_not_on_the_map_is_named() {
    check(
        member("net", &["core", "app"]),
        &["net → app: net may depend on core"],
    );
    check(
        member("core", &["net"]),
        &["core → net: core may depend on nothing of ours"],
    );
    check(
        member("app", &["twin"]),
        &["app → twin: app may depend on core, net behind its feature `online`"],
    );
}

#[test]
fn an_optional_arrow_counts_like_any_other() {
    check(
        member("net", &["app?"]),
        &["net → app: net may depend on core"],
    );
    check(member("net", &["core?"]), &[]);
}

#[test]
fn an_arrow_behind_a_feature_is_allowed() {
    let app = member("app", &["net?"])
        .feature("online", &["dep:net", "net/tls"])
        .feature("default", &["online"]);
    check(app, &[]);
}

#[test]
fn a_weak_mention_does_not_turn_a_dependency_on() {
    let app = member("app", &["net?"])
        .feature("online", &["dep:net"])
        .feature("tls", &["net?/tls"]);
    check(app, &[]);
}

#[test]
fn an_arrow_behind_a_feature_must_be_optional() {
    check(
        member("app", &["net"]),
        &["app → net: it must be optional, behind the feature `online`"],
    );
}

#[test]
fn no_other_feature_may_bring_it() {
    let rule = "app → net: the feature `online` alone may bring it, but these do:";
    let app = member("app", &["net?"])
        .feature("online", &["dep:net"])
        .feature("tls", &["net/tls"]);
    check(app, &[&format!("{rule} online, tls")]);
    check(
        member("app", &["net?"]).feature("net", &["dep:net"]),
        &[&format!("{rule} net")],
    );
    check(
        member("app", &["net?"]),
        &[&format!("{rule} nothing of ours")],
    );
}

#[test]
fn tests_may_use_the_map_and_what_the_row_adds() {
    check(member("app", &["twin!", "net!", "proptest!"]), &[]);
    check(
        member("core", &["twin!"]),
        &["core → twin (dev-dependency): the tests of core may use nothing of ours"],
    );
    check(
        member("net", &["app!"]),
        &["net → app (dev-dependency): the tests of net may use core, twin"],
    );
}

#[test]
fn a_crate_without_a_row_is_named() {
    check(
        member("new", &["core"]),
        &["new is not on the map: add a row for it to xtask/src/layers/map.rs"],
    );
}

#[test]
fn a_confined_crate_stays_where_it_is() {
    let net = || member("net", &["socket"]);
    assert_eq!(
        outside_their_confines(&[net()], CONFINED),
        Vec::<String>::new()
    );
    assert_eq!(
        outside_their_confines(&[net(), member("app", &["socket!"])], CONFINED),
        ["app → socket: one opens them, so only net may"]
    );
    // In tests, and nowhere else.
    assert_eq!(
        outside_their_confines(&[net(), member("shell", &["socket!"])], CONFINED),
        Vec::<String>::new()
    );
    assert_eq!(
        outside_their_confines(&[net(), member("shell", &["socket", "socket!"])], CONFINED),
        ["shell → socket: one opens them, so only net may"]
    );
}

#[test]
fn a_rule_about_a_crate_that_nobody_names_proves_nothing() {
    assert_eq!(
        outside_their_confines(&[member("net", &["sokcet"])], CONFINED),
        ["the rule about socket proves nothing: no crate depends on it"]
    );
}

#[test]
fn the_map_has_no_cycle_and_each_arrow_ends_at_a_row() {
    for (index, row) in map::ROWS.iter().enumerate() {
        let below = |to: &str| {
            let target = map::ROWS.iter().position(|other| other.name == to);
            target.is_some_and(|target| target < index || map::ROWS[target].arrows.is_empty())
        };
        assert!(
            row.arrows.iter().all(|arrow| below(arrow.to())),
            "{}",
            row.name
        );
    }
}
