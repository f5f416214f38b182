"""The template gives each function the environment variables that its settings read, and no others."""

from collections.abc import Mapping

import pytest

from infrastructure.build.template import load_fragments
from infrastructure.paths import RESOURCES
from undelivered import settings
from undelivered.settings import SettingsError

COMMON = (settings.table_names, settings.metrics_namespace)
READERS = {
    "APIHandler": (settings.ApiSettings.read, settings.ConsoleSettings.read),
    "Archive": (settings.ArchiveSettings.read,),
    "Cleanup": (settings.CleanupSettings.read,),
    "DeliverWebhooks": (settings.DeliverWebhooksSettings.read,),
    "ExportReport": (settings.ExportReportSettings.read, settings.OwnMailSettings.read),
    "IngestFeedback": (settings.IngestFeedbackSettings.read,),
    "IngestSmsLogs": (settings.IngestSmsLogsSettings.read,),
    "ManagePeople": (settings.ManagePeopleSettings.read,),
    "OnItemChanged": (settings.OnItemChangedSettings.read,),
    "ProcessResends": (lambda environment: settings.SendSettings.read("RESENDS_QUEUE_URL", environment),),
    "ReadReplies": (settings.ReadRepliesSettings.read,),
    "SendDigests": (settings.OwnMailSettings.read,),
    "SyncSuppressions": (settings.SyncSuppressionsSettings.read,),
    "SendNotifications": (lambda environment: settings.SendSettings.read("SENDS_QUEUE_URL", environment),),
}
NUMBERS = {
    "TEXTS_PER_SECOND": "20",
    "SEARCHES_PER_MINUTE": "60",
    "NOTIFICATIONS_PER_MINUTE": "6000",
    "BULK_RESENDS_PER_MINUTE": "6",
    "INVITATIONS_PER_MINUTE": "10",
}
OPTIONAL = {"POWERTOOLS_METRICS_NAMESPACE", "ALLOWED_ORIGINS", "FRAME_ORIGINS", "TOKEN_KEYS_URL", "ACCOUNTS_FROM_TAGS",
            "ANNOUNCE_ADDRESSES", "WEBHOOKS_TO_LOOPBACK"}  # fmt: skip


class Environment(Mapping):
    """An environment that notes which variables are read."""

    def __init__(self, without=frozenset()):
        self.without, self.names = without, set()

    def __getitem__(self, name):
        self.names.add(name)
        if name in self.without:
            raise KeyError(name)
        return NUMBERS.get(name, f"value of {name}")

    def __iter__(self):
        raise NotImplementedError

    __len__ = __iter__


def read(function, environment):
    for reader in (*COMMON, *READERS[function]):
        reader(environment)
    return environment.names


@pytest.fixture(scope="module")
def template():
    return load_fragments([RESOURCES / "functions.yaml"])


def test_every_function_is_here(template):
    assert set(READERS) == {name for name, resource in template["Resources"].items() if "Environment" in
                            resource.get("Properties", {})}  # fmt: skip


@pytest.mark.parametrize("function", READERS)
def test_a_function_has_the_variables_that_it_reads(template, function):
    variables = template["Resources"][function]["Properties"]["Environment"]["Variables"]

    assert set(variables) == read(function, Environment(without={"ALLOWED_ORIGINS", "FRAME_ORIGINS"}))


@pytest.mark.parametrize("function", READERS)
def test_a_missing_variable_is_named(function):
    names = read(function, Environment(without=OPTIONAL))

    for name in names - OPTIONAL:
        with pytest.raises(SettingsError, match=name):
            read(function, Environment(without={*OPTIONAL, name}))
