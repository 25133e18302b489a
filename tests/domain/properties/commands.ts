import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { chanceOf } from '../../support/chance.ts';
import { hour, instant } from './draw.ts';
import { grantKinds } from './draw-grants.ts';
import { lifeKinds } from './draw-life.ts';
import { useKinds } from './draw-use.ts';
import type { Kinds } from './kinds.ts';

const kinds: Kinds = { ...lifeKinds, ...useKinds, ...grantKinds };
/** Lists every type of command. */
export const commandTypes = Object.keys(kinds) as LicenseCommand['type'][];
const begin = Date.parse('2026-01-31T00:00:00.000Z');

/**
 * Returns the commands of one sequence: a new license, then `length` - 1 more. Each sequence leaves out two thirds of
 * the kinds, so that the others meet more often. Instants advance by hours or days, and sometimes step back a little,
 * like the clocks of two servers. Any part of the list is a sequence too. The same seed gives the same list. `only`: the
 * kinds after the first command, none of which is left out.
 */
export const drawCommands = (
  seed: number,
  length: number,
  only: readonly LicenseCommand['type'][] | null = null,
): LicenseCommand[] => {
  const chance = chanceOf(seed);
  const chosen = (only ?? commandTypes).flatMap((type) =>
    only !== null || chance.percent(35) ? Array.from({ length: kinds[type].weight }, () => type) : [],
  );
  const weighted = ['Activate', ...chosen] as const;
  const steps = chance.percent(60) ? slow : fast;
  const draw = { chance, at: begin, index: 0, activations: [], leases: [], announced: [], ends: [] };
  const commands: LicenseCommand[] = [];
  let now = begin;
  for (let index = 0; index < length; index++) {
    now += chance.one(steps);
    const at = chance.percent(3) ? now - chance.one([1, 1000, hour]) : now;
    const type = index > 0 ? chance.one(weighted) : chance.percent(85) ? 'IssueLicense' : 'ImportLicense';
    const data = kinds[type].draw({ ...draw, at, index });
    // The entry of this type draws `data`; the compiler cannot link the two.
    commands.push({ type, data, at: instant(at) } as LicenseCommand);
  }
  return commands;
};

const day = 24 * hour;
const slow = [0, 0, 0, 0, 0, 0, 1, 1000, hour / 2, hour - 1, hour, hour, hour + 1] as const;
const fast = [...slow, hour, 2 * hour, day, day, 10 * day] as const;
