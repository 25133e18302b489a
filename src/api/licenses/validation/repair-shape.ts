import { z } from 'zod';
import { type Repair, type RepairStep, repairActions } from '../../../domain/license/repair/repair-step.ts';
import { validationCodes } from '../../../domain/license/validation/validation-codes.ts';
import { instantOut } from '../../schemas.ts';

const stepShape = {
  action: z.enum(repairActions).meta({ description: 'The action of the step.' }),
  operationId: z
    .string()
    .nullable()
    .meta({ description: 'The operation to call. Null for SEND and WAIT, which call none.' }),
  method: z.enum(['POST', 'DELETE']).nullable().meta({ description: 'The method of the operation.' }),
  path: z.string().nullable().meta({
    description: 'The path of the operation. `{id}` stands for an id of choose: call it once for each chosen id.',
  }),
  body: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'The members of the body. Add those that fromRequest names.' }),
  fromRequest: z.array(z.string()).meta({
    description:
      'The members of the explained request to send as well, if it has them, with what the steps before say in send.',
  }),
  choose: z
    .strictObject({
      count: z.int().meta({ description: 'How many of them.' }),
      ids: z.array(z.string()).meta({ description: 'The ids to choose from, the oldest first, at most 100.' }),
    })
    .nullable()
    .meta({ description: 'Any of these devices, seats or users. Null when there is nothing to choose.' }),
  send: z.record(z.string(), z.unknown()).nullable().meta({
    description:
      'For SEND: the members that the next validation must send. A list stands for one of its values, and null for the value that the application knows. licenseKey is the current key. user is the user with this reference.',
  }),
  omit: z.array(z.string()).meta({ description: 'For SEND: the members that the next validation must leave out.' }),
  until: instantOut.nullable().meta({ description: 'For WAIT: the instant to wait for. Otherwise null.' }),
};

const alternativeShape = z.strictObject(stepShape).meta({ id: 'RepairStep' });

/** A repair as the API shows it. */
export const repairShape = z
  .strictObject({
    code: z.enum(validationCodes).meta({ description: 'The code that the step removes.' }),
    ...stepShape,
    alternatives: z
      .array(alternativeShape)
      .meta({ description: 'Each of these steps can take the place of this one.' }),
  })
  .meta({ id: 'Repair' });

/** Returns a repair as the API shows it. */
export const repairBody = (licenseId: string, { code, step, alternatives }: Repair): z.output<typeof repairShape> => ({
  code,
  ...stepBody(licenseId, step),
  alternatives: alternatives.map((other) => stepBody(licenseId, other)),
});

type StepBody = z.output<typeof alternativeShape>;

const stepBody = (licenseId: string, step: RepairStep): StepBody => {
  const { action } = step;
  return { ...noOperation, action, ...operationOf(licenseId, step) };
};

const noOperation: Omit<StepBody, 'action'> = {
  operationId: null,
  method: null,
  path: null,
  body: null,
  fromRequest: [],
  choose: null,
  send: null,
  omit: [],
  until: null,
};

const operationOf = (licenseId: string, step: RepairStep): Partial<StepBody> => {
  const ofLicense = `/v1/licenses/${licenseId}`;
  switch (step.action) {
    case 'REINSTATE':
      return post('reinstateLicense', `${ofLicense}/reinstate`, {});
    case 'RENEW': {
      const { duration } = step;
      return post('renewLicense', `${ofLicense}/renew`, duration === null ? {} : { duration, basis: 'FROM_NOW' });
    }
    case 'EXTEND_MAINTENANCE':
      return post('changeLicenseMaintenance', `${ofLicense}/maintenance`, { to: step.to, reason: { code: 'REPAIR' } });
    case 'ADD_PRODUCT':
      return post('changeLicenseProducts', `${ofLicense}/products`, { add: [step.product] });
    case 'GRANT_ENTITLEMENT':
      return post('changeLicenseEntitlements', `${ofLicense}/entitlements`, { grant: { code: step.entitlement } });
    case 'CHANGE_LIMITS':
      return post('changeLicenseLimits', `${ofLicense}/limits`, { limits: step.limits, strategy: 'ALLOW_OVER' });
    case 'ASSIGN_USER':
      return { ...post('assignLicenseUser', `${ofLicense}/users`, {}), fromRequest: ['user'] };
    case 'UNASSIGN_USERS':
      return { ...remove('unassignLicenseUser', `${ofLicense}/users/{id}`), choose: chosen(step) };
    case 'RELEASE_DEVICES':
      return { ...remove('releaseActivation', `${ofLicense}/activations/{id}`), choose: chosen(step) };
    case 'RELEASE_SEATS':
      return { ...remove('releaseLicenseLease', `${ofLicense}/leases/{id}`), choose: chosen(step) };
    case 'ACTIVATE':
      return { ...post('activateLicense', '/v1/licenses/activate', { licenseId }), fromRequest: ofDevice };
    case 'TAKE_SEAT':
      return { ...post('acquireLease', '/v1/licenses/leases', { licenseId }), fromRequest: ofSeat };
    case 'VALIDATE':
      return { ...post('validateLicense', '/v1/licenses/validate', { licenseId }), fromRequest: ofValidation };
    case 'SEND':
      return { send: { ...step.send }, omit: [...step.omit] };
    case 'WAIT':
      return { until: step.until };
  }
};

const post = (operationId: string, path: string, body: object): Partial<StepBody> => ({
  operationId,
  method: 'POST',
  path,
  body: { ...body },
});

const remove = (operationId: string, path: string): Partial<StepBody> => ({
  operationId,
  method: 'DELETE',
  path,
  body: {},
});

const chosen = ({ count, ids }: { readonly count: number; readonly ids: readonly string[] }) => ({
  count,
  ids: [...ids],
});

const ofDevice = ['fingerprint', 'components', 'product', 'user', 'environment'];
const ofSeat = ['leaseHolder', 'product', 'user', 'environment'];
const ofValidation = [...ofDevice, 'activationId', 'leaseHolder', 'version', 'entitlements', 'meters'];
