//! The published schemas as they stand in `proto/`. It changes nothing in them.

/// The path by which a schema is imported, and its text.
pub const FILES: [(&str, &str); 6] = [
    ("chat_goals/v1/chat_event.proto", include_str!("../../../proto/chat_goals/v1/chat_event.proto")),
    ("chat_goals/v1/customer_event.proto", include_str!("../../../proto/chat_goals/v1/customer_event.proto")),
    ("chat_goals/v1/fold.proto", include_str!("../../../proto/chat_goals/v1/fold.proto")),
    ("chat_goals/v1/goal_change.proto", include_str!("../../../proto/chat_goals/v1/goal_change.proto")),
    (
        "chat_goals/v1/goal_status_changed.proto",
        include_str!("../../../proto/chat_goals/v1/goal_status_changed.proto"),
    ),
    (
        "chat_goals/v1/manager_goal_counters.proto",
        include_str!("../../../proto/chat_goals/v1/manager_goal_counters.proto"),
    ),
];

/// What `buf lint` goes by beside them.
pub const LINT: (&str, &str) = ("buf.yaml", include_str!("../../../proto/buf.yaml"));
