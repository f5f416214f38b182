// The story with a client of openapi-fetch, on types that openapi-typescript made of the API's document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const { API_URL, HOST_TOKEN, MANAGER_TOKEN, ACCOUNT_ID, SUFFIX } = process.env as Record<string, string>;
const host = createClient<paths>({
  baseUrl: API_URL,
  headers: { Authorization: `Bearer ${HOST_TOKEN}`, "X-Account-Id": ACCOUNT_ID },
});
const manager = createClient<paths>({ baseUrl: API_URL, headers: { Authorization: `Bearer ${MANAGER_TOKEN}` } });
const customer_id = `typed-${SUFFIX}`;

function must<T>(answer: { data?: T; error?: components["schemas"]["Problem"] | string }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let second = 0; second < 90; second++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, 1000));
  }
  throw new Error("nothing was found in time");
}

must(
  await host.PUT("/customers/{customer_id}", {
    params: { path: { customer_id } },
    body: { name: "Ada Byron", email: `unknown-user.typed.${SUFFIX}@undelivered.example` },
  }),
);
const handed = must(
  await host.POST("/notifications", {
    body: { notifications: [{ customer_id, channel: "email", title: "Rent reminder", text: "Rent is due." }] },
  }),
);
if (handed.refused.length) throw new Error(JSON.stringify(handed.refused));

const item = await eventually(async () => {
  const status: ("invalid" | "bounced.hard")[] = ["invalid", "bounced.hard"];
  const page = must(await manager.GET("/undelivered", { params: { query: { status, channel: ["email"], customer_id } } }));
  return page.items[0];
});
if (item.reason !== "address_not_found" || item.resend.code !== "resend_needs_changed_address") {
  throw new Error(JSON.stringify(item));
}

const wrong = await manager.PATCH("/customers/{customer_id}", {
  params: { path: { customer_id } },
  body: { email: "ada@" },
});
if (!wrong.error || wrong.error.errors[0]?.field !== "email") throw new Error(JSON.stringify(wrong));

must(
  await manager.PATCH("/customers/{customer_id}", {
    params: { path: { customer_id } },
    body: { email: `success.typed.${SUFFIX}@undelivered.example` },
  }),
);
must(
  await manager.POST("/undelivered/{item_id}/resend", {
    params: { path: { item_id: item.id }, header: { "Idempotency-Key": `typed-${SUFFIX}` } },
    body: { note: "Corrected by telephone." },
  }),
);
const resolved = await eventually(async () => {
  const detail = must(await manager.GET("/undelivered/{item_id}", { params: { path: { item_id: item.id } } }));
  return detail.state === "resolved" ? detail : undefined;
});
const sent: Date[] = resolved.attempt_chain.map((attempt) => new Date(attempt.at));
const { total } = must(await manager.GET("/undelivered/count"));
console.log(JSON.stringify({ attempts: sent.length, total }));
