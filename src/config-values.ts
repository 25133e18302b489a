import { z } from 'zod';
import { decodeId } from './domain/ids.ts';
import { type Limits, parseLimits, standardLimits } from './rate-limits.ts';
import { parseWitnesses, type Witness } from './witnesses/witness-list.ts';

/** Parses the URL of a mail server, if any. */
export const smtpUrl = z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional();

/** Parses the URL of a web server, if any. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional();

/** Parses an address that mails come from, with or without a name before it. */
export const mailbox = z
  .string()
  .regex(
    /^(?:[^\p{C}<>@"]{1,100} <[^\s<>@",]+@[^\s<>@",]+>|[^\s<>@",]+@[^\s<>@",]+)$/u,
    'must be an address such as ledger@vendor.example, or License Ledger <ledger@vendor.example>',
  );

/** Parses `on`, `off` (null) or overrides of the standard limits. */
export const rateLimits = z.string().transform((text, context): Limits | null => {
  if (text === 'on') return standardLimits;
  if (text === 'off') return null;
  const limits = parseLimits(text);
  if (!('fault' in limits)) return limits;
  context.addIssue(`must be on, off, or overrides such as validate=600/60: ${limits.fault}`);
  return z.NEVER;
});

/** Parses the witnesses of checkpoints: key and URL of each, comma-separated. */
export const witnesses = z.string().transform((text, context): readonly Witness[] => {
  const parsed = parseWitnesses(text);
  if (!('fault' in parsed)) return parsed;
  context.addIssue(
    `must be keys and URLs, such as name+id+key https://witness.example, separated by commas: ${parsed.fault}`,
  );
  return z.NEVER;
});

/** Parses two ids, `org_…/pol_…`. */
export const signupPolicy = z.string().transform((text, context) => {
  const [organizationId = '', policyId = ''] = text.split('/');
  if (decodeId('org', organizationId) !== null && decodeId('pol', policyId) !== null && text.split('/').length === 2) {
    return { organizationId, policyId };
  }
  context.addIssue('must be the ids of the platform organization and of its policy: org_…/pol_…');
  return z.NEVER;
});

/** Parses exact web origins, comma-separated. Refuses `*`. */
export const origins = z.string().transform((text, context): readonly string[] => {
  const values = text.split(',').map((value) => value.trim());
  const wrong = values.find((value) => !isOrigin(value));
  if (wrong === undefined) return values;
  context.addIssue(
    wrong === '*'
      ? 'may not be *: name each origin that may call the API from its pages, such as https://app.example.com'
      : `${JSON.stringify(wrong)} is not an origin; write scheme, host and port only, as browsers send them, such as https://app.example.com`,
  );
  return z.NEVER;
});

const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
