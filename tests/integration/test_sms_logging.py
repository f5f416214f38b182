"""Switching the delivery status logging of texts on."""

import boto3
from moto import mock_aws

from infrastructure.cli.deploy import _turn_on_sms_logs


def test_every_text_is_logged_with_the_stacks_role(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        sns = boto3.client("sns", region_name="eu-central-1")
        _turn_on_sms_logs(sns, {"SmsDeliveryStatusRoleArn": "arn:aws:iam::123456789012:role/logs"})

        assert sns.get_sms_attributes()["attributes"] == {
            "DeliveryStatusIAMRole": "arn:aws:iam::123456789012:role/logs",
            "DeliveryStatusSuccessSamplingRate": "100",
        }
