//! What work costs: bytes allocated, and processor time at several sizes. Both are counted for the thread at hand, so that
//! other tests and other processes do not count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: everything is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are those that `System` wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        count(new, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, new) }
    }
}

fn count(more: usize, less: usize) {
    ALLOCATED.set(ALLOCATED.get() + more);
    // What another thread allocated may be freed here.
    LIVE.set((LIVE.get() + more).saturating_sub(less));
    PEAK.set(PEAK.get().max(LIVE.get()));
}

/// What a piece of work allocated: bytes in all, and the most that it held at once.
#[derive(Clone, Copy, Debug)]
pub struct Allocated {
    pub all: usize,
    pub peak: usize,
}

pub fn allocated<T>(work: impl FnOnce() -> T) -> Allocated {
    let (all, live) = (ALLOCATED.get(), LIVE.get());
    PEAK.set(live);
    let result = work();
    let allocated = Allocated { all: ALLOCATED.get() - all, peak: PEAK.get().saturating_sub(live) };
    drop(result);
    allocated
}

/// Asserts that what `prepared(n)` returns allocates and takes time in proportion to n. `prepared` itself is not measured.
pub fn is_linear<W: FnMut()>(what: &str, n: usize, prepared: impl Fn(usize) -> W) {
    let bytes = |n: usize| allocated(prepared(n)).all.max(1_000);
    let (once, twice) = (bytes(n), bytes(2 * n));
    assert!(
        twice as f64 / once as f64 <= 2.5,
        "{what}: {once} bytes are allocated for {n}, {twice} for {}",
        2 * n
    );
    // Over a factor of 16, linear work takes 16 times as long, quadratic work 256 times. What lies between is left to the
    // machine: work that outgrows a cache that others use, too, was seen to take 56 times as long.
    const GROWTH_MAX: f64 = 128.0;
    const TRIES: usize = 20;
    let mut seconds = [n, 16 * n].map(|n| (n, f64::MAX));
    for _ in 0..TRIES {
        // A busy machine adds time and never takes any away: the least of the tries counts.
        for (n, least) in &mut seconds {
            let mut work = prepared(*n);
            let before = processor_seconds();
            work();
            *least = least.min(processor_seconds() - before);
        }
        if seconds[1].1 / seconds[0].1.max(50e-6) <= GROWTH_MAX {
            return;
        }
    }
    panic!("{what}: more than linear time: {seconds:?}");
}

/// The processor time of this thread.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is one that Linux has, and the place to write to is there.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "the thread has a clock");
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[test]
fn quadratic_time_and_quadratic_memory_are_noticed() {
    let fails =
        |work: fn(usize)| std::panic::catch_unwind(|| is_linear("", 500, |n| move || work(n))).is_err();
    assert!(fails(|n| {
        let mut sum = 0u64;
        for i in 0..n * n {
            sum = std::hint::black_box(sum ^ i as u64);
        }
    }));
    assert!(fails(|n| drop(std::hint::black_box(vec![1u8; n * n]))));
    assert!(!fails(|n| drop(std::hint::black_box(vec![1u8; n]))));
}
