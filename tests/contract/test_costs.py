"""The table of a month in costs.md: computed from files, and never out of date."""

import json
import tomllib

import pytest

from infrastructure.bench import lifecycle_cost, month
from infrastructure.bench.cost import PRICES, USAGE


def test_the_table_is_what_is_computed_now():
    page = month.COSTS.read_text()

    assert month.with_table(page) == page, "run `undelivered bench --only month`"


def test_another_price_makes_the_table_out_of_date(monkeypatch, tmp_path):
    dearer = tmp_path / "prices.toml"
    dearer.write_text(PRICES.read_text().replace("client = 6.00", "client = 7.00"))
    monkeypatch.setattr(month, "PRICES", dearer)
    page = month.COSTS.read_text()

    assert month.with_table(page) != page


def test_every_price_has_a_source_and_every_total_is_the_sum_of_its_parts():
    prices = tomllib.loads(PRICES.read_text())

    assert {"dynamodb", "lambda", "sns", "sqs", "ses", "api_gateway", "cloudwatch", "cognito", "secrets", "kms", "waf",
            "xray", "s3"} == set(prices["sources"])  # fmt: skip
    for sends in month.VOLUMES:
        bill = month.month(sends)
        assert f"{sum(bill.values()):,.2f}" in month.COSTS.read_text()
        assert all(part > 0 for part in bill.values())


def test_what_does_not_depend_on_traffic_costs_the_same_at_any_volume():
    few, many = (month.month(sends) for sends in (month.VOLUMES[0], month.VOLUMES[-1]))

    same = {name for name in few if few[name] == many[name]}
    assert same == {
        "API requests of the console",
        "Alarms and dashboard",
        "Cognito: users",
        "Cognito: host application",
        "Secrets and keys",
        "Polling and cleanup, at any traffic",
    }


def test_the_usage_is_that_of_the_code(dynamodb_local):
    measured = lifecycle_cost.measure(100)
    kept = json.loads(USAGE.read_text())

    assert measured.keys() == kept.keys()
    for stage, use in kept.items():
        counted = {name: each for name, each in use.items() if name != "cpu_ms"}
        # A batch of fewer items shares a call of the whole batch among fewer.
        assert {name: measured[stage].get(name, 0) for name in counted} == pytest.approx(counted, rel=0.05, abs=0.12)
