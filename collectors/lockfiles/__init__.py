"""Lock files: one module for each format, all of them giving `lock.Lock`."""
