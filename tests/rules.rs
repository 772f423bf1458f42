//! The rules, one by one: each test is named after the rule that it states. No test touches the API but through the
//! language.

mod rules {
    mod a_settings;
    mod b_conversation;
    mod c_rounds;
    mod d_status;
    mod e_credit;
    mod f_law;
    mod h_reach;
    pub mod language;
    #[allow(dead_code)]
    pub mod world;
}
