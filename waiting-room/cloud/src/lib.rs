//! The distributed on-sale.
