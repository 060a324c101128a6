//! This project beside its peers. What is here are tests, and benchmarks to come.
