import { z } from 'zod';
import { problemForNow } from '../problems/problems.ts';
import { none, publicRoute, type Route } from '../route.ts';

/**
 * The readiness of the server. `parts` has `ok` or the fault of each part. `notYet` is true when only the read models
 * of this process are not ready.
 */
export type Readiness = {
  readonly ready: boolean;
  readonly notYet?: boolean;
  readonly parts: Readonly<Record<string, string>>;
};

export type HealthNeeds = {
  readonly ready: () => Promise<Readiness>;
  readonly version: { readonly version: string; readonly [detail: string]: string };
};

/**
 * Returns /livez (the process answers), /readyz (the server is ready) and /version. They need no credential and reveal
 * no secret.
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
    replies: {
      200: {
        description: 'The server is ready.',
        body: z.strictObject({ status: z.literal('ok'), parts: z.record(z.string(), z.string()) }),
      },
    },
    rejections: ['NOT_PROJECTED_YET'],
    handle: async () => {
      const { ready: isReady, notYet = false, parts } = await ready();
      if (isReady) return { status: 200, body: { status: 'ok', parts } };
      const faults = Object.entries(parts).filter(([, state]) => state !== 'ok');
      const detail = faults.map(([part, state]) => `${part}: ${state}`).join('; ');
      return notYet ? problemForNow('NOT_PROJECTED_YET', detail, 5) : problemForNow('UNAVAILABLE', detail, 1);
    },
  }),
  publicRoute({
    ...probe('/version', 'version', 'Get the version of the server'),
    replies: { 200: { description: 'The version.', body: z.record(z.string(), z.string()) } },
    rejections: [],
    handle: async () => ({ status: 200, body: version }),
  }),
];

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
