use std::{
    path::Path,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use checkout::{
    OrderQueue, OrderStore, QueuePolicy,
    embedded::{OpenError, OrderBook},
};
use tempfile::TempDir;

use super::Backend;

/// The book in `dir`, which this process has just let go of. A child that another test starts at this very
/// moment holds its lock until it runs its own program.
pub fn reopened(dir: &Path, policy: QueuePolicy) -> Arc<OrderBook> {
    let begun = Instant::now();
    loop {
        match OrderBook::open(dir, policy) {
            Err(OpenError::InUse { .. }) if begun.elapsed() < Duration::from_secs(10) => {
                sleep(Duration::from_millis(10));
            }
            opened => return opened.unwrap(),
        }
    }
}

/// The order book in a file.
pub struct Embedded {
    book: Arc<OrderBook>,
    dir: TempDir,
}

#[async_trait]
impl Backend for Embedded {
    async fn fresh() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let book = OrderBook::open(dir.path(), Self::POLICY).unwrap();
        Self { book, dir }
    }

    fn store(&self) -> Arc<dyn OrderStore> {
        self.book.clone()
    }

    fn queue(&self) -> Arc<dyn OrderQueue> {
        self.book.clone()
    }

    async fn restart(self) -> Self {
        let Self { book, dir } = self;
        assert_eq!(Arc::strong_count(&book), 1, "somebody still holds the book");
        drop(book);
        let book = reopened(dir.path(), Self::POLICY);
        Self { book, dir }
    }
}
