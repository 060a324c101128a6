//! What libFuzzer says at the end of a run.

use std::fmt;

/// The numbers of one run; `None` where libFuzzer did not say one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    executions: Option<u64>,
    coverage: Option<u64>,
    new_inputs: Option<u64>,
}

impl Report {
    pub(super) fn of(output: &str) -> Self {
        let number = |text: &str| text.split_whitespace().next()?.parse().ok();
        let statistic = |name: &str| {
            let line = output
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix(name));
            line.and_then(number)
        };
        // The last line of progress says what was reached: `#4000 DONE cov: 1029 ft: 2998 corp: …`.
        let reached = output
            .lines()
            .rev()
            .find_map(|line| line.split_once(" cov: "));
        Self {
            executions: statistic("stat::number_of_executed_units:"),
            coverage: reached.and_then(|(_, rest)| number(rest)),
            new_inputs: statistic("stat::new_units_added:"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
        write!(
            f,
            "{} executions, coverage {}, {} new inputs",
            shown(self.executions),
            shown(self.coverage),
            shown(self.new_inputs)
        )
    }
}

/// The file of the input that broke a promise.
pub(super) fn reproducer(output: &str) -> Option<&str> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains("Test unit written to "))?;
    line.rsplit_once(' ').map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_end() {
        let output = "#2\tINITED cov: 12 ft: 13 corp: 1/1b\n#900\tNEW    cov: 30 ft: 40 corp: 9/1Kb\n\
                      #4000\tDONE   cov: 1029 ft: 2998 corp: 372/44Kb lim: 4096 exec/s: 400 rss: 50Mb\n\
                      Done 4000 runs in 10 second(s)\n\
                      stat::number_of_executed_units: 4000\nstat::average_exec_per_sec:     400\n\
                      stat::new_units_added:          7\n";
        let report = Report::of(output);
        let expected = "4000 executions, coverage 1029, 7 new inputs";
        assert_eq!(report.to_string(), expected);
        assert_eq!(reproducer(output), None);
    }

    #[test]
    fn what_was_not_said_is_not_invented() {
        let expected = "? executions, coverage ?, ? new inputs";
        assert_eq!(Report::of("Killed\n").to_string(), expected);
    }

    #[test]
    fn the_input_that_broke_a_promise_is_named() {
        let output = "==7== ERROR: libFuzzer: deadly signal\n\
                      artifact_prefix='found/jwt-'; Test unit written to found/jwt-crash-0a1b\nBase64: AA==\n";
        assert_eq!(reproducer(output), Some("found/jwt-crash-0a1b"));
    }
}
