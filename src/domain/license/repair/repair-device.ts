import { uniquePlacesOf } from '../devices/unique-places.ts';
import type { ValidationScope } from '../validation/validation-view.ts';
import type { Candidate } from './candidate.ts';
import { namedDevice } from './find-room.ts';
import type { Sent } from './repair-step.ts';
import { afterCommand, type Situation, seatOf, viewIn, withScope } from './situation.ts';

// What repairs the device and the seat of a request.

/** Stands for the fingerprint, the user or the holder of a seat that only the application knows. */
export const unknownName = 'the name that only the application knows';

/** Returns the candidate that sends other values. `scope`: the scope then. */
export const send = (sent: Sent, scope: Partial<ValidationScope>, omit: readonly 'activationId'[] = []): Candidate => ({
  step: { action: 'SEND', send: sent, omit },
  apply: (situation) => withScope(situation, scope),
});

/** Activates the device of the request, or updates it, as a credential of an organization does. */
export const activateDevice: Candidate = {
  step: { action: 'ACTIVATE' },
  apply: (situation) => {
    const { scope, at } = situation;
    if (scope.fingerprint === null) return null;
    const data = {
      activationId: 'act_repair',
      fingerprintHash: scope.fingerprint,
      product: scope.product,
      nameRef: null,
      platform: null,
      appVersion: null,
      // The state of one license does not say whether another one has the device.
      reserved: { places: uniquePlacesOf(situation.license.facts), activationIds: [] },
      ...(scope.components === undefined ? {} : { components: scope.components }),
      ...(scope.user == null ? {} : { userRef: scope.user }),
      ...(scope.environment == null ? {} : { environment: scope.environment }),
    };
    return afterCommand(situation, { type: 'Activate', at, data });
  },
};

/** Takes a seat for the holder of the request. */
export const takeSeat: Candidate = {
  step: { action: 'TAKE_SEAT' },
  apply: (situation) => {
    const { scope, at, dead } = situation;
    if (scope.lease == null) return null;
    const data = {
      leaseId: 'lea_repair',
      holderHash: scope.lease,
      product: scope.product,
      userRef: scope.user ?? null,
      ...(scope.environment == null ? {} : { environment: scope.environment }),
      borrowSeconds: null,
      dead,
    };
    return afterCommand(situation, { type: 'AcquireLease', at, data });
  },
};

/** Returns what names a device in the request: one that fits and is active, else the one at hand. */
export const nameDevice = (situation: Situation): readonly Candidate[] => {
  const ids = [...situation.license.activations.keys()].slice(0, listedMax).filter((id) => fits(situation, id));
  const [first] = ids;
  const atHand = send({ fingerprint: null }, { fingerprint: unknownName });
  return first === undefined ? [atHand] : [send({ activationId: ids }, { activationId: first }), atHand];
};

const fits = (situation: Situation, activationId: string): boolean => {
  const { activation } = viewIn(withScope(situation, { activationId }));
  if (activation === null || activation.isOfUser === false || activation.isOfEnvironment === false) return false;
  return (activation.componentProblem ?? null) === null;
};

/**
 * Returns what names a user: the one of the device or seat, else an assigned one, else one that is not assigned yet.
 */
export const nameUser = (situation: Situation): readonly Candidate[] => {
  const [assigned = null] = situation.license.users.keys();
  const user = namedDevice(situation)?.userRef ?? seatOf(situation)?.userRef ?? assigned;
  return [send({ user }, { user: user ?? unknownName })];
};

/**
 * Returns what makes the requested device active. A device that is named by an unknown id must send its fingerprint.
 */
export const makeActive = ({ scope }: Situation): readonly Candidate[] => {
  const { fingerprint, activationId = null } = scope;
  if (activationId === null && fingerprint !== null) return [activateDevice];
  if (activationId === null) return [send({ fingerprint: null }, { fingerprint: unknownName })];
  return [byFingerprint(fingerprint)];
};

/** Returns what replaces the id of an activation by a fingerprint. */
const byFingerprint = (fingerprint: string | null): Candidate =>
  send(
    fingerprint === null ? { fingerprint: null } : {},
    { activationId: null, fingerprint: fingerprint ?? unknownName },
    ['activationId'],
  );

/** Returns what makes the components of the request those of the device. */
export const matchComponents = (situation: Situation): readonly Candidate[] => {
  const device = namedDevice(situation);
  if (device === null) return [];
  return [send({ components: null }, { components: device.components })];
};

/** Returns what lets the device and the seat of the request be for its user. */
export const matchUser = (situation: Situation): readonly Candidate[] => {
  const { scope } = situation;
  const device = namedDevice(situation);
  const isForeign = (userRef: string | null | undefined) => userRef != null && userRef !== scope.user;
  if (!isForeign(device?.userRef)) return isForeign(seatOf(situation)?.userRef) ? [takeSeat] : [];
  return [activateDevice, byFingerprint(scope.fingerprint)];
};

/** Returns what gives the request a seat. */
export const haveSeat = ({ scope }: Situation): readonly Candidate[] =>
  scope.lease == null ? [send({ leaseHolder: null }, { lease: unknownName })] : [takeSeat];

/** Returns what lets the environment of the request be that of the policy and of the device. */
export const matchEnvironment = (situation: Situation): readonly Candidate[] => {
  const { license, scope } = situation;
  const { environment: only } = license.facts.policy;
  if (only === undefined) return [activateDevice, sendEnvironment(namedDevice(situation)?.environment ?? null)];
  // When the device is for another environment than the policy, only another activation of the device helps.
  return [sendEnvironment(only), activateDevice, byFingerprint(scope.fingerprint)];
};

/** Returns the candidate that sends an environment; null: the one that the application runs in. */
export const sendEnvironment = (environment: string | null): Candidate =>
  send({ environment }, { environment: environment ?? unknownEnvironment });

const unknownEnvironment = 'environment';

/** A step lists at most so many devices to choose from. */
const listedMax = 100;
