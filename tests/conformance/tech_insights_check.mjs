// Exercises the official Tech Insights client against a portal, and the official rule engine.
//   node tech_insights_check.mjs URL          every public method of the client
//   node tech_insights_check.mjs --rules FILE what json-rules-engine says of the cases in FILE
// Prints one "PASS|FAIL method case" line per case; with --rules a JSON list of true, false, null.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';

const require = createRequire(import.meta.url);

if (process.argv[2] === '--rules') {
  const { Engine } = require('json-rules-engine');
  const said = [];
  for (const { rule, facts } of JSON.parse(readFileSync(process.argv[3], 'utf8'))) {
    try {
      const engine = new Engine();
      engine.addRule({ conditions: rule, event: { type: 'x' } });
      const { results } = await engine.run(facts);
      said.push(results.length === 1);
    } catch {
      said.push(null);
    }
  }
  console.log(JSON.stringify(said));
  process.exit(0);
}

const { TechInsightsClient } = require('@backstage-community/plugin-tech-insights-common/client');
const base = process.argv[2].replace(/\/$/, '');
const requests = [];
const fetched = globalThis.fetch;
globalThis.fetch = (request) => { requests.push(request.url); return fetched(request); };
const client = () => new TechInsightsClient({
  discoveryApi: { getBaseUrl: async (plugin) => `${base}/api/${plugin}` },
  identityApi: { getCredentials: async () => ({}) },
});
let failed = 0;
async function t(method, name, check) {
  try { await check(client()); console.log(`PASS ${method} ${name}`); }
  catch (error) { failed++; console.log(`FAIL ${method} ${name}: ${String(error.message ?? error).split('\n')[0]}`); }
}
const entity = { kind: 'Component', namespace: 'default', name: 'Basket' };
const checks = await client().getAllChecks();
const one = checks[0];

await t('getAllChecks', 'every check can be rendered and ranked', async () => {
  assert.ok(checks.length > 10);
  for (const check of checks) {
    assert.equal(check.type, 'json-rules-engine');
    assert.ok([1, 2, 3].includes(check.metadata.rank) && check.metadata.category && check.metadata.solution);
    assert.ok(check.factIds.length > 0);
  }
});
await t('getFactSchemas', 'flat, one for each retriever', async c => {
  const schemas = await c.getFactSchemas();
  const ids = schemas.map(schema => schema.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const check of checks) for (const id of check.factIds) assert.ok(ids.includes(id), id);
});
await t('runChecks', 'all, in any case', async c => {
  const results = await c.runChecks(entity);
  assert.ok(results.length > 5);
  for (const { result, check, facts } of results) {
    assert.equal(typeof result, 'boolean');
    assert.ok(check.id && check.metadata.status && facts);
  }
  const verdicts = results.map(r => r.result);
  assert.deepEqual(verdicts, [...verdicts].sort((a, b) => b - a));
});
await t('runChecks', 'chosen', async c => {
  const [first] = await c.runChecks(entity);
  assert.deepEqual((await c.runChecks(entity, [first.check.id])).map(r => r.check.id), [first.check.id]);
});
await t('runChecks', 'unknown check is 404', async c => {
  await assert.rejects(c.runChecks(entity, ['nope']), error => {
    assert.equal(error.statusCode ?? error.response.status, 404);
    assert.equal(error.cause?.name ?? error.body.error.name, 'NotFoundError');
    return true;
  });
});
await t('runChecks', 'unknown entity has none', async c => {
  assert.deepEqual(await c.runChecks({ ...entity, name: 'nobody' }), []);
});
await t('getFacts', 'of every check, duplicates included', async c => {
  const ids = checks.flatMap(check => check.factIds);
  const facts = await c.getFacts(entity, ids);
  for (const [id, row] of Object.entries(facts)) {
    assert.equal(row.id, id);
    assert.match(row.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
    assert.deepEqual(row.entity, { namespace: 'default', kind: 'component', name: 'basket' });
  }
});
await t('getFacts', '100 checks of the maturity page in one URL', async c => {
  const ids = Array.from({ length: 100 }, (_, n) => `entityOwnershipFactRetriever${n}`);
  assert.deepEqual(Object.keys(await c.getFacts(entity, [...ids, 'catalog'])), ['catalog']);
  assert.ok(requests.at(-1).length > 4094, `${requests.at(-1).length} characters`);
});
await t('getFacts', 'each failing result names a retriever with a time', async c => {
  const results = await c.runChecks(entity);
  const facts = await c.getFacts(entity, results.flatMap(r => r.check.factIds));
  for (const { check } of results) assert.ok(facts[check.factIds[0]].timestamp, check.id);
});
const none = n => Array.from({ length: n }, (_, i) => ({ ...entity, name: `none-${i}` }));
for (const [n, calls] of [[1, 1], [749, 1], [750, 2], [751, 2], [1500, 3]]) {
  await t('runBulkChecks', `${n} entities, ${calls} calls`, async c => {
    const before = requests.length;
    const answers = await c.runBulkChecks([...none(n - 1), entity], [one]);
    assert.equal(requests.length - before, calls);
    assert.equal(answers[n - 1].entity, 'component:default/basket');
    const extra = n % 750 === 0 ? answers.slice(n) : [];
    assert.equal(answers.length, n + extra.length);
    if (n % 750 === 0) assert.ok(extra.length > 0, 'the extra call is about every entity');
  });
}
await t('runBulkChecks', 'no entities mean every one', async c => {
  const answers = await c.runBulkChecks([]);
  const [own] = answers.filter(a => a.entity === 'component:default/basket');
  assert.deepEqual(own.results, await c.runChecks(entity));
});
await t('level', 'what the maturity page computes is no more than what is proven', async c => {
  const results = await c.runChecks(entity);
  let rank = Math.max(...results.map(r => r.check.metadata.rank));
  for (const r of results) if (!r.result && r.check.metadata.rank <= rank) rank = r.check.metadata.rank - 1;
  const proven = await (await fetched(`${base}/api/v1/entities/component/default/basket/scorecards`)).json();
  assert.equal(rank, Math.min(...proven.map(card => card.proven.rank)));
});
process.exit(failed ? 1 : 0);
