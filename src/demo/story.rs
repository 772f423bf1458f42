//! What becomes of one customer: looks around, asks, is answered or not, logs in, buys in time, too late or never,
//! comes back. A story is told ahead, as steps to come; it never writes a record itself.

use super::catalog::{Channel, HOUR, MINUTE, Manager, Trade};
use super::drafts::{ChatBody, Customer, CustomerBody, Draft, Properties};
use crate::domain::time::{DAY, Millis, SECOND, Timestamp};
use fastrand::Rng;

/// What happens at a moment to come.
#[derive(Clone, Debug)]
pub enum Step {
    /// Somebody may come to the channel (by index).
    Arrival(usize),
    /// The customer writes again in a chat that was closed.
    Return {
        channel: usize,
        chat: u32,
        customer: Customer,
    },
    Write(Draft),
}

/// Tells the story of one chat of a channel.
pub struct Story<'a> {
    pub random: &'a mut Rng,
    pub index: usize,
    pub channel: &'static Channel,
    pub chat: u32,
    pub steps: &'a mut Vec<(Timestamp, Step)>,
}

impl Story<'_> {
    /// A customer comes; `login`: and turns out to be that one.
    pub fn visit(&mut self, at: Timestamp, customer: Customer, login: Option<Customer>) {
        let mut at = at;
        for _ in 0..self.random.u32(1..4) {
            self.look_around(at, customer);
            at = at.plus(self.between(15 * SECOND, 4 * MINUTE));
        }
        let proactive = self.chance(0.08);
        let opened_by = if proactive { "MANAGER" } else { "CUSTOMER" };
        self.say(at, ChatBody::ChatOpened { customer_id: Some(customer.id()), opened_by });
        if proactive {
            // A manager who writes first has not answered anything.
            let manager_id = self.some_manager().id;
            self.say(at.plus(2 * SECOND), ChatBody::ManagerReply { manager_id });
            if self.chance(0.4) {
                self.say(at.plus(3 * HOUR), ChatBody::ChatClosed { manager_id: Some(manager_id) });
                return;
            }
            at = at.plus(self.between(MINUTE, 20 * MINUTE));
        }
        let mut buyer = customer;
        if let Some(account) = login {
            let at = at.plus(self.between(2 * MINUTE, 25 * MINUTE));
            let body = CustomerBody::Merged { into_customer_id: account.id() };
            self.track(at, customer, body);
            buyer = account;
        }
        self.converse(at.plus(SECOND), customer, buyer);
    }

    /// The customer writes again.
    pub fn come_back(&mut self, at: Timestamp, customer: Customer) {
        if self.chance(0.5) {
            self.say(at, ChatBody::ChatReopened {});
        }
        self.converse(at.plus(SECOND), customer, customer);
    }

    fn converse(&mut self, asked: Timestamp, asker: Customer, buyer: Customer) {
        self.say(asked, ChatBody::CustomerMessage { customer_id: asker.id() });
        let manager = self.some_manager();
        if self.chance(0.85) {
            let at = asked.plus(self.between(5 * SECOND, 90 * SECOND));
            self.say(at, ChatBody::ChatAssigned { manager_id: manager.id });
        }
        let closed = if self.chance(manager.answers) {
            Some(self.answer(asked, manager, buyer))
        } else {
            self.ignore(asked, buyer)
        };
        if let Some(closed) = closed {
            self.follow_up(closed, buyer);
        }
    }

    /// The manager replies, they talk, and the chat is closed.
    fn answer(&mut self, asked: Timestamp, manager: &'static Manager, buyer: Customer) -> Timestamp {
        let reply = asked.plus(20 * SECOND + self.after(manager.reply).min(20 * HOUR));
        self.say(reply, ChatBody::ManagerReply { manager_id: manager.id });
        let (mut last, mut talking) = (reply, manager);
        if self.chance(0.06) {
            talking = self.some_manager();
            last = last.plus(self.between(MINUTE, 10 * MINUTE));
            self.say(last, ChatBody::ChatAssigned { manager_id: talking.id });
        }
        for _ in 0..self.random.u32(0..4) {
            last = last.plus(self.between(30 * SECOND, 15 * MINUTE));
            self.say(last, ChatBody::CustomerMessage { customer_id: buyer.id() });
            last = last.plus(20 * SECOND + self.after(talking.reply / 2).min(5 * HOUR));
            self.say(last, ChatBody::ManagerReply { manager_id: talking.id });
        }
        if self.chance((self.channel.appeal * talking.persuasion).min(0.95)) {
            let period = self.channel.days * DAY;
            let hesitates = if self.chance(0.8) {
                // In time, unless the goal has a shorter period by then.
                self.after(period / 4).min(period * 97 / 100)
            } else {
                self.between(period + HOUR, period * 2)
            };
            self.buy(last.plus(MINUTE).max(reply.plus(hesitates)), buyer);
        }
        let closed = last.plus(self.between(20 * MINUTE, 5 * HOUR));
        self.say(closed, ChatBody::ChatClosed { manager_id: Some(talking.id) });
        closed
    }

    /// Nobody replies. Some buy all the same, and most of these chats are closed by the platform.
    fn ignore(&mut self, asked: Timestamp, buyer: Customer) -> Option<Timestamp> {
        if self.chance(0.1) {
            let at = asked.plus(self.between(HOUR, 30 * HOUR));
            self.buy(at, buyer);
        }
        let closed = self.chance(0.7).then(|| asked.plus(self.between(6 * HOUR, 20 * HOUR)))?;
        self.say(closed, ChatBody::ChatClosed { manager_id: None });
        Some(closed)
    }

    fn follow_up(&mut self, closed: Timestamp, customer: Customer) {
        if self.chance(0.2) {
            let at = closed.plus(self.between(2 * HOUR, 60 * HOUR));
            let step = Step::Return { channel: self.index, chat: self.chat, customer };
            self.steps.push((at, step));
        } else if self.chance(0.02) {
            let at = closed.plus(self.between(HOUR, 20 * HOUR));
            self.say(at, ChatBody::ChatDeleted {});
        }
    }

    /// Most events come from the customer; some senders know the chat.
    fn buy(&mut self, at: Timestamp, customer: Customer) {
        let (name, properties) = (self.channel.trade.event_name(), self.bought());
        if self.chance(0.8) {
            self.track(at, customer, CustomerBody::Tracked { name, properties });
        } else {
            self.say(at, ChatBody::GoalEvent { name, properties });
        }
    }

    fn bought(&mut self) -> Properties {
        let random = &mut *self.random;
        match self.channel.trade {
            Trade::Purchase => Properties::Purchase {
                amount: f64::from(random.u32(1500..20000)) / 100.0,
                currency: "EUR",
                items: random.u32(1..6),
            },
            Trade::Booking => {
                let nights = random.u32(1..11);
                let destination = pick(random, &["Lisbon", "Oaxaca", "Kyoto", "Tromsø"]);
                Properties::Booking { destination, nights, total: nights * random.u32(70..240) }
            }
            Trade::Appointment => Properties::Appointment {
                specialty: pick(random, &["dentist", "eyes", "skin", "travel medicine"]),
                first_visit: random.bool(),
            },
            Trade::Enrolment => Properties::Enrolment {
                language: pick(random, &["Spanish", "Portuguese", "Japanese", "German"]),
                level: pick(random, &["A1", "A2", "B1", "B2"]),
            },
        }
    }

    fn look_around(&mut self, at: Timestamp, customer: Customer) {
        let path = pick(self.random, &["/", "/offers", "/prices", "/about", "/cart", "/search"]);
        let seconds = self.random.u32(3..240);
        let properties = Properties::Page { path, seconds };
        self.track(at, customer, CustomerBody::Tracked { name: "Page viewed", properties });
    }

    fn say(&mut self, at: Timestamp, body: ChatBody) {
        let draft = Draft::Chat { channel: self.index, chat: self.chat, body };
        self.steps.push((at, Step::Write(draft)));
    }

    fn track(&mut self, at: Timestamp, customer: Customer, body: CustomerBody) {
        self.steps.push((at, Step::Write(Draft::Customer { channel: self.index, customer, body })));
    }

    fn some_manager(&mut self) -> &'static Manager {
        pick(self.random, self.channel.managers)
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random.f64() < probability
    }

    fn between(&mut self, least: Millis, most: Millis) -> Millis {
        self.random.i64(least..most)
    }

    fn after(&mut self, mean: Millis) -> Millis {
        exponential(self.random, mean)
    }
}

/// The time to the next of events that come independently of each other.
pub fn exponential(random: &mut Rng, mean: Millis) -> Millis {
    (-(1.0 - random.f64()).ln() * mean as f64) as Millis
}

fn pick<T: Copy>(random: &mut Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}
