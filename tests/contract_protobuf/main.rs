//! The protobuf contract as others see it: through the published descriptors and the proto3 JSON mapping, by a library
//! that knows nothing of this program's types.

mod inputs;
mod numbers;
mod outputs;

use chat_goals::contract::protobuf::DESCRIPTORS;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::Value;

fn descriptor(message: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("the descriptors are complete");
    pool.get_message_by_name(&format!("chat_goals.v1.{message}")).expect("the message is in a schema")
}

/// What a reader with a protobuf library sees of a record.
fn json_of(message: &str, record: &[u8]) -> Value {
    let record = DynamicMessage::decode(descriptor(message), record).expect("the record fits its schema");
    serde_json::to_value(&record).expect("the record has a JSON form")
}

/// What a platform with a protobuf library sends.
fn bytes_of(message: &str, json: &Value) -> Vec<u8> {
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    DynamicMessage::deserialize_with_options(descriptor(message), json, &options)
        .expect("the JSON fits the schema")
        .encode_to_vec()
}
