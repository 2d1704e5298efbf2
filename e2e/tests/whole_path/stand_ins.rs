//! A data folder is used by one broker or table at a time.

use std::time::Duration;

use process::child::run_to_end;
use stack::{
    Setup,
    backend::Backend,
    plan::name::{BROKER, TABLE},
};
use tokio::process::Command;

#[tokio::test]
async fn a_second_stand_in_on_the_same_data_is_refused() {
    let stack = Setup::stand_ins().backend(Backend::StandIns).start().await;
    for name in [BROKER, TABLE] {
        let data = stack.data_folder().join(name);
        let mut second = Command::new(stack::program(name));
        let second = run_to_end(second.arg("--data").arg(&data), Duration::from_secs(20)).await;
        assert_eq!(second.status.code(), Some(1), "{name}");
        let expected = format!("{name}: another {name} uses {}\n", data.display());
        assert_eq!(String::from_utf8(second.stderr).unwrap(), expected);
    }
}
