//! This project beside its peers: tests in `tests/`, benchmarks in `benches/`, and here what the benchmarks share:
//! medians of short batches that the contenders run in turns.

/// What one contender took for one piece of work in each of its batches, in microseconds.
#[derive(Debug)]
pub struct Measured {
    name: &'static str,
    times: Vec<f64>,
}

impl Measured {
    /// Nothing measured yet of the contender `name`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let times = Vec::new();
        Self { name, times }
    }

    /// The contender.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds the microseconds of one batch, for one piece of work.
    pub fn add(&mut self, time: f64) {
        self.times.push(time);
    }

    /// The median of its batches, in microseconds.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(self.times.iter().copied())
    }
}

/// Prints the contenders one a line; `unit` says what was timed.
pub fn print_table(title: &str, unit: &str, measured: &[Measured]) {
    println!("{title} ({unit}, {} of them)", measured[0].times.len());
    println!("  {:40}{:>10}{:>10}", "", "median", "fastest");
    for Measured { name, times } in measured {
        let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
        let median = median(times.iter().copied());
        println!("  {name:40}{median:10.2}{fastest:10.2}");
    }
}

/// How much longer one takes than the other, in batches that ran one soon after the other.
#[must_use]
pub fn ratio(one: &Measured, other: &Measured) -> f64 {
    median(
        one.times
            .iter()
            .zip(&other.times)
            .map(|(one, other)| one / other),
    )
}

/// Prints the ratio.
pub fn print_ratio(one: &Measured, other: &Measured) {
    println!("{} / {} = {:.2}", one.name, other.name, ratio(one, other));
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
