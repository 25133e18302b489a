import fc from 'fast-check';
import type { Acting, OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import {
  accept,
  archiveProject,
  changeKey,
  changeRole,
  create,
  createKey,
  createProject,
  invite,
  remove,
  rename,
  restoreProject,
  revokeKey,
  withdraw,
} from './examples.ts';

export const role = fc.constantFrom<Role>('OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR');
const scope = fc.constantFrom<Scope>('members:write', 'projects:write', 'licenses:read');
const person = fc.constantFrom('ada', 'bob', 'eve', 'grace', 'ken');
const number = fc.integer({ min: 1, max: 5 });
const projectNumber = fc.integer({ min: 1, max: 3 });
const limit = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 6 }) },
);
const limits = fc.record({ members: limit, projects: limit });
const by = fc.oneof(
  { weight: 6, arbitrary: person.map((userId): Acting => ({ type: 'USER', userId })) },
  { weight: 4, arbitrary: fc.constant<Acting>({ type: 'USER', userId: 'ada' }) },
  { weight: 2, arbitrary: number.map((each): Acting => ({ type: 'API_KEY', apiKeyId: `key_${each}` })) },
  { weight: 1, arbitrary: fc.constant<Acting>({ type: 'SYSTEM' }) },
);
export type Ask = (sent: { readonly by: Acting; readonly at: string }) => OrganizationCommand;
const asks: fc.Arbitrary<Ask> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(number, role, limits).map(
      ([each, given, some]): Ask =>
        (sent) =>
          invite(
            { invitationId: `inv_${each}`, role: given, limits: some, expiresAt: fromMs(toMs(sent.at) + 50_000) },
            sent,
          ),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(person, number, limits).map(
      ([who, each, some]): Ask =>
        ({ at }) =>
          accept(who, `inv_${each}`, { at, limits: some }),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(person, role).map(
      ([who, given]): Ask =>
        (sent) =>
          changeRole(who, given, sent),
    ),
  },
  {
    weight: 8,
    arbitrary: person.map(
      (who): Ask =>
        (sent) =>
          remove(who, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (each): Ask =>
        (sent) =>
          withdraw(`inv_${each}`, sent),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(number, fc.uniqueArray(scope, { minLength: 1 })).map(
      ([each, scopes]): Ask =>
        (sent) =>
          createKey({ apiKeyId: `key_${each}`, scopes }, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(number, fc.uniqueArray(scope, { minLength: 1 })).map(
      ([each, scopes]): Ask =>
        (sent) =>
          changeKey({ apiKeyId: `key_${each}`, scopes }, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (each): Ask =>
        (sent) =>
          revokeKey(`key_${each}`, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(projectNumber, limits).map(
      ([each, some]): Ask =>
        (sent) =>
          createProject({ projectId: `prj_${each}`, limits: some }, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: projectNumber.map(
      (each): Ask =>
        (sent) =>
          archiveProject(`prj_${each}`, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(projectNumber, limits).map(
      ([each, some]): Ask =>
        (sent) =>
          restoreProject(`prj_${each}`, { ...sent, limits: some }),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (each): Ask =>
        (sent) =>
          rename(`Name ${each}`, sent),
    ),
  },
);
export const steps = fc.array(
  fc.record({ afterMs: fc.nat({ max: 20_000 }), by, ask: asks, closes: fc.nat({ max: 100 }) }),
  {
    minLength: 20,
    maxLength: 60,
    size: 'max',
  },
);

/** An organization that has its founder, three more members and a key already: an empty one refuses most of what is asked. */
export const begin = (founder: string | null, roles: readonly Role[]) => {
  const asks: Ask[] = [() => create('Demo Vendor', founder), (sent) => createKey({ scopes: ['members:write'] }, sent)];
  for (const [index, given] of roles.entries()) {
    const invitationId = `inv_first_${index}`;
    asks.push((sent) => invite({ invitationId, role: given, expiresAt: fromMs(toMs(sent.at) + 1) }, sent));
    asks.push((sent) => accept(['bob', 'eve', 'grace'][index] ?? '', invitationId, sent));
  }
  return asks.map((ask) => ({ afterMs: 0, by: { type: 'SYSTEM' } as const, ask, closes: 1 }));
};
