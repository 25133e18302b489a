import type { Device } from '../../../src/domain/license/devices/device-commands.ts';
import type { LastSeen } from '../../../src/domain/license/seats/seat-commands.ts';
import { type Draw, device, hour, instant, known, product, user } from './draw.ts';
import type { Kinds } from './kinds.ts';

/** Draws commands about use: devices, seats, users, meters. */
export const useKinds: Kinds<
  | 'Activate'
  | 'Deactivate'
  | 'SwapActivation'
  | 'AcquireLease'
  | 'RenewLease'
  | 'ReleaseLease'
  | 'LapseLease'
  | 'ReleaseUnseen'
  | 'ReleaseExpired'
  | 'ChangeDevice'
  | 'RecordUsage'
  | 'ResetUsage'
  | 'AssignUser'
  | 'UnassignUser'
> = {
  Activate: { weight: 30, draw: (draw) => ({ ...newDevice(draw), ...byKey(draw) }) },
  Deactivate: {
    weight: 24,
    draw: (draw) => ({ device: named(draw), by: draw.chance.one(['USER', 'USER', 'USER', 'ADMIN']), ...byKey(draw) }),
  },
  SwapActivation: { weight: 8, draw: (draw) => ({ release: named(draw), activate: newDevice(draw), ...byKey(draw) }) },
  AcquireLease: {
    weight: 24,
    draw: (draw) => {
      const leaseId = `lse_${draw.index}`;
      draw.leases.push(leaseId);
      return {
        leaseId,
        holderHash: device(draw),
        product: draw.chance.percent(75) ? null : product(draw),
        userRef: draw.chance.percent(90) ? null : user(draw),
        borrowSeconds: draw.chance.percent(75) ? null : draw.chance.one([0, 3600, 7200, 7201]),
        dead: draw.chance.percent(80) ? [] : [lastSeen(draw)],
      };
    },
  },
  RenewLease: {
    weight: 16,
    draw: (draw) => ({
      leaseId: known(draw, draw.leases),
      borrowSeconds: draw.chance.percent(70) ? null : draw.chance.one([3600, 7200, 7201]),
      ...byKey(draw),
    }),
  },
  ReleaseLease: {
    weight: 12,
    draw: (draw) => ({ leaseId: known(draw, draw.leases), by: draw.chance.one(['USER', 'ADMIN']), ...byKey(draw) }),
  },
  ChangeDevice: {
    weight: 8,
    draw: (draw) => ({
      activationId: known(draw, draw.activations),
      ...(draw.chance.percent(70) && { userRef: draw.chance.percent(30) ? null : user(draw) }),
      ...(draw.chance.percent(50) && { metadataRef: draw.chance.one([null, 'ref_m1', 'ref_m2']) }),
    }),
  },
  ReleaseUnseen: {
    weight: 16,
    draw: (draw) => ({
      devices: Array.from({ length: draw.chance.one([1, 2, 3]) }, () => ({
        activationId: known(draw, draw.activations),
        lastSeenAt: instant(draw.at - draw.chance.one([0, 12 * hour, 24 * hour, 240 * hour, 960 * hour])),
      })),
    }),
  },
  ReleaseExpired: { weight: 8, draw: (draw) => ({ activationId: known(draw, draw.activations) }) },
  LapseLease: { weight: 14, draw: (draw) => lastSeen(draw) },
  RecordUsage: {
    weight: 20,
    draw: (draw) => ({
      meter: draw.chance.one(['builds', 'builds', 'exports']),
      entries: Array.from({ length: draw.chance.one([1, 1, 1, 2, 3]) }, () => use(draw)),
      ...(draw.chance.percent(10) && { earlier: { uses: [], events: draw.chance.below(4) } }),
    }),
  },
  ResetUsage: { weight: 3, draw: (draw) => ({ meter: draw.chance.one(['builds', 'builds', 'exports']) }) },
  AssignUser: { weight: 10, draw: (draw) => ({ userRef: user(draw) }) },
  UnassignUser: { weight: 6, draw: (draw) => ({ userRef: user(draw), cause: draw.chance.one(['ADMIN', 'USER']) }) },
};

const use = ({ chance, at, index }: Draw) => ({
  ...(chance.percent(30)
    ? {
        usageId: `fix-${chance.below(8)}`,
        quantity: -chance.one([1, 1, 2, 3]),
        corrects: chance.percent(5) ? `fix-${chance.below(8)}` : `usage-${chance.below(5)}`,
      }
    : { usageId: `usage-${chance.below(5)}`, quantity: chance.one([1, 1, 1, 2, 3]) }),
  occurredAt: instant(
    at + chance.one([0, 0, 0, 0, 0, -hour, -hour - 1, -hour - 1, -hour - 1, hour / 12 + 1, -36 * 24 * hour]),
  ),
  commandId: `command-${index}`,
});

const newDevice = (draw: Draw): Device => {
  const activationId = `act_${draw.index}`;
  draw.activations.push(activationId);
  return {
    activationId,
    fingerprintHash: device(draw),
    product: draw.chance.percent(75) ? null : product(draw),
    nameRef: null,
    platform: null,
    appVersion: draw.chance.percent(70) ? null : draw.chance.one(['1.0.0', '2.0.0']),
    ...(draw.chance.percent(10) && { userRef: user(draw) }),
    ...(draw.chance.percent(70) && { reserved: { places: [{ scope: 'ISSUER', of: 'org_1' }], activationIds: [] } }),
    ...(draw.chance.percent(60) && { components: components(draw) }),
  };
};

const components = ({ chance }: Draw) => ({
  disk: chance.one(['d1', 'd1', 'd2']),
  ...(chance.percent(50) && { board: chance.one(['b1', 'b1', 'b2']) }),
  ...(chance.percent(50) && { network: chance.one(['n1', 'n1', 'n2']) }),
});

const named = (draw: Draw) =>
  draw.chance.percent(40) ? { fingerprintHash: device(draw) } : { activationId: known(draw, draw.activations) };

const lastSeen = (draw: Draw): LastSeen => ({
  leaseId: known(draw, draw.leases),
  lastSeenAt: instant(draw.at - draw.chance.one([0, hour - 1, hour, hour, 2 * hour])),
});

const byKey = ({ chance }: Draw) => ({ byKey: chance.percent(40) });
