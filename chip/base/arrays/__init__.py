"""Arrays of a block, declared in one table: what follows from the table is packing, growth, snapshots."""
