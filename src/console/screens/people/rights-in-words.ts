import { isPermitted, type Side } from '../../../domain/authority.ts';
import type { Role, Scope } from '../../../domain/organization/events.ts';
import { type Right, rightsOfRole, rightsOfScopes } from '../../../domain/organization/rights.ts';
import { type PermissionName, permissions } from '../../../domain/permissions.ts';
import { peopleTexts, permissionWords } from '../../texts/people-texts.ts';

const names = Object.keys(permissions) as readonly PermissionName[];

/** A role that lacks at most so many rights is described by the rights that it lacks. */
const lackingMax = 3;

/** Returns what a role may do, as sentences. They come from the rules that the server decides by. */
export const roleInWords = (role: Role): string => {
  const rights = rightsOfRole(role);
  const lacking = names.filter((name) => !isAmong(rights, name, 'own'));
  if (lacking.length === 0) return peopleTexts.may.everything;
  if (lacking.length <= lackingMax) return peopleTexts.may.everythingBut(inWords(lacking));
  return sentences(rights);
};

/** Returns what a scope lets an API key do, as sentences. */
export const scopeInWords = (scope: Scope): string => sentences(rightsOfScopes([scope]));

const sentences = (rights: readonly Right[]): string => {
  const own = names.filter((name) => isAmong(rights, name, 'own') && (!isCommon(name) || rights.length === 1));
  const ofHolder = names.filter((name) => isAmong(rights, name, 'holder') && !isAmong(rights, name, 'own'));
  const { some, held: ofHeld } = peopleTexts.may;
  return [own.length === 0 ? [] : some(inWords(own)), ofHolder.length === 0 ? [] : ofHeld(inWords(ofHolder))]
    .flat()
    .join(' ');
};

/** Every role and every scope has it, so it explains nothing unless it is all. */
const isCommon = (name: PermissionName): boolean =>
  isPermitted({ kind: 'user', role: 'GUEST' }, permissions[name], 'own') && name === 'readOrganization';

const isAmong = (rights: readonly Right[], name: PermissionName, side: Side): boolean =>
  rights.includes(`${name} (${side})`);

const inWords = (of: readonly PermissionName[]): string =>
  new Intl.ListFormat('en').format(of.map((name) => permissionWords[name]));
