/** Long lists of rows, sent in batches that the API takes. */

import * as api from "./api.js";

const BATCH_ROWS = 500;
const BATCH_CHARACTERS = 80_000; // at most 240 KB in UTF-8, and the API takes 256 KB
const TRIES = 6;

/** Cut rows into batches. `body` returns what of a row is sent. */
export function* batchesOf(rows, body) {
  let [batch, size] = [[], 0];
  for (const row of rows) {
    const length = JSON.stringify(body(row)).length;
    if (batch.length && (batch.length === BATCH_ROWS || size + length > BATCH_CHARACTERS)) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(row);
    size += length;
  }
  if (batch.length) yield batch;
}

/** Send a batch. To send it again is harmless, so a busy server or a lost connection is tried again. */
export async function send(method, path, body, signal) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await api.request(method, path, { body, signal });
    } catch (error) {
      const again = error instanceof api.ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!again || tried === TRIES) throw error;
      await api.pause((error.retryAfter ?? 2 ** tried / 2) * 1000, signal);
    }
  }
}
