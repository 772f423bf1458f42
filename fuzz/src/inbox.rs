//! `inbox`: a message between stages is read or refused, and what is read comes back when it is written.

use chat_goals::contract::protobuf::inbox::{
    ChatsInbox, CustomersInbox, decode_chats_inbox, decode_customers_inbox, decode_managers_inbox,
    encode_forwarded_chat, encode_forwarded_customer, encode_to_chat, encode_to_customer, encode_to_manager,
};

pub fn run(data: &[u8]) {
    if let Ok(message) = decode_chats_inbox(data) {
        let written = match &message {
            ChatsInbox::ToChat(to_chat) => encode_to_chat(to_chat),
            ChatsInbox::Forwarded(record) => encode_forwarded_chat(record),
        };
        assert_eq!(decode_chats_inbox(&written), Ok(message));
    }
    if let Ok(message) = decode_customers_inbox(data) {
        let written = match &message {
            CustomersInbox::ToCustomer(to_customer) => encode_to_customer(to_customer),
            CustomersInbox::Forwarded(record) => encode_forwarded_customer(record),
        };
        assert_eq!(decode_customers_inbox(&written), Ok(message));
    }
    if let Ok(message) = decode_managers_inbox(data) {
        assert_eq!(decode_managers_inbox(&encode_to_manager(&message)), Ok(message));
    }
}
