//! Each backend keeps the rules of its traits.

mod embedded {
    order_store_suite!(crate::suite::embedded::Embedded);
    settlement_suite!(crate::suite::embedded::Embedded);
    order_queue_suite!(crate::suite::embedded::Embedded);
}

#[cfg(feature = "aws")]
mod aws {
    order_store_suite!(crate::suite::aws::Aws);
    settlement_suite!(crate::suite::aws::Aws);
    order_queue_suite!(crate::suite::aws::Aws);
}
