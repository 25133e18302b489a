import { z } from 'zod';
import { findDevices } from '../../../application/devices/find-devices.ts';
import type { DevicePlace } from '../../../projections/queries/device-search.ts';
import type { ActivationView } from '../../../projections/tables/activations.ts';
import { organizationPage } from '../../paging.ts';
import { none, type Route, route } from '../../route.ts';
import { cursor, instantIn, pageLimit, pageOf, text } from '../../schemas.ts';
import { fingerprint, word } from '../client-schemas.ts';
import type { ReadNeeds } from '../reading/read-licenses.ts';
import { deviceBody, deviceShape } from './activation-shape.ts';

const query = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  fingerprint: fingerprint.optional().meta({ description: 'The fingerprint, exactly as the application sends it.' }),
  name: text(200).optional().meta({ description: 'The whole name of the device, in upper and lower case as stored.' }),
  platform: word('linux').optional().meta({ description: 'The platform of the device.' }),
  seenBefore: instantIn.optional().meta({ description: 'Only devices that were last seen before this instant.' }),
});

/** GET /v1/activations: finds the active devices of all licenses of an organization, newest first. */
export const searchDevicesRoute = ({ pool, secrets }: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/activations',
    operationId: 'searchActivations',
    summary: 'Find devices',
    description:
      'The devices that are activated now, on all licenses that your organization issues or holds, newest first. All filters must match. For seenBefore, a device that was not seen since its activation was last seen then. A cursor works only with the filters that it was returned for.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query }),
    bounded: { narrow: 'Name a fingerprint, a name or a platform, or an earlier seenBefore.' },
    replies: { 200: { description: 'One page.', body: pageOf(deviceShape) } },
    rejections: [],
    handle: ({ query: { limit: entries, cursor: start, ...filters } }, { caller: { organizationId } }) =>
      organizationPage<ActivationView>(
        { pool, secrets },
        { limit: entries, cursor: start, ...filters },
        {
          list: 'activations',
          organizationId,
          placeOf: ({ activatedAt, activationId }) => `${activatedAt} ${activationId}`,
          read: (db, { after, limit }) =>
            findDevices(db, secrets, { orgId: organizationId, limit, after: placeIn(after) }, filters),
          bodyOf: deviceBody,
        },
      ),
  });

const placeIn = (cursorPlace: string | null): DevicePlace | null => {
  if (cursorPlace === null) return null;
  const [activatedAt = '', activationId = ''] = cursorPlace.split(' ');
  return { activatedAt, activationId };
};
