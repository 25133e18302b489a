import { randomBytes } from 'node:crypto';
import { encodeId, idPrefixes } from '../../../src/domain/ids.ts';
import type { Position } from './positions.ts';
import type { Tenant } from './tenant.ts';

/** Draws from a list. */
export type Draw = <Value>(from: readonly Value[]) => Value | undefined;

/** Returns a value of a tenant for a position: an id of the right kind, or a text of the same name, or null. */
export const ownedBy = (tenant: Tenant, { part, at, prefixes }: Position, draw: Draw): string | null => {
  const ids = (kinds: readonly string[]) => kinds.flatMap((kind) => [...(tenant.ids.get(kind) ?? [])]);
  if (prefixes.includes('org')) return tenant.subject.organization.organizationId;
  if (prefixes.length > 0) return draw(ids(prefixes)) ?? null;
  const name = String(at.findLast((step) => typeof step === 'string'));
  // Who has a key or token of somebody is let in with it: that is what it is for.
  const named = isCredential(name) ? [] : [...(tenant.texts.get(name) ?? [])];
  // A header may be logged, so no text of anybody stands in one.
  const others = [...(part === 'header' ? [] : (tenant.texts.get('externalRef') ?? [])), ...ids(['lic'])];
  return draw(named.length > 0 ? named : others) ?? null;
};

const isCredential = (name: string): boolean => /licenseKey|token|password/i.test(name);

/** Returns another text of the same form that no organization has: an id, an entity tag, or the same kinds of characters. */
export const unlike = (value: string): string => {
  const prefix = idPrefixes.find((each) => value.startsWith(`${each}_`));
  if (prefix !== undefined && value.length === prefix.length + 27) {
    const bytes = randomBytes(16).toString('hex');
    const parts = [bytes.slice(0, 8), bytes.slice(8, 12), bytes.slice(12, 16), bytes.slice(16, 20), bytes.slice(20)];
    return encodeId(prefix, parts.join('-'));
  }
  const one = (alphabet: string) => alphabet[randomBytes(1).readUInt8() % alphabet.length] ?? '';
  if (/^"\d+(?:\.[0-9a-f]+)?"$/.test(value)) return value.replaceAll(/[0-9]/g, () => one('123456789'));
  return value
    .replaceAll(/[a-z]/g, () => one('abcdefghijklmnopqrstuvwxyz'))
    .replaceAll(/[A-Z]/g, () => one('ABCDEFGHIJKLMNOPQRSTUVWXYZ'))
    .replaceAll(/[0-9]/g, () => one('0123456789'));
};

/** What is no id of anything. */
export const malformed: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'undefined',
  '*',
  '%',
  '_',
  '..',
  '../..',
  '%00',
  '%2e%2e',
  "' or '1'='1",
  'lic_',
  'LIC_01H455VB4PEX5VSKNK084SN02Q',
  'lic_01h455vb4pex5vsknk084sn02',
  'lic_81h455vb4pex5vsknk084sn02q',
  'org_01h455vb4pex5vsknk084sn02q,org_01h455vb4pex5vsknk084sn02r',
  '01890a5d-ac96-774b-bcce-b302099a8057',
  '$1',
  '{}',
  '[]',
  '{"$ne":null}',
  'x'.repeat(300),
  'é'.repeat(20),
];
