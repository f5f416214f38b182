"""The use cases. They reach stores, providers and AWS through the interfaces in ``ports``."""
