import { z } from 'zod';
import { activationShape } from './licenses/devices/activation-shape.ts';
import { meanings } from './problems/problems.ts';
import { idOf } from './schemas.ts';

const known = z
  .enum(Object.keys(meanings))
  .meta({ id: 'ProblemCode', description: 'What this version refuses with; GET /problems says what to do.' });

/** A refusal as the document describes it. */
export const problemSchema = z
  .looseObject({
    type: z
      .string()
      .meta({ description: 'Where the code is explained.', example: '/problems#activation-limit-exceeded' }),
    title: z.string().meta({ description: 'What the code means, in short.' }),
    status: z.int().meta({ description: 'The status of the answer.' }),
    detail: z.string().meta({ description: 'What was wrong with this request and, where it helps, what to do.' }),
    code: z
      .union([known, z.string()])
      .meta({ description: 'What to branch on; later versions may have further ones.' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({ description: 'JSON pointer into the body, or the name of a parameter.' }),
          detail: z.string().meta({ description: 'What is wrong there.' }),
        }),
      )
      .optional()
      .meta({ description: 'Each place of the request that was wrong.' }),
    activations: z
      .array(activationShape)
      .optional()
      .meta({ description: 'With ACTIVATION_LIMIT_EXCEEDED: what is active, so that one can be released.' }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q')
      .optional()
      .meta({ description: 'With CODE_TAKEN of an import: the license that was imported already.' }),
    requestId: z.string().meta({ description: 'Names the request in the log.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Branch on code; some codes have further members.' });
