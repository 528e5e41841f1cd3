// What an integration does, with a client that was generated from the specification and not
// touched: the types are the specification's, so this file compiles only while it tells the truth.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const baseUrl = process.env["FIBONACCO_URL"] ?? "";
const token = process.env["FIBONACCO_TOKEN"] ?? "";
// Lists also answer in NDJSON and CSV: this client means JSON unless it says otherwise.
const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

type Problem = components["schemas"]["Problem"];
type Businesses = paths["/api/v1/smbs"]["get"]["responses"][200]["content"]["application/json"];

/** must is an answer's data; an error ends the walk with everything the server said. */
function must<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(answer.error === undefined, `${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  assert.ok(answer.data !== undefined, `${what}: ${answer.response.status} without a body`);
  return answer.data;
}

// A community and two businesses; the second request with the same key changes nothing.
const town = must("create a community", await api.POST("/api/v1/communities", {
  params: { header: { "Idempotency-Key": "town-1" } },
  body: { name: "Brooklyn", slug: "brooklyn", state: "NY", timezone: "America/New_York" },
}));
const again = await api.POST("/api/v1/communities", {
  params: { header: { "Idempotency-Key": "town-1" } },
  body: { name: "Brooklyn", slug: "brooklyn", state: "NY", timezone: "America/New_York" },
});
assert.equal(must("create it again", again).id, town.id);
assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
for (const name of ["RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id"]) {
  assert.ok(again.response.headers.get(name), `no ${name}`);
}

const rosa = must("create a business", await api.POST("/api/v1/smbs", {
  body: { community_id: town.id, business_name: "Rosa's Bakery", primary_email: "rosa@rosasbakery.example", category: "Bakery" },
}));
for (let n = 1; n <= 7; n++) {
  must("create a business", await api.POST("/api/v1/smbs", {
    body: { community_id: town.id, business_name: `Café ${n}`, category: "Café" },
  }));
}

// What is wrong is named, all of it.
const refused = await api.POST("/api/v1/smbs", { body: { community_id: town.id, business_name: "", primary_email: "nobody", state: "new york" } });
assert.equal(refused.response.status, 422);
const problem: Problem | undefined = refused.error;
assert.equal(problem?.code, "invalid");
assert.deepEqual(problem.errors?.map((e) => e.field).sort(), ["business_name", "primary_email", "state"]);

// A filtered list, page by page.
const names: string[] = [];
for (let cursor: string | null = null, pages = 0; pages === 0 || cursor !== null; pages++) {
  const page: Businesses = must("list businesses", await api.GET("/api/v1/smbs", {
    params: {
      query: {
        "filter[category]": "Café", "filter[community_id]": String(town.id), sort: "business_name", "page[size]": 3,
        ...(cursor === null ? {} : { "page[cursor]": cursor }),
      },
    },
  }));
  names.push(...page.data.map((one) => one.business_name ?? ""));
  cursor = page.page.next;
  assert.ok(pages < 10, "the pages do not end");
}
assert.deepEqual(names, [1, 2, 3, 4, 5, 6, 7].map((n) => `Café ${n}`));

// Change only what was seen.
const path = { id: String(rosa.id) };
const seen = await api.GET("/api/v1/smbs/{id}", { params: { path } });
must("read a business", seen);
const etag = seen.response.headers.get("ETag");
assert.ok(etag, "no ETag");
const changed = must("change a business", await api.PATCH("/api/v1/smbs/{id}", { params: { path, header: { "If-Match": etag } }, body: { city: "Brooklyn" } }));
assert.equal(changed.city, "Brooklyn");
const late = await api.PATCH("/api/v1/smbs/{id}", { params: { path, header: { "If-Match": etag } }, body: { city: "Queens" } });
assert.equal(late.response.status, 412);
assert.equal(late.error?.code, "precondition_failed");

// A file, and what becomes of it.
const csv = "name,email,phone\nLuigi's,luigi@luigis.example,(718) 555-0199\nBad row,not an address,\n";
const job = must("start an import", await api.POST("/api/v1/smbs/import", {
  params: { query: { community: String(town.id), source: "client" } },
  body: csv,
  bodySerializer: (text) => text as string,
  headers: { "Content-Type": "text/csv" },
}));
let state = job;
for (let tries = 0; state.status === "queued" || state.status === "running"; tries++) {
  assert.ok(tries < 300, `the import stands at ${state.status}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  state = must("look at the import", await api.GET("/api/v1/smbs/import/{uuid}/status", { params: { path: { uuid: job.uuid } } }));
}
assert.equal(state.status, "completed", JSON.stringify(state));
assert.ok(state.created >= 1, JSON.stringify(state));

// A segment, and a list by it.
const segment = must("save a segment", await api.POST("/api/v1/segments", { body: { name: "Cafés", filter: { category: "Café" } } }));
const members = must("list a segment", await api.GET("/api/v1/smbs", { params: { query: { "filter[segment]": segment.uuid, "page[total]": true } } }));
assert.equal(members.page.total, 7);

// The whole list, as a table.
const table = must("export", await api.GET("/api/v1/smbs", { params: { query: { format: "csv", fields: "id,business_name" } }, parseAs: "text" })) as unknown as string;
assert.equal(table.trim().split("\n").length, 10, table);
assert.ok(table.startsWith("id,business_name\n"), table);

console.log(`The generated client did all of it: ${names.length + 2} businesses, one import, one segment, one export.`);
