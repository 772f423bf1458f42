//! The properties of one event as the conditions of many goals look them up (A5).
//!
//! What is large is sorted when it is first looked into, so that an event of a megabyte under a goal of thousands of
//! conditions costs the sum of their sizes, and not the product. It judges nothing by itself.

use super::goal::{Property, Scalar};
use std::collections::BTreeMap;

/// So few fields or items are searched one by one.
const FEW: usize = 16;

/// So often a text is searched from end to end before it pays to sort its suffixes.
const SEARCHES_MAX: usize = 128;

/// What has been sorted is kept under its address, which tells one object, list or text of the event from another.
pub struct Lookup<'a> {
    properties: &'a Property,
    objects: BTreeMap<usize, Vec<(&'a str, &'a Property)>>,
    lists: BTreeMap<usize, Vec<Item<'a>>>,
    texts: BTreeMap<usize, Text<'a>>,
}

/// An item of a list that can equal something.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Item<'a> {
    Bool(bool),
    /// The bits of a number.
    Number(u64),
    Text(&'a str),
}

enum Text<'a> {
    /// So often it was searched.
    Searched(usize),
    Sorted(Suffixes<'a>),
}

impl<'a> Lookup<'a> {
    pub fn new(properties: &'a Property) -> Self {
        let (objects, lists, texts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { properties, objects, lists, texts }
    }

    /// The property at a path, if it is there and not null.
    pub fn at(&mut self, path: &str) -> Option<&'a Property> {
        let mut here = self.properties;
        for name in path.split('.') {
            let Property::Object(fields) = here else { return None };
            here = self.field(fields, name)?;
        }
        (*here != Property::Null).then_some(here)
    }

    /// Of a name given twice the last counts.
    fn field(&mut self, fields: &'a [(String, Property)], name: &str) -> Option<&'a Property> {
        if fields.len() <= FEW {
            return fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value);
        }
        let sorted = self.objects.entry(fields.as_ptr() as usize).or_insert_with(|| {
            let mut sorted: Vec<_> = fields.iter().map(|(field, value)| (field.as_str(), value)).collect();
            sorted.sort_by_key(|(field, _)| *field);
            sorted
        });
        let end = sorted.partition_point(|(field, _)| *field <= name);
        let (field, value) = sorted[..end].last()?;
        (*field == name).then_some(*value)
    }

    /// `CONTAINS`: a string that contains a string, or a list that has an item.
    pub fn contains(&mut self, property: &'a Property, value: &Scalar) -> bool {
        match (property, value) {
            (Property::Text(text), Scalar::Text(part)) => self.text_contains(text, part),
            (Property::List(items), value) => self.list_has(items, value),
            _ => false,
        }
    }

    fn list_has(&mut self, items: &'a [Property], value: &Scalar) -> bool {
        if items.len() <= FEW {
            return items.iter().any(|item| item.equals(value));
        }
        let sorted = self.lists.entry(items.as_ptr() as usize).or_insert_with(|| {
            let mut sorted: Vec<Item<'a>> = items.iter().filter_map(Item::of).collect();
            sorted.sort_unstable();
            sorted
        });
        let wanted = match value {
            Scalar::Bool(yes) => Item::Bool(*yes),
            Scalar::Number(number) => Item::number(*number),
            Scalar::Text(text) => Item::Text(text),
        };
        sorted.binary_search(&wanted).is_ok()
    }

    fn text_contains(&mut self, text: &'a str, part: &str) -> bool {
        if text.len() <= FEW || part.len() > text.len() {
            return text.contains(part);
        }
        let known = self.texts.entry(text.as_ptr() as usize).or_insert(Text::Searched(0));
        match known {
            Text::Searched(times) if *times < SEARCHES_MAX || u32::try_from(text.len()).is_err() => {
                *times += 1;
                text.contains(part)
            }
            Text::Searched(_) => {
                let suffixes = Suffixes::new(text.as_bytes());
                let found = suffixes.contain(part.as_bytes());
                *known = Text::Sorted(suffixes);
                found
            }
            Text::Sorted(suffixes) => suffixes.contain(part.as_bytes()),
        }
    }
}

impl<'a> Item<'a> {
    fn of(item: &'a Property) -> Option<Self> {
        match item {
            Property::Bool(yes) => Some(Item::Bool(*yes)),
            // What is no number equals nothing, itself included.
            Property::Number(number) => (!number.is_nan()).then(|| Item::number(*number)),
            Property::Text(text) => Some(Item::Text(text)),
            Property::Null | Property::List(_) | Property::Object(_) => None,
        }
    }

    fn number(number: f64) -> Self {
        // The two zeros are equal.
        Item::Number((number + 0.0).to_bits())
    }
}

/// A text's suffixes in their order: whatever the text contains is the beginning of one of them.
struct Suffixes<'a> {
    text: &'a [u8],
    order: Vec<u32>,
}

