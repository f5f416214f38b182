"""Adapters for AWS services other than DynamoDB."""
