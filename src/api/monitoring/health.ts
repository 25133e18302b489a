import { z } from 'zod';
import { type Problem, problemForNow } from '../problems/problems.ts';
import { none, publicRoute, type Route } from '../route.ts';
import { type Fault, faultsOf, type PartHealth } from './part-health.ts';

export type HealthNeeds = {
  /** Checks every part that the process needs. Does not throw. */
  readonly ready: () => Promise<readonly PartHealth[]>;
  readonly version: { readonly version: string; readonly [detail: string]: string };
};

const shape = z.strictObject({
  status: z
    .enum(['ok', 'degraded'])
    .meta({ description: 'degraded: the server answers, and a part needs an operator.' }),
  parts: z.record(z.string(), z.string()).meta({ description: 'ok, or the reason, for each part.' }),
  faults: z
    .array(
      z.strictObject({
        part: z.string(),
        state: z.literal('degraded'),
        reason: z.string(),
        since: z.string().meta({ description: 'When this process noticed it.' }),
      }),
    )
    .meta({ description: 'The parts that are not ok.' }),
});

/**
 * Returns /livez (the process answers), /readyz (the process answers validations correctly) and /version. They need no
 * credential and reveal no secret.
 */
export const healthRoutes = ({ ready, version }: HealthNeeds): readonly Route[] => [
  publicRoute({
    ...probe('/livez', 'live', 'Check that the process answers'),
    replies: { 200: { description: 'The process answers.', body: z.strictObject({ status: z.literal('ok') }) } },
    rejections: [],
    handle: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  publicRoute({
    ...probe('/readyz', 'ready', 'Check that the server is ready'),
    replies: { 200: { description: 'The server answers validations correctly.', body: shape } },
    rejections: ['NOT_PROJECTED_YET'],
    handle: async () => {
      const parts = await ready();
      const faults = faultsOf(parts);
      if (faults[0]?.state === 'failing') return notReady(parts, faults);
      const degraded = faults.flatMap((fault) => (fault.state === 'degraded' ? [fault] : []));
      const body = { status: degraded.length === 0 ? 'ok' : 'degraded', parts: statesOf(parts), faults: degraded };
      return { status: 200, body };
    },
  }),
  publicRoute({
    ...probe('/version', 'version', 'Get the version of the server'),
    replies: { 200: { description: 'The version.', body: z.record(z.string(), z.string()) } },
    rejections: [],
    handle: async () => ({ status: 200, body: version }),
  }),
];

/** Returns the refusal of a process that cannot answer validations correctly, with the parts and since when. */
const notReady = (parts: readonly PartHealth[], faults: readonly Fault[]): Problem => {
  const failing = faults.flatMap((fault) => (fault.state === 'failing' ? [fault] : []));
  const detail = failing.map(({ part, reason, since }) => `${part}: ${reason} (since ${since})`).join('; ');
  const isLate = failing.every(({ cause }) => cause === 'NOT_LEVEL' || cause === 'STARTING');
  const [code, retryAfterSeconds] = isLate ? (['NOT_PROJECTED_YET', 5] as const) : (['UNAVAILABLE', 1] as const);
  return {
    ...problemForNow(code, detail, retryAfterSeconds, failing[0]?.cause),
    extension: { parts: statesOf(parts), faults: faults.map(publicFault) },
  };
};

const statesOf = (parts: readonly PartHealth[]): Readonly<Record<string, string>> =>
  Object.fromEntries(parts.map((part) => [part.part, part.state === 'ok' ? 'ok' : part.reason]));

const publicFault = ({ part, state, reason, since }: Fault) => ({ part, state, reason, since });

const probe = (path: `/${string}`, operationId: string, summary: string) =>
  ({
    method: 'get',
    path,
    operationId,
    summary,
    tag: 'Health',
    effect: 'none',
    isProbe: true,
    request: z.object({ params: none, query: none }),
  }) as const;
