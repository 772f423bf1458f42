//! Chance that can be repeated. A seed means the same for ever, so the generator is here and not in a library.

/// Splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Slices of 1 to `max` of these, in their order.
    pub fn portions<'a, T>(&mut self, mut of: &'a [T], max: u64) -> Vec<&'a [T]> {
        let mut portions = Vec::new();
        while !of.is_empty() {
            let size = (1 + self.below(max) as usize).min(of.len());
            let (portion, rest) = of.split_at(size);
            portions.push(portion);
            of = rest;
        }
        portions
    }
}
