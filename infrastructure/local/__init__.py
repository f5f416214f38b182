"""The local stack, for development: an emulator of AWS, a simulator of mail servers and phones, and sample data."""
