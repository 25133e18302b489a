import { isDeepStrictEqual as isSame } from 'node:util';
import type { CommandOf } from '../../../src/domain/license/commands.ts';
import type { Device } from '../../../src/domain/license/devices/device-commands.ts';
import { updatedDetails } from './device-details.ts';
import { first, isOpen, type newRecord, type Use, type Verdict } from './record.ts';

/** Returns the model's rules for what devices and seats are bound to. */
export const newBindings = ({ m, put, find, giveBack, close, end }: ReturnType<typeof newRecord>) => {
  /** Updates an active device with what another activation says of it. */
  const update = (use: Use, device: Device): Verdict => {
    const updated = { ...use, ...updatedDetails(use, device, m.now), user: device.userRef ?? use.user };
    if (isSame(use, updated)) return 'nothing';
    return put({ uses: m.uses.map((other) => (other === use ? { ...updated, touched: m.now } : other)) });
  };
  /** Returns the refusals of a device for a user who has as many devices as the policy allows one user. */
  const crowded = (use: Use | undefined, user: string | null) => {
    const { devicesPerUser = Infinity } = m.policy;
    const isHers = use !== undefined && (user === null || user === use.user);
    if (devicesPerUser === Infinity || isHers) return {};
    const hers = m.uses.filter((other) => other.kind === 'activations' && isOpen(other) && other.user === user);
    const ACTIVATION_LIMIT_EXCEEDED = user !== null && hers.length >= devicesPerUser;
    return { USER_SCOPE_REQUIRED: user === null, ACTIVATION_LIMIT_EXCEEDED };
  };
  /** Changes the user and the metadata of an active device, for an administrator. */
  const annotate = ({ activationId, userRef, metadataRef }: CommandOf<'ChangeDevice'>['data']): Verdict => {
    const use = m.uses.find(({ kind, id, over }) => kind === 'activations' && id === activationId && over === Infinity);
    if (!use) return 'ACTIVATION_NOT_FOUND';
    const isNew = userRef !== undefined && userRef !== use.user;
    const hers = m.uses.filter((other) => other.kind === 'activations' && isOpen(other) && other.user === userRef);
    const { devicesPerUser = Infinity } = m.policy;
    const refused = first({
      USER_NOT_ASSIGNED: isNew && userRef !== null && !isOpen(find('users', userRef)),
      USER_SCOPE_REQUIRED: isNew && userRef === null && devicesPerUser < Infinity,
      ACTIVATION_LIMIT_EXCEEDED: isNew && hers.length >= devicesPerUser,
    });
    const { metadata: before, ...others } = use;
    const metadata = metadataRef === undefined ? before : metadataRef;
    const user = userRef === undefined ? use.user : userRef;
    const changed = { ...others, user, ...(typeof metadata === 'string' && { metadata }) };
    return refused ?? put({ uses: m.uses.map((other) => (other === use ? changed : other)) });
  };
  const unassign = (userRef: string): Verdict => {
    const hers = m.uses.filter((use) => isOpen(use) && use.user === userRef);
    const devices = m.policy.deactivateOnUnassign ? hers.filter(({ kind }) => kind === 'activations') : [];
    const machines = m.policy.lease.scope === 'MACHINE' ? devices.map(({ name }) => name) : [];
    const isHers = (use: Use) => hers.includes(use) || machines.includes(use.name);
    end((use) => devices.includes(use) || (use.kind === 'seats' && isHers(use)));
    return close(({ kind, id }) => kind === 'users' && id === userRef);
  };
  const endUseOf = (userRef: string) => {
    const hers = m.uses.filter((use) => isOpen(use) && use.user === userRef);
    for (const { kind, name } of hers) if (kind === 'seats') giveBack(name);
    for (const { kind, id, name } of hers) {
      if (kind !== 'activations' || !m.policy.deactivateOnUnassign) continue;
      if (m.policy.lease.scope === 'MACHINE') giveBack(name);
      close((use) => use.kind === 'activations' && use.id === id);
    }
  };
  /**
   * Returns what ends the use of users whom a lowered limit has evicted since the last call: their seats, and their devices
   * where the policy of this moment says so.
   */
  const endingUse = () => {
    let { uses } = m;
    return () => {
      for (const { kind, id, over } of uses)
        if (kind === 'users' && over === Infinity && !isOpen(find('users', id))) endUseOf(id);
      ({ uses } = m);
    };
  };
  return { update, annotate, crowded, unassign, endingUse };
};
