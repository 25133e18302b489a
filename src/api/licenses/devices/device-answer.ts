import { z } from 'zod';
import type { ActivatedDevice } from '../../../application/devices/device-request.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import type { Instant } from '../../../domain/time.ts';
import { type Problem, refused } from '../../problems/problems.ts';
import type { Reply } from '../../route.ts';
import { usageOf, usageShape } from '../client-schemas.ts';
import { activationBody, activationShape } from './activation-shape.ts';

/** The body of the answer to an activation. */
export const activationAnswer = z.strictObject({
  activation: activationShape,
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** Returns the answer to a device at `at`: 201 when it is activated, 200 when it was active before. */
export const activationReply = (result: ActivatedDevice | Refusal, at: Instant): Reply | Problem => {
  if (isRefusal(result)) return refused(result);
  const { activation, facts, isNew, changed, revision, position } = result;
  return {
    status: isNew ? 201 : 200,
    body: { activation: activationBody(activation), changed, limits: usageOf(facts, at), revision: Number(revision) },
    position,
  };
};
