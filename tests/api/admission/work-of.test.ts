import { expect, test } from 'vitest';
import { workOf } from '../../../src/api/admission/shares.ts';
import { createRoutes, type RouteNeeds } from '../../../src/api/routes.ts';

// Routes only store what they need, so anything will do. It is a function, a string and a member of itself.
const anything: unknown = new Proxy(() => undefined, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => '1' : anything),
  apply: () => anything,
});

const unitsOf = (operationId: string): number | undefined => {
  const route = createRoutes(anything as RouteNeeds).find((one) => one.operationId === operationId);
  return route && workOf(route).units;
};

test.each([
  ['explainValidation', 64],
  ['explainLicense', 64],
  ['licenseValidations', 64],
  ['importLicense', 64],
  ['searchLicenses', 64],
  ['listLicenses', 64],
  ['getLicense', 16],
  ['issueLicense', 16],
])('A request of %s counts %i units', (operationId, units) => {
  expect(unitsOf(operationId)).toBe(units);
});