impl<'a> Suffixes<'a> {
    /// Sorts by the first eight bytes, and then doubles how many are compared by comparing two known ranks. Takes
    /// n log² n steps, whatever the text repeats. `text` has fewer than 2³² bytes.
    fn new(text: &'a [u8]) -> Self {
        const FIRST: usize = size_of::<u64>();
        let first = |at: usize| {
            let mut bytes = [0; FIRST];
            let part = &text[at..text.len().min(at + FIRST)];
            bytes[..part.len()].copy_from_slice(part);
            // A suffix that ends here comes before one that goes on with zero bytes.
            (u64::from_be_bytes(bytes), part.len())
        };
        let mut order: Vec<u32> = (0..text.len() as u32).collect();
        order.sort_by_cached_key(|at| first(*at as usize));
        let mut rank = vec![0u32; text.len()];
        let mut groups = ranks(&order, &mut rank, |at| first(at as usize));
        let mut width = FIRST;
        while groups < text.len() && width < text.len() {
            // 0 is the end of the text; ranks are counted from 1.
            let old = rank.clone();
            let key = |at: u32| (old[at as usize], old.get(at as usize + width).copied().unwrap_or(0));
            let mut from = 0;
            while from < order.len() {
                let group = old[order[from] as usize];
                let end = from + order[from..].iter().take_while(|at| old[**at as usize] == group).count();
                if end - from > 1 {
                    order[from..end].sort_by_key(|at| key(*at).1);
                }
                from = end;
            }
            groups = ranks(&order, &mut rank, key);
            width *= 2;
        }
        Self { text, order }
    }

    fn contain(&self, part: &[u8]) -> bool {
        let place = self.order.partition_point(|at| &self.text[*at as usize..] < part);
        self.order.get(place).map_or(part.is_empty(), |at| self.text[*at as usize..].starts_with(part))
    }
}

/// Gives suffixes in order their ranks from 1 on, equal ones to equal keys. Returns how many ranks there are.
fn ranks<K: PartialEq>(order: &[u32], rank: &mut [u32], key: impl Fn(u32) -> K) -> usize {
    let mut groups = 0;
    let mut before = None;
    for at in order {
        let here = Some(key(*at));
        if here != before {
            groups += 1;
            before = here;
        }
        rank[*at as usize] = groups;
    }
    groups as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(fields: &[(&str, f64)]) -> Property {
        Property::Object(
            fields.iter().map(|(name, value)| ((*name).into(), Property::Number(*value))).collect(),
        )
    }

    #[test]
    fn a5_of_a_name_given_twice_the_last_counts_however_many_there_are() {
        for others in [0, 1_000] {
            let mut fields = vec![("twice", 1.0)];
            fields.extend(std::iter::repeat_n(("other", 3.0), others));
            fields.push(("twice", 2.0));
            let properties = object(&fields);
            let mut event = Lookup::new(&properties);
            assert_eq!(event.at("twice"), Some(&Property::Number(2.0)));
            assert_eq!((event.at("a"), event.at("u"), event.at("")), (None, None, None));
        }
    }

    #[test]
    fn a5_a_long_list_has_what_a_short_one_has() {
        for others in [0, 1_000] {
            let mut items =
                vec![Property::Number(f64::NAN), Property::Number(-0.0), Property::Text("1".into())];
            items.push(Property::Bool(true));
            items.extend(std::iter::repeat_n(Property::Null, others));
            let list = Property::List(items);
            let nothing = Property::Null;
            let mut event = Lookup::new(&nothing);
            let mut has = |value: Scalar| event.contains(&list, &value);
            assert!(has(Scalar::Number(0.0)) && has(Scalar::Text("1".into())) && has(Scalar::Bool(true)));
            assert!(!has(Scalar::Number(1.0)) && !has(Scalar::Text("0".into())) && !has(Scalar::Bool(false)));
        }
    }

    proptest! {
        #[test]
        fn sorted_suffixes_find_what_a_search_finds(
            text in "[ab\\x00é]{0,80}|(ab){0,40}|(aab){0,30}a|a{0,70}",
            parts in proptest::collection::vec("[ab\\x00é]{0,20}|(ab){0,20}|a{0,70}", 1..20),
        ) {
            let suffixes = Suffixes::new(text.as_bytes());
            for part in parts {
                prop_assert_eq!(suffixes.contain(part.as_bytes()), text.contains(&part), "{:?}", part);
            }
        }

        #[test]
        fn a5_a_text_contains_the_same_after_many_searches(
            text in "[ab]{17,60}", part in "[ab]{0,6}",
        ) {
            let (text, part) = (Property::Text(text), Scalar::Text(part));
            let mut event = Lookup::new(&text);
            let first = event.contains(&text, &part);
            for _ in 0..=SEARCHES_MAX {
                prop_assert_eq!(event.contains(&text, &part), first);
            }
        }
    }
}
