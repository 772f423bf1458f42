//! Field numbers outlive the process: records lie in topics, rows in stores. They are all listed in `numbers.txt`.

use chat_goals::contract::protobuf::DESCRIPTORS;
use prost_reflect::{Cardinality, DescriptorPool};

#[test]
fn numbers_and_types_of_fields_never_change() {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let mut lines = Vec::new();
    for message in pool.all_messages().filter(|message| is_own(message.package_name())) {
        for field in message.fields() {
            let repeated = if field.cardinality() == Cardinality::Repeated { "repeated " } else { "" };
            let name = field.full_name();
            lines.push(format!("{name} = {}: {repeated}{:?}", field.number(), field.kind()));
        }
    }
    for of in pool.all_enums().filter(|of| is_own(of.package_name())) {
        for value in of.values() {
            lines.push(format!("{}.{} = {}", of.full_name(), value.name(), value.number()));
        }
    }
    lines.sort();
    let now = lines.join("\n") + "\n";
    assert!(
        now == include_str!("numbers.txt"),
        "a schema is not what it was. Lines may be added to numbers.txt; one that is changed or goes breaks what is \
         stored. Now it is:\n{now}"
    );
}

/// What is published, and what only this program reads.
fn is_own(package: &str) -> bool {
    ["chat_goals.v1", "chat_goals.internal.v1"].contains(&package)
}
