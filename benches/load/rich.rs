//! A load like a real platform's: chats with some talk, some of them reopened, customers who do what a goal wants or
//! not quite, page views, channels of their own time zones, goals that change. Everything in the order of time, the
//! same records for the same count and base.

use fastrand::Rng;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// The load ends at its base and begins so many days before.
const SPREAD: i64 = 40 * DAY;
/// No deadline passes for so long after the base: nobody answers in these hours of a day.
pub const QUIET: i64 = 3 * HOUR;
pub const CHANNELS: u32 = 10;
pub const MANAGERS: u32 = 200;
const VIEWS: u16 = 5;
const EVENTS: [&str; 4] = ["Purchase", "Booking", "Signup", "Subscription"];

/// The parameters from which everything follows.
#[derive(Clone, Copy)]
pub struct Load {
    pub chats: u32,
    pub channels: u32,
    /// How many times as much as usual each customer does.
    pub deeds: u16,
    /// When it ends, in milliseconds since the epoch.
    pub base: i64,
}

/// The topic of a record, and what a line of the offline form calls it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Chats,
    Customers,
    Goals,
}

impl Input {
    pub const ALL: [Input; 3] = [Input::Chats, Input::Customers, Input::Goals];

    pub fn topic(self) -> &'static str {
        match self {
            Input::Chats => "chat.events",
            Input::Customers => "customer.events",
            Input::Goals => "goal.changes",
        }
    }

    pub fn line(self) -> &'static str {
        match self {
            Input::Chats => "chatEvent",
            Input::Customers => "customerEvent",
            Input::Goals => "goalChange",
        }
    }
}

/// A record as it goes into a topic; its log timestamp is `at`.
pub struct Record {
    pub to: Input,
    pub at: i64,
    pub key: String,
    pub json: String,
}

#[derive(Clone, Copy)]
struct Goal {
    from: i64,
    event: &'static str,
    days: i64,
    filtered: bool,
}

/// A stretch of a chat that ends with a close.
struct Cycle {
    asked: i64,
    replied: i64,
    manager: u16,
    closed: i64,
}

struct Chat {
    opened: i64,
    first: Cycle,
    talk: Vec<i64>,
    second: Option<Cycle>,
}

/// What a customer does about a goal.
struct Deed {
    at: i64,
    name: &'static str,
    tier: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Settings,
    Opened,
    Asked,
    Replied,
    Closed,
    Did,
    Viewed,
}

/// A record to come, small enough for millions; `of` is a channel, a chat or a customer.
#[derive(Clone, Copy)]
struct Plan {
    at: i64,
    of: u32,
    detail: u16,
    what: What,
}

impl Load {
    /// As it is where nothing else is said.
    pub fn plain(chats: u32, base: i64) -> Self {
        Self { chats, channels: CHANNELS, deeds: 1, base }
    }

    /// Calls `to` with every record in the order of time; returns how many chat and customer events there are.
    pub fn each(&self, mut to: impl FnMut(Record) -> anyhow::Result<()>) -> anyhow::Result<u64> {
        let mut plans = self.plans();
        // The order within a moment is that of the plans, which is right for each chat.
        plans.sort_by_key(|plan| plan.at);
        let mut events = 0;
        for plan in plans {
            events += u64::from(plan.what != What::Settings);
            to(self.record(plan, events))?;
        }
        Ok(events)
    }

