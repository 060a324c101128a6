//! Reads the words after `cargo xtask ci`.

use crate::step::Step;

/// The word that asks for every step and the long campaigns.
const FULL: &str = "full";

/// What a command line asks for.
pub(crate) enum Request {
    List,
    /// These steps, in the order of the plan and not of the command line, each once.
    Run(Vec<Step>),
    /// All steps, each at full length.
    Full(Vec<Step>),
}

/// # Errors
///
/// Names the first word that is not a step.
pub(crate) fn parse(words: &[&str], steps: &[Step], long: &[Step]) -> Result<Request, String> {
    if words
        .iter()
        .any(|word| matches!(*word, "--list" | "--help" | "-h" | "help"))
    {
        return Ok(Request::List);
    }
    let every = || steps.iter().chain(long);
    let known = |word: &str| word == FULL || every().any(|step| step.name == word);
    if let Some(unknown) = words.iter().find(|word| !known(word)) {
        return Err(format!("unknown step `{unknown}`"));
    }
    if words.is_empty() {
        return Ok(Request::Run(steps.to_vec()));
    }
    if words.contains(&FULL) {
        return Ok(Request::Full(every().copied().collect()));
    }
    let wanted = every().filter(|step| words.contains(&step.name));
    Ok(Request::Run(wanted.copied().collect()))
}

/// One line for each step.
pub(crate) fn list(steps: &[Step], long: &[Step]) -> String {
    let names = || steps.iter().chain(long).map(|step| step.name).chain([FULL]);
    let width = names().map(str::len).max().unwrap_or_default();
    let line = |name: &str, about: &str| format!("  {name:width$}  {about}\n");

    let mut text = String::new();
    for step in steps {
        text += &line(step.name, step.about);
    }
    for step in long {
        text += &line(
            step.name,
            &format!("{} (long: only when named, or with `{FULL}`)", step.about),
        );
    }
    text += &line(FULL, "every step, and the long campaigns");
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Outcome;

    const fn step(name: &'static str) -> Step {
        Step::new(name, "about", |_| Ok(Outcome::Passed))
    }

    const STEPS: &[Step] = &[step("fmt"), step("test")];
    const LONG: &[Step] = &[step("fuzz")];

    #[track_caller]
    fn check(words: &[&str], expected: Result<&[&str], &str>) {
        let names = |steps: Vec<Step>| steps.iter().map(|step| step.name).collect::<Vec<_>>();
        let names = parse(words, STEPS, LONG).map(|request| match request {
            Request::List => vec!["(list)"],
            Request::Run(steps) => names(steps),
            Request::Full(steps) => [vec!["(at full length)"], names(steps)].concat(),
        });
        assert_eq!(names, expected.map(<[&str]>::to_vec).map_err(str::to_owned));
    }

    #[test]
    fn no_words_ask_for_every_step_that_is_not_long() {
        check(&[], Ok(&["fmt", "test"]));
    }

    #[test]
    fn named_steps_run_once_and_in_the_order_of_the_plan() {
        check(&["test"], Ok(&["test"]));
        check(&["test", "fmt", "test"], Ok(&["fmt", "test"]));
        check(&["fuzz"], Ok(&["fuzz"]));
    }

    #[test]
    fn full_adds_the_long_ones() {
        let full = ["(at full length)", "fmt", "test", "fuzz"];
        check(&["full"], Ok(&full));
        check(&["full", "fmt"], Ok(&full));
    }

    #[test]
    fn a_list_is_asked_for_in_several_ways() {
        for word in ["--list", "--help", "-h", "help"] {
            check(&[word], Ok(&["(list)"]));
        }
    }

    #[test]
    fn an_unknown_step_is_named() {
        check(&["fmt", "tset"], Err("unknown step `tset`"));
        check(&["full", "tset"], Err("unknown step `tset`"));
        check(&["--fast"], Err("unknown step `--fast`"));
    }

    #[test]
    fn the_list_has_a_line_for_each() {
        let expected = "  fmt   about\n  test  about\n  fuzz  about (long: only when named, or with `full`)\n  \
                        full  every step, and the long campaigns";
        assert_eq!(list(STEPS, LONG), expected);
    }
}
