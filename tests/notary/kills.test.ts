import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { copyLog } from '../../src/eventstore/copy/copy-log.ts';
import { lastOfPrefixes } from '../../src/eventstore/copy/last-of-prefixes.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { streamPrefixes } from '../../src/projections/fold/fold-event.ts';
import { rebuild } from '../../src/projections/rebuild/rebuild.ts';
import { rollBack } from '../../src/projections/rebuild/roll-back.ts';
import { runProjector } from '../../src/projections/run-projector.ts';
import { decodeBase64 } from '../../src/proof/text/base64.ts';
import { checkTiles } from '../../src/proof/tree/check-tiles.ts';
import { verifyConsistency } from '../../src/proof/tree/merkle-proofs.ts';
import { consistencyProof } from '../../src/proof/tree/tile-proofs.ts';
import { demandCheckpoint, readLastCheckpoint, tilesOf } from '../../src/records/issuer-trees.ts';
import { appendLog } from '../support/append-log.ts';
import { startStore } from '../support/event-store.ts';
import { customer, randomFrom, rival, vendor } from '../support/license-fixtures.ts';
import { runProgram } from '../support/processes.ts';
import { condition } from '../support/product.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels, quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';
import { leavesOf, rootOf, signedIn } from './support.ts';

const kills = sized(200, 2);
const events = sized(6_000, 200);
const issuers = [vendor, rival, customer];

/** Databases with a projector and two notaries, which a test kills. All have the same directories. */
const startInstallation = async (parent: string) => {
  const [models, running] = await Promise.all([createReadModels(), startStore()]);
  const store = running.connect();
  const stopping = new AbortController();
  const projector = runProjector({ store, pool: models.projector, log: quiet, signal: stopping.signal });
  const start = async () => {
    const directories = [path.join(parent, 'keys'), path.join(parent, 'copies')];
    const notary = runProgram('run-notary.ts', [models.url, running.url, ...directories]);
    await notary.firstAnswer;
    return notary;
  };
  const alive: Awaited<ReturnType<typeof start>>[] = [];
  const demandAll = () => Promise.all(issuers.map((issuer) => demandCheckpoint(models.worker, issuer)));
  return {
    ...{ models, running, store, demandAll },
    startNotaries: async () => {
      alive.push(await start(), await start());
    },
    kill: async (place: number) => {
      const [victim] = alive.splice(place, 1);
      victim?.process.kill('SIGKILL');
      await victim?.ended;
      alive.push(await start());
    },
    untilSigned: (log: readonly Recorded[]) =>
      condition(
        'all leaves are signed',
        async () => {
          await demandAll();
          const sizes = issuers.map(async (issuer) => (await readLastCheckpoint(models.worker, issuer))?.size);
          return (await Promise.all(sizes)).every((size, at) => size === leavesOf(log, issuers[at] ?? '').length);
        },
        60_000,
      ),
    stop: async () => {
      for (const notary of alive) notary.process.kill('SIGTERM');
      await Promise.all(alive.map((notary) => notary.ended));
      stopping.abort();
      await projector.done;
      await running.stop();
      await models.drop();
    },
    output: () => alive.map((notary) => notary.output()).join('\n'),
  };
};

type Installation = Awaited<ReturnType<typeof startInstallation>>;

/** Checks each checkpoint against an independent fold of the log, and each one against the next. */
const checkLogs = async ({ models, store }: Installation, log: readonly Recorded[]): Promise<number> => {
  let checked = 0;
  for (const issuer of issuers) {
    const leaves = leavesOf(log, issuer);
    const readTile = tilesOf(models.worker, issuer);
    const signed = await signedIn(store, issuer);
    for (const [at, { origin, size, root }] of signed.entries()) {
      expect({ origin, root }).toEqual({ origin: `ledger.example/${issuer}`, root: rootOf(leaves, size) });
      const next = signed[at + 1];
      if (next === undefined) continue;
      const heads = [
        { size, root: decodeBase64(root, 'root') },
        { size: next.size, root: decodeBase64(next.root, 'root') },
      ];
      const [older, newer] = heads as [(typeof heads)[0], (typeof heads)[0]];
      verifyConsistency(older, newer, await consistencyProof(size, { size: next.size, readTile }));
      checked += 1;
    }
    const last = await readLastCheckpoint(models.worker, issuer);
    expect(last?.size).toBe(leaves.length);
    if (last !== null) await checkTiles({ size: last.size, readTile }, last);
  }
  return checked;
};

test(`No log forks or has a gap after ${kills} kills of two notaries, with a rebuild, a rollback and a copy in between`, {
  timeout: 300_000 + kills * 5_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`Kills are drawn from seed ${seed}.`);
  const random = randomFrom(seed);
  const parent = await mkdtemp(path.join(tmpdir(), 'ledger-kills-'));
  const log = randomLog(events, seed);
  const source = await startInstallation(parent);
  await source.startNotaries();
  const reader = connectLogReader({ url: source.running.url });
  const { url } = source.models;
  const { signal } = new AbortController();
  const rebuilding = {
    ...{ store: source.store, databaseUrl: url, projectorUrl: url },
    log: quiet,
    signal,
    settleMs: 0,
  };
  for (let round = 0; round < kills; round++) {
    const portion = log.slice(Math.floor((round * events) / kills), Math.floor(((round + 1) * events) / kills));
    const appended = appendLog(source.store, portion);
    await source.demandAll();
    if (round === Math.floor(kills / 3)) await Promise.all([rebuild(rebuilding), source.kill(0)]);
    if (round === Math.floor(kills / 2)) await Promise.all([rollBack(rebuilding), source.kill(0)]);
    await delay(random() * killMsMax);
    await source.kill(Math.floor(random() * 2));
    await appended;
  }
  await appendLog(source.store, log.slice(events));
  await source.untilSigned(log);
  expect(await checkLogs(source, log)).toBeGreaterThan(0);
  expect(source.output()).not.toContain('does not sign');

  // The target continues the same logs, with the same names and keys.
  const target = await startInstallation(parent);
  const before = (await source.store.read(`checkpoint-${vendor}`)).events;
  await copyLog(
    { store: source.store, readLog: reader.read },
    { store: target.store, last: () => lastOfPrefixes(target.running.url, streamPrefixes) },
    { streamPrefixes },
  );
  await reader.close();
  await source.stop();
  await target.startNotaries();
  await target.kill(0);
  await target.untilSigned(log);
  await checkLogs(target, log);
  const after = (await target.store.read(`checkpoint-${vendor}`)).events;
  expect(after.slice(0, before.length).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  await target.stop();
  await rm(parent, { recursive: true });
});

const killMsMax = 1_500;
