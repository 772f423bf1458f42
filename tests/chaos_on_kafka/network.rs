//! The network between processes and broker: it delays, it cuts, and it delivers the end of a transaction when its
//! sender has long gone on.

use crate::frame::{ADD_OFFSETS_TO_TXN, END_TXN, INIT_PRODUCER_ID};
use crate::proxy::{Hold, Seen};
use crate::scene::{Scene, Shape};
use crate::server::{proxy, server};
use std::time::Duration;

#[test]
fn connections_that_are_slow_and_cut_again_and_again_lose_and_repeat_nothing() {
    const CUTS: usize = 12;
    let (_server, _turn) = (server(), crate::turn());
    proxy().reset();
    let mut scene = Scene::begun("cut", &through_the_proxy());
    proxy().delay(Duration::from_millis(20), 7);
    let mut cut = 0;
    for number in 0..CUTS {
        scene.look_on(Duration::from_millis(150 + 70 * number as u64));
        cut += proxy().cut();
    }
    println!("{cut} connections were cut");
    assert!(cut >= 3 * CUTS, "three processes have more connections than that");
    scene.until_folded();
    proxy().delay(Duration::ZERO, 0);
    scene.ends_well();
}

/// The end of a transaction is on its way when its connection breaks. Its sender sends it again, the transaction is
/// committed, the next one has sent its records but not its positions: only now the first one arrives. Taken for the end
/// of that next transaction, it would publish its records without its positions, and they would come twice.
#[test]
fn the_end_of_a_transaction_that_arrives_in_the_next_one_does_not_end_it() {
    let (_server, _turn) = (server(), crate::turn());
    proxy().reset();
    let mut scene = Scene::begun("late-end", &through_the_proxy());
    proxy().hold_next_commit(Hold::Cut);
    let held = proxy().until_held();
    // Most of what comes twice changes nothing; a dead letter does not know that it is there already.
    proxy().stall_its_next_transaction_with(&scene.deployment.topic("dead-letters"));
    proxy().until_stalled();
    let since = proxy().since();
    let asked: Vec<(i16, Option<i16>, bool)> =
        since.iter().map(|seen| (seen.request.api, seen.request.epoch, seen.passed)).collect();
    println!("held {held:?}, since then (request, epoch, passed) {asked:?}");
    assert!(since.iter().any(|seen| is(seen, END_TXN)), "the sender sent it again: {since:?}");

    let error = proxy().release();
    println!("the broker answered the late EndTxn with error {error}");
    // Nothing will ever complete what is with the broker now, but for a wrong end.
    let which = scene.of_transactional_id(&held.transactional_id);
    scene.take(which).kill();
    proxy().reset();
    assert_ne!(error, 0, "the broker took it for the end of a transaction that it does not belong to");
    scene.start(which);
    scene.until_folded();
    scene.ends_well();
}

/// The same for a sender that hears nothing at all until it gives up, which takes as long as the broker lets a
/// transaction be open: it makes a new producer.
#[test]
fn the_end_of_a_transaction_whose_sender_gave_up_ends_nothing_any_more() {
    let (_server, _turn) = (server(), crate::turn());
    proxy().reset();
    let mut scene = Scene::begun("given-up", &Shape { chats: 9_000, ..through_the_proxy() });
    proxy().hold_next_commit(Hold::Silent);
    let held = proxy().until_held();
    proxy().until_given_up();
    proxy().until_since("the sender does not make a new producer", |since| {
        since.iter().any(|seen| is(seen, INIT_PRODUCER_ID))
    });
    proxy().until_since("the new producer does not go on", |since| {
        let begun = since.iter().skip_while(|seen| !is(seen, INIT_PRODUCER_ID));
        begun.clone().any(|seen| is(seen, ADD_OFFSETS_TO_TXN)) && begun.clone().any(|seen| is(seen, END_TXN))
    });
    let since = proxy().since();
    let epochs: Vec<Option<i16>> =
        since.iter().filter(|seen| is(seen, END_TXN)).map(|seen| seen.request.epoch).collect();
    println!("held {held:?}, since then ends of the epochs {epochs:?}");
    let error = proxy().release();
    println!("the broker answered the late EndTxn with error {error}");
    assert_ne!(error, 0, "the broker took it");
    scene.until_folded();
    proxy().reset();
    scene.ends_well();
}

fn is(seen: &Seen, api: i16) -> bool {
    seen.request.api == api && seen.passed
}

fn through_the_proxy() -> Shape {
    Shape { through_proxy: true, ..Shape::default() }
}
