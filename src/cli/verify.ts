import type { Pool } from 'pg';
import { loadConfig } from '../config.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { connectLogReader } from '../eventstore/read-log.ts';
import { createPool } from '../projections/connect.ts';
import { ownRelease } from '../projections/release.ts';
import type { Digest } from '../projections/verify/digests.ts';
import type { Finding } from '../projections/verify/findings.ts';
import { verifyLedger } from '../projections/verify/verify.ts';
import { verifyChains } from '../projections/verify/verify-chains.ts';
import type { Verdict, VerifyProgress } from '../projections/verify/verify-verdict.ts';
import { activeAmong, versionsOf } from '../projections/versions.ts';
import { createLog } from './create-log.ts';
import { exitCodes } from './exit-codes.ts';
import { noteVerification } from './note-verification.ts';
import { counted } from './output/counted.ts';
import { readOutsideCopies } from './outside-copies.ts';
import { createProgress, partOfLog } from './progress.ts';
import { openCommandServers, otherSchema } from './server/command-servers.ts';

/**
 * `ledger verify`: prints the findings, up to the requested number, then the verdict. With `--read-models` it skips the
 * hash chains and prints a digest per table and organization.
 */
export const verifyCommand = async (options: VerifyOptions): Promise<void> => {
  process.exitCode = await verify(options);
};

/**
 * Verifies the data of the running server, or starts the embedded servers on existing data for it, and prints the
 * verdict. Creates and migrates nothing. Returns the exit code.
 */
export const verify = async ({ json, readModels = false, all = false }: VerifyOptions): Promise<number> => {
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'READ');
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log, answerTimeoutMs: 0 });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const reader = connectLogReader({ url: servers.eventStoreUrl });
  const print = json ? asJson() : asText();
  const progress = createProgress();
  try {
    const other = otherSchema(servers.schema) ?? (await newerProjector(pool));
    if (other !== null && readModels) throw new Error(other);
    if (other !== null) console.error(`${other} Only the hash chains are checked.`);
    let findings = 0;
    const onFinding = (finding: Finding) => {
      findings += 1;
      progress.end();
      if (all || findings <= findingsMax) print.finding(finding);
    };
    const readLog = reader.read;
    const onProgress = ({ events, position, head }: VerifyProgress) =>
      progress.show({ phase: 'checking', events, part: partOfLog(position, head) });
    const verdict =
      other === null
        ? await verifyLedger({
            ...{ store, readLog, pool, onFinding, onProgress, readModelsOnly: readModels, findingsMax: 0 },
            ...(readModels
              ? { onDigest: print.digest }
              : { copies: await readOutsideCopies(config.notary.checkpointDir) }),
          })
        : await verifyChains({ store, readLog, onFinding, onProgress });
    progress.end();
    print.verdict(verdict, all ? 0 : Math.max(0, findings - findingsMax), readModels);
    if (!readModels && isWorthNoting(verdict)) await noteVerification(servers.projectorUrl, verdict);
    if (!verdict.intact) return exitCodes.damaged;
    if (verdict.events > 0) return exitCodes.fine;
    console.error(
      `There is no event to check in ${servers.embedded ? config.dataDir : 'the event store of EVENTSTORE_URL'}.`,
    );
    return exitCodes.nothingToCheck;
  } finally {
    progress.end();
    await reader.close();
    await store.close();
    await pool.end();
    await servers.stop();
  }
};

/** Returns true for a full check. A check of only the hash chains proves damage, and never that all is intact. */
const isWorthNoting = ({ readModels, intact, events }: Verdict): boolean =>
  events > 0 && (readModels === 'COMPARED' || !intact);

/** Returns a sentence when a newer release writes the rows. They differ from what this release folds. */
const newerProjector = async (pool: Pool): Promise<string | null> => {
  const active = activeAmong(await versionsOf(pool));
  if (active === undefined || active.projectedBy <= ownRelease().number) return null;
  return `Release ${active.projectedBy} projects into the read models, and this process is of release ${ownRelease().number}. Update this process.`;
};

