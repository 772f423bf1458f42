//! Hostile bytes: no record makes the process panic, allocate without bound or take more than linear time.
//!
//! [`corpus`] replays what fuzzing found through the very functions of the fuzz targets. The other modules state the
//! limits one by one; what is linear is shown by counting bytes allocated and by comparing processor time at several sizes.

mod corpus;
mod decoders;
mod filters;
mod folds;
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
mod measure;
mod stored;
mod times;
