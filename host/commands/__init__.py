"""What each command of ``plasticore`` does; :mod:`host.cli` calls them by name."""
