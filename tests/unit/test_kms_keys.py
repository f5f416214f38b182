"""Keys in KMS: the calls, and the forms of keys and signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.builders.aws import stubbed
from undelivered.adapters.aws.kms import KmsKeys
from undelivered.domain.errors import RetryableError

ARN, OLD = (f"arn:aws:kms:eu-west-1:123456789012:key/{name}" for name in ("new", "old"))
DIGEST = bytes(range(32))


def der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_signature_has_the_two_numbers_alone():
    key = generate_private_key(SECP256R1())
    asked = {"KeyId": ARN, "Message": DIGEST, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    with stubbed("kms") as (client, stub):
        stub.add_response("sign", {"Signature": key.sign(DIGEST, ECDSA(Prehashed(SHA256())))}, asked)

        signature = KmsKeys(client, [ARN, OLD]).sign(DIGEST)

    numbers = (int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key.public_key().verify(encode_dss_signature(*numbers), DIGEST, ECDSA(Prehashed(SHA256())))


def test_small_numbers_keep_their_length():
    with stubbed("kms") as (client, stub):
        stub.add_response("sign", {"Signature": encode_dss_signature(1, 2)})

        assert KmsKeys(client, [ARN]).sign(DIGEST) == bytes(31) + b"\x01" + bytes(31) + b"\x02"


def test_each_key_is_read_once_the_one_that_signs_first():
    keys = [generate_private_key(SECP256R1()) for _ in range(2)]
    with stubbed("kms") as (client, stub):
        for arn, key in zip((ARN, OLD), keys, strict=True):
            stub.add_response("get_public_key", {"PublicKey": der(key)}, {"KeyId": arn})
        kms = KmsKeys(client, [ARN, OLD])

        numbers = [(int.from_bytes(each.x), int.from_bytes(each.y)) for each in kms.public_keys]
        assert kms.public_keys is kms.public_keys

    expected = [key.public_key().public_numbers() for key in keys]
    assert numbers == [(each.x, each.y) for each in expected]


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException"])
def test_a_busy_service_is_asked_again_later(code):
    with stubbed("kms") as (client, stub):
        stub.add_client_error("sign", code)

        with pytest.raises(RetryableError):
            KmsKeys(client, [ARN]).sign(DIGEST)
