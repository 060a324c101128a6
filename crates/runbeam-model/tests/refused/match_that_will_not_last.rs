//! The cloud may add states: whoever matches them says what to do with others.

use runbeam_model::ChangeStatus;

fn main() {
    let status = ChangeStatus::from("pending");
    match status {
        ChangeStatus::Pending => {}
        ChangeStatus::Acknowledged | ChangeStatus::Applied | ChangeStatus::Failed => {}
    }
}
