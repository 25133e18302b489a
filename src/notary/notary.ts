import { setTimeout as delay } from 'node:timers/promises';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import { StoreUnavailable } from '../eventstore/event-store.ts';
import { isLostConnection } from '../postgres/lost-connection.ts';
import { InvalidProof } from '../proof/invalid.ts';
import { UnusableLogKey } from '../signing/log-key-files.ts';
import { growTree } from './grow-tree.ts';
import { dueTrees, growingTrees, noteAllGrowth, noteGrowth, type StoredSize, waitingTrees } from './growing-trees.ts';
import { type NotaryContext, NotSigned, readIssuerLog } from './notary-context.ts';
import { signCheckpoint } from './sign-checkpoint.ts';

/** What a notary needs besides signing. */
export type NotaryNeeds = NotaryContext & {
  /**
   * Returns the number of the read models that may be read now, or null while they are built, belong to another log, or the
   * log has moved away.
   */
  readonly readable: () => Promise<number | null>;
  readonly log: {
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
};

/** A running notary. */
export type Notary = {
  /** A sentence about the logs that it does not sign, or null. It names the first one. */
  readonly fault: () => string | null;
  /** How many checkpoints this process has signed. */
  readonly signed: () => number;
  /** Ends the notary after the step that it is at. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts a notary: it adds the leaves of all logs to their trees, and signs the trees. Any number may run. The size of a
 * tree moves by compare-and-set, and a checkpoint is appended at an expected revision, so one of them does each step. The
 * ones that were slower stand by for some seconds. A log that cannot be signed is reported once and tried again after
 * some seconds, and the others go on.
 */
export const startNotary = (needs: NotaryNeeds): Notary => {
  const { pool, now, log } = needs;
  const faults = new Map<string, Fault>();
  const rebuilt = new Set<string>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let trouble: string | null = null;
  let signed = 0;
  let after = '';
  let version: number | null = null;

  const withoutFaults = () =>
    [...faults].flatMap(([issuerOrgId, { retryAt }]) => (retryAt > now().getTime() ? [issuerOrgId] : []));

  /** A stream may be too long to be read in time, while the store answers. */
  const storeAnswers = (issuerOrgId: string): Promise<boolean> =>
    needs.store.readBackwards(issuerLogAggregate.stream(issuerOrgId), 'end', 1).then(
      () => true,
      () => false,
    );

  /** Does one step of one log. Another log does not notice that it fails, unless no log can be read now. */
  const attempt = async (issuerOrgId: string, work: Work, step: () => Promise<Step>): Promise<Step> => {
    if (signal.aborted) return 'idle';
    try {
      const result = await step();
      if (faults.get(issuerOrgId)?.work === work) faults.delete(issuerOrgId);
      return result;
    } catch (error) {
      if (isLostConnection(error) || (error instanceof StoreUnavailable && !(await storeAnswers(issuerOrgId))))
        throw error;
      const { sentence, ...fields } = describe(issuerOrgId, error);
      if (faults.get(issuerOrgId)?.sentence !== sentence)
        log.error({ organizationId: issuerOrgId, ...fields }, `The notary does not sign a log. ${sentence}`);
      faults.set(issuerOrgId, { work, sentence, retryAt: now().getTime() + retryMs });
      return 'idle';
    }
  };

  /** Forgets what was wrong with logs that another notary has signed since. */
  const forgetSettled = async (): Promise<void> => {
    const waiting = withoutFaults();
    const doubtful = [...faults.keys(), ...rebuilt].filter((issuerOrgId) => !waiting.includes(issuerOrgId));
    if (doubtful.length === 0) return;
    const open = new Set(await waitingTrees(pool, { now: now(), among: doubtful }));
    for (const issuerOrgId of doubtful.filter((id) => !open.has(id))) {
      faults.delete(issuerOrgId);
      rebuilt.delete(issuerOrgId);
    }
  };

  const grow = (tree: StoredSize) =>
    attempt(tree.issuerOrgId, 'grow', async () => {
      const known = await readIssuerLog(needs.executor, tree.issuerOrgId);
      const last = known.log.kind === 'started' ? known.log.last : null;
      return (await growTree({ pool, now, rebuilt }, tree, last)) ? 'grown' : 'lost';
    });

  const sign = (issuerOrgId: string) =>
    attempt(issuerOrgId, 'sign', async () => {
      if (!(await signCheckpoint(needs, issuerOrgId))) return 'idle';
      signed += 1;
      rebuilt.delete(issuerOrgId);
      return 'done';
    });

  const pass = async (): Promise<readonly Step[]> => {
    const readable = await needs.readable();
    if (readable === null) return [];
    if (readable !== version) await noteAllGrowth(pool);
    version = readable;
    await noteGrowth(pool);
    const without = withoutFaults();
    const growing = await growingTrees(pool, { after, without });
    after = growing.at(-1)?.issuerOrgId ?? '';
    const grown = await inTurns(growing, grow);
    const due = await dueTrees(pool, { now: now(), without });
    const steps = [...grown, ...(await inTurns(due, sign))];
    await forgetSettled();
    // The end of the list: the first ones may have grown meanwhile.
    return growing.length === 0 && due.length === 0 ? [] : steps;
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const steps: readonly Step[] = await pass().then(
        (done) => {
          trouble = null;
          return done;
        },
        (error: unknown) => {
          const name = error instanceof Error ? error.name : 'error';
          if (trouble === null)
            log.warn({ err: error }, 'The notary could not do its work. It tries again each second.');
          trouble = `cannot do its work (${name}): no checkpoint is signed. The log of this process says why`;
          return [] as const;
        },
      );
      if (steps.some((step) => step === 'grown' || step === 'done') && !steps.includes('lost')) continue;
      await delay(steps.includes('lost') ? standbyMs : idleMs, undefined, { signal }).catch(() => undefined);
    }
  };

  const running = run();
  return {
    fault: () => trouble ?? faultOf(faults),
    signed: () => signed,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};

/** `grown`: a tree has more leaves. `done`: a tree is signed. `lost`: another notary was faster. `idle`: nothing to do. */
type Step = 'grown' | 'done' | 'lost' | 'idle';

type Work = 'grow' | 'sign';

/** Why a log is not signed, at which work, and when the notary tries again, in milliseconds. */
type Fault = { readonly work: Work; readonly sentence: string; readonly retryAt: number };

/** Returns the sentence for the operator. The text of an error that nobody foresaw is only in the log of the process. */
const describe = (issuerOrgId: string, error: unknown): { readonly sentence: string; readonly err?: unknown } => {
  if (error instanceof NotSigned || error instanceof InvalidProof || error instanceof UnusableLogKey)
    return { sentence: error.message };
  if (error instanceof StoreUnavailable)
    return { sentence: `The event store answers, but not in time about the log of ${issuerOrgId}. ${error.message}` };
  const name = error instanceof Error ? error.name : 'error';
  return { sentence: `The log of ${issuerOrgId} failed (${name}). The log of this process says why.`, err: error };
};

const faultOf = (faults: ReadonlyMap<string, Fault>): string | null => {
  const [first] = faults.values();
  if (first === undefined) return null;
  const others = faults.size === 1 ? '' : ` It does not sign ${faults.size - 1} other logs.`;
  return `does not sign a log: ${first.sentence}${others}`;
};

/** Does a step for each item, a few at a time. */
const inTurns = async <Item>(items: readonly Item[], step: (item: Item) => Promise<Step>): Promise<readonly Step[]> => {
  const steps: Step[] = [];
  for (let at = 0; at < items.length; at += atOnce)
    steps.push(...(await Promise.all(items.slice(at, at + atOnce).map(step))));
  return steps;
};

const atOnce = 4;
const idleMs = 1_000;
const standbyMs = 5_000;
const retryMs = 15_000;
