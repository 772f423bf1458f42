//! The simulator itself: a seed means the same every time, and a run can be repeated.

use chat_goals::simulate::run;
use chat_goals::simulate::scenario::Scenario;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in [1, 2, 3, 19, 42] {
        let scenario = Scenario::of(seed);
        let (first, second) = (run(&scenario), run(&scenario));
        assert_eq!(first.failure, None, "seed {seed}");
        assert_eq!((first.digest, first.turns), (second.digest, second.turns), "seed {seed}");
        assert_eq!(first.tally, second.tally, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_something_else() {
    assert_ne!(run(&Scenario::of(1)).digest, run(&Scenario::of(2)).digest);
}

#[test]
fn what_repeats_a_run_says_what_is_different_from_its_seed() {
    let mut scenario = Scenario::of(7);
    assert_eq!(scenario.arguments(), "--seed 7");
    scenario.records = 3;
    assert_eq!(scenario.arguments(), "--seed 7 --records 3");
    assert!(scenario.smaller().iter().all(|smaller| *smaller != scenario), "each is another one");
}
