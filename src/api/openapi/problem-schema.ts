import { z } from 'zod';
import { activationShape } from '../licenses/devices/activation-shape.ts';
import { meanings } from '../problems/problems.ts';
import { idOf, instantOut } from '../schemas.ts';

const lastSeenAt = instantOut.meta({
  description: 'When the seat was taken, or when its last heartbeat arrived.',
});

const deviceAtLimit = activationShape
  .partial()
  .required({ id: true, platform: true, lastSeenAt: true })
  .meta({ id: 'DeviceAtLimit' });

const seatAtLimit = z
  .strictObject({
    id: idOf('lea', 'lea_01h455vb4pex5vsknk084sn02q').meta({ description: 'The id of the lease.' }),
    platform: activationShape.shape.platform,
    lastSeenAt,
    name: activationShape.shape.name.optional(),
  })
  .meta({ id: 'SeatAtLimit' });

const known = z
  .enum(Object.keys(meanings))
  .meta({ id: 'ProblemCode', description: 'The codes of this version. GET /problems says what to do.' });

/** The schema of a problem in the document. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({
      description: 'The address of the explanation of the code.',
      example: '/problems#activation-limit-exceeded',
    }),
    title: z.string().meta({ description: 'The meaning of the code, in short.' }),
    status: z.int().meta({ description: 'The status of the answer.' }),
    detail: z.string().meta({ description: 'The fault of this request, and the next step when there is one.' }),
    code: z.union([known, z.string()]).meta({ description: 'The code to branch on. Later versions may add codes.' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({ description: 'A JSON pointer into the body, or the name of a parameter.' }),
          detail: z.string().meta({ description: 'The fault at this place.' }),
        }),
      )
      .optional()
      .meta({ description: 'The places of the request that are wrong.' }),
    activations: z.array(deviceAtLimit).optional().meta({
      description:
        'The active devices, with ACTIVATION_LIMIT_EXCEEDED. Replace one of them. A license key gets names and further members only when deviceNamesByKey of the policy says so.',
    }),
    leases: z.array(seatAtLimit).optional().meta({
      description:
        'The taken seats, with SEAT_LIMIT_EXCEEDED. A license key gets names only when deviceNamesByKey of the policy says so.',
    }),
    retryAt: instantOut.optional().meta({
      description:
        'The instant at which the same request succeeds by time alone. COOLDOWN_ACTIVE names the end of the cooldown. QUOTA_EXCEEDED and DEACTIVATION_LIMIT name the start of a term that was renewed early. SEAT_LIMIT_EXCEEDED names the instant at which enough seats are free, unless heartbeats go on. RATE_LIMITED of usage names the next minute. Absent when time alone does not help. Retry-After has the seconds until then.',
    }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').optional().meta({
      description:
        'The license of the earlier import, with CODE_TAKEN. The license that has the device, with DEVICE_ACTIVE_ELSEWHERE, for callers who may read it.',
    }),
    cause: z.string().optional().meta({
      description:
        'Why the server is not available, with the status 503, for its operator: ledger_unavailable_total counts them. GET /problems explains them. Later versions may add causes.',
    }),
    requestId: z.string().meta({ description: 'Identifies the request in the log.' }),
  })
  .meta({ id: 'Problem', description: 'A problem by RFC 9457. Branch on code. Some codes have further members.' });
