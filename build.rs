//! Compiles `proto/` for [`contract::protobuf`]: descriptors with protox, Rust types with prost. It needs no protoc.
//!
//! An event's `properties` are compiled as `bytes`, which looks the same on the wire: they stay unparsed until a
//! filter asks for them. The stored descriptor keeps them as the public schema says.

use std::path::PathBuf;

/// What is published, and what only this program reads.
const FILES: [&str; 8] = [
    "chat_goals/v1/chat_event.proto",
    "chat_goals/v1/customer_event.proto",
    "chat_goals/v1/goal_change.proto",
    "chat_goals/v1/goal_status_changed.proto",
    "chat_goals/v1/manager_goal_counters.proto",
    "chat_goals/v1/fold.proto",
    "chat_goals/internal/v1/inbox.proto",
    "chat_goals/internal/v1/state.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new(["proto"])?;
    // The comments become the descriptions of the published JSON Schemas.
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    std::fs::write(out.join("chat_goals.binpb"), compiler.encode_file_descriptor_set())?;

    let mut files = compiler.file_descriptor_set();
    let mut messages: Vec<_> = files.file.iter_mut().flat_map(|file| &mut file.message_type).collect();
    while let Some(message) = messages.pop() {
        for field in &mut message.field {
            if field.name() == "properties" && field.type_name() == ".google.protobuf.Struct" {
                field.r#type = Some(TYPE_BYTES);
                field.type_name = None;
            }
        }
        messages.extend(&mut message.nested_type);
    }
    prost_build::Config::new().disable_comments(["."]).compile_fds(files)?;
    Ok(())
}

/// `FieldDescriptorProto.Type.TYPE_BYTES`.
const TYPE_BYTES: i32 = 12;
