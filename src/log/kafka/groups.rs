//! Who is in a group, as its coordinator says. Of librdkafka's interfaces only this one knows the groups of the consumer
//! protocol (KIP-848), and it has no safe form. It changes nothing, and is in no group itself.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

use crate::log::{LogError, LogResult, TopicPartition};

/// A group as its coordinator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// In librdkafka's words: `Stable`, `Empty`, `Assigning`, `Reconciling`, `Dead` (there is no such group).
    pub state: String,
    /// `host:port` of the broker that coordinates it; empty if that is not known.
    pub coordinator: String,
    pub members: Vec<GroupMember>,
}

/// One worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    pub id: String,
    pub client: String,
    pub host: String,
    pub partitions: Vec<TopicPartition>,
}

/// Asks through the client at `client`, which has to live until this returns.
pub(super) fn describe(
    client: *mut native::rd_kafka_t,
    group: &str,
    timeout: Duration,
) -> LogResult<GroupInfo> {
    let name =
        CString::new(group).map_err(|_| LogError::Setup(format!("{group:?} is no name of a group")))?;
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    let question = Question::new(client, timeout_ms);
    let mut names = [name.as_ptr()];
    // SAFETY: client, options and queue are alive; the names are copied before the call returns.
    unsafe {
        native::rd_kafka_DescribeConsumerGroups(
            client,
            names.as_mut_ptr(),
            names.len(),
            question.options.as_ptr(),
            question.queue.as_ptr(),
        );
    }
    question.answer(group, timeout_ms)
}

/// What has to be given back whatever happens.
struct Question {
    options: NonNull<native::rd_kafka_AdminOptions_t>,
    queue: NonNull<native::rd_kafka_queue_t>,
}

impl Question {
    fn new(client: *mut native::rd_kafka_t, timeout_ms: c_int) -> Self {
        let op = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
        // SAFETY: the client is alive, and both are given back in `drop`. A timeout out of range leaves the default.
        unsafe {
            let options = native::rd_kafka_AdminOptions_new(client, op);
            let options = NonNull::new(options).expect("librdkafka makes options for every living client");
            native::rd_kafka_AdminOptions_set_request_timeout(
                options.as_ptr(),
                timeout_ms,
                ptr::null_mut(),
                0,
            );
            let queue = NonNull::new(native::rd_kafka_queue_new(client));
            Self { options, queue: queue.expect("librdkafka makes a queue for every living client") }
        }
    }

    fn answer(&self, group: &str, timeout_ms: c_int) -> LogResult<GroupInfo> {
        let broken =
            |why: String| LogError::Broken(format!("the group {group} could not be looked up: {why}"));
        // SAFETY: the queue is alive. The event is looked at before it is destroyed, and all that is kept is copied.
        unsafe {
            let event = native::rd_kafka_queue_poll(self.queue.as_ptr(), timeout_ms);
            if event.is_null() {
                return Err(broken("no broker answered".to_owned()));
            }
            let outcome = if native::rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR {
                Err(broken(text(native::rd_kafka_event_error_string(event))))
            } else {
                let result = native::rd_kafka_event_DescribeConsumerGroups_result(event);
                let mut count = 0;
                let groups = native::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
                if count == 0 {
                    Err(broken("the answer is empty".to_owned()))
                } else {
                    group_info(*groups).map_err(broken)
                }
            };
            native::rd_kafka_event_destroy(event);
            outcome
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // SAFETY: both were made by `new`, and nobody else has them.
        unsafe {
            native::rd_kafka_queue_destroy(self.queue.as_ptr());
            native::rd_kafka_AdminOptions_destroy(self.options.as_ptr());
        }
    }
}

/// SAFETY: the description belongs to an event that is alive.
unsafe fn group_info(of: *const native::rd_kafka_ConsumerGroupDescription_t) -> Result<GroupInfo, String> {
    // SAFETY: as above, and indexes are below the count.
    unsafe {
        let error = native::rd_kafka_ConsumerGroupDescription_error(of);
        if !error.is_null() && native::rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(text(native::rd_kafka_error_string(error)));
        }
        let state = native::rd_kafka_ConsumerGroupDescription_state(of);
        let state = text(native::rd_kafka_consumer_group_state_name(state));
        let count = native::rd_kafka_ConsumerGroupDescription_member_count(of);
        let member = |index| group_member(native::rd_kafka_ConsumerGroupDescription_member(of, index));
        let node = native::rd_kafka_ConsumerGroupDescription_coordinator(of);
        let coordinator = match node.is_null() {
            true => String::new(),
            false => {
                format!("{}:{}", text(native::rd_kafka_Node_host(node)), native::rd_kafka_Node_port(node))
            }
        };
        Ok(GroupInfo { state, coordinator, members: (0..count).map(member).collect() })
    }
}

/// SAFETY: the description belongs to an event that is alive.
unsafe fn group_member(of: *const native::rd_kafka_MemberDescription_t) -> GroupMember {
    // SAFETY: as above, and the list holds as many elements as it says.
    unsafe {
        let assignment = native::rd_kafka_MemberDescription_assignment(of);
        let list = if assignment.is_null() {
            ptr::null()
        } else {
            native::rd_kafka_MemberAssignment_partitions(assignment)
        };
        let elements = match list.as_ref() {
            Some(list) if list.cnt > 0 => std::slice::from_raw_parts(list.elems, list.cnt as usize),
            _ => &[],
        };
        let partition = |element: &native::rd_kafka_topic_partition_t| {
            TopicPartition::new(text(element.topic), element.partition)
        };
        GroupMember {
            id: text(native::rd_kafka_MemberDescription_consumer_id(of)),
            client: text(native::rd_kafka_MemberDescription_client_id(of)),
            host: text(native::rd_kafka_MemberDescription_host(of)),
            partitions: elements.iter().map(partition).collect(),
        }
    }
}

/// SAFETY: null, or a string that ends.
unsafe fn text(of: *const c_char) -> String {
    if of.is_null() {
        return String::new();
    }
    // SAFETY: as above.
    unsafe { CStr::from_ptr(of) }.to_string_lossy().into_owned()
}
