"""Embed tokens on the stack: minted by the host application, used in a browser's place, and revoked."""

import httpx


def test_a_token_opens_the_api_until_it_is_revoked(stack):
    host = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": "acc-embedded"}

    def mint(name):
        body = {"role": "viewer", "name": name}
        answer = httpx.post(f"{stack.api_url}/embed-tokens", json=body, headers=host, timeout=30)
        return answer.raise_for_status().json()

    def count(minted):
        bearer = {"Authorization": f"Bearer {minted['token']}"}
        return httpx.get(f"{stack.api_url}/undelivered/count", headers=bearer, timeout=30).status_code

    ada, grace = mint("Ada"), mint("Grace")
    assert httpx.get(f"{stack.api_url}{ada['path']}", timeout=30).headers["content-type"].startswith("text/html")
    assert (count(ada), count(grace)) == (200, 200)

    httpx.delete(f"{stack.api_url}/embed-tokens", params={"name": "Ada"}, headers=host, timeout=30).raise_for_status()

    assert (count(ada), count(grace)) == (401, 200)
    assert count(mint("Ada")) == 200