    fn plans(&self) -> Vec<Plan> {
        let mut plans = Vec::with_capacity(self.chats as usize * 11);
        for channel in 0..self.channels {
            for (number, (at, _)) in self.settings(channel).iter().enumerate() {
                plans.push(Plan { at: *at, of: channel, detail: number as u16, what: What::Settings });
            }
        }
        for number in 0..self.chats {
            let chat = self.chat(number);
            let mut push = |at, detail, what| plans.push(Plan { at, of: number, detail, what });
            let manager = chat.first.manager;
            push(chat.opened, 0, What::Opened);
            push(chat.first.asked, 0, What::Asked);
            push(chat.first.replied, manager, What::Replied);
            for (at, asks) in chat.talk.iter().zip([true, false].into_iter().cycle()) {
                if asks { push(*at, 0, What::Asked) } else { push(*at, manager, What::Replied) }
            }
            push(chat.first.closed, manager, What::Closed);
            if let Some(second) = chat.second {
                push(second.asked, 0, What::Asked);
                push(second.replied, second.manager, What::Replied);
                push(second.closed, second.manager, What::Closed);
            }
        }
        for customer in 0..self.customers() {
            let mut push = |at, detail, what| plans.push(Plan { at, of: customer, detail, what });
            for number in 0..self.deeds {
                if let Some(deed) = self.deed(customer, number) {
                    push(deed.at, number, What::Did);
                }
            }
            let mut random = self.random(99, customer);
            for view in 0..VIEWS * self.deeds {
                push(self.base - 1 - random.i64(0..SPREAD), self.deeds + view, What::Viewed);
            }
        }
        plans
    }

    fn customers(&self) -> u32 {
        (self.chats / 2).max(1)
    }

    /// What happens to one does not depend on how many there are.
    fn random(&self, of: u64, number: u32) -> Rng {
        Rng::with_seed(of * 1_000_003_000_007 + u64::from(number))
    }

    /// One goal a channel; two of ten change theirs twenty days before the base.
    fn goals(&self, channel: u32) -> Vec<Goal> {
        let named = |number: u32| EVENTS[number as usize % EVENTS.len()];
        let (days, filtered) = ([1, 3, 7, 15, 30][channel as usize % 5], channel % 2 == 1);
        let mut goals = vec![Goal { from: self.base - 60 * DAY, event: named(channel), days, filtered }];
        if channel % 5 == 1 {
            goals.push(Goal { from: self.base - 20 * DAY, event: named(channel + 1), days, filtered });
        }
        goals
    }

    fn goal_at(&self, channel: u32, at: i64) -> Goal {
        *self
            .goals(channel)
            .iter()
            .rfind(|goal| goal.from <= at)
            .expect("there was one before the first chat")
    }

