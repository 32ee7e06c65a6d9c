use std::sync::Arc;

use async_trait::async_trait;
use checkout::{OrderQueue, OrderStore, embedded::OrderBook};
use tempfile::TempDir;

use super::Backend;

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
        let book = OrderBook::open(dir.path(), Self::POLICY).unwrap();
        Self { book, dir }
    }
}
