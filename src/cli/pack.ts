import type { Pool } from 'pg';
import type { z } from 'zod';
import { keptFilter } from '../api/audit/kept-filter.ts';
import { newPack } from '../api/audit/pack-shape.ts';
import { listingOf } from '../api/licenses/reading/list-query.ts';
import { refuseFilters } from '../api/licenses/reading/refuse-filters.ts';
import { PackImpossible } from '../application/packs/covered-histories.ts';
import { makePack, type PackRequest } from '../application/packs/make-pack.ts';
import { idsOf, type PackSelection } from '../application/packs/request-pack.ts';
import { isRefusal } from '../application/refusal.ts';
import { loadConfig } from '../config.ts';
import { idPattern } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { JsonObject } from '../eventstore/event-store.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { createPool } from '../projections/connect.ts';
import { version } from '../version.ts';
import { createLog } from './create-log.ts';
import { RefusedByPolicy, UsageError } from './exit-codes.ts';
import { counted } from './output/counted.ts';
import { refuseExisting, writeNewFile } from './output/new-file.ts';
import { printResult } from './output/print-result.ts';
import { createProgress } from './progress.ts';
import { openCommandServers, otherSchema } from './server/command-servers.ts';

type Options = {
  readonly organization: string;
  readonly licenses?: readonly string[];
  readonly filter?: string;
  readonly from: string;
  readonly to?: string;
  readonly out: string;
  readonly proofsOnly: boolean;
  readonly wait: number;
  readonly json: boolean;
};

/**
 * `ledger pack`: makes an evidence pack as `POST /v1/audit/packs` does, and writes it to a new file. The file has its name
 * only once it is complete.
 */
export const packCommand = async ({ organization, from, out, ...others }: Partial<Options>): Promise<void> => {
  if (organization === undefined || from === undefined || out === undefined)
    throw new UsageError('Give --organization, --from and --out.');
  const options = { proofsOnly: false, wait: 60, json: false, ...others, organization, from, out };
  const input = inputOf(options);
  await refuseExisting(out);
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'READ');
  const pool = createPool({ url: servers.apiUrl, role: 'ledger_api', max: 2, log });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const progress = createProgress();
  try {
    const other = otherSchema(servers.schema);
    if (other !== null) throw new RefusedByPolicy(other);
    const request = await requestOf(pool, options, input);
    const needs = {
      ...{ store, pool, version, now: () => new Date(), signal: new AbortController().signal },
      waitMs: options.wait * 1_000,
      onWait: async () => progress.show({ phase: 'waiting', events: 0, part: null }),
      onProgress: (done: number, total: number) =>
        progress.show({ phase: 'writing', events: done, part: total === 0 ? null : done / total, unit: 'lines' }),
    };
    const { size, manifest } = await writeNewFile(options.out, (writeAt) => makePack(needs, request, writeAt));
    progress.end();
    const { licenses, events } = manifest.counts;
    printResult(options.json, { file: options.out, bytes: size, ...manifest.counts }, [
      `Wrote ${counted(events, 'event')} of ${counted(licenses, 'license')} to ${options.out}, ${size} bytes.`,
    ]);
  } catch (error) {
    if (error instanceof PackImpossible) throw new Error(error.message);
    throw error;
  } finally {
    progress.end();
    await store.close();
    await pool.end();
    await servers.stop();
  }
};

type Input = z.output<typeof newPack> & { readonly kept: PackRequest['query']['filter'] };

/** Returns the input as the API reads it. Throws UsageError. */
const inputOf = ({ organization, licenses, filter, from, to, proofsOnly }: Options): Input => {
  if (!idPattern('org').test(organization)) throw new UsageError('--organization must be the id of an organization.');
  if ((licenses === undefined) === (filter === undefined)) throw new UsageError('Give either --licenses or --filter.');
  const sent = filter === undefined ? null : membersOf(filter);
  const input = { licenses, filter: sent ?? undefined, from, to, proofsOnly };
  const parsed = newPack.safeParse(input);
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map(({ path, message }) => `--${path.join(' ')}: ${message}.`).join(' '));
  if (parsed.data.filter?.user !== undefined)
    throw new UsageError('The filter user needs the secret of the server. Request this pack by POST /v1/audit/packs.');
  return { ...parsed.data, kept: sent === null ? null : keptFilter(sent) };
};

/** Returns the filters of a query such as `status=ACTIVE&metadata[team]=blue`. */
const membersOf = (query: string): JsonObject => {
  const members: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const member = /^metadata\[(.+)\]$/.exec(name)?.[1];
    if (member === undefined) members[name] = value;
    else metadata[member] = value;
  }
  return Object.keys(metadata).length === 0 ? members : { ...members, metadata };
};

/** Returns the request with the ids of its licenses. Throws UsageError, and RefusedByPolicy for other licenses. */
const requestOf = async (
  pool: Pool,
  { organization: organizationId }: Options,
  { licenses, filter = {}, from, to, proofsOnly, kept }: Input,
): Promise<PackRequest> => {
  const now: Instant = new Date().toISOString();
  const problem = refuseFilters(filter, now, (name) => name);
  if (problem !== null) throw new UsageError(problem.detail);
  if (from > (to ?? now) || (to ?? now) > now)
    throw new UsageError('--from must not be later than --to, and --to not in the future.');
  const selection: PackSelection =
    licenses === undefined ? { filters: listingOf(filter, { userRefs: undefined, now }) } : { licenses };
  const ids = await idsOf(pool, organizationId, selection);
  if (isRefusal(ids)) throw new RefusedByPolicy(ids.detail);
  return {
    organizationId,
    actor: { type: 'SYSTEM', id: 'ledger-pack' },
    query: { licenses: licenses ?? null, filter: kept, from, to: to ?? now },
    licenses: ids,
    hasLeaves: !proofsOnly,
  };
};
