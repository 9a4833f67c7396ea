"""The analog core: operations are posted, the core advances, somebody observes."""
