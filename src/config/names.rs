//! The consumer group and the topics that `[group]` names. It never asks Kafka whether they exist.

use super::Config;

impl Config {
    /// `{id}-{generation}`: the consumer group, and what the inboxes and changelogs begin with.
    pub fn consumer_group(&self) -> String {
        format!("{}-{}", self.group.id, self.group.generation)
    }

    pub fn chats_inbox(&self) -> String {
        self.topic_of_generation("chats.inbox")
    }

    pub fn customers_inbox(&self) -> String {
        self.topic_of_generation("customers.inbox")
    }

    pub fn managers_inbox(&self) -> String {
        self.topic_of_generation("managers.inbox")
    }

    pub fn chats_changelog(&self) -> String {
        self.topic_of_generation("chats.changelog")
    }

    pub fn customers_changelog(&self) -> String {
        self.topic_of_generation("customers.changelog")
    }

    pub fn managers_changelog(&self) -> String {
        self.topic_of_generation("managers.changelog")
    }

    fn topic_of_generation(&self, suffix: &str) -> String {
        format!("{}.{suffix}", self.consumer_group())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_outlive_the_process_are_frozen() {
        let mut config = Config::default();
        config.group.id = "support".to_owned();
        config.group.generation = 3;
        assert_eq!(config.consumer_group(), "support-3");
        assert_eq!(config.chats_inbox(), "support-3.chats.inbox");
        assert_eq!(config.customers_inbox(), "support-3.customers.inbox");
        assert_eq!(config.managers_inbox(), "support-3.managers.inbox");
        assert_eq!(config.chats_changelog(), "support-3.chats.changelog");
        assert_eq!(config.customers_changelog(), "support-3.customers.changelog");
        assert_eq!(config.managers_changelog(), "support-3.managers.changelog");
    }

    #[test]
    fn the_default_topics_are_those_of_the_contract() {
        let topics = Config::default().topics;
        assert_eq!(topics.chat_events, "chat.events");
        assert_eq!(topics.customer_events, "customer.events");
        assert_eq!(topics.goal_changes, "goal.changes");
        assert_eq!(topics.goal_status_changed, "goal.status-changed");
        assert_eq!(topics.manager_goal_counters, "manager.goal-counters");
        assert_eq!(topics.dead_letters, "dead-letters");
        assert_eq!(Config::default().consumer_group(), "chat-goals-1");
    }
}
