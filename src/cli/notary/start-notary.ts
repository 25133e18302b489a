import { Gauge } from 'prom-client';
import type { Metrics } from '../../api/monitoring/metrics.ts';
import { readLogState } from '../../eventstore/copy/log-state.ts';
import { checkpointCopies } from '../../notary/checkpoint-copies.ts';
import { followCheckpoints } from '../../notary/follow-checkpoints.ts';
import { unsignedSince } from '../../notary/growing-trees.ts';
import { installationName } from '../../notary/installation.ts';
import { keepTilesRight } from '../../notary/mend-tiles.ts';
import { type Notary, startNotary } from '../../notary/notary.ts';
import { readModelsFault } from '../../projections/level.ts';
import { readableVersion } from '../../projections/versions.ts';
import { keepCosigning } from '../../witnesses/keep-cosigning.ts';
import type { Parts } from '../server/process-parts.ts';

/** Starts the role `notary`: the trees and checkpoints of all issuers, and the copies of what any notary signs. */
export const startNotaryRole = async (parts: Parts, { registry }: Metrics): Promise<Notary> => {
  const { config, servers, store, logId, executor, now, log, openPool, onStop } = parts;
  const pool = openPool(servers.workerUrl, 'ledger_worker', 5);
  const { origin, keysDir, checkpointDir } = config.notary;
  const copies = checkpointCopies(checkpointDir);
  const note = (sentence: string) => log.info(sentence);
  const readable = async (): Promise<number | null> => {
    // A move closes the log before its last events are copied, so the source signs nothing that the target lacks.
    const state = await readLogState(store);
    if (state.kind !== 'OPEN' || state.id !== logId) return null;
    return (await readModelsFault(pool)) === null ? readableVersion(pool) : null;
  };
  const notary = startNotary({
    pool,
    executor,
    store,
    keysDirectory: keysDir,
    copies,
    installation: await installationName(pool, origin),
    now,
    note,
    readable,
    log,
  });
  const stopFollowing = followCheckpoints({
    pool,
    store,
    copies,
    note,
    warn: (error) => log.warn({ err: error }, 'The notary could not copy checkpoints. It tries again.'),
  });
  const stopMending = keepTilesRight({
    pool,
    warn: (fields, sentence) => log.warn(fields, sentence),
    onError: (error) =>
      log.warn({ err: error }, 'The tiles of the logs could not be checked. They are checked tomorrow.'),
  });
  onStop(() => Promise.all([notary.stop(), stopFollowing(), stopMending()]));
  new Gauge({
    name: 'ledger_notary_signed_checkpoints',
    help: 'Checkpoints that this process has signed since its start.',
    registers: [registry],
    collect() {
      this.set(notary.signed());
    },
  });
  new Gauge({
    name: 'ledger_notary_unsigned_seconds',
    help: 'Seconds since the oldest leaf without a checkpoint came to the tree of an issuer. 0: all are signed.',
    registers: [registry],
    async collect() {
      const since = await unsignedSince(pool).catch(() => null);
      this.set(since === null ? 0 : Math.max(0, (now().getTime() - since.getTime()) / 1_000));
    },
  });
  return notary;
};

/** Asks the witnesses of the configuration for cosignatures, and adds their problems to the fault of the notary. */
export const withWitnesses = (notary: Notary, parts: Parts): Pick<Notary, 'fault'> => {
  const { config, servers, log, openPool, onStop } = parts;
  const { witnesses } = config;
  if (witnesses.length === 0) return notary;
  const pool = openPool(servers.workerUrl, 'ledger_worker', 2);
  const cosigning = keepCosigning({ pool, witnesses, log });
  onStop(cosigning.stop);
  return { fault: () => notary.fault() ?? cosigning.problems()[0] ?? null };
};