    fn settings(&self, channel: u32) -> Vec<(i64, String)> {
        let begin = self.base - 61 * DAY;
        let mut settings = vec![(begin, r#""subscriptionSet":{"active":true}"#.to_owned())];
        if channel.is_multiple_of(2) {
            settings.push((begin, r#""timeZoneSet":{"timeZone":"Asia/Seoul"}"#.to_owned()));
        }
        for Goal { from, event, days, filtered } in self.goals(channel) {
            let filter = if filtered {
                r#","filter":{"allOf":[{"anyOf":[{"property":"plan.tier","operator":"EQUALS","values":["pro","team"]}]}]}"#
            } else {
                ""
            };
            settings.push((from, format!(r#""goalSet":{{"eventName":"{event}","days":{days}{filter}}}"#)));
        }
        settings
    }

    fn chat(&self, number: u32) -> Chat {
        let mut random = self.random(1, number);
        let channel = number % self.customers() % self.channels;
        let day = self.base - SPREAD + DAY * random.i64(0..SPREAD / DAY);
        let opened = day + random.i64(QUIET..DAY - 2 * HOUR);
        let asked = opened + random.i64(1_000..6_000);
        let replied = asked + random.i64(10_000..10 * MINUTE);
        let manager = manager(channel, &mut random);
        let mut last = replied;
        let talk: Vec<i64> = (0..random.u32(1..=6))
            .map(|_| {
                last += random.i64(5_000..5 * MINUTE);
                last
            })
            .collect();
        let closed = last + random.i64(MINUTE..31 * MINUTE);
        let second = (random.u32(0..5) == 0).then(|| {
            let asked = closed + random.i64(HOUR..5 * DAY);
            let replied = self.awake(asked + random.i64(10_000..10 * MINUTE));
            let manager = self::manager(channel, &mut random);
            Cycle { asked, replied, manager, closed: replied + random.i64(MINUTE..31 * MINUTE) }
        });
        let second = second.filter(|second| second.closed < self.base);
        Chat { opened, first: Cycle { asked, replied, manager, closed }, talk, second }
    }

    /// Later, if it is in the quiet hours.
    fn awake(&self, at: i64) -> i64 {
        if (at - self.base).rem_euclid(DAY) < QUIET { at + QUIET } else { at }
    }

    /// For 60 % of the customers one thing of each number, half of the time what the goal of their first chat wants.
    fn deed(&self, customer: u32, number: u16) -> Option<Deed> {
        let mut random = self.random(77 + 1_000 * u64::from(number), customer);
        if random.u32(0..10) >= 6 {
            return None;
        }
        let replied = self.chat(customer).first.replied;
        let goal = self.goal_at(customer % self.channels, replied);
        let deadline = replied + goal.days * DAY;
        let inside = random.i64(replied + MINUTE..deadline.min(self.base));
        let before = replied - random.i64(HOUR..3 * DAY);
        let after = deadline + random.i64(HOUR..2 * DAY);
        let tier = if random.bool() { "pro" } else { "team" };
        let deed = |at, name, tier| Some(Deed { at, name, tier });
        match random.u32(0..6) {
            0..3 => deed(inside, goal.event, tier),
            3 if after < self.base => deed(after, goal.event, tier),
            3 | 4 => deed(before, goal.event, tier),
            _ if goal.filtered => deed(inside, goal.event, "free"),
            _ => deed(inside, "AddToCart", tier),
        }
    }

    fn record(&self, plan: Plan, number: u64) -> Record {
        let Plan { at, of, detail, what } = plan;
        let time = time(at);
        let customer = of % self.customers();
        let channel = if what == What::Settings { of } else { customer % self.channels };
        let body = match what {
            What::Settings => self.settings(of).swap_remove(detail.into()).1,
            What::Opened => format!(r#""chatOpened":{{"customerId":"u{customer}","openedBy":"CUSTOMER"}}"#),
            What::Asked => format!(r#""customerMessage":{{"customerId":"u{customer}"}}"#),
            What::Replied => format!(r#""managerReply":{{"managerId":"m{detail}"}}"#),
            What::Closed => format!(r#""chatClosed":{{"managerId":"m{detail}"}}"#),
            What::Did => {
                let deed = self.deed(of, detail).expect("it was planned");
                format!(
                    r#""tracked":{{"name":"{}","properties":{{"orderId":"o{number}","amount":{}.5,"plan":{{"tier":"{}"}}}}}}"#,
                    deed.name,
                    number % 1_000,
                    deed.tier
                )
            }
            What::Viewed => {
                let page = at % 5_000;
                format!(
                    r#""tracked":{{"name":"PageView","properties":{{"url":"/products/{page}","title":"Product {page}","referrer":"search"}}}}"#
                )
            }
        };
        let (to, key, head) = match what {
            What::Settings => (Input::Goals, format!("ch{channel}"), String::new()),
            What::Did | What::Viewed => {
                let key = format!("u{of}");
                let head = format!(r#""id":"t{of}-{detail}","customerId":"{key}","#);
                (Input::Customers, key, head)
            }
            _ => {
                let key = format!("c{of}");
                let head = format!(r#""id":"e{number}","chatId":"{key}","#);
                (Input::Chats, key, head)
            }
        };
        let json = format!(r#"{{{head}"channelId":"ch{channel}","at":"{time}",{body}}}"#);
        Record { to, at, key, json }
    }
}

fn manager(channel: u32, random: &mut Rng) -> u16 {
    let each = MANAGERS / CHANNELS;
    ((channel * each + random.u32(0..each)) % MANAGERS) as u16
}

pub fn time(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).expect("a time of this century");
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
