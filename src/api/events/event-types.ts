import { z } from 'zod';
import { licenseEventTypes } from '../../aggregates/codec-license.ts';
import { upcasters } from '../../aggregates/upcasters.ts';
import { publishedVersionOf } from '../../eventstore/upcast.ts';
import { onceOnly } from '../http/plain-messages.ts';

/** The CloudEvents type of an event: `LicenseSuspended`, stored in version 1, is `ledger.license.suspended.v1`. */
export const cloudTypeOf = (type: string, version: number): string =>
  `${dotted(type)}.v${publishedVersionOf(type, version, upcasters)}`;

/**
 * Parses a list of types, separated by commas, as CloudEvents types or as the history names them. Returns the names of
 * the history. It ignores the version of a type, so that a client does not miss an event of another version.
 */
export const eventTypes = z
  .string({ error: ({ input }) => (Array.isArray(input) ? severalTypes : undefined) })
  .min(1)
  .max(2000)
  .transform((value, context) => {
    const types = value.split(',').map((name) => ({ name, type: knownType(name.trim()) }));
    for (const { name, type } of types) {
      if (type !== null) continue;
      const message = `must be types of events, separated by commas, such as ${example}; there is no type ${JSON.stringify(name)}`;
      context.issues.push({ code: 'custom', input: value, message });
      return z.NEVER;
    }
    return [...new Set(types.flatMap(({ type }) => type ?? []))];
  })
  .meta({
    description:
      'Types of events, separated by commas. UsageRecorded also finds UsageBatchRecorded, which replaced it.',
    override: { type: 'string' },
    example: 'ledger.license.renewed.v1,ledger.license.revoked.v1',
  });

const severalTypes = `${onceOnly}. Write several types with commas between them: types=A,B`;

const example = 'ledger.license.renewed.v1';

const dotted = (type: string): string => {
  const [thing = '', ...what] = type.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  return `ledger.${thing}.${what.join('_')}`;
};

const knownType = (text: string): string | null => known.get(text.replace(/\.v[0-9]{1,3}$/, '')) ?? null;

const known: ReadonlyMap<string, string> = new Map(
  licenseEventTypes().flatMap((type) => [
    [type, type],
    [dotted(type), type],
  ]),
);
