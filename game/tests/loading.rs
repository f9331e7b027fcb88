//! The `load` command, as the process that it is.

use std::process::Command;

/// Runs it with these arguments; what it says is wrong, and how that is repeated.
fn fault(arguments: &str) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_game"));
    let output = command.arg("load").args(arguments.split(' ')).output().expect("it runs");
    assert!(!output.status.success(), "a fault was planted");
    let said = String::from_utf8(output.stderr).expect("text");
    let parts = said.trim_end().split_once(" (repeat: load ").expect(&said);
    (parts.0.to_owned(), parts.1.trim_end_matches(')').to_owned())
}

#[test]
fn the_command_that_is_told_for_a_fault_repeats_it() {
    let mut are_small = 0;
    let told = (20..30).map(|seed| format!("--seed {seed} --plant-desync 60")).chain([
        "--seed 4 --plant-desync 300 --players 12".into(),
        "--seed 5 --plant-desync 300 --behaviour wander --jitter 30ms --leave-rate 200".into(),
    ]);
    for told in told {
        let (found, repeat) = fault(&format!("--simulate --duration 1h --ticks 400 {told}"));
        let (again, same) = fault(&repeat);
        assert_eq!(again, found, "{told}: {repeat}");
        assert_eq!(same, repeat);
        are_small += usize::from(repeat.contains("--players 1 ") && !repeat.contains("match 1 "));
    }
    assert!(are_small > 0, "with fewer players than the match was made for");
}
