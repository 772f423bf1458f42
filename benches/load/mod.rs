//! The benchmarks' load: plain chats in the order of time, as JSON lines of the offline form. The same count gives
//! the same lines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write;

/// Writes about ten lines a chat: opened, asked, answered, some talk, a close, page views, and for two of three a
/// purchase of the customer. Returns how many lines there are.
pub fn write_lines(chats: u64, to: &mut impl Write) -> std::io::Result<u64> {
    const START: i64 = 1_772_323_200_000; // 2026-03-01T00:00:00Z
    const DAY: i64 = 86_400_000;
    let mut lines = 0u64;
    let mut line = |to: &mut dyn Write, text: std::fmt::Arguments<'_>| {
        lines += 1;
        writeln!(to, "{text}")
    };
    for channel in 0..10 {
        let at = time(START - DAY);
        line(
            to,
            format_args!(
                r#"{{"goalChange":{{"channelId":"ch{channel}","at":"{at}","subscriptionSet":{{"active":true}}}}}}"#
            ),
        )?;
        line(
            to,
            format_args!(
                r#"{{"goalChange":{{"channelId":"ch{channel}","at":"{at}","goalSet":{{"eventName":"Purchase","days":7,"filter":{{"allOf":[{{"anyOf":[{{"property":"cart.total","operator":"GREATER_OR_EQUAL","values":[20]}}]}}]}}}}}}}}"#
            ),
        )?;
    }
    // Chats begin evenly over thirty days. What is to come waits in a heap until no later chat can be before it.
    let step = 30 * DAY / chats.max(1) as i64;
    let mut coming = BinaryHeap::new();
    for begun in 0..=chats {
        let begin = START + begun as i64 * step;
        if begun < chats {
            for (kind, minutes) in [0, 1, 3, 5, 8, 20, 2, 4, 9].into_iter().enumerate() {
                coming.push(Reverse((begin + minutes * 60_000 + (begun % 977) as i64, begun, kind as u8)));
            }
            if begun % 3 != 0 {
                coming.push(Reverse((begin + (begun % 9) as i64 * DAY + 3_600_000, begun, 9)));
            }
        }
        while let Some(&Reverse((at, chat, kind))) = coming.peek() {
            if begun < chats && at >= begin {
                break;
            }
            coming.pop();
            let (at, channel, manager, customer) = (time(at), chat % 10, chat % 200, chat / 2);
            let chat_event = |body: &str| {
                format!(
                    r#"{{"chatEvent":{{"id":"e{chat}-{kind}","channelId":"ch{channel}","chatId":"c{chat}","at":"{at}",{body}}}}}"#
                )
            };
            let customer_event = |body: &str| {
                format!(
                    r#"{{"customerEvent":{{"id":"t{chat}-{kind}","channelId":"ch{channel}","customerId":"u{customer}","at":"{at}",{body}}}}}"#
                )
            };
            let text = match kind {
                0 => chat_event(&format!(
                    r#""chatOpened":{{"customerId":"u{customer}","openedBy":"CUSTOMER"}}"#
                )),
                1 | 3 | 4 => chat_event(&format!(r#""customerMessage":{{"customerId":"u{customer}"}}"#)),
                2 => chat_event(&format!(r#""managerReply":{{"managerId":"m{manager}"}}"#)),
                5 => chat_event(&format!(r#""chatClosed":{{"managerId":"m{manager}"}}"#)),
                9 => customer_event(&format!(
                    r#""tracked":{{"name":"Purchase","properties":{{"cart":{{"total":{},"items":["a","b"]}}}}}}"#,
                    chat % 60
                )),
                _ => customer_event(
                    r#""tracked":{"name":"PageView","properties":{"url":"https://shop.example/items/1","referrer":"search"}}"#,
                ),
            };
            line(to, format_args!("{text}"))?;
        }
    }
    Ok(lines)
}

fn time(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).expect("a time of this century");
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
