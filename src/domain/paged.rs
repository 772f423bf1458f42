//! A sorted list in pages: a change touches one page, however long the list is, so that only this page has to be
//! stored again. It knows no rule, and where pages are stored is not its business.

use super::time::Timestamp;
use std::cmp::Ordering;

/// What can stand in a list: it has a time, and a place among its equals.
pub trait Entry {
    /// What is told of a page without looking through it.
    type Summary: Clone + std::fmt::Debug + Default;
    fn at(&self) -> Timestamp;
    /// By time first.
    fn order(&self, other: &Self) -> Ordering;
    fn sum_up(&self, summary: &mut Self::Summary);
}

/// How many entries a page holds at most: a page is a few kilobytes, and the numbers of all pages of a list of
/// tens of thousands still fit into one.
pub const PAGE_MAX: usize = 128;

#[derive(Clone, Debug)]
pub struct Page<T: Entry> {
    /// Its name where it is stored. A number that became free is used again.
    pub number: u32,
    /// It is not what it was when the list was last stored.
    changed: bool,
    /// Never empty.
    entries: Vec<T>,
    /// Of all entries; kept only if there is more than one page.
    summary: T::Summary,
}

#[derive(Clone, Debug)]
pub struct Paged<T: Entry> {
    /// In order.
    pages: Vec<Page<T>>,
}

impl<T: Entry> Page<T> {
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    pub fn summary(&self) -> &T::Summary {
        &self.summary
    }

    fn sum_up(&mut self) {
        self.summary = T::Summary::default();
        self.entries.iter().for_each(|entry| entry.sum_up(&mut self.summary));
    }

    fn last(&self) -> &T {
        self.entries.last().expect("no page is empty")
    }
}

impl<T: Entry> Default for Paged<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T: Entry + PartialEq> PartialEq for Paged<T> {
    /// Where one page ends and the next begins makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Entry + Eq> Eq for Paged<T> {}

impl<T: Entry> Paged<T> {
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub fn len(&self) -> usize {
        self.pages.iter().map(|page| page.entries.len()).sum()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.pages.iter().flat_map(|page| &page.entries)
    }

    pub fn first(&self) -> Option<&T> {
        self.pages.first().map(|page| &page.entries[0])
    }

    pub fn last(&self) -> Option<&T> {
        self.pages.last().map(Page::last)
    }

    pub fn pages(&self) -> &[Page<T>] {
        &self.pages
    }

    /// The first page that holds an entry at `at` or later, and the place of the first one in it.
    pub fn find(&self, at: Timestamp) -> Option<(usize, usize)> {
        let page = self.pages.partition_point(|page| page.last().at() < at);
        let entries = &self.pages.get(page)?.entries;
        Some((page, entries.partition_point(|entry| entry.at() < at)))
    }

    /// The entries at `at` and later, in order.
    pub fn from(&self, at: Timestamp) -> impl Iterator<Item = &T> {
        let (page, place) = self.find(at).unwrap_or((self.pages.len(), 0));
        let head = self.pages.get(page).map_or(&[][..], |page| &page.entries[place..]);
        let rest = self.pages.get(page + 1..).unwrap_or_default();
        head.iter().chain(rest.iter().flat_map(|page| &page.entries))
    }

    /// Puts an entry into its place, after its equals.
    pub fn insert(&mut self, entry: T) {
        let page = self.pages.partition_point(|page| page.last().order(&entry).is_le());
        if self.pages.is_empty() {
            // Most lists have one page of one entry: they take no more room than they need.
            let entries = vec![entry];
            self.pages.reserve_exact(1);
            self.pages.push(Page { number: 0, changed: true, entries, summary: T::Summary::default() });
            return;
        }
        let at_the_end = page == self.pages.len();
        let index = page.min(self.pages.len() - 1);
        if self.pages[index].entries.len() >= PAGE_MAX {
            // Lists grow at their end: full pages stay full, and are not touched again.
            let keep = if at_the_end { PAGE_MAX } else { PAGE_MAX / 2 };
            self.split(index, keep, entry);
            return;
        }
        let many = self.pages.len() > 1;
        let page = &mut self.pages[index];
        if many {
            entry.sum_up(&mut page.summary);
        }
        let place = page.entries.partition_point(|known| known.order(&entry).is_le());
        page.entries.insert(place, entry);
        page.changed = true;
    }

    fn split(&mut self, index: usize, keep: usize, entry: T) {
        let number = self.free_number();
        let was_alone = self.pages.len() == 1;
        let page = &mut self.pages[index];
        let mut entries = page.entries.split_off(keep);
        if entries.last().is_none_or(|last| last.order(&entry).is_le()) || page.last().order(&entry).is_le() {
            let place = entries.partition_point(|known| known.order(&entry).is_le());
            entries.insert(place, entry);
        } else {
            let place = page.entries.partition_point(|known| known.order(&entry).is_le());
            page.entries.insert(place, entry);
        }
        // A page that stood alone was stored with its list, and is stored by itself from now on.
        page.changed |= keep < PAGE_MAX || was_alone;
        page.sum_up();
        let mut new = Page { number, changed: true, entries, summary: T::Summary::default() };
        new.sum_up();
        self.pages.insert(index + 1, new);
    }

