//! Every model of the library, by its name.

use attestor_models::{feeding, publishing};

macro_rules! models {
    ($($module:ident: $($name:ident),+;)+) => {$($(
        #[test]
        fn $name() {
            $module::$name();
        }
    )+)+};
}

models! {
    publishing: a_reader_never_goes_back, a_reader_survives_a_round_of_the_ring, a_value_seen_is_there_for_all,
        two_writers_lose_nothing, a_reader_beside_two_writers, what_is_kept_is_given_up;
    feeding: one_flies_at_a_time, a_child_takes_over_from_its_parent, a_mark_is_left_once_in_a_cooldown,
        a_mark_is_taken_or_still_there, a_mark_is_taken_once, what_is_missed_is_fetched_or_wanted;
}
