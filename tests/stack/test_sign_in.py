"""Who can sign in, and what users can change about themselves."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.totp import code_of

PASSWORD = "Long-enough-7"
CALLS = 200
ROUNDS = 60
"""How often the calls are repeated that the API refused for a second."""


@pytest.fixture(scope="module")
def cognito(stack):
    return stack.client("cognito-idp")


@pytest.fixture
def viewer(stack):
    return stack.user("viewer")


def sign_in(stack, cognito, name, password):
    return cognito.initiate_auth(
        ClientId=stack.outputs["ConsoleClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )["AuthenticationResult"]


def attributes_of(cognito, token):
    return {each["Name"]: each["Value"] for each in cognito.get_user(AccessToken=token)["UserAttributes"]}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("custom:account_id", "acc-meadow"), ("email", "manager@harbor.example"), ("email_verified", "true")],
)
def test_users_cannot_change_who_they_are(stack, cognito, viewer, attribute, value):
    token = sign_in(stack, cognito, viewer.email, viewer.password)["AccessToken"]
    before = attributes_of(cognito, token)

    with pytest.raises(cognito.exceptions.NotAuthorizedException, match="unauthorized attribute"):
        cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": attribute, "Value": value}])

    assert attributes_of(cognito, token) == before


def test_users_can_change_their_name(stack, cognito, viewer):
    token = sign_in(stack, cognito, viewer.email, viewer.password)["AccessToken"]

    cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Ada"}])

    assert attributes_of(cognito, token)["name"] == "Ada"


@pytest.mark.parametrize("client", ["ConsoleClientId", "HostClientId"])
def test_nobody_can_sign_up(stack, cognito, client):
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.sign_up(ClientId=stack.outputs[client], Username="eve@harbor.example", Password="Correct-horse-9")


def test_users_can_sign_in_with_their_address_in_any_case(stack, cognito, viewer):
    assert sign_in(stack, cognito, viewer.email.upper(), viewer.password)["IdToken"]


def test_an_address_in_another_case_is_no_other_user(stack, cognito, viewer):
    with pytest.raises(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=stack.outputs["UserPoolId"], Username=viewer.email.upper(), MessageAction="SUPPRESS"
        )


def test_a_second_factor_is_optional_and_comes_from_an_app(stack, cognito):
    settings = cognito.get_user_pool_mfa_config(UserPoolId=stack.outputs["UserPoolId"])

    assert settings["MfaConfiguration"] == "OPTIONAL"
    assert settings["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    assert "SmsMfaConfiguration" not in settings


@pytest.fixture
def grace(stack, cognito):
    """Yield a user of the test's own, and a token of theirs."""
    pool, email = stack.outputs["UserPoolId"], f"grace-{time.time_ns()}@example.com"
    cognito.admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    yield email, sign_in(stack, cognito, email, PASSWORD)["AccessToken"]
    cognito.admin_delete_user(UserPoolId=pool, Username=email)


def test_an_app_is_asked_for_once_it_is_verified_and_turned_on(stack, cognito, grace):
    email, token = grace
    turned_on = {"Enabled": True, "PreferredMfa": True}
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="has not set up software token mfa"):
        cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=turned_on)
    secret = cognito.associate_software_token(AccessToken=token)["SecretCode"]
    with pytest.raises(cognito.exceptions.EnableSoftwareTokenMFAException):
        cognito.verify_software_token(AccessToken=token, UserCode="000000")

    assert cognito.verify_software_token(AccessToken=token, UserCode=code_of(secret))["Status"] == "SUCCESS"
    assert "AccessToken" in sign_in(stack, cognito, email, PASSWORD)
    cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=turned_on)

    client = stack.outputs["ConsoleClientId"]
    asked = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD}
    )
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answer = {"USERNAME": email, "SOFTWARE_TOKEN_MFA_CODE": code_of(secret)}
    signed_in = cognito.respond_to_auth_challenge(
        ClientId=client, ChallengeName=asked["ChallengeName"], Session=asked["Session"], ChallengeResponses=answer
    )
    assert signed_in["AuthenticationResult"]["IdToken"]


@pytest.mark.slow
def test_200_calls_at_once_succeed_or_are_to_be_repeated_and_none_fails(stack, viewer):
    """The functions for most of them have not started yet, and there are not as many executions."""
    headers = {"Authorization": f"Bearer {stack.token(viewer.email)}"}

    def call(_):
        return httpx.get(f"{stack.api_url}/undelivered/count", headers=headers, timeout=300)

    waiting, statuses = CALLS, Counter()
    with ThreadPoolExecutor(CALLS) as pool:
        for _ in range(ROUNDS):
            answers = list(pool.map(call, range(waiting)))
            refused = [answer for answer in answers if answer.status_code == httpx.codes.TOO_MANY_REQUESTS]
            statuses.update(answer.status_code for answer in answers)
            assert {answer.json()["code"] for answer in refused} <= {"throttled"}
            assert all(answer.headers["Retry-After"] == "1" for answer in refused)
            if not (waiting := len(refused)):
                break
            time.sleep(1)

    assert set(statuses) <= {200, 429}, statuses
    assert statuses[200] == CALLS
