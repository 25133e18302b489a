import fc from 'fast-check';
import type { Acting, OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { type Role, roles, type Scope } from '../../../src/domain/organization/events.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import {
  accept,
  acceptFrom,
  archiveProject,
  blockIssuer,
  changeKey,
  changeRole,
  create,
  createKey,
  createProject,
  endOverlap,
  forgetIssuer,
  invite,
  remove,
  rename,
  restoreProject,
  revokeKey,
  rotateKey,
  trustIssuer,
  withdraw,
} from './examples.ts';

export const role = fc.constantFrom<Role>(...roles);
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
  { weight: 2, arbitrary: number.map((id): Acting => ({ type: 'API_KEY', apiKeyId: `key_${id}` })) },
  { weight: 1, arbitrary: fc.constant<Acting>({ type: 'SYSTEM' }) },
);
export type Request = (sent: { readonly by: Acting; readonly at: string }) => OrganizationCommand;
const requests: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(number, role, limits).map(
      ([id, newRole, newLimits]): Request =>
        (sent) =>
          invite(
            { invitationId: `inv_${id}`, role: newRole, limits: newLimits, expiresAt: fromMs(toMs(sent.at) + 50_000) },
            sent,
          ),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(person, number, limits).map(
      ([userId, id, newLimits]): Request =>
        ({ at }) =>
          accept(userId, `inv_${id}`, { at, limits: newLimits }),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(person, role).map(
      ([userId, newRole]): Request =>
        (sent) =>
          changeRole(userId, newRole, sent),
    ),
  },
  {
    weight: 8,
    arbitrary: person.map(
      (userId): Request =>
        (sent) =>
          remove(userId, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (id): Request =>
        (sent) =>
          withdraw(`inv_${id}`, sent),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(number, fc.uniqueArray(scope, { minLength: 1 })).map(
      ([id, scopes]): Request =>
        (sent) =>
          createKey({ apiKeyId: `key_${id}`, scopes }, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(number, fc.uniqueArray(scope, { minLength: 1 })).map(
      ([id, scopes]): Request =>
        (sent) =>
          changeKey({ apiKeyId: `key_${id}`, scopes, products: id % 2 === 0 ? null : ['app'] }, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (id): Request =>
        (sent) =>
          revokeKey(`key_${id}`, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(number, number).map(
      ([id, secret]): Request =>
        (sent) =>
          rotateKey({ apiKeyId: `key_${id}`, secretRef: `ref_${secret}` }, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (id): Request =>
        (sent) =>
          endOverlap(`key_${id}`, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(projectNumber, limits).map(
      ([id, newLimits]): Request =>
        (sent) =>
          createProject({ projectId: `prj_${id}`, limits: newLimits }, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: projectNumber.map(
      (id): Request =>
        (sent) =>
          archiveProject(`prj_${id}`, sent),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(projectNumber, limits).map(
      ([id, newLimits]): Request =>
        (sent) =>
          restoreProject(`prj_${id}`, { ...sent, limits: newLimits }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(number, fc.constantFrom(trustIssuer, acceptFrom, blockIssuer, forgetIssuer)).map(
      ([id, decide]): Request =>
        (sent) =>
          decide(`org_${id + 1}`, sent),
    ),
  },
  {
    weight: 1,
    arbitrary: number.map(
      (id): Request =>
        (sent) =>
          rename(`Name ${id}`, sent),
    ),
  },
);
export const steps = fc.array(
  fc.record({ afterMs: fc.nat({ max: 20_000 }), by, request: requests, closes: fc.nat({ max: 100 }) }),
  {
    minLength: 20,
    maxLength: 60,
    size: 'max',
  },
);

/**
 * Returns the requests for an organization with a founder, three more members and a key: an empty one refuses most
 * requests.
 */
export const begin = (founder: string | null, roles: readonly Role[]) => {
  const requests: Request[] = [
    () => create('Demo Vendor', founder),
    (sent) => createKey({ scopes: ['members:write'] }, sent),
  ];
  for (const [index, newRole] of roles.entries()) {
    const invitationId = `inv_first_${index}`;
    requests.push((sent) => invite({ invitationId, role: newRole, expiresAt: fromMs(toMs(sent.at) + 1) }, sent));
    requests.push((sent) => accept(['bob', 'eve', 'grace'][index] ?? '', invitationId, sent));
  }
  return requests.map((request) => ({ afterMs: 0, by: { type: 'SYSTEM' } as const, request, closes: 1 }));
};
