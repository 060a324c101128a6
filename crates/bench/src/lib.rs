//! This project beside its peers: tests in `tests/`, benchmarks in `benches/`.
