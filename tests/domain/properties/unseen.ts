import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { hour, lengthOf, ms } from './draw.ts';
import { isOpen, type newRecord, type Use, type Verdict } from './record.ts';

/** Returns the model's rule that announces and ends devices without a contact. */
export const newUnseen = ({ m, put, groundsAt, close, giveBack }: ReturnType<typeof newRecord>) => {
  const release = (use: Use, reported: number) => {
    const length = lengthOf(m.policy.deactivateUnseenAfter ?? '');
    const notice = Math.min(7 * 24 * hour, length / 2);
    const seen = Math.max(reported, use.touched ?? -Infinity);
    const { unseen } = use;
    const counts = unseen && unseen.seen >= seen && unseen.at > m.reinstated && m.now < unseen.due + 30 * 24 * hour;
    if (!counts) {
      if (m.now < seen + length - notice) return;
      const due = Math.max(seen + length, m.now + notice);
      put({ uses: m.uses.map((other) => (other === use ? { ...use, unseen: { seen, due, at: m.now } } : other)) });
      return;
    }
    if (m.now < Math.max(unseen.due, seen + length) + 300_000) return;
    if (m.policy.lease.scope === 'MACHINE') giveBack(use.name);
    close(({ kind, id }) => kind === 'activations' && id === use.id);
  };
  return ({ devices }: CommandOf<'ReleaseUnseen'>['data']): Verdict => {
    if (m.policy.deactivateUnseenAfter === undefined || groundsAt(m.now).length > 0) return 'nothing';
    for (const { activationId, lastSeenAt } of devices) {
      const use = m.uses.find(({ kind, id }) => kind === 'activations' && id === activationId);
      if (isOpen(use)) release(use, ms(lastSeenAt));
    }
    return 'done';
  };
};

/** Returns the model's rule that ends a device of an expired license, which another license activates. */
export const newExpiredDevices =
  ({ m, accessEnd, close, giveBack }: ReturnType<typeof newRecord>) =>
  ({ activationId }: CommandOf<'ReleaseExpired'>['data']): Verdict => {
    const use = m.uses.find(({ kind, id }) => kind === 'activations' && id === activationId);
    if (!isOpen(use) || m.policy.expiryStrategy !== 'RESTRICT' || m.now < accessEnd()) return 'nothing';
    if (m.policy.lease.scope === 'MACHINE') giveBack(use.name);
    close(({ kind, id }) => kind === 'activations' && id === use.id);
    return 'done';
  };