    fn free_number(&self) -> u32 {
        let mut taken: Vec<u32> = self.pages.iter().map(|page| page.number).collect();
        taken.sort_unstable();
        (0..)
            .zip(&taken)
            .find(|(number, taken)| number != *taken)
            .map_or(taken.len() as u32, |(free, _)| free)
    }

    /// Takes away the entries before `at`, each shown to `gone`; says how many they were.
    pub fn forget_before(&mut self, at: Timestamp, mut gone: impl FnMut(&T)) -> usize {
        let (whole, part) = self.find(at).unwrap_or((self.pages.len(), 0));
        let mut count = 0;
        for page in self.pages.drain(..whole) {
            count += page.entries.len();
            page.entries.iter().for_each(&mut gone);
        }
        if part > 0 {
            let page = &mut self.pages[0];
            page.entries.drain(..part).for_each(|entry| gone(&entry));
            page.changed = true;
            page.sum_up();
            count += part;
        }
        if count > 0 && self.pages.len() == 1 {
            self.pages[0].changed = true;
        }
        count
    }

    /// The pages that are stored by themselves: none, if there is no more than one.
    pub fn stored(&self) -> &[Page<T>] {
        if self.pages.len() > 1 { &self.pages } else { &[] }
    }

    /// Those of them that are not what was stored last.
    pub fn changed(&self) -> impl Iterator<Item = &Page<T>> {
        self.stored().iter().filter(|page| page.changed)
    }

    /// Everything has been stored.
    pub fn was_stored(&mut self) {
        self.pages.iter_mut().for_each(|page| page.changed = false);
    }

    /// Takes up a page as it was stored, after those that were taken up before.
    pub fn take_up(&mut self, number: u32, entries: Vec<T>) {
        if entries.is_empty() {
            return;
        }
        let mut page = Page { number, changed: false, entries, summary: T::Summary::default() };
        page.sum_up();
        self.pages.push(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Number(i64);

    impl Entry for Number {
        type Summary = i64;
        fn at(&self) -> Timestamp {
            Timestamp(self.0)
        }
        fn order(&self, other: &Self) -> Ordering {
            self.0.cmp(&other.0)
        }
        fn sum_up(&self, summary: &mut i64) {
            *summary += self.0;
        }
    }

    proptest! {
        #[test]
        fn a_paged_list_is_the_sorted_list(
            numbers in prop::collection::vec(0..500i64, 0..1_000), from in 0..500i64, forgotten in 0..500i64,
        ) {
            let mut paged = Paged::default();
            numbers.iter().for_each(|number| paged.insert(Number(*number)));
            let mut sorted = numbers;
            sorted.sort_unstable();
            let found: Vec<i64> = paged.iter().map(|n| n.0).collect();
            prop_assert_eq!(&found, &sorted);
            let found: Vec<i64> = paged.from(Timestamp(from)).map(|n| n.0).collect();
            prop_assert_eq!(&found, &sorted[sorted.partition_point(|n| *n < from)..]);
            let gone = sorted.partition_point(|n| *n < forgotten);
            prop_assert_eq!(paged.forget_before(Timestamp(forgotten), |_| {}), gone);
            let found: Vec<i64> = paged.iter().map(|n| n.0).collect();
            prop_assert_eq!(&found, &sorted[gone..]);
            let mut names: Vec<u32> = paged.pages().iter().map(|page| page.number).collect();
            names.sort_unstable();
            names.dedup();
            prop_assert_eq!(names.len(), paged.pages().len(), "no two pages have one number");
            for page in paged.stored() {
                prop_assert!(page.entries().len() <= PAGE_MAX);
                prop_assert_eq!(*page.summary(), page.entries().iter().map(|n| n.0).sum::<i64>());
            }
        }

        #[test]
        fn what_was_stored_page_by_page_is_the_list(
            numbers in prop::collection::vec(0..10_000i64, 1..2_000), stored_every in 1..400usize,
            forgotten in 0..10_000i64,
        ) {
            let mut paged = Paged::default();
            let mut disk = std::collections::BTreeMap::new();
            let mut head = Vec::new();
            let mut store = |paged: &mut Paged<Number>| {
                for page in paged.changed() {
                    disk.insert(page.number, page.entries().to_vec());
                }
                let alone = if paged.stored().is_empty() { paged.iter().copied().collect() } else { Vec::new() };
                head = vec![(paged.stored().iter().map(|page| page.number).collect::<Vec<_>>(), alone)];
                paged.was_stored();
            };
            for (index, number) in numbers.iter().enumerate() {
                paged.insert(Number(*number));
                if index % stored_every == 0 {
                    store(&mut paged);
                }
                if index == numbers.len() / 2 {
                    paged.forget_before(Timestamp(forgotten), |_| {});
                }
            }
            store(&mut paged);
            let (numbers, alone) = head.pop().expect("it was stored");
            let mut again = Paged::default();
            again.take_up(0, alone);
            for number in numbers {
                again.take_up(number, disk[&number].clone());
            }
            prop_assert_eq!(again, paged);
        }
    }

    #[test]
    fn an_entry_at_the_end_changes_one_page() {
        let mut paged = Paged::default();
        for number in 0..10_000 {
            paged.insert(Number(number));
            assert!(paged.changed().count() <= 2, "the last page and the one that stood alone");
            paged.was_stored();
        }
        paged.insert(Number(5_000));
        assert!(paged.changed().count() <= 2);
    }
}
