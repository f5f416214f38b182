"""The DynamoDB tables, and the stores that use them."""
