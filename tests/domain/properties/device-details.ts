import type { Device } from '../../../src/domain/license/devices/device-commands.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { hour } from './draw.ts';

/** What the model knows of a device besides its use. The instants say when version and components were last updated. */
export type Details = { version: string | null; versionAt: number; parts: Parts; partsAt: number } & Contact;
/** `touched`: the last event that counts as a contact. `unseen`: the last announcement that the device is deactivated. */
type Contact = {
  metadata?: string | undefined;
  touched?: number;
  unseen?: { seen: number; due: number; at: number };
};
type Parts = Readonly<Record<string, string>>;
type Known = Partial<Details>;

/** Returns the id and the details of a new device. */
export const detailsOf = ({ activationId: id, appVersion: version, components: parts = {} }: Device) => ({
  id,
  version,
  versionAt: -Infinity,
  parts,
  partsAt: -Infinity,
});

/** Returns the details of an active device after another activation. With the key each changes once in a day. */
export const updatedDetails = (known: Known, { appVersion, components = {}, byKey }: Device, now: number): Known => {
  const mayChange = (last = -Infinity) => !byKey || now - last >= 24 * hour;
  const { version = null, parts = {} } = known;
  const named = byKey ? { ...parts, ...components } : components;
  const isOther = Object.keys(components).length > 0 && textOf(named) !== textOf(parts);
  return {
    ...known,
    ...(appVersion && appVersion !== version && mayChange(known.versionAt) && { version: appVersion, versionAt: now }),
    ...(isOther && mayChange(known.partsAt) && { parts: named, partsAt: now }),
  };
};

/** Returns the refusals of an activation with the key for the components of a known device, or of a new one. */
export const wrongParts = (known: Known | undefined, { components = {}, byKey }: Device, policy: PinnedPolicy) => {
  const { componentCheck = 'NONE' } = policy;
  const parts = Object.entries(known?.parts ?? {});
  const isChecked = byKey === true && componentCheck !== 'NONE' && (known === undefined || parts.length > 0);
  const same = parts.filter(([part, value]) => components[part] === value).length;
  const isSilent = Object.keys(components).length === 0;
  const least = { NONE: 0, ANY: 1, TWO: Math.min(2, parts.length), MOST: parts.length / 2 + 0.5, ALL: parts.length };
  return {
    COMPONENTS_REQUIRED: isChecked && isSilent,
    COMPONENTS_MISMATCH: isChecked && known !== undefined && same < least[componentCheck],
  };
};

/** Returns version and components as a text to compare. */
export const detailsText = (version: string | null, parts: Parts): string => `${version} ${textOf(parts)}`;
const textOf = (parts: Parts): string => JSON.stringify(Object.entries(parts).sort());
