import { z } from 'zod';
import type { Route } from '../../src/api/route.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../src/identity/license-key.ts';

/** A request to one operation, with canaries in every place that takes something. */
export type CanaryRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
};

/** Values that must be found nowhere, by the name of the field or header that they stand in. */
export const canaries = {
  password: 'canary-Password-7!x',
  email: 'canary.mailbox@canary-mail.example',
  fingerprint: 'canary-fingerprint',
  nonce: 'canary-nonce',
  text: 'canary-reason-text',
  name: 'canary-name',
  token: 'canary-token-0123456789abcdefghijklmnopqrstuvwxyz',
  licenseKey: formatLicenseKey('LL', generateLicenseKeyBody()),
  header: 'canary-header-value',
} as const;

/** Stands in parameters and fields that may be stored and told to who sent them, but to nobody else: not in logs and metrics. */
export const ordinary = 'canary-ordinary-value';

// Which canary a field of a body gets, by its name; what is not named here may be stored in events.
const kindOf = (field: string): keyof typeof canaries | null => {
  if (/password/i.test(field)) return 'password';
  if (/e-?mail/i.test(field)) return 'email';
  if (/licenseKey/i.test(field)) return 'licenseKey';
  if (/token|secret/i.test(field)) return 'token';
  if (/fingerprint/i.test(field)) return 'fingerprint';
  if (field === 'nonce') return 'nonce';
  if (field === 'text') return 'text';
  if (/displayName|deviceName/i.test(field)) return 'name';
  return null;
};

const planted = (value: unknown, field: string): unknown => {
  const kind = typeof value === 'string' ? kindOf(field) : null;
  if (kind !== null) return canaries[kind];
  if (Array.isArray(value)) return value.map((each) => planted(each, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, planted(each, name)]));
};

const headers = {
  cookie: `session=${canaries.header}`,
  'user-agent': canaries.header,
  referer: `https://${canaries.header}.example/`,
  'x-request-id': `${canaries.header} with spaces`,
  'x-forwarded-for': canaries.header,
  'x-anything': canaries.header,
};

/** Requests to an operation that carry canaries, `authorization` beside them: as its example has it, and spoiled in each place. */
export const canaryRequests = (
  route: Route,
  authorization: string,
  ids: Readonly<Record<string, string>>,
): readonly CanaryRequest[] => {
  const { body, query } = route.request.shape;
  const pathWith = (idOf: (name: string) => string) =>
    route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(idOf(name)));
  const path = pathWith((name) => ids[name] ?? ordinary);
  const method = route.method.toUpperCase();
  const plain = { method, path, headers: { ...headers, authorization } };
  const example = body === undefined ? null : exampleOf(body);
  const full = example === null ? plain : { ...plain, body: Object(planted(example, '')) };
  const known = query instanceof z.ZodObject ? Object.keys(query.shape) : [];
  return [
    full,
    { ...full, headers: { ...full.headers, 'idempotency-key': canaries.header } },
    { ...full, headers: { ...full.headers, 'if-match': `"${canaries.header}"`, 'if-none-match': canaries.header } },
    { ...full, headers: { ...full.headers, 'ledger-min-position': canaries.header, prefer: canaries.header } },
    { ...full, headers: { ...full.headers, authorization: `Bearer lgr_live_${canaries.token}` } },
    { ...full, headers: { ...full.headers, authorization: `Bearer e30.${canaries.token}.x` } },
    { ...full, headers: { ...full.headers, authorization: `Basic ${canaries.token}` } },
    { ...full, headers: { ...full.headers, authorization: `License ${canaries.licenseKey}` } },
    { ...full, path: pathWith(() => ordinary) },
    ...[...known, 'unknown'].map((name) => ({ ...full, path: `${path}?${name}=${ordinary}` })),
    ...(example === null
      ? []
      : [
          ...Object.keys(example).map((field) => ({ ...full, body: { ...example, [field]: ordinary } })),
          ...Object.keys(example).map((field) => ({ ...full, body: { ...example, [field]: { a: ordinary } } })),
          { ...full, body: { ...example, more: ordinary } },
        ]),
  ];
};

/** What an answer shows once or to its owner only: the values of fields that are named after secrets. */
export const secretsIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    typeof each === 'string' && /^(?:apiKey|key|licenseKey|\w*[tT]oken|secret|password|link)$/.test(name)
      ? [each]
      : secretsIn(each),
  );
};

const exampleOf = (body: z.ZodType): Record<string, unknown> =>
  z.object({ example: z.record(z.string(), z.unknown()) }).parse(body.meta()).example;