type VerifyOptions = { readonly json: boolean; readonly readModels?: boolean; readonly all?: boolean };

const findingsMax = 100;

/** Returns what prints each finding at once, because their number has no bound. */
type Printer = {
  readonly finding: (finding: Finding) => void;
  readonly digest: (digest: Digest) => void;
  /** `left` is the number of findings that were not printed. */
  readonly verdict: (verdict: Verdict, left: number, readModels: boolean) => void;
};

const asText = (): Printer => {
  let digests = 0;
  return {
    finding: ({ code, what, ...place }) => console.log(`${code}${where(place)}: ${what}.`),
    digest: ({ table, tenant, rows, digest }) => {
      if (digests === 0) console.log(cells('table', 'organization', 'rows', 'digest'));
      digests += 1;
      console.log(cells(table, tenant, `${rows}`, digest));
    },
    verdict: (verdict, left, readModels) => {
      if (left > 0) console.log(`${left} further findings are not shown. Repeat with --all to see them.`);
      console.log(sentence(verdict, readModels));
    },
  };
};

// The output is one JSON document, written piece by piece.
const asJson = (): Printer => {
  let list = '';
  const add = (name: 'findings' | 'digests', value: Finding | Digest) => {
    if (list === '') process.stdout.write(name === 'findings' ? '{"findings":[' : '{"findings":[],"digests":[');
    else process.stdout.write(list === name ? ',' : '],"digests":[');
    process.stdout.write(`${toJson(value)}\n`);
    list = name;
  };
  return {
    finding: (finding) => add('findings', finding),
    digest: (digest) => add('digests', digest),
    verdict: ({ findings: _, ...verdict }, left) => {
      process.stdout.write(list === '' ? '{"findings":[],' : '],');
      console.log(toJson({ ...verdict, findingsNotShown: left }).slice(1));
    },
  };
};

const toJson = (value: object): string =>
  JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}` : member));

const where = ({ stream, revision, position }: Omit<Finding, 'code' | 'what'>): string => {
  const parts = [
    stream === null ? '' : `stream ${stream}`,
    revision === null ? '' : `revision ${revision}`,
    position === null ? '' : `position ${position}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` at ${parts.join(', ')}`;
};

const cells = (table: string, organization: string, rows: string, digest: string): string =>
  `${table.padEnd(16)}  ${organization.padEnd(30)}  ${rows.padEnd(10)}  ${digest}`;

const sentence = (
  { intact, readModels: compared, events, streams, rows, trees, notProjected, parked, damaged, repaired }: Verdict,
  readModels: boolean,
): string => {
  const behind = notProjected === 0 ? '' : ` ${counted(notProjected, 'event is', 'events are')} not projected yet.`;
  const logs =
    trees === 0 ? '' : ` The checkpoints and tiles of ${counted(trees, 'issuer')} are those that the log makes.`;
  const left = parked === 0 ? '' : ` ${counted(parked, 'stream is', 'streams are')} parked: see ledger parked list.`;
  const mended = repaired === 0 ? '' : ` The hash chains of ${counted(repaired, 'stream')} were repaired.`;
  const other =
    compared === 'COMPARED'
      ? ''
      : ' The read models are of another release, so their rows were not compared: start this release, or run ledger rebuild.';
  const what = `${counted(events, 'event')} in ${counted(streams, readModels ? 'stream' : 'hash chain')}`;
  return intact
    ? `Intact: ${what}; ${counted(rows, 'row')} of the read models ${rows === 1 ? 'equals its' : 'equal their'} fold.${logs}${behind}${left}${mended}${other}`
    : `NOT INTACT: ${counted(damaged, 'finding')} among ${what} and ${counted(rows, 'row')} of the read models.${behind}${left}${mended}${other}`;
};
